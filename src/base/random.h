/* random.h - counter-based random numbers: a value depends on its key and position alone.
 *
 * The key says what the numbers are for (seed, epoch, case, purpose), so that an interrupted run
 * that goes on draws what the uninterrupted one would have drawn.  The generator is splitmix64's
 * finalizer over key + counter (Steele et al. 2014). */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct Random {
    uint64_t key, counter;
} Random;

Random random_begin(uint64_t seed, uint64_t epoch, uint64_t item, uint64_t purpose);
uint64_t random_bits(Random *r);
double random_uniform(Random *r); /* [0, 1), 53 bits */
double random_between(Random *r, double lo, double hi);
int64_t random_integer(Random *r, int64_t lo, int64_t hi); /* lo .. hi, both included, unbiased */
double random_normal(Random *r);                           /* mean 0, variance 1; uses two draws */
uint64_t random_mix(uint64_t x);                           /* the finalizer */

#endif

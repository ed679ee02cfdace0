#include "base/random.h"

#include <math.h>

static const uint64_t golden = 0x9E3779B97F4A7C15u;

uint64_t random_mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

Random random_begin(uint64_t seed, uint64_t epoch, uint64_t item, uint64_t purpose) {
    uint64_t key = random_mix(seed + golden);
    key = random_mix((key ^ epoch) + golden);
    key = random_mix((key ^ item) + golden);
    key = random_mix((key ^ purpose) + golden);
    return (Random){.key = key};
}

uint64_t random_bits(Random *r) { return random_mix(r->key + ++r->counter * golden); }

double random_uniform(Random *r) { return (double)(random_bits(r) >> 11) * 0x1p-53; }

double random_between(Random *r, double lo, double hi) {
    return lo + (hi - lo) * random_uniform(r);
}

int64_t random_integer(Random *r, int64_t lo, int64_t hi) {
    uint64_t range = (uint64_t)hi - (uint64_t)lo + 1;
    if (range == 0) return (int64_t)random_bits(r);
    uint64_t limit = UINT64_MAX - UINT64_MAX % range, bits;
    do bits = random_bits(r);
    while (bits >= limit);
    return (int64_t)((uint64_t)lo + bits % range);
}

double random_normal(Random *r) {
    double u = 1.0 - random_uniform(r), v = random_uniform(r);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

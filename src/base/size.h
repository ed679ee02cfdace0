/* size.h - arithmetic on sizes that come from files: false means overflow. */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>

static inline bool size_multiply(size_t *product, size_t a, size_t b) {
    return !__builtin_mul_overflow(a, b, product);
}

static inline bool size_add(size_t *sum, size_t a, size_t b) {
    return !__builtin_add_overflow(a, b, sum);
}

static inline size_t size_min(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t size_max(size_t a, size_t b) { return a > b ? a : b; }

#endif

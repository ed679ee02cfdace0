/* vec.h - vectors of LANES floats, in the compilers' own vector language.
 *
 * Products and sums contract to fused multiply-adds where the set has them.  Intrinsics stand only
 * where compilers miss the one instruction that does it. */
#ifndef COMPUTE_CPU_VEC_H
#define COMPUTE_CPU_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "compute/cpu/set.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

typedef float Vec __attribute__((vector_size(4 * KERNEL_LANES), aligned(4), may_alias));
typedef int32_t IntVec __attribute__((vector_size(4 * KERNEL_LANES), aligned(4), may_alias));

static inline Vec vec_set(float x) { return x - (Vec){0}; } /* folds, as 0 + x must not */
static inline Vec vec_zero(void) { return (Vec){0}; }
static inline Vec vec_load(const float *p) { return *(const Vec *)p; }
static inline void vec_store(float *p, Vec x) { *(Vec *)p = x; }

/* The first `count` < LANES floats; the rest reads as 0 and is not written. */
static inline Vec vec_load_some(const float *p, size_t count) {
#if defined(__AVX512F__)
    return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1u), p);
#else
    float lane[LANES] = {0};
    memcpy(lane, p, count * sizeof *p);
    return vec_load(lane);
#endif
}

static inline void vec_store_some(float *p, Vec x, size_t count) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1u), x);
#else
    float lane[LANES];
    vec_store(lane, x);
    memcpy(p, lane, count * sizeof *p);
#endif
}

/* As many as are `left`: for loops over rows of any length. */
static inline Vec vec_get(const float *p, size_t left) {
    return left >= LANES ? vec_load(p) : vec_load_some(p, left);
}

static inline void vec_put(float *p, Vec x, size_t left) {
    if (left >= LANES)
        vec_store(p, x);
    else
        vec_store_some(p, x, left);
}

static inline IntVec vec_bits(Vec x) { return (IntVec)x; }
static inline Vec vec_of_bits(IntVec x) { return (Vec)x; }

/* a where the mask (a comparison's result) holds, else b. */
static inline Vec vec_select(IntVec mask, Vec a, Vec b) {
    return (Vec)(((IntVec)a & mask) | ((IntVec)b & ~mask));
}

/* a b + c.  Compilers contract such sums by themselves, but not where they move a part of one into
 * another block: where sums in different functions must agree to the last bit, this says it. */
static inline Vec vec_fma(Vec a, Vec b, Vec c) {
#if defined(__AVX512F__)
    return _mm512_fmadd_ps(a, b, c);
#elif defined(__FMA__)
    return _mm256_fmadd_ps(a, b, c);
#else
    return a * b + c;
#endif
}

/* The larger and the smaller; a NaN in b is kept. */
static inline Vec vec_max(Vec a, Vec b) {
#if defined(__AVX512F__)
    return _mm512_max_ps(a, b);
#elif defined(__AVX__)
    return _mm256_max_ps(a, b);
#elif defined(__SSE2__)
    return _mm_max_ps(a, b);
#else
    return vec_select(a > b, a, b);
#endif
}

static inline Vec vec_min(Vec a, Vec b) {
#if defined(__AVX512F__)
    return _mm512_min_ps(a, b);
#elif defined(__AVX__)
    return _mm256_min_ps(a, b);
#elif defined(__SSE2__)
    return _mm_min_ps(a, b);
#else
    return vec_select(a < b, a, b);
#endif
}

static inline Vec vec_abs(Vec x) { return (Vec)((IntVec)x & 0x7fffffff); }

static inline Vec vec_sqrt(Vec x) {
#if defined(__AVX512F__)
    return _mm512_sqrt_ps(x);
#elif defined(__AVX__)
    return _mm256_sqrt_ps(x);
#elif defined(__SSE2__)
    return _mm_sqrt_ps(x);
#else
    for (int i = 0; i < LANES; i++) x[i] = __builtin_sqrtf(x[i]);
    return x;
#endif
}

/* In a fixed order: neighbours first. */
static inline float vec_sum(Vec x) {
    float lane[LANES];
    vec_store(lane, x);
    for (int half = LANES / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) lane[i] += lane[i + half];
    }
    return lane[0];
}

static inline double vec_sum_double(Vec x) {
    float lane[LANES];
    vec_store(lane, x);
    double sum = 0.0;
    for (int i = 0; i < LANES; i++) sum += (double)lane[i];
    return sum;
}

#endif

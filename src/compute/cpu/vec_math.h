/* vec_math.h - exp, log, erf and what is built of them, a few units in the last place of float.
 *
 * Coefficients are minimax fits of our own (Lawson's iteration); the error of each polynomial is
 * far below float's. */
#ifndef COMPUTE_CPU_VEC_MATH_H
#define COMPUTE_CPU_VEC_MATH_H

#include "compute/cpu/vec.h"

/* 2^n e^r with r in +-ln 2 / 2.  Below -87.3, where results leave the normal numbers, the answer is
 * the smallest of them; above 88.7 the largest, nearly.  NaN stays NaN. */
static inline Vec vec_exp(Vec x) {
    const float round = 12582912.0f; /* 1.5 2^23: its lowest bits are the integer */
    x = vec_min(vec_set(88.7228f), vec_max(vec_set(-87.33654f), x));
    Vec shifted = x * 1.44269504f + round;
    Vec n = shifted - round;
    Vec r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    Vec p = r * 0.001381454f + 0.008368745f;
    p = p * r + 0.04166839f;
    p = p * r + 0.16666521f;
    p = p * r + 0.49999994f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return vec_of_bits(vec_bits(p) + (vec_bits(shifted) << 23));
}

/* Of positive normal numbers: n ln 2 + ln(1 + f), f in sqrt(1/2) - 1 .. sqrt 2 - 1. */
static inline Vec vec_log(Vec x) {
    IntVec bits = vec_bits(x) - 0x3f3504f3; /* sqrt(1/2) */
    Vec n = __builtin_convertvector(bits >> 23, Vec);
    Vec f = vec_of_bits((bits & 0x007fffff) + 0x3f3504f3) - 1.0f;
    Vec p = f * -0.076345444f + 0.12761654f;
    p = p * f - 0.13160202f;
    p = p * f + 0.14201748f;
    p = p * f - 0.16623354f;
    p = p * f + 0.20001227f;
    p = p * f - 0.25000823f;
    p = p * f + 0.3333333f;
    Vec ff = f * f;
    Vec low = n * -2.12194440e-4f - ff * 0.5f + p * f * ff;
    return low + f + n * 0.693359375f;
}

/* ln(1 + z) for z >= 0: what rounding 1 + z lost is put back. */
static inline Vec vec_log1p(Vec z) {
    Vec u = z + 1.0f;
    return vec_log(u) + (z - (u - 1.0f)) / u;
}

/* z P(z^2) / Q(z^2); beyond 3.925 it is 1 in float. */
static inline Vec vec_erf(Vec z) {
    z = vec_min(vec_set(3.925f), vec_max(vec_set(-3.925f), z));
    Vec u = z * z;
    Vec p = u * 2.046018e-06f + 0.00028484515f;
    p = p * u + 0.0037726152f;
    p = p * u + 0.0527695f;
    p = p * u + 0.19059525f;
    p = p * u + 1.1283791f;
    Vec q = u * 3.804776e-05f + 0.0011638738f;
    q = q * u + 0.014983329f;
    q = q * u + 0.114183344f;
    q = q * u + 0.5022434f;
    q = q * u + 1.0f;
    return z * p / q;
}

/* sin and cos of 2 pi f, f in +-1/4. */
static inline Vec vec_sin_turn(Vec f) {
    Vec u = f * f;
    Vec p = u * -14.38024f + 42.00763f;
    p = p * u - 76.70416f;
    p = p * u + 81.605225f;
    p = p * u - 41.3417f;
    p = p * u + 6.2831855f;
    return p * f;
}

static inline Vec vec_cos_turn(Vec f) {
    Vec u = f * f;
    Vec p = u * -24.979961f + 60.143696f;
    p = p * u - 85.45355f;
    p = p * u + 64.93935f;
    p = p * u - 19.739208f;
    return p * u + 1.0f;
}

static inline Vec vec_sigmoid(Vec x) { return 1.0f / (1.0f + vec_exp(-x)); }

static inline Vec vec_gelu(Vec x) { return x * 0.5f * (1.0f + vec_erf(x * 0.70710678f)); }

static inline Vec vec_quick_gelu(Vec x) { return x * vec_sigmoid(1.702f * x); }

static inline Vec vec_activate(Vec x, Activation f) {
    switch (f) {
    case ACTIVATION_GELU:
        return vec_gelu(x);
    case ACTIVATION_RELU:
        return vec_max(vec_zero(), x);
    case ACTIVATION_SIGMOID:
        return vec_sigmoid(x);
    case ACTIVATION_QUICK_GELU:
        return vec_quick_gelu(x);
    case ACTIVATION_NONE:
        break;
    }
    return x;
}

#endif

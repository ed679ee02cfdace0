/* Vector functions against the C library's in double, over the range they are made for; here in the
 * plainest set, which rounds most. */
#define KERNEL_SET   portable
#define KERNEL_LANES 4
#include "compute/cpu/vec_math.h"

#include <math.h>
#include <stdio.h>

#include "tests/check.h"

enum { SAMPLES = 200000 };

typedef Vec VecFn(Vec x);
typedef double DoubleFn(double x);

typedef struct Error2 {
    double relative, absolute;
} Error2;

/* Worst over samples spread evenly, or evenly over the exponents. */
static Error2 worst_error(VecFn *fast, DoubleFn *exact, double low, double high, bool exponents) {
    Error2 worst = {0.0, 0.0};
    for (int i = 0; i <= SAMPLES; i++) {
        double part = (double)i / SAMPLES;
        float x = (float)(exponents ? low * pow(high / low, part) : low + (high - low) * part);
        double want = exact((double)x), error = fabs((double)fast(vec_set(x))[0] - want);
        worst.absolute = fmax(worst.absolute, error);
        if (want != 0.0) worst.relative = fmax(worst.relative, error / fabs(want));
    }
    printf("%.1e relative, %.1e absolute\n", worst.relative, worst.absolute);
    return worst;
}

static Vec exp_of(Vec x) { return vec_exp(x); }
static Vec log_of(Vec x) { return vec_log(x); }
static Vec log1p_of(Vec x) { return vec_log1p(x); }
static Vec erf_of(Vec x) { return vec_erf(x); }
static Vec gelu_of(Vec x) { return vec_gelu(x); }
static Vec quick_gelu_of(Vec x) { return vec_quick_gelu(x); }
static Vec sigmoid_of(Vec x) { return vec_sigmoid(x); }
static Vec sin_of(Vec x) { return vec_sin_turn(x); }
static Vec cos_of(Vec x) { return vec_cos_turn(x); }

static double exact_gelu(double x) { return 0.5 * x * erfc(-x * 0.70710678118654752); }
static double exact_sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }
static double exact_quick_gelu(double x) { return x / (1.0 + exp(-1.702 * x)); }
static double exact_sin(double x) { return sin(6.283185307179586 * x); }
static double exact_cos(double x) { return cos(6.283185307179586 * x); }

/* A unit in the last place is 6e-8 to 1.2e-7 of a float. */
TEST(exp_is_right_to_two_units) {
    CHECK(worst_error(exp_of, exp, -87.3, 88.7, false).relative < 1.5e-7);
}

TEST(exp_ends_in_tiny_and_in_huge_numbers) {
    CHECK(vec_exp(vec_set(-1000.0f))[0] < 1.2e-38f);
    CHECK(vec_exp(vec_set(-INFINITY))[0] < 1.2e-38f);
    CHECK(vec_exp(vec_set(1000.0f))[0] > 3e38f);
    CHECK(isnan(vec_exp(vec_set(NAN))[0]));
}

TEST(log_is_right_to_two_units) {
    CHECK(worst_error(log_of, log, 1.2e-38, 0.99, true).relative < 2e-7);
    CHECK(worst_error(log_of, log, 1.01, 3.4e38, true).relative < 2e-7);
    CHECK(worst_error(log_of, log, 0.99, 1.01, false).absolute < 2e-9);
}

TEST(log1p_keeps_small_numbers) {
    CHECK(worst_error(log1p_of, log1p, 1e-30, 1.0, true).relative < 3e-7);
}

TEST(erf_is_right_to_six_units) {
    CHECK(worst_error(erf_of, erf, -6.0, 6.0, false).absolute < 4e-7);
    CHECK(worst_error(erf_of, erf, 1e-20, 1.0, true).relative < 4e-7);
}

TEST(gelu_and_sigmoid_follow) {
    CHECK(worst_error(gelu_of, exact_gelu, -30.0, 30.0, false).absolute < 2e-6);
    CHECK(worst_error(quick_gelu_of, exact_quick_gelu, -30.0, 30.0, false).absolute < 2e-6);
    CHECK(worst_error(sigmoid_of, exact_sigmoid, -87.0, 100.0, false).relative < 3e-7);
}

TEST(sin_and_cos_of_a_turn) {
    CHECK(worst_error(sin_of, exact_sin, -0.25, 0.25, false).absolute < 3e-7);
    CHECK(worst_error(cos_of, exact_cos, -0.25, 0.25, false).absolute < 2e-7);
}

#include "eval/distributions.h"

#include <float.h>
#include <math.h>

double normal_above(double z) { return 0.5 * erfc(z * sqrt(0.5)); }

static double log_gamma(double x) {
    int sign; /* lgamma would keep it in a global */
    return lgamma_r(x, &sign);
}

/* The continued fraction DLMF 8.17.22, from the front by Lentz's method: `c` and `d` are ratios of
 * successive numerators and denominators. */
static double beta_fraction(double x, double a, double b) {
    enum { MOST = 100000 };
    double c = 1.0, d = 0.0, value = 1.0;
    for (int i = 1; i < MOST; i++) {
        double m = i >> 1;
        double term = i % 2 ? -(a + m) * (a + b + m) / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
                            : m * (b - m) / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / (1.0 + term * x * d);
        c = 1.0 + term * x / c;
        double step = c * d;
        value *= step;
        if (fabs(step - 1.0) < DBL_EPSILON) break;
    }
    return 1.0 / value;
}

double beta_regularised(double x, double y, double a, double b) {
    if (x <= 0.0) return 0.0;
    if (y <= 0.0) return 1.0;
    double front = a * log(x) + b * log(y) + log_gamma(a + b) - log_gamma(a) - log_gamma(b);
    if (x < (a + 1.0) / (a + b + 2.0)) return exp(front) * beta_fraction(x, a, b) / a;
    return 1.0 - exp(front) * beta_fraction(y, b, a) / b;
}

double student_beyond(double t, double freedom) {
    if (isinf(t)) return 0.0;
    double square = t * t, whole = freedom + square;
    return beta_regularised(freedom / whole, square / whole, 0.5 * freedom, 0.5);
}

double coin_at_most(size_t k, size_t n) {
    return k >= n ? 1.0 : beta_regularised(0.5, 0.5, (double)(n - k), (double)k + 1.0);
}

#include "eval/paired.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/size.h"
#include "eval/distributions.h"

enum { EXACT_MOST = 1000 };

/* In multiples of 1e-6. */
static double difference(const double *a, const double *b, size_t i) {
    return nearbyint((b[i] - a[i]) * 1e6);
}

/* ---- Signed ranks -------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b) {
    double p = fabs(*(const double *)a), q = fabs(*(const double *)b);
    return (p > q) - (p < q);
}

/* Gives the group of equal sizes that begins at `first` its mean rank; returns where it ends. */
static size_t rank_group(SignedRanks *out, const double *sorted, size_t first, size_t n,
                         size_t skipped) {
    size_t end = first;
    while (end < n && fabs(sorted[end]) == fabs(sorted[first])) end++;
    double count = (double)(end - first), rank = 0.5 * (double)(first + 1 + end - 2 * skipped);
    for (size_t i = first; i < end; i++) *(sorted[i] > 0.0 ? &out->plus : &out->minus) += rank;
    out->ties += count * count * count - count;
    return end;
}

Status signed_ranks(SignedRanks *out, const double *a, const double *b, size_t n, ZeroRule rule,
                    Error *error) {
    *out = (SignedRanks){.rule = rule};
    double *sorted = memory_new(size_max(n, 1) * sizeof *sorted);
    if (!sorted)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to rank %zu differences", n);
    bool finite = true;
    for (size_t i = 0; i < n; i++) {
        sorted[i] = difference(a, b, i);
        finite = finite && isfinite(sorted[i]);
        out->zeros += sorted[i] == 0.0;
    }
    out->nonzero = n - out->zeros;
    if (finite && n) {
        qsort(sorted, n, sizeof *sorted, by_size);
        size_t skipped = rule == ZEROS_DROPPED ? out->zeros : 0;
        for (size_t i = out->zeros; i < n;) i = rank_group(out, sorted, i, n, skipped);
    }
    memory_free(sorted);
    if (finite) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT,
                     "a value is not finite: leave cases out before they are compared");
}

static double statistic_of(const SignedRanks *r, Alternative alternative) {
    return alternative == GREATER ? r->plus : fmin(r->plus, r->minus);
}

/* ---- Wilcoxon ------------------------------------------------------------------------------ */

/* P(sum of the ranks with one sign <= most): each rank from 1 to n joins the sum or does not, with
 * equal chance.  `chance` has most + 1 elements, zeroed. */
static double ranks_at_most(size_t most, size_t n, double *chance) {
    double sum = 0.0;
    chance[0] = 1.0;
    for (size_t rank = 1; rank <= n; rank++) {
        for (size_t s = most + 1; s-- > 0;)
            chance[s] = 0.5 * (chance[s] + (s >= rank ? chance[s - rank] : 0.0));
    }
    for (size_t s = 0; s <= most; s++) sum += chance[s];
    return sum;
}

Status wilcoxon_exact(TestResult *out, const SignedRanks *r, Alternative alternative,
                      Error *error) {
    *out = (TestResult){0.0, 1.0};
    if (r->ties > 0.0 || r->zeros > 0 || r->nonzero > EXACT_MOST)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%zu differences, of which %zu are 0%s: the exact test takes up to %d "
                         "without ties and zeros",
                         r->nonzero + r->zeros, r->zeros, r->ties > 0.0 ? " and some equal" : "",
                         EXACT_MOST);
    /* By symmetry P(plus >= w) = P(minus <= total - w). */
    size_t most = (size_t)(alternative == GREATER ? r->minus : fmin(r->plus, r->minus));
    double *chance = memory_new((most + 1) * sizeof *chance);
    if (!chance)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the exact test of %zu ranks",
                         r->nonzero);
    double p = ranks_at_most(most, r->nonzero, chance);
    memory_free(chance);
    out->statistic = statistic_of(r, alternative);
    out->p = alternative == GREATER ? p : fmin(1.0, 2.0 * p);
    return VOXPERT_OK;
}

TestResult wilcoxon_asymptotic(const SignedRanks *r, Alternative alternative, bool continuity) {
    TestResult out = {statistic_of(r, alternative), 1.0};
    double zeros = r->rule == ZEROS_RANKED ? (double)r->zeros : 0.0;
    double n = (double)r->nonzero + zeros;
    double mean = (n * (n + 1.0) - zeros * (zeros + 1.0)) / 4.0;
    double variance = (n * (n + 1.0) * (2.0 * n + 1.0) -
                       zeros * (zeros + 1.0) * (2.0 * zeros + 1.0) - 0.5 * r->ties) /
                      24.0;
    if (r->nonzero == 0) return out;
    double above = r->plus - mean;
    if (alternative == TWO_SIDED) above = fabs(above);
    if (continuity && (alternative == GREATER || above > 0.0)) above -= 0.5;
    double p = normal_above(above / sqrt(variance));
    out.p = alternative == GREATER ? p : fmin(1.0, 2.0 * p);
    return out;
}

/* ---- Others -------------------------------------------------------------------------------- */

TestResult sign_test(const double *a, const double *b, size_t n) {
    size_t plus = 0, minus = 0;
    for (size_t i = 0; i < n; i++) {
        double d = difference(a, b, i);
        plus += d > 0.0;
        minus += d < 0.0;
    }
    double p = 2.0 * coin_at_most(size_min(plus, minus), plus + minus);
    return (TestResult){(double)plus, fmin(1.0, p)};
}

TestResult paired_t(const double *a, const double *b, size_t n) {
    double sum = 0.0, squares = 0.0, count = (double)n;
    for (size_t i = 0; i < n; i++) sum += b[i] - a[i];
    double mean = sum / count;
    for (size_t i = 0; i < n; i++) squares += (b[i] - a[i] - mean) * (b[i] - a[i] - mean);
    double t = n > 1 ? mean / sqrt(squares / (count - 1.0) / count) : (double)NAN;
    return (TestResult){t, isnan(t) ? t : student_beyond(t, count - 1.0)};
}

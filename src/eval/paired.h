/* paired.h - is one method better than another on the same cases?
 *
 * Three tests of the differences b - a.  Wilcoxon's and the sign test first round them to multiples
 * of 1e-6: 0.90 - 0.88 and 0.52 - 0.50 differ in binary, but they are a tie. */
#ifndef EVAL_PAIRED_H
#define EVAL_PAIRED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct TestResult {
    double statistic, p;
} TestResult;

/* ---- Wilcoxon's signed ranks --------------------------------------------------------------- */

typedef enum ZeroRule {
    ZEROS_DROPPED, /* before ranking (Wilcoxon 1945) */
    ZEROS_RANKED   /* and only then dropped (Pratt 1959) */
} ZeroRule;

/* The sizes of the differences are ranked from 1, ties sharing their mean rank. */
typedef struct SignedRanks {
    size_t zeros, nonzero; /* differences */
    double plus, minus;    /* sums of the ranks of positive and of negative differences */
    double ties;           /* sum of t^3 - t over groups of t equal sizes that are not 0 */
    ZeroRule rule;
} SignedRanks;

/* Errors: VOXPERT_OUT_OF_MEMORY; VOXPERT_BAD_INPUT where a value is not finite. */
MUST_CHECK Status signed_ranks(SignedRanks *out, const double *a, const double *b, size_t n,
                               ZeroRule rule, Error *error);

typedef enum Alternative {
    TWO_SIDED, /* b differs from a: the statistic is the smaller sum of ranks */
    GREATER    /* b is greater than a: it is that of the positive differences */
} Alternative;

/* From all 2^n ways to choose signs.  Errors: VOXPERT_BAD_ARGUMENT where there are ties, zeros, or
 * more than 1000 differences, VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status wilcoxon_exact(TestResult *out, const SignedRanks *ranks, Alternative alternative,
                                 Error *error);

/* By the normal distribution, its variance corrected for ties and, with Pratt's rule, mean and
 * variance for zeros (Cureton 1967); `continuity` moves the statistic by 1/2 towards the mean.
 * p = 1 where every difference is 0. */
TestResult wilcoxon_asymptotic(const SignedRanks *ranks, Alternative alternative, bool continuity);

/* ---- Others -------------------------------------------------------------------------------- */

/* Two-sided; the statistic is the number of positive differences. */
TestResult sign_test(const double *a, const double *b, size_t n);

/* Two-sided, n - 1 degrees of freedom.  Where all differences are equal, t is infinite, or NaN (and
 * p too) if they are 0. */
TestResult paired_t(const double *a, const double *b, size_t n);

#endif

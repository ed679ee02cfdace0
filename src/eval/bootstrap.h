/* bootstrap.h - how sure a mean is: the percentile bootstrap (Efron 1979). */
#ifndef EVAL_BOOTSTRAP_H
#define EVAL_BOOTSTRAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct BootstrapRule {
    size_t resamples;
    uint64_t seed;
    double level; /* 0.95: from the 2.5th percentile to the 97.5th */
} BootstrapRule;

typedef struct Interval {
    double low, high;
} Interval;

/* Draws n of the n values with replacement, again and again, and gives the percentiles of the means
 * (linear, as sorted_quantile).  Given the differences of two methods case by case, the cases are
 * drawn as pairs.  Where there are no more than `resamples` ways to draw, n^n, each is taken once
 * and the seed does not matter.  Resample i has random numbers of its own, so that the result does
 * not depend on the order of the work.  NaN where there are no values.  Errors:
 * VOXPERT_OUT_OF_MEMORY, VOXPERT_BAD_ARGUMENT (no resamples). */
MUST_CHECK Status bootstrap_mean(Interval *out, const double *values, size_t n, BootstrapRule rule,
                                 Error *error);

#endif

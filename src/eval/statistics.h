/* statistics.h - what a list of values is like. */
#ifndef EVAL_STATISTICS_H
#define EVAL_STATISTICS_H

#include <stddef.h>

/* NaN where there are no values. */
double values_mean(const double *values, size_t n);

/* The root of the sum of squared deviations over n - `lost`: 0 for all there is, 1 for a sample of
 * it.  NaN where n <= lost. */
double values_deviation(const double *values, size_t n, size_t lost);

void values_sort(double *values, size_t n); /* ascending; no NaN among them */

/* Of sorted values: the value at `part` (0 to 1) of the way from the first to the last, linear
 * between neighbours (type 7 of Hyndman and Fan 1996).  NaN where there are none. */
double sorted_quantile(const double *sorted, size_t n, double part);

#endif

#include "eval/statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

double values_mean(const double *values, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += values[i];
    return n ? sum / (double)n : (double)NAN;
}

double values_deviation(const double *values, size_t n, size_t lost) {
    double mean = values_mean(values, n), sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += (values[i] - mean) * (values[i] - mean);
    return n > lost ? sqrt(sum / (double)(n - lost)) : (double)NAN;
}

static int compare(const void *a, const void *b) {
    const double *p = a, *q = b;
    return (*p > *q) - (*p < *q);
}

void values_sort(double *values, size_t n) {
    if (n) qsort(values, n, sizeof *values, compare);
}

double sorted_quantile(const double *sorted, size_t n, double part) {
    if (n == 0) return (double)NAN;
    double place = part * (double)(n - 1), below = floor(place);
    const double *low = sorted + (size_t)below;
    bool between = place > below && low[1] > low[0]; /* of two infinities there is no difference */
    return between ? low[0] + (low[1] - low[0]) * (place - below) : low[0];
}

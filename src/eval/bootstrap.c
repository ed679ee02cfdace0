#include "eval/bootstrap.h"

#include <math.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/size.h"
#include "eval/statistics.h"

enum { PURPOSE_BOOTSTRAP = 0x626f6f74 };

/* n^n, or 0 where that is more than `most`. */
static size_t ways_to_draw(size_t n, size_t most) {
    size_t ways = 1;
    for (size_t i = 0; i < n; i++) {
        if (!size_multiply(&ways, ways, n) || ways > most) return 0;
    }
    return ways;
}

static double drawn_mean(const double *values, size_t n, Random *random) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += values[random_integer(random, 0, (int64_t)n - 1)];
    return sum / (double)n;
}

/* The digits of `way` to the base n are the cases. */
static double listed_mean(const double *values, size_t n, size_t way) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++, way /= n) sum += values[way % n];
    return sum / (double)n;
}

Status bootstrap_mean(Interval *out, const double *values, size_t n, BootstrapRule rule,
                      Error *error) {
    *out = (Interval){(double)NAN, (double)NAN};
    if (rule.resamples == 0)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "a bootstrap needs at least one resample");
    if (n == 0) return VOXPERT_OK;
    size_t ways = ways_to_draw(n, rule.resamples), count = ways ? ways : rule.resamples;
    double *means = memory_new(count * sizeof *means);
    if (!means)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %zu resamples", count);
    for (size_t i = 0; i < count; i++) {
        Random random = random_begin(rule.seed, 0, i, PURPOSE_BOOTSTRAP);
        means[i] = ways ? listed_mean(values, n, i) : drawn_mean(values, n, &random);
    }
    values_sort(means, count);
    out->low = sorted_quantile(means, count, 0.5 - 0.5 * rule.level);
    out->high = sorted_quantile(means, count, 0.5 + 0.5 * rule.level);
    memory_free(means);
    return VOXPERT_OK;
}

#include "image/taps.h"

#include <math.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/size.h"

/* Keys' cubic convolution; a = -0.5 is Catmull-Rom. */
static double cubic(double x, double a) {
    x = fabs(x);
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
    return 0.0;
}

static double triangle(double x) { return fabs(x) < 1.0 ? 1.0 - fabs(x) : 0.0; }

/* Half the width of a rule's window, in units of its step. */
static double support_of(TapRule rule) {
    return rule == TAPS_CUBIC || rule == TAPS_CUBIC_ANTIALIASED ? 2.0 : 1.0;
}

static bool is_antialiased(TapRule rule) { return rule >= TAPS_LINEAR_ANTIALIASED; }

static bool taps_reserve(Taps *t, size_t from, size_t to, TapRule rule) {
    double step = (double)from / (double)to;
    double support = support_of(rule) * (is_antialiased(rule) ? fmax(step, 1.0) : 1.0);
    size_t weights, bytes;
    *t = (Taps){.outputs = to, .most = 2 * (size_t)ceil(support) + 1};
    if (!size_multiply(&weights, to, t->most) || !size_multiply(&bytes, weights, sizeof(double)))
        return false;
    t->first = memory_new(to * sizeof *t->first);
    t->count = memory_new(to * sizeof *t->count);
    t->weight = memory_new(bytes);
    if (t->first && t->count && t->weight) return true;
    taps_free(t);
    return false;
}

static void nearest(Taps *t, size_t from, bool centred) {
    for (size_t i = 0; i < t->outputs; i++) {
        t->first[i] = centred ? (2 * i + 1) * from / (2 * t->outputs)
                              : size_min(i * from / t->outputs, from - 1);
        t->count[i] = 1;
        t->weight[i * t->most] = 1.0;
    }
}

/* Weights that fall outside are given to the sample at the edge. */
static void clamped(Taps *t, size_t i, ptrdiff_t from, ptrdiff_t start, int n,
                    const double *weight) {
    ptrdiff_t lo = start < 0 ? 0 : start > from - 1 ? from - 1 : start;
    t->first[i] = (size_t)lo;
    for (int k = 0; k < n; k++) {
        ptrdiff_t at = start + k < 0 ? 0 : start + k > from - 1 ? from - 1 : start + k;
        t->weight[i * t->most + (size_t)(at - lo)] += weight[k];
        t->count[i] = (size_t)(at - lo) + 1;
    }
}

static void interpolated(Taps *t, size_t from, TapRule rule) {
    double step = (double)from / (double)t->outputs;
    for (size_t i = 0; i < t->outputs; i++) {
        double x = ((double)i + 0.5) * step - 0.5, below = floor(x), f = x - below;
        double two[] = {1.0 - f, f};
        double four[] = {cubic(f + 1.0, -0.75), cubic(f, -0.75), cubic(1.0 - f, -0.75),
                         cubic(2.0 - f, -0.75)};
        if (rule == TAPS_LINEAR)
            clamped(t, i, (ptrdiff_t)from, (ptrdiff_t)below, 2, two);
        else
            clamped(t, i, (ptrdiff_t)from, (ptrdiff_t)below - 1, 4, four);
    }
}

/* As Pillow computes it, rounding included: its results are reproduced to the bit. */
static void antialiased(Taps *t, size_t from, TapRule rule) {
    double step = (double)from / (double)t->outputs, wide = fmax(step, 1.0);
    double support = support_of(rule) * wide, narrow = 1.0 / wide;
    for (size_t i = 0; i < t->outputs; i++) {
        double centre = ((double)i + 0.5) * step, sum = 0.0;
        ptrdiff_t lo = (ptrdiff_t)(centre - support + 0.5),
                  hi = (ptrdiff_t)(centre + support + 0.5);
        if (lo < 0) lo = 0;
        if (hi > (ptrdiff_t)from) hi = (ptrdiff_t)from;
        double *weight = &t->weight[i * t->most];
        t->first[i] = (size_t)lo;
        t->count[i] = (size_t)(hi - lo);
        for (ptrdiff_t k = 0; k < hi - lo; k++) {
            double x = ((double)(k + lo) - centre + 0.5) * narrow;
            weight[k] = rule == TAPS_LINEAR_ANTIALIASED ? triangle(x) : cubic(x, -0.5);
            sum += weight[k];
        }
        for (ptrdiff_t k = 0; k < hi - lo; k++) weight[k] /= sum;
    }
}

bool taps_make(Taps *out, size_t from, size_t to, TapRule rule) {
    if (!taps_reserve(out, from, to, rule)) return false;
    if (is_antialiased(rule))
        antialiased(out, from, rule);
    else if (rule == TAPS_LINEAR || rule == TAPS_CUBIC)
        interpolated(out, from, rule);
    else
        nearest(out, from, rule == TAPS_NEAREST_EXACT);
    return true;
}

void taps_free(Taps *taps) {
    memory_free(taps->first);
    memory_free(taps->count);
    memory_free(taps->weight);
    *taps = (Taps){0};
}

/* Number by number. */
#include <math.h>

#include "base/size.h"
#include "compute/cpu/range.h"
#include "compute/cpu/vec.h"

typedef struct Job {
    float *y;
    const float *a, *b;
    float by;
    size_t period;
    double *sums; /* of pieces */
} Job;

/* ---- Sums and moves ----------------------------------------------------------------------- */

/* Up to where b begins again, at a time. */
static void add_range(void *context, size_t begin, size_t end) {
    const Job *j = context;
    for (size_t i = begin; i < end;) {
        size_t at = i % j->period, stop = size_min(end, i + j->period - at);
        const float *b = j->b + at;
        for (; i < stop; i += LANES, b += LANES) {
            size_t left = stop - i;
            vec_put(j->y + i, vec_get(j->a + i, left) + vec_get(b, left), left);
        }
        i = stop;
    }
}

void ENTRY(add)(const Worker *w, float *y, const float *a, const float *b, size_t n,
                size_t period) {
    Job j = {.y = y, .a = a, .b = b, .period = period};
    range_run(w, add_range, &j, n, range_grain(1));
}

static void accumulate_range(void *context, size_t begin, size_t end) {
    const Job *j = context;
    for (size_t i = begin; i < end; i += LANES) {
        size_t left = end - i;
        vec_put(j->y + i, vec_get(j->y + i, left) + vec_get(j->a + i, left), left);
    }
}

void ENTRY(accumulate)(const Worker *w, float *into, const float *from, size_t n) {
    range_run(w, accumulate_range, &(Job){.y = into, .a = from}, n, range_grain(1));
}

static void scale_range(void *context, size_t begin, size_t end) {
    const Job *j = context;
    for (size_t i = begin; i < end; i += LANES) {
        vec_put(j->y + i, vec_get(j->y + i, end - i) * j->by, end - i);
    }
}

void ENTRY(scale)(const Worker *w, float *x, float by, size_t n) {
    range_run(w, scale_range, &(Job){.y = x, .by = by}, n, range_grain(1));
}

static void copy_range(void *context, size_t begin, size_t end) {
    const Job *j = context;
    memcpy(j->y + begin, j->a + begin, (end - begin) * sizeof(float));
}

void ENTRY(copy)(const Worker *w, float *into, const float *from, size_t n) {
    range_run(w, copy_range, &(Job){.y = into, .a = from}, n, range_grain(1));
}

static void zero_range(void *context, size_t begin, size_t end) {
    const Job *j = context;
    memset(j->y + begin, 0, (end - begin) * sizeof(float));
}

void ENTRY(zero)(const Worker *w, float *x, size_t n) {
    range_run(w, zero_range, &(Job){.y = x}, n, range_grain(1));
}

/* ---- Sum of squares ----------------------------------------------------------------------- */

enum { SQUARES_RUN = 512 }; /* as many are summed in float */

static double squares_of(const float *x, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i += SQUARES_RUN) {
        size_t end = size_min(n, i + SQUARES_RUN);
        Vec run = vec_zero();
        for (size_t k = i; k < end; k += LANES) {
            Vec v = vec_get(x + k, end - k);
            run += v * v;
        }
        sum += vec_sum_double(run);
    }
    return sum;
}

static void squares_range(void *context, size_t begin, size_t end) {
    const Job *j = context;
    j->sums[begin / j->period] = squares_of(j->a + begin, end - begin);
}

double ENTRY(sum_of_squares)(const Worker *w, const float *x, size_t n) {
    Job j = {.a = x, .sums = w->shared, .period = size_max(range_grain(1), (n + 4095) / 4096)};
    range_run(w, squares_range, &j, n, j.period);
    double sum = 0.0;
    for (size_t i = 0; i * j.period < n; i++) sum += j.sums[i];
    return sum;
}

/* ---- Optimizer ---------------------------------------------------------------------------- */

typedef struct Adam {
    float *x, *m, *v;
    const float *gradient;
    float gradient_scale, decay, coupled, beta1, rest1, beta2, rest2, lr, root2, eps;
} Adam;

static void adam_range(void *context, size_t begin, size_t end) {
    const Adam *a = context;
    for (size_t i = begin; i < end; i += LANES) {
        size_t left = end - i;
        Vec g = vec_get(a->gradient + i, left) * a->gradient_scale;
        Vec x = vec_get(a->x + i, left);
        if (a->coupled > 0.0f) g += x * a->coupled;
        Vec m = vec_get(a->m + i, left) * a->beta1 + g * a->rest1;
        Vec v = vec_get(a->v + i, left) * a->beta2 + g * g * a->rest2;
        x -= x * a->decay;
        x -= m * a->lr / (vec_sqrt(v) * a->root2 + a->eps);
        vec_put(a->m + i, m, left);
        vec_put(a->v + i, v, left);
        vec_put(a->x + i, x, left);
    }
}

void ENTRY(adamw)(const Worker *w, float *x, float *m, float *v, const float *gradient, size_t n,
                  const AdamStep *step) {
    double first = 1.0 - pow((double)step->beta1, (double)step->step);
    double second = 1.0 - pow((double)step->beta2, (double)step->step);
    Adam a = {.x = x,
              .m = m,
              .v = v,
              .gradient = gradient,
              .gradient_scale = step->gradient_scale,
              .decay = step->coupled ? 0.0f : step->lr * step->decay,
              .coupled = step->coupled ? step->decay : 0.0f,
              .beta1 = step->beta1,
              .rest1 = (float)(1.0 - (double)step->beta1),
              .beta2 = step->beta2,
              .rest2 = (float)(1.0 - (double)step->beta2),
              .lr = (float)((double)step->lr / first),
              .root2 = (float)(1.0 / sqrt(second)),
              .eps = step->eps};
    range_run(w, adam_range, &a, n, range_grain(1));
}

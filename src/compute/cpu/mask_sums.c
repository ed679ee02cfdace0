/* Sums over the logits of a mask and its target, for focal, Dice and cross-entropy losses;
 * elements whose target is below 0 are in none. */
#include "base/size.h"
#include "compute/cpu/range.h"
#include "compute/cpu/vec_math.h"

enum {
    PIECE = 8192, /* logits of a task */
    RUN = 512,    /* logits that are summed in float */
    SUMS = 9
};

typedef struct Job {
    const float *x, *t;
    size_t n, pieces;
    double (*partial)[SUMS]; /* [group][piece] */
    float *dx;
    const MaskSumsGradient *d;
} Job;

static const float tiny = 1e-12f;

/* What both directions need of a logit: without cancellation on either side. */
typedef struct Logit {
    Vec p, q;         /* sigmoid(x), sigmoid(-x) */
    Vec log_p, log_q; /* ln(p + 1e-12), ln(q + 1e-12) */
    Vec softplus;     /* ln(1 + exp(x)) */
} Logit;

static Logit logit_make(Vec x) {
    Vec z = vec_exp(-vec_abs(x)), large = 1.0f / (1.0f + z), small = z / (1.0f + z);
    Vec rest = vec_log1p(z); /* -ln of the larger */
    Vec log_small = vec_log(small + tiny);
    IntVec positive = x > 0.0f;
    return (Logit){.p = vec_select(positive, large, small),
                   .q = vec_select(positive, small, large),
                   .log_p = vec_select(positive, -rest, log_small),
                   .log_q = vec_select(positive, log_small, -rest),
                   .softplus = vec_max(vec_zero(), x) + rest};
}

/* ---- Forward ------------------------------------------------------------------------------ */

static void terms(Vec term[SUMS], Vec x, Vec t) {
    Logit l = logit_make(x);
    term[0] = l.p;
    term[1] = t;
    term[2] = l.p * t;
    term[3] = l.p * l.p;
    term[4] = t * t;
    term[5] = -t * l.q * l.q * l.log_p;
    term[6] = (t - 1.0f) * l.p * l.p * l.log_q;
    term[7] = l.softplus - x * t;
    term[8] = vec_zero() + 1.0f;
    IntVec unknown = t < 0.0f;
    for (int s = 0; s < SUMS; s++) term[s] = vec_select(unknown, vec_zero(), term[s]);
}

static Vec first_lanes(Vec x, size_t count) {
    float lane[LANES] = {0};
    vec_store_some(lane, x, count);
    return vec_load(lane);
}

static void run_sum(double sums[SUMS], const float *x, const float *t, size_t n) {
    Vec run[SUMS];
    for (int s = 0; s < SUMS; s++) run[s] = vec_zero();
    for (size_t i = 0; i < n; i += LANES) {
        Vec term[SUMS];
        terms(term, vec_get(x + i, n - i), vec_get(t + i, n - i));
        for (int s = 0; s < SUMS; s++)
            run[s] += n - i < LANES ? first_lanes(term[s], n - i) : term[s];
    }
    for (int s = 0; s < SUMS; s++) sums[s] += vec_sum_double(run[s]);
}

static void piece_sum(void *context, size_t task, void *scratch) {
    (void)scratch;
    const Job *j = context;
    size_t group = task / j->pieces, begin = task % j->pieces * PIECE;
    size_t end = size_min(begin + PIECE, j->n);
    double *sums = j->partial[task];
    for (int s = 0; s < SUMS; s++) sums[s] = 0.0;
    for (size_t i = begin; i < end; i += RUN) {
        size_t at = group * j->n + i;
        run_sum(sums, j->x + at, j->t + at, size_min(RUN, end - i));
    }
}

void ENTRY(mask_sums)(const Worker *w, MaskSums *sums, const float *x, const float *t,
                      size_t groups, size_t n) {
    Job j = {.x = x, .t = t, .n = n, .pieces = (n + PIECE - 1) / PIECE, .partial = w->shared};
    worker_run(w, piece_sum, &j, groups * j.pieces);
    for (size_t g = 0; g < groups; g++) {
        double sum[SUMS] = {0};
        for (size_t p = 0; p < j.pieces; p++) {
            for (int s = 0; s < SUMS; s++) sum[s] += j.partial[g * j.pieces + p][s];
        }
        sums[g] = (MaskSums){.p = sum[0],
                             .t = sum[1],
                             .pt = sum[2],
                             .pp = sum[3],
                             .tt = sum[4],
                             .focal_inside = sum[5],
                             .focal_outside = sum[6],
                             .cross_entropy = sum[7],
                             .count = sum[8]};
    }
}

/* ---- Backward, by the chain rule through p, with dp/dx = p q ------------------------------- */

static Vec slope(const MaskSumsGradient *d, Vec x, Vec t) {
    Logit l = logit_make(x);
    Vec inside = t * l.q * (2.0f * l.log_p - l.q / (l.p + tiny));
    Vec outside = (1.0f - t) * l.p * (l.p / (l.q + tiny) - 2.0f * l.log_q);
    Vec by_p = (float)d->p + t * (float)d->pt + l.p * (float)(2.0 * d->pp) +
               inside * (float)d->focal_inside + outside * (float)d->focal_outside;
    Vec slope = by_p * l.p * l.q + (l.p - t) * (float)d->cross_entropy;
    return vec_select(t < 0.0f, vec_zero(), slope);
}

static void piece_back(void *context, size_t task, void *scratch) {
    (void)scratch;
    const Job *j = context;
    size_t group = task / j->pieces, begin = task % j->pieces * PIECE;
    size_t end = group * j->n + size_min(begin + PIECE, j->n);
    for (size_t i = group * j->n + begin; i < end; i += LANES) {
        size_t left = end - i;
        Vec s = slope(&j->d[group], vec_get(j->x + i, left), vec_get(j->t + i, left));
        vec_put(j->dx + i, vec_get(j->dx + i, left) + s, left);
    }
}

void ENTRY(mask_sums_backward)(const Worker *w, float *dx, const MaskSumsGradient *d,
                               const float *x, const float *t, size_t groups, size_t n) {
    if (!dx) return;
    Job j = {.x = x, .t = t, .n = n, .pieces = (n + PIECE - 1) / PIECE, .dx = dx, .d = d};
    worker_run(w, piece_back, &j, groups * j.pieces);
}

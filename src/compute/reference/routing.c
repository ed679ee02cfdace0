/* The noisy top-k router and its balance loss (kernels.h; docs/spec/segmote.md, 4 and 6). */
#include <math.h>

#include "compute/reference/reference.h"

static const double least_noise = 0.01; /* added to softplus, so that noise never dies */

static double softplus(double x) { return x > 0.0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }
static double normal_density(double z) { return exp(-0.5 * z * z) * 0.39894228040143267794; }
static double normal_share(double z) { return 0.5 * (1.0 + erf(z * 0.70710678118654752440)); }

/* One token's way through the router. */
typedef struct Row {
    double noisy[EXPERTS_MAX], spread[EXPERTS_MAX], all[EXPERTS_MAX], kept[EXPERTS_MAX];
    int order[EXPERTS_MAX]; /* experts by their noisy logit, largest first, ties by number */
    int open;               /* how many those are: all that are not held back */
    bool smooth;            /* its load is a probability, not a count */
} Row;

static bool is_open(const RouteShape *s, int e) {
    return !route_holds_back(s->held_back, e) || s->forced == e + 1;
}

static void sort(Row *r, const RouteShape *s) {
    for (int e = 0; e < s->experts; e++) {
        if (!is_open(s, e)) continue;
        int at = r->open++;
        for (; at > 0 && r->noisy[e] > r->noisy[r->order[at - 1]]; at--)
            r->order[at] = r->order[at - 1];
        r->order[at] = e;
    }
}

/* Softmax over the `count` largest; the others are 0. */
static void softmax(double *p, const Row *r, int experts, int count) {
    double largest = r->noisy[r->order[0]], sum = 0.0;
    for (int e = 0; e < experts; e++) p[e] = 0.0;
    for (int i = 0; i < count; i++) sum += p[r->order[i]] = exp(r->noisy[r->order[i]] - largest);
    for (int i = 0; i < count; i++) p[r->order[i]] /= sum;
}

static Row row_of(const float *clean, const float *spread, const float *noise,
                  const RouteShape *s) {
    Row r = {.smooth = noise && !s->forced && s->rule == ROUTE_SOFTMAX};
    for (int e = 0; e < s->experts; e++) {
        r.noisy[e] = is_open(s, e) ? (double)clean[e] : -(double)INFINITY;
        if (!noise) continue;
        r.spread[e] = softplus((double)spread[e]) + least_noise;
        r.noisy[e] += (double)noise[e] * r.spread[e];
    }
    sort(&r, s);
    r.smooth &= s->kept < r.open;
    softmax(r.all, &r, s->experts, r.open);
    softmax(r.kept, &r, s->experts, s->kept);
    return r;
}

/* The expert whose noisy logit e's clean one must exceed to be kept. */
static int rival(const Row *r, const RouteShape *s, int e) {
    int next = r->order[s->kept];
    return r->noisy[e] > r->noisy[next] ? next : r->order[s->kept - 1];
}

static double margin(const Row *r, const RouteShape *s, const float *clean, int e) {
    return ((double)clean[e] - r->noisy[rival(r, s, e)]) / r->spread[e];
}

static double gate_of(const Row *r, const RouteShape *s, int e) {
    if (s->forced) return e + 1 == s->forced;
    return s->rule == ROUTE_SOFTMAX ? r->kept[e] : r->kept[e] > 0.0;
}

static double confidence_of(const Row *r, const RouteShape *s) {
    int e = s->forced ? s->forced - 1 : r->order[0];
    return s->rule == ROUTE_SOFTMAX ? r->all[e] : r->noisy[e];
}

void reference_route(const Worker *w, float *routed, const float *clean, const float *spread,
                     const float *noise, const RouteShape *s) {
    (void)w;
    size_t experts = (size_t)s->experts;
    for (size_t i = 0; i < s->rows; i++, clean += experts, routed += 3 * experts + 1) {
        Row r = row_of(clean, spread ? spread + i * experts : NULL,
                       noise ? noise + i * experts : NULL, s);
        for (int e = 0; e < s->experts; e++) {
            double gate = gate_of(&r, s, e);
            routed[e] = (float)gate;
            routed[s->experts + e] = r.smooth && is_open(s, e)
                                         ? (float)normal_share(margin(&r, s, clean, e))
                                         : (float)(gate > 0.0);
            routed[2 * s->experts + e] = (float)r.noisy[e];
        }
        routed[3 * s->experts] = (float)confidence_of(&r, s);
    }
}

/* d += what dp, the slopes of a softmax over the `count` largest, make of the noisy logits. */
static void softmax_back(double *d, const double *p, const double *dp, const Row *r, int count) {
    double sum = 0.0;
    for (int i = 0; i < count; i++) sum += p[r->order[i]] * dp[r->order[i]];
    for (int i = 0; i < count; i++) {
        int e = r->order[i];
        d[e] += p[e] * (dp[e] - sum);
    }
}

typedef struct Slopes {
    double clean[EXPERTS_MAX], noisy[EXPERTS_MAX], spread[EXPERTS_MAX];
} Slopes;

static void load_back(Slopes *d, const float *dload, const float *clean, const Row *r,
                      const RouteShape *s) {
    for (int e = 0; e < s->experts; e++) {
        if (!is_open(s, e)) continue;
        double z = margin(r, s, clean, e);
        double slope = (double)dload[e] * normal_density(z) / r->spread[e];
        d->clean[e] += slope;
        d->noisy[rival(r, s, e)] -= slope;
        d->spread[e] -= slope * z;
    }
}

/* Gates of the published code: constant (77668f0), or straight through to the kept ones' share of a
 * softmax over all logits (ba6e178); its load is the sum of gates, and what chooses a token has no
 * gradient. */
static void published_back(Slopes *d, const float *dy, const Row *r, const RouteShape *s) {
    if (s->rule != ROUTE_STRAIGHT_THROUGH) return;
    double dp[EXPERTS_MAX] = {0.0};
    for (int i = 0; i < s->kept; i++) {
        int e = r->order[i];
        dp[e] = (double)dy[e] + (double)dy[s->experts + e];
    }
    softmax_back(d->noisy, r->all, dp, r, r->open);
}

static void softmax_rule_back(Slopes *d, const float *dy, const float *clean, const Row *r,
                              const RouteShape *s) {
    double dgate[EXPERTS_MAX], dall[EXPERTS_MAX] = {0.0};
    for (int e = 0; e < s->experts; e++) dgate[e] = (double)dy[e];
    softmax_back(d->noisy, r->kept, dgate, r, s->kept);
    dall[r->order[0]] = (double)dy[3 * s->experts];
    softmax_back(d->noisy, r->all, dall, r, r->open);
    if (r->smooth) load_back(d, dy + s->experts, clean, r, s);
}

void reference_route_backward(const Worker *w, float *dclean, float *dspread, const float *dy,
                              const float *clean, const float *spread, const float *noise,
                              const RouteShape *s) {
    (void)w;
    size_t experts = (size_t)s->experts;
    for (size_t i = 0; i < s->rows; i++, clean += experts, dy += 3 * experts + 1) {
        size_t at = i * experts;
        Row r = row_of(clean, spread ? spread + at : NULL, noise ? noise + at : NULL, s);
        Slopes d = {0};
        if (s->rule == ROUTE_SOFTMAX)
            softmax_rule_back(&d, dy, clean, &r, s);
        else
            published_back(&d, dy, &r, s);
        for (size_t e = 0; e < experts; e++) {
            if (dclean) dclean[at + e] += (float)(d.clean[e] + d.noisy[e]);
            if (!dspread || !noise) continue;
            double slope = d.spread[e] + d.noisy[e] * (double)noise[at + e];
            dspread[at + e] += (float)(slope * sigmoid((double)spread[at + e]));
        }
    }
}

/* ---- Sums of what routers gave ------------------------------------------------------------- */

void reference_mix(const Worker *w, float *y, const float *x, const float *weight,
                   const MixPlace *place, size_t count, int cols, int weight_cols, size_t rows) {
    (void)w;
    for (size_t i = 0; i < rows * (size_t)cols; i++) y[i] = 0.0f;
    for (size_t i = 0; i < count; i++, x += cols) {
        float by = weight[(size_t)place[i].row * (size_t)weight_cols + (size_t)place[i].column];
        float *to = y + (size_t)place[i].row * (size_t)cols;
        for (int c = 0; c < cols; c++) to[c] += by * x[c];
    }
}

void reference_mix_backward(const Worker *w, float *dx, float *dweight, const float *dy,
                            const float *x, const float *weight, const MixPlace *place,
                            size_t count, int cols, int weight_cols) {
    (void)w;
    for (size_t i = 0; i < count; i++) {
        size_t at = (size_t)place[i].row * (size_t)weight_cols + (size_t)place[i].column;
        const float *from = dy + (size_t)place[i].row * (size_t)cols;
        const float *value = x + i * (size_t)cols;
        double slope = 0.0;
        for (int c = 0; c < cols; c++) slope += (double)from[c] * (double)value[c];
        if (dweight) dweight[at] += (float)slope;
        for (int c = 0; dx && c < cols; c++)
            dx[i * (size_t)cols + (size_t)c] += weight[at] * from[c];
    }
}

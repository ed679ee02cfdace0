#include "assess/routing_tally.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "compute/kernels.h"
#include "moe/router_rows.h"

Status routing_tally_open(RoutingTally *t, size_t sets, int experts, int kept, uint64_t held_back,
                          Error *error) {
    *t = (RoutingTally){.experts = experts, .kept = kept, .held_back = held_back, .sets = sets};
    t->share = memory_new(sets * (size_t)experts * sizeof *t->share);
    if (!t->share)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to count the experts' tokens");
    routing_tally_clear(t);
    return VOXPERT_OK;
}

void routing_tally_close(RoutingTally *t) {
    memory_free(t->share);
    *t = (RoutingTally){0};
}

void routing_tally_clear(RoutingTally *t) {
    if (t->share) memset(t->share, 0, t->sets * (size_t)t->experts * sizeof *t->share);
    t->sums = (RoutingSums){0};
}

/* ---- Adding ----------------------------------------------------------------------------- */

/* Var / mean^2, the variance over n - 1: as the balance loss (docs/spec/segmote.md, 6). */
static double squared_variation(const double *x, int n) {
    double mean = 0.0, squares = 0.0;
    if (n < 2) return 0.0;
    for (int i = 0; i < n; i++) mean += x[i] / n;
    for (int i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
    return squares / (n - 1) / (mean * mean + 1e-10);
}

void routing_tally_add(RoutingTally *t, const float *routed, const int *set, int batch,
                       int tokens) {
    int experts = t->experts;
    double importance[EXPERTS_MAX] = {0}, load[EXPERTS_MAX] = {0};
    for (int i = 0; i < batch * tokens; i++, routed += 3 * experts + 1) {
        double *share = t->share + (size_t)set[i / tokens] * (size_t)experts;
        for (int e = 0, open = 0; e < experts; e++) {
            if (route_holds_back(t->held_back, e)) continue;
            if (routed[e] > 0.0f) share[e] += 1.0 / t->kept;
            importance[open] += (double)routed[e];
            load[open++] += (double)routed[experts + e];
        }
        t->sums.entropy += routing_entropy(routed + 2 * experts, experts);
    }
    t->sums.tokens += batch * tokens;
    t->sums.passes += 1.0;
    t->sums.importance_cv2 += squared_variation(importance, route_open(t->held_back, experts));
    t->sums.load_cv2 += squared_variation(load, route_open(t->held_back, experts));
}

/* ---- Saying ----------------------------------------------------------------------------- */

static void add_set(const RoutingTally *t, size_t set, double *share) {
    for (int e = 0; e < t->experts; e++) share[e] += t->share[set * (size_t)t->experts + (size_t)e];
}

static void normalize(double *share, int experts) {
    double all = 0.0;
    for (int e = 0; e < experts; e++) all += share[e];
    for (int e = 0; all > 0.0 && e < experts; e++) share[e] /= all;
}

void routing_tally_shares(const RoutingTally *t, int set, double *share) {
    for (int e = 0; e < t->experts; e++) share[e] = 0.0;
    for (size_t s = 0; s < t->sets; s++)
        if (set == EVERY_SET || s == (size_t)set) add_set(t, s, share);
    normalize(share, t->experts);
}

void routing_tally_group(const RoutingTally *t, const int *group, int wanted, double *share) {
    for (int e = 0; e < t->experts; e++) share[e] = 0.0;
    for (size_t s = 0; s < t->sets; s++)
        if (group[s] == wanted) add_set(t, s, share);
    normalize(share, t->experts);
}

double effective_experts(const double *share, int experts) {
    double entropy = 0.0, all = 0.0;
    for (int e = 0; e < experts; e++) {
        all += share[e];
        if (share[e] > 0.0) entropy -= share[e] * log(share[e]);
    }
    return all > 0.0 ? exp(entropy) : 0.0;
}

bool is_collapse(double effective, int experts, int kept) {
    return experts > kept && effective < kept + 0.25 * (experts - kept);
}

/* routing_tally.h - what the routers did since the last report, by data set.
 *
 * A collapse is what the balance loss is there against: nearly all tokens go to few experts, and
 * the others learn nothing.  It is measured by the effective number of experts, exp of the entropy
 * of their shares of all tokens: 1 where one expert has all, E where all have the same. */
#ifndef ASSESS_ROUTING_TALLY_H
#define ASSESS_ROUTING_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Means over what was added. */
typedef struct RoutingSums {
    double tokens;         /* all layers' */
    double entropy;        /* of each token, see routing_entropy */
    double passes;         /* of one layer over one batch */
    double importance_cv2; /* CV^2 over experts of summed gates, of one pass */
    double load_cv2;       /* and of the summed load that the balance loss sees */
} RoutingSums;

typedef struct RoutingTally {
    int experts, kept;
    uint64_t held_back; /* experts that no token goes to: they do not count */
    size_t sets;
    double *share; /* [sets,experts] tokens sent, each 1 / kept to its kept experts */
    RoutingSums sums;
} RoutingTally;

/* VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status routing_tally_open(RoutingTally *t, size_t sets, int experts, int kept,
                                     uint64_t held_back, Error *error);
void routing_tally_close(RoutingTally *t); /* zeroed is fine */
void routing_tally_clear(RoutingTally *t);

/* One layer's rows [batch tokens, 3 experts + 1] of op_route (gates, load, logits, confidence);
 * `set` [batch]: which data set a sample is of. */
void routing_tally_add(RoutingTally *t, const float *routed, const int *set, int batch, int tokens);

/* Into `share` [experts]: of the tokens of one set (EVERY_SET: of all), what went to each expert;
 * sums to 1, all 0 where there were none. */
enum { EVERY_SET = -1 };
void routing_tally_shares(const RoutingTally *t, int set, double *share);

/* The same over the sets whose `group` [sets] is `wanted`. */
void routing_tally_group(const RoutingTally *t, const int *group, int wanted, double *share);

/* exp of the shares' entropy; 0 where there are none. */
double effective_experts(const double *share, int experts);

/* Fewer are effective than `kept` and a quarter of the rest. */
bool is_collapse(double effective, int experts, int kept);

#endif

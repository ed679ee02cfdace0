/* router_rows.h - what the rows of a router say: see op_route. */
#ifndef MOE_ROUTER_ROWS_H
#define MOE_ROUTER_ROWS_H

#include <stddef.h>
#include <stdint.h>

/* Entropy of softmax(logits[experts]) / ln of how many experts there are to choose from: 0 decided,
 * 1 not at all.  Logits of -infinity are of experts that are held back, and do not count.  0 of a
 * single expert. */
double routing_entropy(const float *logits, int experts);

/* How many of the weights w_gate_token [dim,experts] of experts that are not held back differ from
 * 0.  With none the router is degenerate: all logits tie, and the lowest expert gets everything
 * (docs/spec/segmote.md, 4.3). */
size_t router_weights_used(const float *weights, int dim, int experts, uint64_t held_back);

#endif

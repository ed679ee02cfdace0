#include "moe/router_rows.h"

#include <math.h>
#include <stdbool.h>

#include "compute/kernels.h"

double routing_entropy(const float *logits, int experts) {
    double largest = -(double)INFINITY, sum = 0.0, weighted = 0.0;
    int open = 0;
    for (int e = 0; e < experts; e++) largest = fmax(largest, (double)logits[e]);
    for (int e = 0; e < experts; e++) {
        double below = (double)logits[e] - largest, p = exp(below);
        if (!isfinite(logits[e])) continue;
        open++;
        sum += p;
        weighted += p * below;
    }
    return open < 2 ? 0.0 : (log(sum) - weighted / sum) / log(open);
}

size_t router_weights_used(const float *weights, int dim, int experts, uint64_t held_back) {
    size_t used = 0;
    for (int d = 0; d < dim; d++)
        for (int e = 0; e < experts; e++)
            used += !route_holds_back(held_back, e) && fabsf(weights[d * experts + e]) > 0.0f;
    return used;
}

/* Ops of a mixture of experts. */
#include "ops/ops.h"

/* ---- Router ----------------------------------------------------------------------------- */

typedef struct Route {
    RouteShape shape;
    const float *noise;
} Route;

static void route_backward(Compute *cx, const Node *n) {
    const Route *r = n->how;
    Tensor *clean = n->in[0], *spread = n->in[1];
    cx->kernels->route_backward(cx->worker, grad_of(cx, clean), spread ? grad_of(cx, spread) : NULL,
                                tensor_grad(n->out), clean->data, spread ? spread->data : NULL,
                                r->noise, &r->shape);
}

Tensor *op_route(Compute *cx, Tensor *clean, Tensor *spread, const float *noise,
                 const RouteShape *how) {
    if (!compute_ok(cx)) return &cx->dummy;
    int experts = tensor_cols(clean), forced = how->forced;
    if (experts > EXPERTS_MAX || how->kept < 1 || forced < 0 || forced > experts ||
        how->kept > route_open(how->held_back, experts))
        return compute_fail(cx, "route: experts");
    if (forced && cx->tape) return compute_fail(cx, "route: a forced expert has no backward pass");
    if (!spread != !noise || (spread && !tensor_same_shape(spread, clean)))
        return compute_fail(cx, "route: noise");
    Route r = {*how, noise};
    r.shape.rows = tensor_rows(clean), r.shape.experts = experts;
    Tensor *y = tensor_new(cx, 2, (int[]){(int)r.shape.rows, 3 * experts + 1});
    if (!compute_ok(cx)) return &cx->dummy;
    cx->kernels->route(cx->worker, y->data, clean->data, spread ? spread->data : NULL, noise,
                       &r.shape);
    return tape_record(cx, route_backward, y, 2, (Tensor *[]){clean, spread}, &r, sizeof r);
}

/* ---- Mixing ----------------------------------------------------------------------------- */

static void mix_backward(Compute *cx, const Node *n) {
    const MixPlace *place = n->how;
    Tensor *x = n->in[0], *weight = n->in[1];
    cx->kernels->mix_backward(cx->worker, grad_of(cx, x), grad_of(cx, weight), tensor_grad(n->out),
                              x->data, weight->data, place, (size_t)x->dim[0], tensor_cols(x),
                              tensor_cols(weight));
}

Tensor *op_mix(Compute *cx, Tensor *x, Tensor *weight, const MixPlace *place) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (x->rank != 2 || weight->rank != 2) return compute_fail(cx, "mix: shapes");
    size_t count = (size_t)x->dim[0];
    for (size_t i = 0; i < count; i++) {
        if (place[i].row < 0 || place[i].row >= weight->dim[0] || place[i].column < 0 ||
            place[i].column >= weight->dim[1])
            return compute_fail(cx, "mix: place");
    }
    Tensor *y = tensor_new(cx, 2, (int[]){weight->dim[0], x->dim[1]});
    if (!compute_ok(cx)) return &cx->dummy;
    cx->kernels->mix(cx->worker, y->data, x->data, weight->data, place, count, tensor_cols(x),
                     tensor_cols(weight), (size_t)weight->dim[0]);
    return tape_record(cx, mix_backward, y, 2, (Tensor *[]){x, weight}, place,
                       count * sizeof *place);
}

/* ---- Balance ---------------------------------------------------------------------------- */

/* CV^2 = unbiased variance / (mean^2 + 1e-10), 0 of a single number; and its slopes. */
static double squared_variation(double *slope, const double *x, int n) {
    double mean = 0.0, variance = 0.0;
    for (int i = 0; i < n; i++) mean += x[i] / n;
    for (int i = 0; i < n && n > 1; i++) variance += (x[i] - mean) * (x[i] - mean) / (n - 1);
    double under = mean * mean + 1e-10, result = variance / under;
    for (int i = 0; i < n; i++)
        slope[i] =
            (n > 1 ? 2.0 * (x[i] - mean) / (n - 1) / under : 0.0) - result / under * 2.0 * mean / n;
    return result;
}

/* Of `tokens` rows of sums [3 experts + 1]; the sums become slopes. */
static double balance_of(float *sums, int tokens, int experts, uint64_t held_back,
                         BalanceParts *parts) {
    enum { CELLS_MAX = BALANCE_TOKENS_MAX * EXPERTS_MAX };
    double cell[CELLS_MAX] = {0.0}, slope[CELLS_MAX], load[EXPERTS_MAX] = {0.0},
           load_slope[EXPERTS_MAX];
    int row = 3 * experts + 1, open = route_open(held_back, experts);
    for (int t = 0; t < tokens; t++)
        for (int e = 0, i = 0; e < experts; e++) {
            if (route_holds_back(held_back, e)) continue;
            cell[t * open + i] = (double)sums[t * row + e];
            load[i++] += (double)sums[t * row + experts + e];
        }
    parts->importance = squared_variation(slope, cell, tokens * open);
    parts->load = squared_variation(load_slope, load, open);
    for (int t = 0; t < tokens; t++, sums += row) {
        for (int i = 0; i < row; i++) sums[i] = 0.0f;
        for (int e = 0, i = 0; e < experts; e++) {
            if (route_holds_back(held_back, e)) continue;
            sums[e] = (float)slope[t * open + i];
            sums[experts + e] = (float)load_slope[i++];
        }
    }
    return parts->importance + parts->load;
}

typedef struct Balance {
    Tensor *slopes; /* [tokens, 3 experts + 1] */
    float weight;
} Balance;

static void balance_backward(Compute *cx, const Node *n) {
    const Balance *b = n->how;
    Tensor *routed = n->in[0], *slopes = b->slopes;
    const float *seed = tensor_grad(n->out);
    float *d = grad_of(cx, routed);
    if (!d) return;
    size_t period = tensor_size(slopes);
    float by = compute_measures(cx) ? 0.0f : b->weight * *seed;
    cx->kernels->scale(cx->worker, slopes->data, by, period);
    cx->kernels->add(cx->worker, d, d, slopes->data, tensor_size(routed), period);
}

Tensor *op_balance(Compute *cx, Tensor *routed, int tokens, uint64_t held_back, float weight,
                   BalanceParts *parts) {
    if (!compute_ok(cx)) return &cx->dummy;
    int row = tensor_cols(routed), experts = (row - 1) / 3;
    if (tokens < 1 || tokens > BALANCE_TOKENS_MAX || routed->dim[0] % tokens)
        return compute_fail(cx, "balance: tokens");
    Tensor *loss = tensor_new(cx, 1, (int[]){1});
    Tensor *sums = tensor_zeros(cx, 2, (int[]){tokens, row});
    if (!compute_ok(cx)) return &cx->dummy;
    cx->kernels->reduce(cx->worker, sums->data, routed->data, tensor_size(routed),
                        tensor_size(sums));
    BalanceParts mine = {0};
    if (!compute_measures(cx))
        loss->data[0] = weight * (float)balance_of(sums->data, tokens, experts, held_back, &mine);
    if (parts) *parts = mine;
    Balance b = {sums, weight};
    return tape_record(cx, balance_backward, loss, 1, &routed, &b, sizeof b);
}

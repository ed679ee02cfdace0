#include "moe/token_experts.h"

#include <math.h>

void token_experts_declare(TokenExperts *t, Params *p, const TokenExpertsConfig *c) {
    bool published = c->update == EXPERT_PUBLISHED;
    *t = (TokenExperts){.config = *c};
    linear_declare_bare(&t->gate, p, "w_gate_token", c->dim, c->experts);
    linear_declare_bare(&t->noise, p, "w_noise_token", c->dim, c->experts);
    for (int e = 0; e < c->experts; e++) {
        size_t outer = params_enter(p, "experts_token.%d", e);
        if (published)
            linear_declare(&t->expert[e].first, p, "lin1", c->dim, c->rank);
        else
            mlp_declare(&t->expert[e], p, "lin1", "lin2", c->dim, c->rank, ACTIVATION_GELU);
        params_leave(p, outer);
    }
    if (published) {
        linear_declare(&t->dte_token, p, "dte_token", c->rank, c->rank);
        linear_declare(&t->dteall_token, p, "dteall_token", c->rank, c->rank);
        linear_declare(&t->proj_token, p, "proj_token", c->rank, c->dim);
    } else {
        layer_norm_declare(&t->norm, p, "norm_token", c->dim, 1e-5f);
    }
}

/* ---- Forward ---------------------------------------------------------------------------- */

/* An expert nobody is sent to was there all the same: its gradient is zero, not none. */
static void touch(Compute *cx, const Linear *l) {
    if (!l->weight) return;
    tape_touch(cx, &l->weight->tensor);
    tape_touch(cx, &l->bias->tensor);
}

static Tensor *expert_forward(Compute *cx, const TokenExperts *t, int e, Tensor *x) {
    if (t->config.update == EXPERT_PUBLISHED) return linear_forward(cx, &t->expert[e].first, x);
    return mlp_forward(cx, &t->expert[e], x, NULL);
}

/* A gate that is NaN counts, so that what is no longer finite is seen in the masks. */
static bool is_open(float gate) { return gate > 0.0f || isnan(gate); }

/* Rows that are sent to expert e; while measuring, all of them. */
static int rows_of(Compute *cx, const Tensor *routed, int e, int *row) {
    int count = 0, width = tensor_cols(routed);
    bool all = compute_measures(cx);
    for (int i = 0; i < routed->dim[0]; i++)
        if (all || is_open(routed->data[i * width + e])) row[count++] = i;
    return count;
}

/* h [rows, rank or dim]: gates times what the kept experts say. */
static Tensor *dispatch(Compute *cx, const TokenExperts *t, Tensor *x, Tensor *routed) {
    int rows = x->dim[0], experts = t->config.experts, total = 0, parts = 0;
    Tensor *part[EXPERTS_MAX];
    MixPlace *place = arena_alloc(cx->records, (size_t)(rows * experts) * sizeof *place);
    int *row = arena_alloc(cx->records, (size_t)rows * sizeof *row);
    if (!place || !row) return compute_fail(cx, "out of record memory");
    for (int e = 0; e < experts; e++) {
        int count = rows_of(cx, routed, e, row);
        if (count == 0 && route_holds_back(t->config.held_back, e)) continue;
        if (count == 0) {
            touch(cx, &t->expert[e].first);
            touch(cx, &t->expert[e].second);
            continue;
        }
        Tensor *y = expert_forward(cx, t, e, op_gather(cx, x, count, row));
        if (!compute_ok(cx)) return &cx->dummy;
        for (int i = 0; i < count; i++) place[total++] = (MixPlace){row[i], e};
        part[parts++] = tensor_view(cx, y, 0, 3, (int[]){1, count, tensor_cols(y)});
    }
    Tensor *all = op_concat(cx, parts, part);
    return op_mix(cx, tensor_view(cx, all, 0, 2, (int[]){total, tensor_cols(all)}), routed, place);
}

/* x [rows,dim], each row times its confidence. */
static Tensor *weigh(Compute *cx, Tensor *x, Tensor *routed) {
    int rows = x->dim[0];
    MixPlace *place = arena_alloc(cx->records, (size_t)rows * sizeof *place);
    if (!place) return compute_fail(cx, "out of record memory");
    for (int i = 0; i < rows; i++) place[i] = (MixPlace){i, tensor_cols(routed) - 1};
    return op_mix(cx, x, routed, place);
}

static Tensor *update(Compute *cx, const TokenExperts *t, Tensor *x, Tensor *h, Tensor *routed) {
    if (t->config.update == EXPERT_PUBLISHED) {
        h = linear_forward(cx, &t->dteall_token, linear_forward(cx, &t->dte_token, h));
        return linear_forward(cx, &t->proj_token, h);
    }
    if (!t->config.unweighted) h = weigh(cx, h, routed);
    return t->config.update == EXPERT_REPLACE ? h
                                              : layer_norm_forward(cx, &t->norm, op_add(cx, x, h));
}

RoutedTokens token_experts_forward(Compute *cx, const TokenExperts *t, Tensor *x,
                                   const float *noise, int forced, int layer) {
    RoutedTokens failed = {&cx->dummy, &cx->dummy};
    if (!compute_ok(cx)) return failed;
    int shape[] = {x->dim[0], x->dim[1], x->dim[2]};
    Tensor *rows = tensor_view(cx, x, 0, 2, (int[]){shape[0] * shape[1], shape[2]});
    compute_observe(cx, x, "layer%d.x", layer);
    Tensor *clean = linear_forward(cx, &t->gate, rows);
    Tensor *spread = noise ? linear_forward(cx, &t->noise, rows) : NULL;
    compute_observe(cx, clean, "layer%d.clean", layer);
    RouteShape how = {.kept = t->config.kept,
                      .rule = t->config.rule,
                      .forced = forced,
                      .held_back = t->config.held_back};
    Tensor *routed = op_route(cx, clean, spread, noise, &how);
    compute_observe(cx, routed, "layer%d.routed", layer);
    if (!compute_ok(cx)) return failed;
    Tensor *h = dispatch(cx, t, rows, routed);
    compute_observe(cx, h, "layer%d.h", layer);
    Tensor *y = update(cx, t, rows, h, routed);
    if (!compute_ok(cx)) return failed;
    y = tensor_view(cx, y, 0, 3, shape);
    compute_observe(cx, y, "layer%d.y", layer);
    return (RoutedTokens){y, routed};
}

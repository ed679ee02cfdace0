/* Layer normalization over the last axis (channels), as in Ba et al. 2016. */
#include "ops/ops.h"

typedef struct LayerNorm {
    Tensor *mean, *rstd;
} LayerNorm;

static void layer_norm_backward(Compute *cx, const Node *n) {
    const LayerNorm *how = n->how;
    Tensor *x = n->in[0], *gamma = n->in[1], *beta = n->in[2];
    const float *dy = tensor_grad(n->out);
    Into dx = grad_over(cx, n->out, x);
    cx->kernels->layer_norm_backward(cx->worker, dx, grad_of(cx, gamma), grad_of(cx, beta), dy,
                                     x->data, gamma->data, how->mean->data, how->rstd->data,
                                     tensor_rows(x), tensor_cols(x));
}

Tensor *op_layer_norm(Compute *cx, Tensor *x, Tensor *gamma, Tensor *beta, float eps) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (tensor_size(gamma) != (size_t)tensor_cols(x)) return compute_fail(cx, "layer_norm: gamma");
    if (tensor_size(beta) != (size_t)tensor_cols(x)) return compute_fail(cx, "layer_norm: beta");

    Tensor *in[] = {x, gamma, beta};
    Tensor *y = tensor_like(cx, x);
    LayerNorm how = {NULL, NULL};
    bool keeps = tape_needs(cx, 3, in);
    if (keeps) {
        int rows = (int)tensor_rows(x);
        how.mean = tensor_new(cx, 1, &rows);
        how.rstd = tensor_new(cx, 1, &rows);
    }
    if (!compute_ok(cx)) return &cx->dummy;
    cx->kernels->layer_norm(cx->worker, y->data, keeps ? how.mean->data : NULL,
                            keeps ? how.rstd->data : NULL, x->data, gamma->data, beta->data,
                            tensor_rows(x), tensor_cols(x), eps);
    return tape_record(cx, layer_norm_backward, y, 3, in, &how, sizeof how);
}

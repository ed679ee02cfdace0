/* Element by element: activations, sums with broadcasting, products, means, copies. */
#include "ops/ops.h"

/* ---- Activation ------------------------------------------------------------------------- */

static void activation_backward(Compute *cx, const Node *n) {
    const Activation *f = n->how;
    Tensor *x = n->in[0];
    const float *dy = tensor_grad(n->out);
    Into dx = grad_over(cx, n->out, x);
    cx->kernels->activation_backward(cx->worker, dx, dy, x->data, tensor_size(x), *f);
}

Tensor *op_activation(Compute *cx, Tensor *x, Activation f) {
    Tensor *y = tensor_like(cx, x);
    if (!compute_ok(cx)) return &cx->dummy;
    cx->kernels->activation(cx->worker, y->data, x->data, tensor_size(x), f);
    return tape_record(cx, activation_backward, y, 1, &x, &f, sizeof f);
}

/* ---- Sum -------------------------------------------------------------------------------- */

static void add_backward(Compute *cx, const Node *n) {
    Tensor *a = n->in[0], *b = n->in[1];
    const float *dy = tensor_grad(n->out);
    size_t size = tensor_size(a), period = tensor_size(b);
    if (size != period) {
        float *db = grad_of(cx, b);
        if (db) cx->kernels->reduce(cx->worker, db, dy, size, period);
    } else if (a->root->needs_grad) {
        grad_add(cx, n->out, b);
    } else {
        grad_pass(cx, n->out, b);
    }
    grad_pass(cx, n->out, a);
}

Tensor *op_add(Compute *cx, Tensor *a, Tensor *b) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (tensor_size(b) == 0 || tensor_size(a) % tensor_size(b))
        return compute_fail(cx, "add: sizes differ");
    Tensor *y = tensor_like(cx, a);
    if (!compute_ok(cx)) return &cx->dummy;
    cx->kernels->add(cx->worker, y->data, a->data, b->data, tensor_size(a), tensor_size(b));
    return tape_record(cx, add_backward, y, 2, (Tensor *[]){a, b}, NULL, 0);
}

/* ---- Product with a row for each batch element ------------------------------------------ */

static size_t rows_between(const Tensor *x) { return tensor_rows(x) / (size_t)x->dim[0]; }

static void multiply_backward(Compute *cx, const Node *n) {
    Tensor *x = n->in[0], *s = n->in[1];
    cx->kernels->multiply_backward(cx->worker, grad_of(cx, x), grad_of(cx, s), tensor_grad(n->out),
                                   x->data, s->data, x->dim[0], rows_between(x), tensor_cols(x));
}

Tensor *op_multiply(Compute *cx, Tensor *x, Tensor *s) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (tensor_size(s) != (size_t)x->dim[0] * (size_t)tensor_cols(x))
        return compute_fail(cx, "multiply: shapes");
    Tensor *y = tensor_like(cx, x);
    if (!compute_ok(cx)) return &cx->dummy;
    cx->kernels->multiply(cx->worker, y->data, x->data, s->data, x->dim[0], rows_between(x),
                          tensor_cols(x));
    return tape_record(cx, multiply_backward, y, 2, (Tensor *[]){x, s}, NULL, 0);
}

/* ---- Mean ------------------------------------------------------------------------------- */

static void mean_backward(Compute *cx, const Node *n) {
    Tensor *x = n->in[0];
    float *dx = grad_of(cx, x);
    if (dx)
        cx->kernels->mean_backward(cx->worker, dx, tensor_grad(n->out), x->dim[0], rows_between(x),
                                   tensor_cols(x));
}

Tensor *op_mean(Compute *cx, Tensor *x) {
    Tensor *y = tensor_new(cx, 2, (int[]){x->dim[0], tensor_cols(x)});
    if (!compute_ok(cx)) return &cx->dummy;
    cx->kernels->mean(cx->worker, y->data, x->data, x->dim[0], rows_between(x), tensor_cols(x));
    return tape_record(cx, mean_backward, y, 1, &x, NULL, 0);
}

/* ---- Copy ------------------------------------------------------------------------------- */

static void keep_backward(Compute *cx, const Node *n) { grad_pass(cx, n->out, n->in[0]); }

Tensor *op_keep(Compute *cx, Tensor *x) {
    Tensor *y = tensor_like(cx, x);
    if (!compute_ok(cx)) return &cx->dummy;
    cx->kernels->copy(cx->worker, y->data, x->data, tensor_size(x));
    y->kept = true;
    return tape_record(cx, keep_backward, y, 1, &x, NULL, 0);
}

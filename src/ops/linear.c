/* y = f(x W^T + b) + residual. */
#include "ops/ops.h"

typedef struct Linear {
    Weight form;
    Tensor *weight, *bias, *residual;
} Linear;

static void linear_backward(Compute *cx, const Node *n) {
    const Linear *l = n->how;
    Tensor *x = n->in[0];
    cx->kernels->linear_backward(cx->worker, grad_into(cx, x), grad_of(cx, l->weight),
                                 grad_of(cx, l->bias), tensor_grad(n->out), x->data, &l->form,
                                 tensor_rows(x));
    grad_pass(cx, n->out, l->residual);
}

static Tensor *shape_error(Compute *cx, Tensor *x, Tensor *weight, const Weight *form,
                           Tensor *bias) {
    if (tensor_cols(x) != form->in) return compute_fail(cx, "linear: input width");
    if (tensor_size(weight) != (size_t)form->in * (size_t)form->out)
        return compute_fail(cx, "linear: weight");
    if (bias && tensor_size(bias) != (size_t)form->out) return compute_fail(cx, "linear: bias");
    return NULL;
}

Tensor *op_linear(Compute *cx, Tensor *x, Tensor *weight, const Weight *form, Tensor *bias,
                  Activation f, Tensor *residual) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (shape_error(cx, x, weight, form, bias)) return &cx->dummy;

    int dim[TENSOR_MAX_RANK];
    for (int i = 0; i < x->rank; i++) dim[i] = x->dim[i];
    dim[x->rank - 1] = form->out;
    Tensor *y = tensor_new(cx, x->rank, dim);
    if (!compute_ok(cx)) return &cx->dummy;
    if (residual && tensor_size(residual) != tensor_size(y))
        return compute_fail(cx, "linear: residual");

    /* The backward pass of an activation needs what the product gave: then nothing is fused. */
    bool fuses =
        f == ACTIVATION_NONE || !tape_needs(cx, 4, (Tensor *[]){x, weight, bias, residual});
    Tensor *fused = fuses ? residual : NULL;
    cx->kernels->linear(cx->worker, y->data, x->data, form, bias ? bias->data : NULL,
                        fused ? fused->data : NULL, fuses ? f : ACTIVATION_NONE, tensor_rows(x));

    Linear how = {*form, weight, bias, fused};
    Tensor *in[] = {x, weight, bias, fused};
    y = tape_record(cx, linear_backward, y, 4, in, &how, sizeof how);
    if (fuses) return y;
    y = op_activation(cx, y, f);
    return residual ? op_add(cx, y, residual) : y;
}

/* Products of two computed matrices, batch by batch. */
#include "ops/ops.h"

static void matmul_backward(Compute *cx, const Node *n) {
    Tensor *a = n->in[0], *b = n->in[1];
    grad_shared(cx, a, b);
    Into da = grad_into(cx, a), db = grad_into(cx, b);
    cx->kernels->matmul_backward(cx->worker, da, db, tensor_grad(n->out), a->data, b->data,
                                 a->dim[0], a->dim[1], b->dim[1], a->dim[2]);
}

Tensor *op_matmul(Compute *cx, Tensor *a, Tensor *b) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (a->rank != 3 || b->rank != 3 || a->dim[0] != b->dim[0] || a->dim[2] != b->dim[2])
        return compute_fail(cx, "matmul: shapes");
    Tensor *y = tensor_new(cx, 3, (int[]){a->dim[0], a->dim[1], b->dim[1]});
    if (!compute_ok(cx)) return &cx->dummy;
    cx->kernels->matmul(cx->worker, y->data, a->data, b->data, a->dim[0], a->dim[1], b->dim[1],
                        a->dim[2]);
    return tape_record(cx, matmul_backward, y, 2, (Tensor *[]){a, b}, NULL, 0);
}

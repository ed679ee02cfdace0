/* Ops on channels laid out on a plane: [batch, h, w, channels]. */
#include "ops/ops.h"

/* ---- Patches and their adjoint ---------------------------------------------------------- */

static PatchShape patch_shape(int batch, int h, int w, int channels, int kernel, int stride,
                              int pad) {
    return (PatchShape){
        .batch = batch,
        .channels = channels,
        .in = {1, h, w},
        .kernel = {1, kernel, kernel},
        .stride = {1, stride, stride},
        .pad = {0, pad, pad},
        .out = {1, (h + 2 * pad - kernel) / stride + 1, (w + 2 * pad - kernel) / stride + 1},
    };
}

static void patches_backward(Compute *cx, const Node *n) {
    Into dx = grad_into(cx, n->in[0]);
    if (dx.at) cx->kernels->unpatches(cx->worker, dx, tensor_grad(n->out), NULL, n->how);
}

Tensor *op_patches(Compute *cx, Tensor *x, int kernel, int stride, int pad) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (x->rank != 4 || x->dim[1] + 2 * pad < kernel || x->dim[2] + 2 * pad < kernel)
        return compute_fail(cx, "patches: shape");
    PatchShape s = patch_shape(x->dim[0], x->dim[1], x->dim[2], x->dim[3], kernel, stride, pad);
    Tensor *y =
        tensor_new(cx, 4, (int[]){x->dim[0], s.out[1], s.out[2], kernel * kernel * x->dim[3]});
    if (!compute_ok(cx)) return &cx->dummy;
    cx->kernels->patches(cx->worker, y->data, x->data, &s);
    return tape_record(cx, patches_backward, y, 1, &x, &s, sizeof s);
}

/* Patches only writes: where the gradient is there already, they go through a temporary. */
static void unpatches_backward(Compute *cx, const Node *n) {
    Tensor *x = n->in[0], *bias = n->in[1];
    const PatchShape *s = n->how;
    const float *dy = tensor_grad(n->out);
    float *db = grad_of(cx, bias);
    if (db) cx->kernels->reduce(cx->worker, db, dy, tensor_size(n->out), tensor_size(bias));

    Into dx = grad_into(cx, x);
    if (!dx.at) return;
    if (dx.fresh) {
        cx->kernels->patches(cx->worker, dx.at, dy, s);
        return;
    }
    Scope scope = scope_begin(cx);
    Tensor *columns = tensor_like(cx, x);
    if (compute_ok(cx)) {
        cx->kernels->patches(cx->worker, columns->data, dy, s);
        cx->kernels->accumulate(cx->worker, dx.at, columns->data, tensor_size(x));
    }
    scope_drop(cx, scope);
}

Tensor *op_unpatches(Compute *cx, Tensor *x, Tensor *bias, int kernel, int stride, int pad) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (x->rank != 4 || x->dim[3] % (kernel * kernel)) return compute_fail(cx, "unpatches: shape");
    int h = (x->dim[1] - 1) * stride - 2 * pad + kernel;
    int w = (x->dim[2] - 1) * stride - 2 * pad + kernel;
    int channels = x->dim[3] / (kernel * kernel);
    if (h <= 0 || w <= 0) return compute_fail(cx, "unpatches: shape");
    if (bias && tensor_size(bias) != (size_t)channels) return compute_fail(cx, "unpatches: bias");
    PatchShape s = patch_shape(x->dim[0], h, w, channels, kernel, stride, pad);
    Tensor *y = tensor_new(cx, 4, (int[]){x->dim[0], h, w, channels});
    if (!compute_ok(cx)) return &cx->dummy;
    cx->kernels->unpatches(cx->worker, (Into){y->data, true}, x->data, bias ? bias->data : NULL,
                           &s);
    return tape_record(cx, unpatches_backward, y, 2, (Tensor *[]){x, bias}, &s, sizeof s);
}

/* ---- Depthwise convolution -------------------------------------------------------------- */

static void depthwise_backward(Compute *cx, const Node *n) {
    const int *stride = n->how;
    Tensor *x = n->in[0], *filter = n->in[1], *bias = n->in[2];
    cx->kernels->depthwise_backward(cx->worker, grad_of(cx, x), grad_of(cx, filter),
                                    grad_of(cx, bias), tensor_grad(n->out), x->data, filter->data,
                                    x->dim[0], &x->dim[1], x->dim[3], *stride);
}

Tensor *op_depthwise(Compute *cx, Tensor *x, Tensor *filter, Tensor *bias, int stride) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (x->rank != 4 || tensor_size(filter) != 9 * (size_t)x->dim[3])
        return compute_fail(cx, "depthwise: shape");
    if (bias && tensor_size(bias) != (size_t)x->dim[3]) return compute_fail(cx, "depthwise: bias");
    Tensor *y = tensor_new(
        cx, 4,
        (int[]){x->dim[0], (x->dim[1] - 1) / stride + 1, (x->dim[2] - 1) / stride + 1, x->dim[3]});
    if (!compute_ok(cx)) return &cx->dummy;
    cx->kernels->depthwise(cx->worker, y->data, x->data, filter->data, bias ? bias->data : NULL,
                           x->dim[0], &x->dim[1], x->dim[3], stride);
    return tape_record(cx, depthwise_backward, y, 3, (Tensor *[]){x, filter, bias}, &stride,
                       sizeof stride);
}

/* ---- Resizing --------------------------------------------------------------------------- */

static void resize_backward(Compute *cx, const Node *n) {
    Tensor *x = n->in[0], *y = n->out;
    const int *from = &x->dim[x->rank - 2], *to = &y->dim[y->rank - 2];
    float *dx = grad_of(cx, x);
    if (!dx) return;
    size_t planes = tensor_size(x) / ((size_t)from[0] * (size_t)from[1]);
    cx->kernels->resize_backward(cx->worker, dx, tensor_grad(y), planes, from, to);
}

Tensor *op_resize(Compute *cx, Tensor *x, int height, int width) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (x->rank < 2 || height < 1 || width < 1) return compute_fail(cx, "resize: shape");
    int dim[TENSOR_MAX_RANK];
    for (int i = 0; i < x->rank; i++) dim[i] = x->dim[i];
    const int *from = &x->dim[x->rank - 2];
    dim[x->rank - 2] = height;
    dim[x->rank - 1] = width;
    Tensor *y = tensor_new(cx, x->rank, dim);
    if (!compute_ok(cx)) return &cx->dummy;
    size_t planes = tensor_size(x) / ((size_t)from[0] * (size_t)from[1]);
    cx->kernels->resize(cx->worker, y->data, x->data, planes, from, (int[]){height, width});
    return tape_record(cx, resize_backward, y, 1, &x, NULL, 0);
}

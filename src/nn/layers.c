#include "nn/layers.h"

/* ---- Linear ----------------------------------------------------------------------------- */

void linear_declare(Linear *l, Params *p, const char *name, int in, int out) {
    size_t outer = params_enter(p, "%s", name);
    l->weight = params_declare(p, "weight", LAYOUT_PLAIN, 2, (int[]){out, in}, INITIAL_UNIFORM, in);
    l->weight->matrix = true;
    l->bias = params_declare(p, "bias", LAYOUT_PLAIN, 1, &out, INITIAL_UNIFORM, in);
    params_leave(p, outer);
}

void linear_declare_bare(Linear *l, Params *p, const char *name, int in, int out) {
    *l = (Linear){
        .weight = params_declare(p, name, LAYOUT_TRANSPOSED, 2, (int[]){in, out}, INITIAL_ZERO, 0)};
    l->weight->matrix = true;
}

Tensor *linear_fused(Compute *cx, const Linear *l, Tensor *x, Activation f, Tensor *residual) {
    return op_linear(cx, x, &l->weight->tensor, &l->weight->form, l->bias ? &l->bias->tensor : NULL,
                     f, residual);
}

Tensor *linear_forward(Compute *cx, const Linear *l, Tensor *x) {
    return linear_fused(cx, l, x, ACTIVATION_NONE, NULL);
}

/* ---- Normalization ---------------------------------------------------------------------- */

void layer_norm_declare(LayerNorm *l, Params *p, const char *name, int channels, float eps) {
    size_t outer = params_enter(p, "%s", name);
    l->gamma = params_declare(p, "weight", LAYOUT_PLAIN, 1, &channels, INITIAL_ONE, 0);
    l->beta = params_declare(p, "bias", LAYOUT_PLAIN, 1, &channels, INITIAL_ZERO, 0);
    l->eps = eps;
    params_leave(p, outer);
}

Tensor *layer_norm_forward(Compute *cx, const LayerNorm *l, Tensor *x) {
    return op_layer_norm(cx, x, &l->gamma->tensor, &l->beta->tensor, l->eps);
}

/* ---- MLP -------------------------------------------------------------------------------- */

void mlp_declare(Mlp *m, Params *p, const char *first, const char *second, int dim, int hidden,
                 Activation f) {
    linear_declare(&m->first, p, first, dim, hidden);
    linear_declare(&m->second, p, second, hidden, dim);
    m->f = f;
}

Tensor *mlp_forward(Compute *cx, const Mlp *m, Tensor *x, Tensor *residual) {
    Tensor *hidden = linear_fused(cx, &m->first, x, m->f, NULL);
    return linear_fused(cx, &m->second, hidden, ACTIVATION_NONE, residual);
}

void head_declare(Head *h, Params *p, int in, int hidden, int out, int depth) {
    h->depth = depth;
    for (int i = 0; i < depth; i++) {
        size_t outer = params_enter(p, "layers");
        char name[8] = {(char)('0' + i)};
        linear_declare(&h->layer[i], p, name, i ? hidden : in, i + 1 < depth ? hidden : out);
        params_leave(p, outer);
    }
}

Tensor *head_forward(Compute *cx, const Head *h, Tensor *x) {
    for (int i = 0; i < h->depth; i++)
        x = linear_fused(cx, &h->layer[i], x, i + 1 < h->depth ? ACTIVATION_RELU : ACTIVATION_NONE,
                         NULL);
    return x;
}

void head_touch(Compute *cx, const Head *h) {
    for (int i = 0; i < h->depth; i++) {
        tape_touch(cx, &h->layer[i].weight->tensor);
        tape_touch(cx, &h->layer[i].bias->tensor);
    }
}

/* ---- Convolution ------------------------------------------------------------------------ */

void convolution_declare(Convolution *c, Params *p, const char *name, int in, int out, int kernel,
                         int stride, int pad, bool bias) {
    int fan = in * kernel * kernel;
    *c = (Convolution){.kernel = kernel, .stride = stride, .pad = pad};
    size_t outer = params_enter(p, "%s", name);
    c->linear.weight = params_declare(p, "weight", LAYOUT_CONVOLUTION, 4,
                                      (int[]){out, in, kernel, kernel}, INITIAL_UNIFORM, fan);
    c->linear.weight->matrix = true;
    if (bias)
        c->linear.bias = params_declare(p, "bias", LAYOUT_PLAIN, 1, &out, INITIAL_UNIFORM, fan);
    params_leave(p, outer);
}

/* PyTorch takes the fan-in of a transposed convolution from its second axis, the outputs. */
void transposed_declare(Convolution *c, Params *p, const char *name, int in, int out, int kernel,
                        int stride, int pad, bool bias) {
    int fan = out * kernel * kernel;
    *c = (Convolution){.kernel = kernel, .stride = stride, .pad = pad, .transposed = true};
    size_t outer = params_enter(p, "%s", name);
    c->linear.weight = params_declare(p, "weight", LAYOUT_TRANSPOSED_CONVOLUTION, 4,
                                      (int[]){in, out, kernel, kernel}, INITIAL_UNIFORM, fan);
    c->linear.weight->matrix = true;
    if (bias)
        c->linear.bias = params_declare(p, "bias", LAYOUT_PLAIN, 1, &out, INITIAL_UNIFORM, fan);
    params_leave(p, outer);
}

static Tensor *transposed_forward(Compute *cx, const Convolution *c, Tensor *x) {
    Tensor *columns = op_linear(cx, x, &c->linear.weight->tensor, &c->linear.weight->form, NULL,
                                ACTIVATION_NONE, NULL);
    Tensor *bias = c->linear.bias ? &c->linear.bias->tensor : NULL;
    return op_unpatches(cx, columns, bias, c->kernel, c->stride, c->pad);
}

Tensor *convolution_fused(Compute *cx, const Convolution *c, Tensor *x, Activation f) {
    if (c->transposed) {
        Tensor *y = transposed_forward(cx, c, x);
        return f == ACTIVATION_NONE ? y : op_activation(cx, y, f);
    }
    if (c->kernel > 1 || c->stride > 1) x = op_patches(cx, x, c->kernel, c->stride, c->pad);
    return linear_fused(cx, &c->linear, x, f, NULL);
}

Tensor *convolution_forward(Compute *cx, const Convolution *c, Tensor *x) {
    return convolution_fused(cx, c, x, ACTIVATION_NONE);
}

Tensor *each_repeated(Compute *cx, Tensor *x, int times) {
    if (!compute_ok(cx)) return &cx->dummy;
    int count = x->dim[0] * times;
    int *index = arena_alloc(cx->records, (size_t)count * sizeof *index);
    if (!index) return compute_fail(cx, "out of record memory");
    for (int i = 0; i < count; i++) index[i] = i / times;
    return op_gather(cx, x, count, index);
}

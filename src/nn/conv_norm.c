#include "nn/conv_norm.h"

#include <math.h>

/* ---- Parameters ------------------------------------------------------------------------- */

static Param *statistic(Params *p, const char *name, int channels, Initial initial) {
    Param *q = params_declare(p, name, LAYOUT_PLAIN, 1, &channels, initial, 0);
    q->buffer = true;
    return q;
}

static void declare(ConvNorm *c, Params *p, const char *name, Layout layout, const int dim[4]) {
    size_t outer = params_enter(p, "%s", name);
    int fan = dim[1] * dim[2] * dim[3];
    c->weight = params_declare(p, "c.weight", layout, 4, dim, INITIAL_UNIFORM, fan);
    c->weight->buffer = true;
    c->gamma = statistic(p, "bn.weight", dim[0], INITIAL_ONE);
    c->beta = statistic(p, "bn.bias", dim[0], INITIAL_ZERO);
    c->mean = statistic(p, "bn.running_mean", dim[0], INITIAL_ZERO);
    c->variance = statistic(p, "bn.running_var", dim[0], INITIAL_ONE);
    c->variance->variance = true;
    params_leave(p, outer);
}

void conv_norm_declare(ConvNorm *c, Params *p, const char *name, int in, int out, int kernel,
                       int stride) {
    *c = (ConvNorm){.kernel = kernel, .stride = stride};
    declare(c, p, name, LAYOUT_CONVOLUTION, (int[]){out, in, kernel, kernel});
}

void conv_norm_declare_depthwise(ConvNorm *c, Params *p, const char *name, int channels,
                                 int stride) {
    *c = (ConvNorm){.kernel = 3, .stride = stride, .depthwise = true};
    declare(c, p, name, LAYOUT_DEPTHWISE, (int[]){channels, 1, 3, 3});
}

/* ---- Folding ---------------------------------------------------------------------------- */

static double scale_of(const ConvNorm *c, size_t channel) {
    const double eps = 1e-5;
    double variance = (double)c->variance->tensor.data[channel];
    return (double)c->gamma->tensor.data[channel] / sqrt(variance + eps);
}

void conv_norm_fold(ConvNorm *c, Params *p) {
    const Tensor *weight = &c->weight->tensor;
    if (!c->folded) c->folded = params_derive(p, weight->rank, weight->dim);
    if (!c->bias) c->bias = params_derive(p, 1, c->weight->dim);
    if (p->failed) return;
    size_t channels = (size_t)c->weight->dim[0], n = tensor_size(weight);
    float *folded = c->folded->owned, *bias = c->bias->owned;
    for (size_t i = 0; i < n;
         i++) { /* channels are the first axis, or the last of depthwise ones */
        size_t channel = c->depthwise ? i % channels : i / (n / channels);
        folded[i] = (float)((double)weight->data[i] * scale_of(c, channel));
    }
    for (size_t i = 0; i < channels; i++)
        bias[i] = (float)((double)c->beta->tensor.data[i] -
                          (double)c->mean->tensor.data[i] * scale_of(c, i));
    if (c->depthwise) return;
    c->folded->form = (Weight){.out = weight->dim[0],
                               .in = weight->dim[1],
                               .precision = c->weight->form.precision,
                               .values = folded};
    c->folded->matrix = true;
}

/* ---- Forward ---------------------------------------------------------------------------- */

Tensor *conv_norm_forward(Compute *cx, const ConvNorm *c, Tensor *x, Activation f,
                          Tensor *residual) {
    Tensor *weight = &c->folded->tensor, *bias = &c->bias->tensor;
    if (c->depthwise) {
        x = op_depthwise(cx, x, weight, bias, c->stride);
        return f == ACTIVATION_NONE ? x : op_activation(cx, x, f);
    }
    if (c->kernel > 1 || c->stride > 1) x = op_patches(cx, x, c->kernel, c->stride, c->kernel / 2);
    return op_linear(cx, x, weight, &c->folded->form, bias, f, residual);
}

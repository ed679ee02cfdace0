#include "nn/adapter.h"

enum { REDUCTION = 4 };

static void weight_declare(Linear *l, Params *p, const char *name, int in, int out) {
    *l = (Linear){
        .weight = params_declare(p, name, LAYOUT_PLAIN, 2, (int[]){out, in}, INITIAL_KAIMING, out)};
    l->weight->matrix = true;
}

void adapter_declare(Adapter *a, Params *p, int dim) {
    size_t outer = params_enter(p, "Adapter");
    layer_norm_declare(&a->norm, p, "norm", dim, 1e-5f);
    weight_declare(&a->squeeze, p, "channel.0.weight", dim, dim / REDUCTION);
    weight_declare(&a->excite, p, "channel.2.weight", dim / REDUCTION, dim);
    convolution_declare(&a->down, p, "spatial.0", dim, dim, 3, 2, 1, false);
    transposed_declare(&a->up, p, "spatial.2", dim, dim, 4, 2, 1, false);
    a->down.linear.weight->initial = INITIAL_KAIMING;
    a->down.linear.weight->fan = dim * 9;
    a->up.linear.weight->initial = INITIAL_KAIMING;
    a->up.linear.weight->fan = dim * 16;
    params_leave(p, outer);
}

Tensor *adapter_forward(Compute *cx, const Adapter *a, Tensor *n) {
    Tensor *c = linear_fused(cx, &a->squeeze, op_mean(cx, n), ACTIVATION_RELU, NULL);
    c = linear_fused(cx, &a->excite, c, ACTIVATION_SIGMOID, NULL);
    Tensor *s = convolution_fused(cx, &a->down, op_multiply(cx, n, c), ACTIVATION_RELU);
    s = convolution_fused(cx, &a->up, s, ACTIVATION_RELU);
    return layer_norm_forward(cx, &a->norm, op_add(cx, n, s));
}

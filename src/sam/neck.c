#include "sam/neck.h"

void neck_declare(Neck *n, Params *p, int in, int out) {
    convolution_declare(&n->conv1, p, "neck.0", in, out, 1, 1, 0, false);
    layer_norm_declare(&n->norm1, p, "neck.1", out, 1e-6f);
    convolution_declare(&n->conv2, p, "neck.2", out, out, 3, 1, 1, false);
    layer_norm_declare(&n->norm2, p, "neck.3", out, 1e-6f);
}

Tensor *neck_forward(Compute *cx, const Neck *n, Tensor *x) {
    Scope s = scope_begin(cx);
    x = convolution_forward(cx, &n->conv1, x);
    compute_observe(cx, x, "neck0");
    x = layer_norm_forward(cx, &n->norm1, x);
    compute_observe(cx, x, "neck1");
    x = convolution_forward(cx, &n->conv2, x);
    compute_observe(cx, x, "neck2");
    x = layer_norm_forward(cx, &n->norm2, x);
    compute_observe(cx, x, "neck3");
    return scope_return(cx, s, x);
}

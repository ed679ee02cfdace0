/* Folded into one convolution a BatchNorm gives what it gives by its formula.  Tolerance 1e-5;
 * seen: 5e-7. */
#include "nn/conv_norm.h"

#include <math.h>

#include "tests/check.h"
#include "tests/workbench.h"

enum { IN = 3, OUT = 4, SIDE = 5 };

/* (x W - mean) gamma / sqrt(variance + 1e-5) + beta of a 1x1 convolution */
static float expected(const ConvNorm *c, const float *x, int out) {
    double sum = 0.0;
    for (int i = 0; i < IN; i++) sum += (double)x[i] * (double)c->weight->tensor.data[out * IN + i];
    double variance = (double)c->variance->tensor.data[out];
    return (float)((sum - (double)c->mean->tensor.data[out]) * (double)c->gamma->tensor.data[out] /
                       sqrt(variance + 1e-5) +
                   (double)c->beta->tensor.data[out]);
}

static void give_statistics(ConvNorm *c) {
    for (int i = 0; i < OUT; i++) {
        c->mean->owned[i] = 0.1f * (float)i;
        c->variance->owned[i] = 1e-4f * (float)(i + 1); /* small: a wrong epsilon would show */
        c->gamma->owned[i] = 0.5f + (float)i;
        c->beta->owned[i] = -0.2f * (float)i;
    }
}

TEST(a_folded_norm_is_the_norm_of_the_convolution) {
    Workbench *w = workbench_open(NULL, 0, 1 << 20);
    Params p = {0};
    ConvNorm c;
    conv_norm_declare(&c, &p, "unit", IN, OUT, 1, 1);
    CHECK(params_initialize(&p, 1, NULL) == VOXPERT_OK);
    give_statistics(&c);
    conv_norm_fold(&c, &p);
    Tensor *x = workbench_tensor(w, 4, (int[]){1, SIDE, SIDE, IN}, 1);
    Tensor *y = conv_norm_forward(&w->cx, &c, x, ACTIVATION_NONE, NULL);
    float want[SIDE * SIDE * OUT];
    for (int i = 0; i < SIDE * SIDE * OUT; i++)
        want[i] = expected(&c, x->data + i / OUT * IN, i % OUT);
    CHECK_CLOSE(y->data, want, SIDE * SIDE * OUT, 1e-5f, 1e-5f);
    params_free(&p);
    workbench_close(w);
}

TEST(folding_again_follows_new_values) {
    Params p = {0};
    ConvNorm c;
    conv_norm_declare_depthwise(&c, &p, "unit", OUT, 2);
    CHECK(params_initialize(&p, 1, NULL) == VOXPERT_OK);
    conv_norm_fold(&c, &p);
    size_t count = p.count;
    for (int i = 0; i < OUT; i++) c.beta->owned[i] = 3.0f;
    conv_norm_fold(&c, &p);
    CHECK(p.count == count);
    CHECK(c.bias->tensor.data[1] == 3.0f);
    params_free(&p);
}

TEST(nothing_of_it_trains) {
    Params p = {0};
    ConvNorm c;
    conv_norm_declare(&c, &p, "unit", IN, OUT, 3, 2);
    CHECK(params_train(&p, "*", true) == 0);
    params_free(&p);
}

/* layers.h - the small modules that everything is made of: declare, then forward. */
#ifndef NN_LAYERS_H
#define NN_LAYERS_H

#include "nn/params.h"
#include "ops/ops.h"

/* y = x W^T + b: `NAME.weight` [out,in], `NAME.bias` [out] */
typedef struct Linear {
    Param *weight, *bias; /* bias NULL: none */
} Linear;
void linear_declare(Linear *l, Params *p, const char *name, int in, int out);
/* y = x W: `NAME` [in,out], begun at zero */
void linear_declare_bare(Linear *l, Params *p, const char *name, int in, int out);
Tensor *linear_forward(Compute *cx, const Linear *l, Tensor *x);
/* f(x W^T + b) + residual (NULL: none), fused where nothing must be kept */
Tensor *linear_fused(Compute *cx, const Linear *l, Tensor *x, Activation f, Tensor *residual);

/* `NAME.weight`, `NAME.bias` [channels]; SAM's LayerNorm2d too, since channels are last. */
typedef struct LayerNorm {
    Param *gamma, *beta;
    float eps;
} LayerNorm;
void layer_norm_declare(LayerNorm *l, Params *p, const char *name, int channels, float eps);
Tensor *layer_norm_forward(Compute *cx, const LayerNorm *l, Tensor *x);

/* MLP of two layers with names of their own: W2 f(W1 x + b1) + b2 */
typedef struct Mlp {
    Linear first, second;
    Activation f;
} Mlp;
void mlp_declare(Mlp *m, Params *p, const char *first, const char *second, int dim, int hidden,
                 Activation f);
Tensor *mlp_forward(Compute *cx, const Mlp *m, Tensor *x, Tensor *residual);

/* MLP with ReLU between its layers: `layers.0`, `layers.1`, ... */
enum { HEAD_MAX_DEPTH = 4 };
typedef struct Head {
    Linear layer[HEAD_MAX_DEPTH];
    int depth;
} Head;
void head_declare(Head *h, Params *p, int in, int hidden, int out, int depth);
Tensor *head_forward(Compute *cx, const Head *h, Tensor *x);
void head_touch(Compute *cx, const Head *h); /* it was there, unused: gradients of zero, not none */

/* Convolution: `NAME.weight` [out,in,kernel,kernel], `NAME.bias` if it has one. */
typedef struct Convolution {
    Linear linear;
    int kernel, stride, pad;
    bool transposed; /* weight [in,out,kernel,kernel] */
} Convolution;
void convolution_declare(Convolution *c, Params *p, const char *name, int in, int out, int kernel,
                         int stride, int pad, bool bias);
void transposed_declare(Convolution *c, Params *p, const char *name, int in, int out, int kernel,
                        int stride, int pad, bool bias);
Tensor *convolution_forward(Compute *cx, const Convolution *c, Tensor *x); /* [b,h,w,in] */
Tensor *convolution_fused(Compute *cx, const Convolution *c, Tensor *x, Activation f);

/* Each element along the first axis of x `times` times in a row: y[i] = x[i / times] */
Tensor *each_repeated(Compute *cx, Tensor *x, int times);

#endif

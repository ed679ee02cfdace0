/* conv_norm.h - a convolution without bias and a BatchNorm that is no longer trained.
 *
 *     y = (conv(x) - mean) gamma / sqrt(variance + eps) + beta
 *
 * The published names stay (`NAME.c.weight`, `NAME.bn.*`); in memory both are folded into one
 * convolution with a bias when the values are there.  The running statistics would have to move in
 * training, so none of its parameters trains. */
#ifndef NN_CONV_NORM_H
#define NN_CONV_NORM_H

#include "nn/params.h"
#include "ops/ops.h"

typedef struct ConvNorm {
    Param *weight;                         /* as published */
    Param *gamma, *beta, *mean, *variance; /* [out] */
    Param *folded, *bias;                  /* what is computed with; NULL until folded */
    int kernel, stride;                    /* padding kernel / 2 */
    bool depthwise;                        /* one 3x3 filter for each channel */
} ConvNorm;

void conv_norm_declare(ConvNorm *c, Params *p, const char *name, int in, int out, int kernel,
                       int stride);
void conv_norm_declare_depthwise(ConvNorm *c, Params *p, const char *name, int channels,
                                 int stride);

/* After the parameters have values; out of memory sets p->failed. */
void conv_norm_fold(ConvNorm *c, Params *p);

/* x [b,h,w,in] -> f(y) + residual [b,oh,ow,out]; residual NULL: none; not for depthwise ones */
Tensor *conv_norm_forward(Compute *cx, const ConvNorm *c, Tensor *x, Activation f,
                          Tensor *residual);

#endif

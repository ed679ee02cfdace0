/* reference.h - the entries of kernels_reference, by file. */
#ifndef COMPUTE_REFERENCE_REFERENCE_H
#define COMPUTE_REFERENCE_REFERENCE_H

#include "compute/kernels.h"

/* Begins a sum over n numbers: zero, or what is there.  Returns where it goes. */
float *reference_begin(Into sum, size_t n);

void reference_linear(const Worker *w, float *y, const float *x, const Weight *weight,
                      const float *bias, const float *residual, Activation activation, size_t rows);
void reference_linear_backward(const Worker *w, Into dx, float *dw, float *db, const float *dy,
                               const float *x, const Weight *weight, size_t rows);
void reference_matmul(const Worker *w, float *y, const float *a, const float *b, int batch, int m,
                      int n, int k);
void reference_matmul_backward(const Worker *w, Into da, Into db, const float *dy, const float *a,
                               const float *b, int batch, int m, int n, int k);
void reference_attention(const Worker *w, float *y, float *lse, const AttentionInputs *in,
                         const AttentionShape *shape);
void reference_attention_backward(const Worker *w, const AttentionGradients *d, const float *dy,
                                  const float *y, const float *lse, const AttentionInputs *in,
                                  const AttentionShape *shape);
void reference_patches(const Worker *w, float *columns, const float *x, const PatchShape *shape);
void reference_unpatches(const Worker *w, Into x, const float *columns, const float *bias,
                         const PatchShape *shape);
void reference_depthwise(const Worker *w, float *y, const float *x, const float *filter,
                         const float *bias, int batch, const int size[2], int channels, int stride);
void reference_depthwise_backward(const Worker *w, float *dx, float *dfilter, float *dbias,
                                  const float *dy, const float *x, const float *filter, int batch,
                                  const int size[2], int channels, int stride);
void reference_layer_norm(const Worker *w, float *y, float *mean, float *rstd, const float *x,
                          const float *gamma, const float *beta, size_t rows, int cols, float eps);
void reference_layer_norm_backward(const Worker *w, Into dx, float *dgamma, float *dbeta,
                                   const float *dy, const float *x, const float *gamma,
                                   const float *mean, const float *rstd, size_t rows, int cols);
float reference_activate(float x, Activation f); /* one element */
void reference_activation(const Worker *w, float *y, const float *x, size_t n, Activation f);
void reference_activation_backward(const Worker *w, Into dx, const float *dy, const float *x,
                                   size_t n, Activation f);
void reference_add(const Worker *w, float *y, const float *a, const float *b, size_t n,
                   size_t period);
void reference_reduce(const Worker *w, float *db, const float *dy, size_t n, size_t period);
void reference_multiply(const Worker *w, float *y, const float *x, const float *s, int batch,
                        size_t rows, int cols);
void reference_multiply_backward(const Worker *w, float *dx, float *ds, const float *dy,
                                 const float *x, const float *s, int batch, size_t rows, int cols);
void reference_mean(const Worker *w, float *y, const float *x, int batch, size_t rows, int cols);
void reference_mean_backward(const Worker *w, float *dx, const float *dy, int batch, size_t rows,
                             int cols);
void reference_resize(const Worker *w, float *y, const float *x, size_t planes, const int from[2],
                      const int to[2]);
void reference_resize_backward(const Worker *w, float *dx, const float *dy, size_t planes,
                               const int from[2], const int to[2]);
void reference_fourier(const Worker *w, float *y, const float *p, const float *g, size_t n,
                       int axes, int half);
void reference_mask_sums(const Worker *w, MaskSums *sums, const float *x, const float *t,
                         size_t groups, size_t n);
void reference_mask_sums_backward(const Worker *w, float *dx, const MaskSumsGradient *d,
                                  const float *x, const float *t, size_t groups, size_t n);
void reference_accumulate(const Worker *w, float *into, const float *from, size_t n);
void reference_scale(const Worker *w, float *x, float by, size_t n);
void reference_copy(const Worker *w, float *into, const float *from, size_t n);
void reference_zero(const Worker *w, float *x, size_t n);
double reference_sum_of_squares(const Worker *w, const float *x, size_t n);
void reference_adamw(const Worker *w, float *x, float *m, float *v, const float *gradient, size_t n,
                     const AdamStep *step);

void reference_route(const Worker *w, float *routed, const float *clean, const float *spread,
                     const float *noise, const RouteShape *shape);
void reference_route_backward(const Worker *w, float *dclean, float *dspread, const float *dy,
                              const float *clean, const float *spread, const float *noise,
                              const RouteShape *shape);
void reference_mix(const Worker *w, float *y, const float *x, const float *weight,
                   const MixPlace *place, size_t count, int cols, int weight_cols, size_t rows);
void reference_mix_backward(const Worker *w, float *dx, float *dweight, const float *dy,
                            const float *x, const float *weight, const MixPlace *place,
                            size_t count, int cols, int weight_cols);

#endif

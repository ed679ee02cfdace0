/* Kernels that compute nothing: with measuring arenas they tell how much memory the same work will
 * need, before any of it is done. */
#include "compute/kernels.h"

#include <string.h>

#pragma GCC diagnostic ignored "-Wunused-parameter"

static size_t weight_bytes(int out, int in, bool back) { return 0; }
static void weight_pack(const Worker *w, void *packed, const float *values, int out, int in,
                        bool back) {}
/* Products pack a matrix into the worker's shared memory, where it fits; the largest are the inputs
 * of layers that learn. */
static void note_shared(const Worker *w, size_t floats) {
    size_t bytes = floats * sizeof(float);
    if (!w || !w->shared || bytes > WORKER_SHARED) return;
    size_t *most = w->shared;
    if (bytes > *most) *most = bytes;
}

static void linear(const Worker *w, float *y, const float *x, const Weight *weight,
                   const float *bias, const float *residual, Activation f, size_t rows) {}
static void linear_backward(const Worker *w, Into dx, float *dw, float *db, const float *dy,
                            const float *x, const Weight *weight, size_t rows) {
    enum { FEW_ROWS = 224, PARTS = 16 }; /* fewer outputs are summed in parts instead */
    size_t out = (size_t)weight->out, in = (size_t)weight->in;
    if (dw) note_shared(w, out > FEW_ROWS ? rows * in : PARTS * out * in);
}
static void matmul(const Worker *w, float *y, const float *a, const float *b, int batch, int m,
                   int n, int k) {
    note_shared(w, (size_t)batch * (size_t)n * (size_t)k);
}
static void matmul_backward(const Worker *w, Into da, Into db, const float *dy, const float *a,
                            const float *b, int batch, int m, int n, int k) {
    note_shared(w, (size_t)batch * (size_t)(m > n ? m : n) * (size_t)k);
}
static void attention(const Worker *w, float *y, float *lse, const AttentionInputs *in,
                      const AttentionShape *shape) {}
static void attention_backward(const Worker *w, const AttentionGradients *d, const float *dy,
                               const float *y, const float *lse, const AttentionInputs *in,
                               const AttentionShape *shape) {}
static void patches(const Worker *w, float *to, const float *from, const PatchShape *shape) {}
static void unpatches(const Worker *w, Into x, const float *columns, const float *bias,
                      const PatchShape *shape) {}
static void depthwise(const Worker *w, float *y, const float *x, const float *filter,
                      const float *bias, int batch, const int size[2], int channels, int stride) {}
static void depthwise_backward(const Worker *w, float *dx, float *dfilter, float *dbias,
                               const float *dy, const float *x, const float *filter, int batch,
                               const int size[2], int channels, int stride) {}
static void layer_norm(const Worker *w, float *y, float *mean, float *rstd, const float *x,
                       const float *gamma, const float *beta, size_t rows, int cols, float eps) {}
static void layer_norm_backward(const Worker *w, Into dx, float *dgamma, float *dbeta,
                                const float *dy, const float *x, const float *gamma,
                                const float *mean, const float *rstd, size_t rows, int cols) {}
static void activation(const Worker *w, float *y, const float *x, size_t n, Activation f) {}
static void activation_backward(const Worker *w, Into dx, const float *dy, const float *x, size_t n,
                                Activation f) {}
static void add(const Worker *w, float *y, const float *a, const float *b, size_t n,
                size_t period) {}
static void reduce(const Worker *w, float *db, const float *dy, size_t n, size_t period) {}
static void multiply(const Worker *w, float *y, const float *x, const float *s, int batch,
                     size_t rows, int cols) {}
static void multiply_backward(const Worker *w, float *dx, float *ds, const float *dy,
                              const float *x, const float *s, int batch, size_t rows, int cols) {}
static void mean(const Worker *w, float *y, const float *x, int batch, size_t rows, int cols) {}
static void resize(const Worker *w, float *y, const float *x, size_t planes, const int from[2],
                   const int to[2]) {}
static void fourier(const Worker *w, float *y, const float *p, const float *g, size_t n, int axes,
                    int half) {}
static void mask_sums(const Worker *w, MaskSums *sums, const float *x, const float *t,
                      size_t groups, size_t n) {
    memset(sums, 0, groups * sizeof *sums); /* they live on the host and are looked at */
}
static void mask_sums_backward(const Worker *w, float *dx, const MaskSumsGradient *d,
                               const float *x, const float *t, size_t groups, size_t n) {}
static void route(const Worker *w, float *routed, const float *clean, const float *spread,
                  const float *noise, const RouteShape *shape) {}
static void route_backward(const Worker *w, float *dclean, float *dspread, const float *drouted,
                           const float *clean, const float *spread, const float *noise,
                           const RouteShape *shape) {}
static void mix(const Worker *w, float *y, const float *x, const float *weight,
                const MixPlace *place, size_t count, int cols, int weight_cols, size_t rows) {}
static void mix_backward(const Worker *w, float *dx, float *dweight, const float *dy,
                         const float *x, const float *weight, const MixPlace *place, size_t count,
                         int cols, int weight_cols) {}
static void move(const Worker *w, float *into, const float *from, size_t n) {}
static void scale(const Worker *w, float *x, float by, size_t n) {}
static void zero(const Worker *w, float *x, size_t n) {}
static double sum_of_squares(const Worker *w, const float *x, size_t n) { return 0.0; }
static void adamw(const Worker *w, float *x, float *m, float *v, const float *gradient, size_t n,
                  const AdamStep *step) {}

const Kernels kernels_measuring = {
    .name = "measuring",
    .weight_bytes = weight_bytes,
    .weight_pack = weight_pack,
    .linear = linear,
    .linear_backward = linear_backward,
    .matmul = matmul,
    .matmul_backward = matmul_backward,
    .attention = attention,
    .attention_backward = attention_backward,
    .patches = patches,
    .unpatches = unpatches,
    .depthwise = depthwise,
    .depthwise_backward = depthwise_backward,
    .layer_norm = layer_norm,
    .layer_norm_backward = layer_norm_backward,
    .activation = activation,
    .activation_backward = activation_backward,
    .add = add,
    .reduce = reduce,
    .multiply = multiply,
    .multiply_backward = multiply_backward,
    .mean = mean,
    .mean_backward = mean,
    .resize = resize,
    .resize_backward = resize,
    .fourier = fourier,
    .mask_sums = mask_sums,
    .mask_sums_backward = mask_sums_backward,
    .route = route,
    .route_backward = route_backward,
    .mix = mix,
    .mix_backward = mix_backward,
    .accumulate = move,
    .scale = scale,
    .copy = move,
    .zero = zero,
    .sum_of_squares = sum_of_squares,
    .adamw = adamw,
};

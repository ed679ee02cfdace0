/* kernels.h - what a backend must be able to compute.
 *
 * Every entry works on dense row-major float arrays, channels last, and allocates nothing: it may
 * use the threads and the scratch memory of its worker.  A forward entry writes its outputs.  A
 * backward entry *adds* into its outputs (see Into) and skips any output passed as NULL (that input
 * is frozen).  Outputs never overlap inputs unless said so.  How the work is cut depends on the
 * problem and never on the number of threads: a kernel set gives the same bytes for 1, 2 or 7 of
 * them.
 *
 * `reference` is the oracle, one plain loop per formula; the others are tested against it. */
#ifndef COMPUTE_KERNELS_H
#define COMPUTE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/threads.h"

/* gelu is x/2 (1 + erf(x / sqrt 2)), not the tanh approximation; quick gelu is x sigmoid(1.702 x),
 * CLIP's. */
typedef enum Activation {
    ACTIVATION_NONE,
    ACTIVATION_GELU,
    ACTIVATION_RELU,
    ACTIVATION_SIGMOID,
    ACTIVATION_QUICK_GELU
} Activation;

/* A matrix [out, in] that many vectors are multiplied by. */
typedef struct Weight {
    int out, in;
    const float *values;     /* [out][in] */
    const void *packed;      /* a backend's form for x W^T; NULL: it packs as it goes */
    const void *packed_back; /* its form for dy W; NULL likewise */
} Weight;

/* Where a sum goes: it is added to the numbers there or, where they are nothing yet, written over
 * them.  The last is what most gradients of a network need, and spares zeroing and reading them. */
typedef struct Into {
    float *at;
    bool fresh; /* nothing yet */
} Into;

/* `by` numbers on; NULL stays NULL. */
static inline Into into_at(Into sum, size_t by) {
    return (Into){sum.at ? sum.at + by : NULL, sum.fresh};
}

typedef enum Position {
    POSITION_NONE,       /* scores are q.k alone */
    POSITION_DECOMPOSED, /* SAM: + q.table_h[y - y' + side - 1] + q.table_w[x - x' + side - 1],
                            where q is unscaled; tables [2 side - 1, head_dim], shared by the heads
                          */
    POSITION_TABLE /* TinyViT: + table_h[head, |y - y'| side + |x - x'|], table_h [heads, side^2] */
} Position;

/* Softmax attention.  Token t of batch element b and head h starts at q + (b queries + t) q_row +
 * h q_head, and k, v alike: fused projections are read where they lie.
 *
 * window > 0, or a position mode, needs queries == keys == grid[0] grid[1], tokens in row-major
 * order.  Windows of `window`^2 tokens tile the grid from its first corner; what sticks out is
 * padded with tokens whose key is pad_k and whose value is pad_v (head h at + h k_head, + h
 * v_head): real keys, which are attended to and have positions.  Padded queries are never computed.
 */
typedef struct AttentionShape {
    int batch, heads, head_dim, queries, keys;
    float scale;                   /* of q.k, usually 1 / sqrt(head_dim) */
    size_t q_row, k_row, v_row;    /* floats from token to token */
    size_t q_head, k_head, v_head; /* floats from head to head */
    Position position;
    int grid[2]; /* height, width in tokens */
    int window;  /* side; 0: the whole grid is one window, and must be square if it has positions */
} AttentionShape;

typedef struct AttentionInputs {
    const float *q, *k, *v;
    const float *table_h, *table_w; /* of the position mode, or NULL */
    const float *pad_k, *pad_v;     /* NULL where nothing is padded */
} AttentionInputs;

typedef struct AttentionGradients { /* laid out as the inputs are; NULL: frozen */
    Into q, k, v;
    float *table_h, *table_w, *pad_k, *pad_v;
} AttentionGradients;

/* Cuts a grid into (overlapping) patches: row (b, z, y, x) of `columns` holds the kernel's
 * neighbourhood [kd, kh, kw, channels] of out-grid point (z, y, x); outside the grid it is zero. */
typedef struct PatchShape {
    int batch, channels;
    int in[3], kernel[3], stride[3], pad[3],
        out[3]; /* depth, height, width; pad: before the first */
} PatchShape;

/* Sums over n logits x with p = sigmoid(x) and target t in [0, 1]; see mask_sums.  Where t is below
 * 0 the truth is unknown: such an element is in no sum, and its logit has no gradient. */
typedef struct MaskSums {
    double p, t, pt, pp, tt; /* sum p, t, p t, p^2, t^2 */
    double focal_inside,
        focal_outside;    /* sum -t (1-p)^2 ln(p + 1e-12), -(1-t) p^2 ln(1-p + 1e-12) */
    double cross_entropy; /* sum softplus(x) - x t */
    double count;         /* of the elements in these sums; in a gradient not used */
} MaskSums;

/* What one unit of each sum is worth in a loss: d loss / d sum, for mask_sums_backward. */
typedef MaskSums MaskSumsGradient;

enum { EXPERTS_MAX = 64 };

/* What a kept expert's gate is worth. */
typedef enum RouteRule {
    ROUTE_SOFTMAX,         /* softmax over the kept logits (the paper; Shazeer et al. 2017) */
    ROUTE_CONSTANT,        /* 1, without gradient (SegMoTE's code at 77668f0) */
    ROUTE_STRAIGHT_THROUGH /* 1, with the gradient of its share of a softmax over all (at ba6e178)
                            */
} RouteRule;

typedef struct RouteShape {
    size_t rows; /* tokens */
    int experts; /* at most EXPERTS_MAX */
    int kept;    /* experts of a token */
    RouteRule rule;
    int forced; /* 1 + the expert that all tokens are sent to; 0: the largest logits decide */
    uint64_t held_back; /* bit e: no token is sent to expert e unless it is forced */
} RouteShape;

static inline bool route_holds_back(uint64_t held_back, int expert) {
    return held_back >> expert & 1;
}

/* How many experts are not held back. */
static inline int route_open(uint64_t held_back, int experts) {
    int open = 0;
    for (int e = 0; e < experts; e++) open += !route_holds_back(held_back, e);
    return open;
}

typedef struct MixPlace {
    int row, column;
} MixPlace;

typedef struct AdamStep {
    float lr, beta1, beta2, eps, decay, gradient_scale;
    bool coupled; /* Adam: decay x is added to the gradient; else AdamW */
    long step;    /* from 1 */
} AdamStep;

typedef struct Kernels {
    const char *name;

    /* Bytes that weight_pack fills, 64-byte aligned; 0: this backend takes weights as they are.
     * `back` asks for the form that dy W needs. */
    size_t (*weight_bytes)(int out, int in, bool back);
    void (*weight_pack)(const Worker *w, void *packed, const float *values, int out, int in,
                        bool back);

    /* y[rows,out] = activation(x[rows,in] W^T + bias) + residual; bias, residual may be NULL; y may
     * be the residual. */
    void (*linear)(const Worker *w, float *y, const float *x, const Weight *weight,
                   const float *bias, const float *residual, Activation activation, size_t rows);
    /* Without activation: dx += dy W, dw += dy^T x, db += sum of rows of dy. */
    void (*linear_backward)(const Worker *w, Into dx, float *dw, float *db, const float *dy,
                            const float *x, const Weight *weight, size_t rows);

    /* y[batch,m,n] = a[batch,m,k] b[batch,n,k]^T */
    void (*matmul)(const Worker *w, float *y, const float *a, const float *b, int batch, int m,
                   int n, int k);
    void (*matmul_backward)(const Worker *w, Into da, Into db, const float *dy, const float *a,
                            const float *b, int batch, int m, int n, int k);

    /* y[batch,queries,heads head_dim]; lse[batch,heads,queries] = ln of the softmax' denominator,
     * kept for the way back, or NULL. */
    void (*attention)(const Worker *w, float *y, float *lse, const AttentionInputs *in,
                      const AttentionShape *shape);
    void (*attention_backward)(const Worker *w, const AttentionGradients *d, const float *dy,
                               const float *y, const float *lse, const AttentionInputs *in,
                               const AttentionShape *shape);

    /* columns = patches of x; and its adjoint, the sum of columns, and of bias[channels] (or NULL)
     * at each grid point, into x. */
    void (*patches)(const Worker *w, float *columns, const float *x, const PatchShape *shape);
    void (*unpatches)(const Worker *w, Into x, const float *columns, const float *bias,
                      const PatchShape *shape);

    /* 3x3, padding 1, one filter for each channel: x[batch,h,w,c], filter[3,3,c], bias[c] or NULL,
     * y[batch,(h-1)/stride+1,(w-1)/stride+1,c] */
    void (*depthwise)(const Worker *w, float *y, const float *x, const float *filter,
                      const float *bias, int batch, const int size[2], int channels, int stride);
    void (*depthwise_backward)(const Worker *w, float *dx, float *dfilter, float *dbias,
                               const float *dy, const float *x, const float *filter, int batch,
                               const int size[2], int channels, int stride);

    /* Rows of `cols`: y = (x - mean) rstd gamma + beta.  mean[rows], rstd[rows] are kept for the
     * way back, or both NULL.  y may be x. */
    void (*layer_norm)(const Worker *w, float *y, float *mean, float *rstd, const float *x,
                       const float *gamma, const float *beta, size_t rows, int cols, float eps);
    /* dx may be dy where it is fresh. */
    void (*layer_norm_backward)(const Worker *w, Into dx, float *dgamma, float *dbeta,
                                const float *dy, const float *x, const float *gamma,
                                const float *mean, const float *rstd, size_t rows, int cols);

    /* y = f(x); y may be x, and dx dy where it is fresh. */
    void (*activation)(const Worker *w, float *y, const float *x, size_t n, Activation f);
    void (*activation_backward)(const Worker *w, Into dx, const float *dy, const float *x, size_t n,
                                Activation f);

    /* y[i] = a[i] + b[i mod period], n a multiple of period; y may be a.  The way back of b is
     * reduce: db[j] += sum of dy[j + k period]. */
    void (*add)(const Worker *w, float *y, const float *a, const float *b, size_t n, size_t period);
    void (*reduce)(const Worker *w, float *db, const float *dy, size_t n, size_t period);

    /* y[b,r,c] = x[b,r,c] s[b,c] */
    void (*multiply)(const Worker *w, float *y, const float *x, const float *s, int batch,
                     size_t rows, int cols);
    void (*multiply_backward)(const Worker *w, float *dx, float *ds, const float *dy,
                              const float *x, const float *s, int batch, size_t rows, int cols);

    /* y[b,c] = mean over r of x[b,r,c] */
    void (*mean)(const Worker *w, float *y, const float *x, int batch, size_t rows, int cols);
    void (*mean_backward)(const Worker *w, float *dx, const float *dy, int batch, size_t rows,
                          int cols);

    /* Planes [planes, from[0], from[1]] to [planes, to[0], to[1]], bilinear, align_corners false,
     * no antialiasing (PyTorch's interpolate).  The adjoint adds. */
    void (*resize)(const Worker *w, float *y, const float *x, size_t planes, const int from[2],
                   const int to[2]);
    void (*resize_backward)(const Worker *w, float *dx, const float *dy, size_t planes,
                            const int from[2], const int to[2]);

    /* SAM's random Fourier features: u = 2 pi (2 p - 1) g, y = [sin u, cos u]; p[n,axes] in [0, 1],
     * first axis x; g[axes,half]; y[n, 2 half]. */
    void (*fourier)(const Worker *w, float *y, const float *p, const float *g, size_t n, int axes,
                    int half);

    /* Sums of each of `groups` groups of n logits. */
    void (*mask_sums)(const Worker *w, MaskSums *sums, const float *x, const float *t,
                      size_t groups, size_t n);
    void (*mask_sums_backward)(const Worker *w, float *dx, const MaskSumsGradient *d,
                               const float *x, const float *t, size_t groups, size_t n);

    /* Noisy top-k routing of tokens: L = clean[rows,experts] + noise (softplus(spread) + 0.01); the
     * `kept` largest of a row are kept, ties to the lowest expert; spread and noise are both NULL
     * where there is none.  routed[rows, 3 experts + 1] holds, of each token,
     *   the gates, 0 of experts not kept (see RouteRule);
     *   the load: with ROUTE_SOFTMAX, noise and kept < experts the probability that an expert is
     *     kept when its own noise is drawn again, Phi((clean - rival) / (softplus(spread) + 0.01));
     *     otherwise 1 for the kept ones, 0 for the others;
     *   L;
     *   the confidence: of the softmax over all of L, or with the published rules of L itself, the
     *     largest; where an expert is forced, that expert's.
     * An expert that is held back is as if it were not there - the other columns are the same to
     * the last bit - and has gate 0, load 0 and logit -infinity; where it is forced it is there.
     * Neither the choice nor L itself nor, with the published rules, the confidence has a
     * gradient. */
    void (*route)(const Worker *w, float *routed, const float *clean, const float *spread,
                  const float *noise, const RouteShape *shape);
    void (*route_backward)(const Worker *w, float *dclean, float *dspread, const float *drouted,
                           const float *clean, const float *spread, const float *noise,
                           const RouteShape *shape);

    /* y[rows,cols] = 0, then y[row] += weight[row,column] x[i] for each of x[count,cols] and its
     * place; weight[rows,weight_cols]. */
    void (*mix)(const Worker *w, float *y, const float *x, const float *weight,
                const MixPlace *place, size_t count, int cols, int weight_cols, size_t rows);
    void (*mix_backward)(const Worker *w, float *dx, float *dweight, const float *dy,
                         const float *x, const float *weight, const MixPlace *place, size_t count,
                         int cols, int weight_cols);

    void (*accumulate)(const Worker *w, float *into, const float *from,
                       size_t n);                                 /* into += from */
    void (*scale)(const Worker *w, float *x, float by, size_t n); /* x *= by */
    void (*copy)(const Worker *w, float *into, const float *from, size_t n);
    void (*zero)(const Worker *w, float *x, size_t n);
    double (*sum_of_squares)(const Worker *w, const float *x, size_t n);

    /* AdamW (Loshchilov and Hutter 2019) as PyTorch's, step counted from 1:
     * x -= lr decay x;  m, v updated;  x -= lr m / (1 - beta1^step) / (sqrt(v / (1 - beta2^step)) +
     * eps); the gradient is multiplied by `gradient_scale` first (clipping, accumulation).  Where
     * `coupled`, Adam (Kingma and Ba 2015) as PyTorch's: decay x is added to the gradient instead.
     */
    void (*adamw)(const Worker *w, float *x, float *m, float *v, const float *gradient, size_t n,
                  const AdamStep *step);
} Kernels;

/* The sets this program holds and this processor can run, slowest first; NULL-terminated. */
const Kernels *const *kernels_available(void);

/* The fastest of them, or the one that `name` asks for; NULL if there is no such one. */
const Kernels *kernels_choose(const char *name);

/* Instruction set 0, 1, ... of this processor that is made use of, or could be; NULL past the last.
 */
const char *processor_feature(int index);

extern const Kernels kernels_reference;
/* Every entry does nothing (see compute.h), but products raise the size_t that the worker's
 * `shared` points to, where that is not NULL, to the bytes of shared memory that they need. */
extern const Kernels kernels_measuring;

#endif

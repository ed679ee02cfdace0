/* ops.h - the differentiable operations.
 *
 * An op checks shapes, takes memory from the arena, calls one kernel and leaves one node on the
 * tape if anything in front of it trains.  Shapes are [batch, ...tokens or grid..., channels]. */
#ifndef OPS_OPS_H
#define OPS_OPS_H

#include "compute/compute.h"

/* y[...,out] = f(x[...,in] W^T + b) + residual.  weight [out,in] (its `Weight` form beside it),
 * bias [out] or NULL, residual like y or NULL. */
Tensor *op_linear(Compute *cx, Tensor *x, Tensor *weight, const Weight *form, Tensor *bias,
                  Activation f, Tensor *residual);

/* y[b,m,n] = a[b,m,k] b[b,n,k]^T */
Tensor *op_matmul(Compute *cx, Tensor *a, Tensor *b);

/* Over the last axis; gamma, beta [channels]. */
Tensor *op_layer_norm(Compute *cx, Tensor *x, Tensor *gamma, Tensor *beta, float eps);

Tensor *op_activation(Compute *cx, Tensor *x, Activation f);

/* y = a + b, where b's elements repeat over the leading axes of a: size of a is a multiple. */
Tensor *op_add(Compute *cx, Tensor *a, Tensor *b);

/* y[b,...,c] = x[b,...,c] s[b,c] */
Tensor *op_multiply(Compute *cx, Tensor *x, Tensor *s);

/* y[b,c] = mean of x[b,...,c] over what lies between */
Tensor *op_mean(Compute *cx, Tensor *x);

/* A copy that later ops and scopes will not change: for what is handed out of its block. */
Tensor *op_keep(Compute *cx, Tensor *x);

/* ---- Attention -------------------------------------------------------------------------- */

/* How self-attention reads a fused projection and what it adds for positions. */
typedef struct GridAttention {
    int heads, head_dim;
    bool interleaved; /* a token's row is [q k v] for each head (TinyViT), not [q | k | v] of heads
                       */
    Position position;
    int grid[2], window;       /* see AttentionShape */
    Tensor *table_h, *table_w; /* of the position mode, or NULL */
} GridAttention;

/* qkv [batch, grid h, grid w, 3 heads head_dim] -> [batch, h, w, heads head_dim].  `padding`
 * [3 heads head_dim] is the row of a padded token (SAM: the projection's bias); NULL where the grid
 * is not padded. */
Tensor *op_grid_attention(Compute *cx, Tensor *qkv, Tensor *padding, const GridAttention *how);

/* q [batch,queries,dim], k and v [batch,keys,dim], no positions -> [batch,queries,dim] */
Tensor *op_attention(Compute *cx, Tensor *q, Tensor *k, Tensor *v, int heads);

/* ---- Grids ------------------------------------------------------------------------------ */

/* x [batch,h,w,c] -> [batch,oh,ow,kernel kernel c], oh = (h + 2 pad - kernel) / stride + 1 */
Tensor *op_patches(Compute *cx, Tensor *x, int kernel, int stride, int pad);

/* The adjoint, and a bias [c] or NULL at each point: x [batch,h,w,kernel kernel c] ->
 * [batch,oh,ow,c], oh = (h - 1) stride - 2 pad + kernel. A transposed convolution is a linear and
 * this. */
Tensor *op_unpatches(Compute *cx, Tensor *x, Tensor *bias, int kernel, int stride, int pad);

/* 3x3, padding 1, a filter for each channel: filter [3,3,c], bias [c] or NULL. */
Tensor *op_depthwise(Compute *cx, Tensor *x, Tensor *filter, Tensor *bias, int stride);

/* The last two axes of x [...,h,w] to [...,height,width]: bilinear, align_corners false. */
Tensor *op_resize(Compute *cx, Tensor *x, int height, int width);

/* ---- Tokens ----------------------------------------------------------------------------- */

/* Parts [batch or 1, tokens, dim], end to end along the tokens; a batch of 1 is repeated. */
Tensor *op_concat(Compute *cx, int parts, Tensor *const *part);

/* Tokens first .. first+count-1 of x [batch,tokens,dim]. */
Tensor *op_slice(Compute *cx, Tensor *x, int first, int count);

/* Element y[i] = x[index[i]] along the first axis; `index` is copied. */
Tensor *op_gather(Compute *cx, Tensor *x, int count, const int *index);

/* SAM's random Fourier features of positions p [n,axes] in [0,1] (x first); gaussian [axes,half];
 * -> [n, 2 half].  Neither has a gradient. */
Tensor *op_fourier(Compute *cx, Tensor *p, Tensor *gaussian);

/* Prompt tokens: y[i] = features[i] + table[which[i]] where which[i] >= 0, else features[i]; where
 * silent[i], features[i] counts as zero.  features [n,dim], tables [1,dim], y [n,dim]. */
Tensor *op_prompt_tokens(Compute *cx, Tensor *features, int tables, Tensor *const *table,
                         const int *which, const bool *silent);

/* ---- Experts ---------------------------------------------------------------------------- */

/* Noisy top-k router: clean, spread [...,experts] -> [rows, 3 experts + 1]: gates, load,
 * logits and confidence of each token (kernels.h, route).  noise [rows,experts] must live as long
 * as the tape; spread and noise are NULL where there is none.  Of `how`, rows and experts are not
 * looked at; a forced expert has no backward pass, and as many as are kept must not be held back.
 */
Tensor *op_route(Compute *cx, Tensor *clean, Tensor *spread, const float *noise,
                 const RouteShape *how);

/* y[rows,cols] = sums of weight[row,column] x[i] over x[count,cols], each with its place in
 * weight[rows,...]. */
Tensor *op_mix(Compute *cx, Tensor *x, Tensor *weight, const MixPlace *place);

enum { BALANCE_TOKENS_MAX = 64 };

typedef struct BalanceParts {
    double importance, load; /* CV^2 each */
} BalanceParts;

/* weight (CV^2(importance) + CV^2(load)) of what op_route gave, [1]: load summed over all rows for
 * each expert, importance over rows t, t + tokens, ... for each of `tokens` and each expert (1: the
 * paper's; the published code's keeps the tokens of a sample apart).  Experts that are held back,
 * see RouteShape, do not count. */
Tensor *op_balance(Compute *cx, Tensor *routed, int tokens, uint64_t held_back, float weight,
                   BalanceParts *parts);

/* ---- Losses ----------------------------------------------------------------------------- */

/* What the sums of groups of logits are worth as a loss. */
typedef enum MaskLossRule {
    MASK_LOSS_FOCAL_DICE_IOU, /* focal x 20 + dice + mean (soft iou - predicted)^2, sums over the
                                 batch */
    MASK_LOSS_DICE_CE         /* mean of per-sample dice (squared denominators) + cross-entropy */
} MaskLossRule;

typedef struct MaskLoss {
    MaskLossRule rule;
    float focal, dice, iou, cross_entropy; /* weights of the terms */
    bool per_sample;                       /* dice and iou for each sample, then averaged */
    bool iou_detached;                     /* the iou term moves the prediction only */
} MaskLoss;

/* What the terms were, unweighted. */
typedef struct MaskLossParts {
    double loss, focal, dice, iou_error, cross_entropy, iou;
} MaskLossParts;

/* logits, target [batch, ...]; predicted_iou [batch] or NULL -> a scalar [1].  Elements whose
 * target is below 0 are ignored.  `parts` (NULL is fine) is filled at once. */
Tensor *op_mask_loss(Compute *cx, Tensor *logits, Tensor *target, Tensor *predicted_iou,
                     const MaskLoss *how, MaskLossParts *parts);

#endif

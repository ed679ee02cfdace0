/* kernels.h - what a backend must be able to compute.
 *
 * Every entry works on dense row-major float arrays, channels last, and allocates nothing: it may
 * use the threads and the scratch memory of its worker.  A forward entry writes its outputs.  A
 * backward entry *adds* into its outputs (see Into) and skips any output passed as NULL (that input
 * is frozen).  Outputs never overlap inputs unless said so.  How the work is cut depends on the
 * problem and never on the number of threads: a kernel set gives the same bytes for 1, 2 or 7 of
 * them.
 *
 * `reference` is the oracle, one plain loop per formula; the others are tested against it.
 *
 * The list of entries, with the formula of each, is kernels.def. */
#ifndef COMPUTE_KERNELS_H
#define COMPUTE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/threads.h"
#include "compute/precision.h"

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
    Precision precision;     /* of the products with it; packed forms are of that precision */
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

/* NOLINTBEGIN(bugprone-macro-parentheses): types cannot stand in parentheses */
typedef struct Kernels {
    const char *name;
#define KERNEL(type, name, parameters) type(*name) parameters;
#include "compute/kernels.def"
} Kernels;
/* NOLINTEND(bugprone-macro-parentheses) */

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

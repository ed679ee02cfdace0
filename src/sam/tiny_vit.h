/* tiny_vit.h - the encoder of MobileSAM and LiteMedSAM: image -> embedding (docs/spec/sam.md, 9;
 * Wu et al. 2022, TinyViT; Zhang et al. 2023, MobileSAM).
 *
 * A pyramid: a stem of two convolutions, a stage of inverted bottlenecks, stages of windowed
 * attention, a merge after each stage but the last, and SAM's neck.  All its BatchNorms are folded
 * at load and none of its parameters trains. */
#ifndef SAM_TINY_VIT_H
#define SAM_TINY_VIT_H

#include "nn/conv_norm.h"
#include "nn/layers.h"
#include "sam/neck.h"

enum { TINY_VIT_MAX_STAGES = 6, TINY_VIT_MAX_DEPTH = 16 };

typedef struct TinyVitStageConfig {
    int dim, depth;
    int heads, window; /* heads 0: convolutions, not attention; window in tokens, on a side */
    int hidden;        /* width inside a block */
    int stride;        /* of the merge behind the stage: 1 or 2; none behind the last */
} TinyVitStageConfig;

typedef struct TinyVitConfig {
    int image;          /* model input in pixels, on a side */
    int channels, stem; /* colours in; width between the two convolutions of the stem */
    bool
        pointwise_stem; /* these are 1x1 and keep the grid (LiteMedSAM); else 3x3, each halves it */
    int stages;
    TinyVitStageConfig stage[TINY_VIT_MAX_STAGES];
    int out; /* channels of the embedding */
} TinyVitConfig;

/* 1x1, depthwise 3x3, 1x1: an inverted bottleneck, and what merges two stages. */
typedef struct Bottleneck {
    ConvNorm conv1, conv2, conv3;
} Bottleneck;

typedef struct TinyVitBlock {
    LayerNorm norm, mlp_norm;
    Linear qkv, proj;
    Param *biases;  /* [heads, window window] */
    Param *padding; /* [3 dim], q, k and v of a padded token; NULL until prepared */
    ConvNorm local;
    Mlp mlp;
} TinyVitBlock;

typedef struct TinyVitStage {
    Bottleneck conv[TINY_VIT_MAX_DEPTH]; /* of stages without heads */
    TinyVitBlock block[TINY_VIT_MAX_DEPTH];
    Bottleneck merge;
} TinyVitStage;

typedef struct TinyVitStem {
    ConvNorm conv1, conv2;
} TinyVitStem;

typedef struct TinyVit {
    TinyVitConfig config;
    TinyVitStem stem;
    TinyVitStage stage[TINY_VIT_MAX_STAGES];
    Neck neck;
} TinyVit;

int tiny_vit_grid(const TinyVitConfig *c); /* side of the embedding */

/* Under the names that follow params' prefix; classifier heads of such files are not needed. */
void tiny_vit_declare(TinyVit *t, Params *p, const TinyVitConfig *c);

/* After the parameters have values: folds them; out of memory sets p->failed. */
void tiny_vit_prepare(TinyVit *t, Params *p);

/* image [b,image,image,channels] -> [b,grid,grid,out] */
Tensor *tiny_vit_forward(Compute *cx, const TinyVit *t, Tensor *image);

/* ---- Its parts ------------------------------------------------------------------------- */

void tiny_vit_stem_declare(TinyVitStem *s, Params *p, const TinyVitConfig *c);
void tiny_vit_stem_prepare(TinyVitStem *s, Params *p);
Tensor *tiny_vit_stem_forward(Compute *cx, const TinyVitStem *s, Tensor *image);

void bottleneck_declare(Bottleneck *m, Params *p, int in, int hidden, int out, int stride);
void bottleneck_prepare(Bottleneck *m, Params *p);
Tensor *bottleneck_forward(Compute *cx, const Bottleneck *m, Tensor *x);       /* with residual */
Tensor *bottleneck_merge_forward(Compute *cx, const Bottleneck *m, Tensor *x); /* without */

void tiny_vit_block_declare(TinyVitBlock *b, Params *p, const TinyVitStageConfig *c);
void tiny_vit_block_prepare(TinyVitBlock *b, Params *p);

/* x [b,h,w,dim] -> attention (+ residual, or NULL) [b,h,w,dim], before the local convolution */
Tensor *tiny_vit_attention(Compute *cx, const TinyVitBlock *b, const TinyVitStageConfig *c,
                           Tensor *x, Tensor *residual);

/* x [b,h,w,dim], which it overwrites in inference; where it stands is for observers only. */
Tensor *tiny_vit_block_forward(Compute *cx, const TinyVitBlock *b, const TinyVitStageConfig *c,
                               Tensor *x, int stage, int index);

#endif

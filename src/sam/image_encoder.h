/* image_encoder.h - SAM's vision transformer: image -> embedding. */
#ifndef SAM_IMAGE_ENCODER_H
#define SAM_IMAGE_ENCODER_H

#include <stdint.h>

#include "nn/adapter.h"
#include "nn/layers.h"
#include "sam/neck.h"

enum { ENCODER_MAX_DEPTH = 64 };

/* How a grid other than the stored one gets its positions. */
typedef enum PositionRule {
    POSITIONS_FIXED,    /* Meta: the grid is the stored one */
    POSITIONS_BILINEAR, /* SAM-Med2D, at load */
    POSITIONS_BICUBIC   /* timm: antialiased bicubic, and always the rule */
} PositionRule;

typedef struct ImageEncoderConfig {
    int side;            /* of the stored grid of positions, in patches */
    int patch, channels; /* pixels; colours in */
    int dim, depth, heads;
    int window;      /* side of a window, in patches */
    uint64_t global; /* bit i: block i attends to the whole grid */
    int hidden;      /* width of the MLPs */
    int out;         /* channels of the embedding */
    float eps;       /* of the blocks' LayerNorms: 1e-6 (Meta), 1e-5 (timm) */
    bool relative;   /* relative positions in the attention */
    bool adapters;   /* SAM-Med2D's, in every block */
    bool timm;       /* names of timm: mlp.fc1, mlp.fc2 */
    bool nested;     /* IMIS-Net: all but the neck is under sam_encoder. */
    bool recompute;  /* training: blocks are run again instead of remembered */
    PositionRule positions;
} ImageEncoderConfig;

typedef struct EncoderBlock {
    LayerNorm norm1, norm2;
    Linear qkv, proj;
    Param *rel_pos_h, *rel_pos_w; /* stored; NULL without relative positions */
    Tensor *table_h, *table_w;    /* for the grid in use */
    Mlp mlp;
    Adapter adapter;
    bool has_adapter, global;
} EncoderBlock;

typedef struct ImageEncoder {
    ImageEncoderConfig config;
    int grid; /* patches on a side, in use */
    Convolution patch_embed;
    Param *pos_embed;  /* [1,side,side,dim] */
    Tensor *positions; /* for the grid in use */
    EncoderBlock block[ENCODER_MAX_DEPTH];
    Neck neck;
} ImageEncoder;

/* Under the names that follow params' prefix ("image_encoder." for whole models). */
void image_encoder_declare(ImageEncoder *e, Params *p, const ImageEncoderConfig *c);

/* After the parameters have values: makes the tables for `grid` patches on a side.
 * VOXPERT_BAD_ARGUMENT where positions are fixed and the grid differs. */
MUST_CHECK Status image_encoder_set_grid(ImageEncoder *e, Params *p, int grid, Error *error);

/* image [b, grid patch, grid patch, channels] -> [b, grid, grid, out] */
Tensor *image_encoder_forward(Compute *cx, const ImageEncoder *e, Tensor *image);

/* The same, and what block `block` gave, [b, grid, grid, dim], in `*feature`: without a backward
 * pass.
 */
Tensor *image_encoder_features(Compute *cx, const ImageEncoder *e, Tensor *image, int block,
                               Tensor **feature);

#endif

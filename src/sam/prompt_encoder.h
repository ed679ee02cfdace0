/* prompt_encoder.h - points, boxes and masks -> tokens and a dense prompt (docs/spec/sam.md, 5). */
#ifndef SAM_PROMPT_ENCODER_H
#define SAM_PROMPT_ENCODER_H

#include "nn/layers.h"

typedef struct PromptEncoderConfig {
    int dim;        /* of tokens and of the image embedding */
    int grid;       /* of the image embedding, on a side */
    int image;      /* model input in pixels, on a side */
    int mask_width; /* channels inside the mask branch: 16 */
} PromptEncoderConfig;

typedef struct PromptEncoder {
    PromptEncoderConfig config;
    Param *gaussian;     /* [2, dim/2], a buffer */
    Param *embedding[5]; /* outside, inside, first corner, second corner, not a point: [1,dim] */
    Param *no_mask;      /* [1,dim] */
    Convolution mask1, mask2, mask3;
    LayerNorm norm1, norm2;
    Param *positions; /* of the grid's cells, once prepared; else NULL */
} PromptEncoder;

/* Prompts of `batch` objects, in pixels of the model input, x first.  Each object has as many
 * points and boxes as the others. */
typedef struct Prompts {
    int batch, points, boxes;
    const float *point; /* [batch,points,2] */
    const int *label;   /* [batch,points]: 1 inside, 0 outside, -1 none; others: position alone */
    const float *box;   /* [batch,boxes,4]: x0 y0 x1 y1 */
    Tensor *mask;       /* [batch or 1, 4 grid, 4 grid, 1] logits, or NULL */
} Prompts;

typedef struct PromptTokens {
    Tensor *sparse; /* [batch,tokens,dim], or NULL where there is none */
    Tensor *dense;  /* [batch or 1, grid, grid, dim] */
} PromptTokens;

void prompt_encoder_declare(PromptEncoder *e, Params *p, const PromptEncoderConfig *c);

/* Where points come without boxes a padding point (label -1) follows them, as published. */
PromptTokens prompt_encoder_forward(Compute *cx, const PromptEncoder *e, const Prompts *prompts);

/* Its first half alone: the tokens, NULL where there is none. */
Tensor *prompt_encoder_tokens(Compute *cx, const PromptEncoder *e, const Prompts *prompts);

/* Computes the positions of the grid's cells, once the parameters have values. */
MUST_CHECK Status prompt_encoder_prepare(PromptEncoder *e, Params *p, Error *error);

/* Positions of the grid's cells [1, grid grid, dim]. */
Tensor *prompt_encoder_positions(Compute *cx, const PromptEncoder *e);

#endif

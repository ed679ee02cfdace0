/* mask_decoder.h - image embedding and prompts -> masks and their quality (docs/spec/sam.md, 6). */
#ifndef SAM_MASK_DECODER_H
#define SAM_MASK_DECODER_H

#include "sam/prompt_encoder.h"
#include "sam/two_way_transformer.h"

enum { MASK_TOKENS_MAX = 8 };

typedef struct MaskDecoderConfig {
    TwoWayConfig transformer;
    int masks;      /* mask tokens: 4 = one for a clear prompt and three for an ambiguous one */
    int iou_hidden; /* width of the head that predicts the quality */
    int iou_depth;  /* its layers: 3 */
} MaskDecoderConfig;

typedef struct MaskDecoder {
    MaskDecoderConfig config;
    TwoWayTransformer transformer;
    Param *iou_token, *mask_tokens;
    Convolution up1, up2;
    LayerNorm up_norm;
    Head hyper[MASK_TOKENS_MAX];
    Head iou;
} MaskDecoder;

typedef struct MaskOutput {
    Tensor *masks; /* [batch,count,4 grid,4 grid] logits */
    Tensor *iou;   /* [batch,count] predicted intersection over union */
} MaskOutput;

void mask_decoder_declare(MaskDecoder *d, Params *p, const MaskDecoderConfig *c);

/* embedding [batch,grid,grid,dim] or [1,...] for all; positions [1,grid grid,dim].  multimask:
 * masks 1, 2, ...; else mask 0. */
MaskOutput mask_decoder_forward(Compute *cx, const MaskDecoder *d, Tensor *embedding,
                                Tensor *positions, const PromptTokens *prompts, bool multimask);

/* The same in two steps, of which the first is the same for all tokens on one image. */
typedef struct DecoderImage {
    TwoWayImage side;
    int grid;
} DecoderImage;

/* source [batch,grid,grid,dim]: the embedding and its dense prompt, added */
DecoderImage mask_decoder_image(Compute *cx, const MaskDecoder *d, Tensor *source,
                                Tensor *positions);

/* sparse [batch,tokens,dim] or NULL; an image of batch 1 is for all. */
MaskOutput mask_decoder_prompt(Compute *cx, const MaskDecoder *d, const DecoderImage *image,
                               Tensor *positions, Tensor *sparse, bool multimask);

/* ---- Its parts, for decoders that have more tokens -------------------------------------- */

/* embedding and dense prompt, added; the one of batch 1 is repeated for the other */
Tensor *mask_decoder_source(Compute *cx, Tensor *embedding, Tensor *dense);

/* Tokens [batch,n,dim] and the image, both of batch 1 or the same, through the transformer: first
 * the iou token, then the mask tokens, then `parts` more [batch or 1,n,dim].  `middle` may be NULL.
 * `image` becomes what the batch needs. */
TwoWay mask_decoder_transform(Compute *cx, const MaskDecoder *d, const DecoderImage *image,
                              Tensor *positions, int parts, Tensor *const *part,
                              const TwoWayMiddle *middle);

/* keys [batch,grid grid,dim] -> [batch,4 grid,4 grid,dim/8] */
Tensor *mask_decoder_upscale(Compute *cx, const MaskDecoder *d, Tensor *keys, int grid);

/* queries [batch,tokens,dim] -> [batch,masks]: the quality of every mask */
Tensor *mask_decoder_iou(Compute *cx, const MaskDecoder *d, Tensor *queries);

/* Tokens that are parameters, rows [n,dim], as one batch of queries: [1,n,dim]. */
Tensor *mask_decoder_tokens(Compute *cx, Param *rows);

/* hyper [batch,count,dim/8], upscaled as above -> [batch,count,4 grid,4 grid] */
Tensor *mask_decoder_masks(Compute *cx, Tensor *hyper, Tensor *upscaled);

/* hyper [batch,count,dim/8] and term [batch,dim/8], added to each of the count: then the map that
 * `term` has in the features is added to all masks. */
Tensor *mask_decoder_add_term(Compute *cx, Tensor *hyper, Tensor *term);

/* What the transformer gave, to masks and their quality: the end of mask_decoder_prompt.  `term`:
 * as above, or NULL. */
MaskOutput mask_decoder_conclude(Compute *cx, const MaskDecoder *d, const TwoWay *x, int grid,
                                 Tensor *term, bool multimask);

#endif

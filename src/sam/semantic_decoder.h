/* semantic_decoder.h - IMIS-Net's mask decoder: semantic tokens and text beside SAM's own
 * (docs/spec/segmote.md, 10). */
#ifndef SAM_SEMANTIC_DECODER_H
#define SAM_SEMANTIC_DECODER_H

#include "sam/mask_decoder.h"

typedef struct SemanticDecoderConfig {
    int tokens;  /* as many as masks; 0: there is no such decoder */
    int classes; /* width of what their head gives: 512 */
} SemanticDecoderConfig;

typedef struct SemanticDecoder {
    SemanticDecoderConfig config;
    const MaskDecoder *base;
    Param *tokens; /* [tokens,dim] */
    Head head;
    Linear text;
} SemanticDecoder;

/* Under the prefix of the mask decoder, whose declaration comes first and which must stay where it
 * is. */
void semantic_decoder_declare(SemanticDecoder *d, Params *p, const MaskDecoder *base,
                              const SemanticDecoderConfig *c);

/* As mask_decoder_prompt, with tokens in this order: iou, masks, semantic, sparse.  text
 * [batch,dim] (NULL: none) adds its map to all masks; its token is one of `sparse`. */
MaskOutput semantic_decoder_prompt(Compute *cx, const SemanticDecoder *d, const DecoderImage *image,
                                   Tensor *positions, Tensor *sparse, Tensor *text, bool multimask);

/* ---- Its parts, for decoders that have more tokens -------------------------------------- */

Tensor *semantic_decoder_tokens(Compute *cx, const SemanticDecoder *d); /* [1,tokens,dim] */

/* queries [batch,n,dim], in which its tokens follow those of the masks -> [batch,tokens,classes] */
Tensor *semantic_decoder_classes(Compute *cx, const SemanticDecoder *d, Tensor *queries);

/* text [batch,dim] -> [batch,dim/8], for mask_decoder_add_term */
Tensor *semantic_decoder_term(Compute *cx, const SemanticDecoder *d, Tensor *text);

#endif

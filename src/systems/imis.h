/* imis.h - IMIS-Net: a wide SAM whose decoder has semantic tokens and reads text; SegMoTE's
 * published mode stands on it (docs/spec/segmote.md, 7.1, 7.2 and 10). */
#ifndef SYSTEMS_IMIS_H
#define SYSTEMS_IMIS_H

#include "sam/semantic_decoder.h"
#include "systems/sam.h"
#include "text/clip_text.h"

typedef struct ImisConfig {
    SemanticDecoderConfig semantic;
    int text;             /* width of a text's vector: 512; 0: it reads no text */
    ClipTextConfig tower; /* width 0: the file has none, and vectors come from elsewhere */
} ImisConfig;

bool imis_config_is_there(const Checkpoint *c); /* the checkpoint has semantic tokens */

/* From names and shapes; the rest is as published: heads of 64 channels in the text tower.
 * VOXPERT_BAD_MODEL names the file and the rule. */
MUST_CHECK Status imis_config_infer(ImisConfig *out, const Checkpoint *c, const SamConfig *sam,
                                    Error *error);

typedef struct Imis {
    ImisConfig config;
    SemanticDecoder decoder;
    Linear text_out; /* text vectors to the width of tokens */
    ClipText tower;
} Imis;

/* Declares what SAM does not have; `sam` must stay where it is. */
void imis_declare(Imis *m, Params *p, const Sam *sam, const ImisConfig *c);

/* vectors [batch,text] of the tower -> [batch,dim], as decoders take them */
Tensor *imis_text(Compute *cx, const Imis *m, Tensor *vectors);

/* Puts a text [batch,dim] (NULL: none) behind the sparse tokens [batch,n,dim] (NULL: none). */
Tensor *imis_with_text(Compute *cx, Tensor *sparse, Tensor *text);

/* As sam_decode and sam_decode_image; text: vectors [batch,text], or NULL. */
MaskOutput imis_decode(Compute *cx, const Imis *m, const Sam *sam, Tensor *embedding,
                       const Prompts *prompts, Tensor *text, bool multimask);
MaskOutput imis_decode_image(Compute *cx, const Imis *m, const Sam *sam, const DecoderImage *image,
                             const Prompts *prompts, Tensor *text, bool multimask);

/* As mask_decoder_forward, of prompts that are encoded; text: [batch,dim] of imis_text, or NULL. */
MaskOutput imis_decode_tokens(Compute *cx, const Imis *m, const Sam *sam, Tensor *embedding,
                              const PromptTokens *tokens, Tensor *text, bool multimask);

#endif

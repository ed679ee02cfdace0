/* expert_decoder.h - SegMoTE's mask decoder: expert tokens beside SAM's own, a mixture of token
 * experts in every layer, and prompt tokens made from the image.
 *
 * Two modes.  Paper: docs/spec/segmote.md, 3, on any SAM.  Published: the released code on
 * IMIS-Net (docs/spec/segmote.md, 7.3), with semantic tokens, a high-quality branch and text.
 * Either way SAM's own decoder is used as it is. */
#ifndef MOE_EXPERT_DECODER_H
#define MOE_EXPERT_DECODER_H

#include "moe/expert_features.h"
#include "moe/prompt_tokens.h"
#include "moe/token_experts.h"
#include "sam/semantic_decoder.h"

enum { EXPERT_TOKENS_MAX = 32 };

/* Where the image's prompt tokens act (paper mode; published mode has its own rules). */
typedef enum PptUse {
    PPT_PROMPT_FREE, /* where nothing is prompted */
    PPT_ALWAYS       /* everywhere: prompts guide them, and are seen through them alone */
} PptUse;

typedef struct ExpertDecoderConfig {
    TokenExpertsConfig experts;
    PromptPoolConfig pool; /* tokens 0: there is none */
    PptUse ppt;
    int feature; /* published mode: channels of the encoder's block; else 0 */
} ExpertDecoderConfig;

typedef struct ExpertDecoder {
    ExpertDecoderConfig config;
    const MaskDecoder *base;
    Param *expert_tokens; /* [tokens,dim] */
    TokenExperts layer[TWO_WAY_MAX_DEPTH];
    Head output[EXPERT_TOKENS_MAX];
    PromptPool pool;
    /* Of published mode: */
    const SemanticDecoder *semantic; /* NULL: it is paper mode */
    ExpertFeatures features;
} ExpertDecoder;

bool expert_decoder_published(const ExpertDecoder *d);

/* Under the prefix of the mask decoder, whose declaration comes first and which must stay where it
 * is; so for IMIS-Net's, which makes it published mode (`semantic`; NULL: paper mode). */
void expert_decoder_declare(ExpertDecoder *d, Params *p, const MaskDecoder *base,
                            const SemanticDecoder *semantic, const ExpertDecoderConfig *c);

int expert_decoder_first_token(const ExpertDecoder *d); /* of the experts', among all queries */

typedef struct ExpertPrompt {
    const PromptTokens *tokens; /* of the prompt encoder */
    bool masked;                /* tokens->dense is of a mask prompt */
    bool pool;                  /* the image's prompt tokens take the place of the sparse ones, as
                                   they do in any case with PPT_ALWAYS */
    const int *classes;         /* [batch] of `pool`: 1 + the class that is asked for, 0: none; or
                                   NULL */
    const float *noise;         /* [layers,batch,tokens,experts] from N(0,1); NULL: none */
    int forced;                 /* 1 + the expert that all tokens are sent to; 0: none */
    /* Of published mode: */
    Tensor *features; /* of expert_features_forward, batch 1 or that of the prompts */
    Tensor *text;     /* [batch,dim] or NULL: adds its map to all masks; its token is in `tokens` */
    bool unrouted;    /* `inter`: no experts; the mask with the largest predicted iou */
} ExpertPrompt;

typedef struct ExpertOutput {
    Tensor *masks;                     /* [batch,1,4 grid,4 grid] logits of the chosen token */
    Tensor *iou;                       /* [batch,SAM's masks]; published: [batch,1], the best */
    Tensor *all_iou;                   /* [batch,SAM's masks] */
    Tensor *semantic;                  /* published, not while training: [batch,masks,classes] */
    Tensor *candidates;                /* [batch,tokens,4 grid,4 grid] */
    Tensor *sparse;                    /* the prompt tokens that were used, or NULL */
    const int *chosen;                 /* [batch]: which token */
    const int *best;                   /* published: [batch], mask of the largest iou, from 1 */
    Tensor *routed[TWO_WAY_MAX_DEPTH]; /* of each layer, see op_route */
} ExpertOutput;

/* embedding [batch or 1,grid,grid,dim]; positions [1,grid grid,dim].  After a failure all tensors
 * are the dummy. */
ExpertOutput expert_decoder_forward(Compute *cx, const ExpertDecoder *d, Tensor *embedding,
                                    Tensor *positions, const ExpertPrompt *prompt);

/* weight times CV^2(importance) + CV^2(load): [1].  Paper: the mean over the layers.  Published: of
 * the last layer, with a cell of importance for each token and expert.  Not of an unrouted pass. */
Tensor *expert_decoder_balance(Compute *cx, const ExpertDecoder *d, const ExpertOutput *out,
                               float weight);

#endif

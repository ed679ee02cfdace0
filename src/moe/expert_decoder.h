/* expert_decoder.h - SegMoTE's mask decoder in paper mode: expert tokens beside SAM's own, a
 * mixture of token experts in every layer, and prompt tokens made from the image.
 *
 * Exact definition: golden/segmote/paper-mode.md.  SAM's decoder stays as it is, and frozen. */
#ifndef MOE_EXPERT_DECODER_H
#define MOE_EXPERT_DECODER_H

#include "moe/prompt_tokens.h"
#include "moe/token_experts.h"
#include "sam/mask_decoder.h"

enum { EXPERT_TOKENS_MAX = 32 };

typedef struct ExpertDecoderConfig {
    TokenExpertsConfig experts;
    PromptPoolConfig pool; /* tokens 0: there is none */
} ExpertDecoderConfig;

typedef struct ExpertDecoder {
    ExpertDecoderConfig config;
    const MaskDecoder *base;
    Param *expert_tokens; /* [tokens,dim] */
    TokenExperts layer[TWO_WAY_MAX_DEPTH];
    Head output[EXPERT_TOKENS_MAX];
    PromptPool pool;
} ExpertDecoder;

/* Under the prefix of the mask decoder, whose declaration comes first and which must stay where it
 * is. */
void expert_decoder_declare(ExpertDecoder *d, Params *p, const MaskDecoder *base,
                            const ExpertDecoderConfig *c);

typedef struct ExpertPrompt {
    const PromptTokens *tokens; /* of the prompt encoder */
    bool masked;                /* tokens->dense is of a mask prompt */
    bool pool;                  /* the image's prompt tokens take the place of the sparse ones */
    const float *noise;         /* [layers,batch,tokens,experts] from N(0,1); NULL: none */
} ExpertPrompt;

typedef struct ExpertOutput {
    Tensor *masks;                       /* [batch,1,4 grid,4 grid] logits of the chosen token */
    Tensor *iou;                         /* [batch,SAM's masks] */
    Tensor *candidates;                  /* [batch,tokens,4 grid,4 grid] */
    Tensor *sparse;                      /* the prompt tokens that were used, or NULL */
    const int *chosen;                   /* [batch]: which token */
    Tensor *routed[TWO_WAY_MAX_DEPTH];   /* of each layer, see op_route */
} ExpertOutput;

/* embedding [batch or 1,grid,grid,dim]; positions [1,grid grid,dim].  After a failure all tensors
 * are the dummy. */
ExpertOutput expert_decoder_forward(Compute *cx, const ExpertDecoder *d, Tensor *embedding,
                                    Tensor *positions, const ExpertPrompt *prompt);

/* weight times the mean over the layers of CV^2(importance) + CV^2(load): [1]. */
Tensor *expert_decoder_balance(Compute *cx, const ExpertDecoder *d, const ExpertOutput *out,
                               float weight);

#endif

/* prompt_tokens.h - progressive prompt tokenization: prompt tokens made from the image.
 *
 * SegMoTE's `img_prompt_pool` (models.md, B.4); how prompts guide it is golden/segmote/
 * paper-mode.md, section 4. */
#ifndef MOE_PROMPT_TOKENS_H
#define MOE_PROMPT_TOKENS_H

#include "nn/layers.h"

typedef struct PromptPoolConfig {
    int dim, heads;
    int tokens; /* P */
    int hidden; /* of its perceptron: 4 dim */
} PromptPoolConfig;

typedef struct PromptPool {
    PromptPoolConfig config;
    Param *query;               /* [tokens,dim] */
    Param *in_weight, *in_bias; /* [3 dim,dim], [3 dim]: rows of q, k, v */
    Linear out, position;       /* position: of (x, y) in -1 .. 1 */
    LayerNorm norm_in, norm_out;
    Mlp mlp;
} PromptPool;

void prompt_pool_declare(PromptPool *t, Params *p, const PromptPoolConfig *c);

/* image [batch,grid,grid,dim] (with the dense prompt added where a mask guides it); sparse
 * [batch,n,dim]: prompts that guide it, or NULL -> [batch,tokens,dim] */
Tensor *prompt_pool_forward(Compute *cx, const PromptPool *t, Tensor *image, Tensor *sparse);

#endif

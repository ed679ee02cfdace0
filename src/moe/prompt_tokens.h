/* prompt_tokens.h - progressive prompt tokenization: prompt tokens made from the image.
 *
 * SegMoTE's `img_prompt_pool` (docs/spec/segmote.md, 5).  A question for one class is ours: its
 * rows of class_query, which begin at zero, are added to the query
 * (docs/decisions/0010-class-queries.md). */
#ifndef MOE_PROMPT_TOKENS_H
#define MOE_PROMPT_TOKENS_H

#include "nn/layers.h"

typedef struct PromptPoolConfig {
    int dim, heads;
    int tokens;  /* P */
    int hidden;  /* of its MLP: 4 dim */
    int classes; /* that can be asked for by name (ours); 0: none */
} PromptPoolConfig;

typedef struct PromptPool {
    PromptPoolConfig config;
    Param *query;       /* [tokens,dim] */
    Param *class_query; /* [classes,tokens,dim]: what a class adds to it; NULL: no classes */
    Param *in_weight, *in_bias; /* [3 dim,dim], [3 dim]: rows of q, k, v */
    Linear out, position;       /* position: of (x, y) in -1 .. 1 */
    LayerNorm norm_in, norm_out;
    Mlp mlp;
} PromptPool;

void prompt_pool_declare(PromptPool *t, Params *p, const PromptPoolConfig *c);

/* image [batch,grid,grid,dim] (with the dense prompt added where a mask guides it); sparse
 * [batch,n,dim]: prompts that guide it, or NULL; classes [batch]: 1 + the class that each asks for,
 * 0: none; NULL: nobody does -> [batch,tokens,dim] */
Tensor *prompt_pool_forward(Compute *cx, const PromptPool *t, Tensor *image, Tensor *sparse,
                            const int *classes);

#endif

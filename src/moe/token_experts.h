/* token_experts.h - mixture of token experts: a noisy top-k router sends each expert token of a
 * decoder layer to few of many small MLPs.
 *
 * Paper mode is defined by docs/spec/segmote.md, 4.1; published mode is SegMoTE's code
 * (docs/spec/segmote.md, 7.3). */
#ifndef MOE_TOKEN_EXPERTS_H
#define MOE_TOKEN_EXPERTS_H

#include "nn/layers.h"

typedef enum ExpertUpdate {
    EXPERT_RESIDUAL, /* y = norm(x + confidence h) */
    EXPERT_REPLACE,  /* y = confidence h */
    EXPERT_PUBLISHED /* y = proj(dteall(dte(h))): experts are one linear each */
} ExpertUpdate;

typedef struct TokenExpertsConfig {
    int dim;     /* of a token */
    int tokens;  /* expert tokens of a mask: N */
    int experts; /* E, at most EXPERTS_MAX */
    int kept;    /* k */
    int rank;    /* width inside an expert: r */
    RouteRule rule;
    ExpertUpdate update;
    bool unweighted; /* y = norm(x + h), or h: the confidence is left out (not EXPERT_PUBLISHED) */
    uint64_t held_back; /* bit e: expert e is there, but the router does not know it: see
                           RouteShape; unless it is forced it neither learns nor decays */
} TokenExpertsConfig;

typedef struct TokenExperts {
    TokenExpertsConfig config;
    Linear gate, noise; /* w_gate_token, w_noise_token */
    Mlp expert[EXPERTS_MAX];
    LayerNorm norm;                             /* of EXPERT_RESIDUAL */
    Linear dte_token, dteall_token, proj_token; /* of EXPERT_PUBLISHED */
} TokenExperts;

typedef struct RoutedTokens {
    Tensor *tokens; /* [batch,tokens,dim] */
    Tensor *routed; /* [batch tokens, 3 experts + 1], see op_route */
} RoutedTokens;

/* Under the names of the decoder layer that is entered. */
void token_experts_declare(TokenExperts *t, Params *p, const TokenExpertsConfig *c);

/* x [batch,tokens,dim]; noise [batch,tokens,experts] drawn from N(0,1), or NULL: none; forced:
 * see op_route.  `layer` is for observers. */
RoutedTokens token_experts_forward(Compute *cx, const TokenExperts *t, Tensor *x,
                                   const float *noise, int forced, int layer);

#endif

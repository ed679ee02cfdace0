/* two_way_transformer.h - tokens and image talk to each other (models.md, A.6). */
#ifndef SAM_TWO_WAY_TRANSFORMER_H
#define SAM_TWO_WAY_TRANSFORMER_H

#include "nn/layers.h"

typedef struct DecoderAttention {
    Linear q, k, v, out;
    int heads;
} DecoderAttention;

typedef struct TwoWayLayer {
    DecoderAttention self, token_to_image, image_to_token;
    LayerNorm norm1, norm2, norm3, norm4;
    Mlp mlp;
} TwoWayLayer;

typedef struct TwoWayConfig {
    int dim, depth, heads, hidden;
} TwoWayConfig;

enum { TWO_WAY_MAX_DEPTH = 8 };

typedef struct TwoWayTransformer {
    TwoWayConfig config;
    TwoWayLayer layer[TWO_WAY_MAX_DEPTH];
    DecoderAttention final;
    LayerNorm norm_final;
} TwoWayTransformer;

typedef struct TwoWay {
    Tensor *queries; /* [batch,tokens,dim] */
    Tensor *keys;    /* [batch,image tokens,dim] */
} TwoWay;

void two_way_declare(TwoWayTransformer *t, Params *p, const TwoWayConfig *c);

/* tokens [batch,tokens,dim]; image [batch,n,dim]; positions [1,n,dim] */
TwoWay two_way_forward(Compute *cx, const TwoWayTransformer *t, Tensor *tokens, Tensor *image,
                       Tensor *positions);

#endif

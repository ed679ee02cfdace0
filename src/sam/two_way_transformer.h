/* two_way_transformer.h - tokens and image talk to each other (docs/spec/sam.md, 6). */
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
    float eps; /* of the layers' norms; 0: 1e-5, as published */
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

/* What the first layer makes of the image alone, before any token is known. */
typedef struct TwoWayImage {
    Tensor *keys;  /* [batch,n,dim]: the image */
    Tensor *k, *v; /* [batch,n,dim/2]: what tokens attend to */
    Tensor *q;     /* [batch,n,dim/2]: what attends to tokens */
} TwoWayImage;

/* image [batch,n,dim]; positions [1,n,dim] */
TwoWayImage two_way_image(Compute *cx, const TwoWayTransformer *t, Tensor *image,
                          Tensor *positions);

/* What becomes of a layer's tokens [batch,tokens,dim] between norm2 and the image's turn. */
typedef struct TwoWayMiddle {
    Tensor *(*forward)(Compute *cx, const TwoWayLayer *layer, int index, Tensor *queries,
                       void *context);
    void *context;
} TwoWayMiddle;

/* SAM's: norm3(x + mlp(x)) */
Tensor *two_way_mlp(Compute *cx, const TwoWayLayer *layer, Tensor *x);

/* tokens [batch,tokens,dim]; the image of the same batch.  The depth is at least 1.  Without a
 * `middle` (NULL) it is SAM's MLP. */
TwoWay two_way_forward(Compute *cx, const TwoWayTransformer *t, Tensor *tokens,
                       const TwoWayImage *image, Tensor *positions, const TwoWayMiddle *middle);

#endif

/* neck.h - what narrows an encoder's features to the embedding: 1x1, 3x3, normalized after each. */
#ifndef SAM_NECK_H
#define SAM_NECK_H

#include "nn/layers.h"

typedef struct Neck {
    Convolution conv1, conv2;
    LayerNorm norm1, norm2;
} Neck;

void neck_declare(Neck *n, Params *p, int in, int out); /* `neck.0` .. `neck.3` */

Tensor *neck_forward(Compute *cx, const Neck *n, Tensor *x); /* [b,h,w,in] -> [b,h,w,out] */

#endif

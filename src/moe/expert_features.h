/* expert_features.h - SegMoTE's high-quality branch in published mode: finer features of the image,
 * from its embedding and from an early block of the encoder (docs/spec/segmote.md, 7.3). */
#ifndef MOE_EXPERT_FEATURES_H
#define MOE_EXPERT_FEATURES_H

#include "nn/layers.h"

/* Two transposed convolutions, each doubling the grid: LayerNorm and GELU between them. */
typedef struct Upscaling {
    Convolution first, second;
    LayerNorm norm;
} Upscaling;

typedef struct ExpertFeatures {
    Upscaling block;     /* compress_vit_feat: of the encoder's block */
    Upscaling embedding; /* expert_embedding_encoder */
    Convolution fusion1, fusion2;
    LayerNorm fusion_norm;
} ExpertFeatures;

/* `feature`: channels of the encoder's block; dim: of the embedding. */
void expert_features_declare(ExpertFeatures *f, Params *p, int feature, int dim);

/* embedding [b,grid,grid,dim], block [b,grid,grid,feature] -> [b,4 grid,4 grid,dim/8]; of the image
 * alone, so it is computed once. */
Tensor *expert_features_forward(Compute *cx, const ExpertFeatures *f, Tensor *embedding,
                                Tensor *block);

/* upscaled [b,4 grid,4 grid,dim/8] of the decoder, features of the image as above -> the same */
Tensor *expert_features_fuse(Compute *cx, const ExpertFeatures *f, Tensor *upscaled,
                             Tensor *features);

#endif

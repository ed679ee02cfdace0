/* everything_crops.h - the parts of a picture in which everything is looked for. */
#ifndef PREDICT_EVERYTHING_CROPS_H
#define PREDICT_EVERYTHING_CROPS_H

#include "predict/everything_options.h"
#include "predict/view.h"

typedef struct EverythingCrop {
    Crop crop;
    int layer; /* 0: the whole picture */
} EverythingCrop;

typedef struct EverythingCrops {
    EverythingCrop *item;
    size_t count, capacity;
} EverythingCrops;

/* The whole picture first, then layer by layer: those of the published generator
 * (crop_n_layers), or squares of crop_side, which overlap by a third; each further layer's side is
 * twice the one before, as long as it is shorter than the picture's.  Of a very large picture the
 * first side is doubled until at most 1024 crops are left.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status everything_crops(EverythingCrops *out, const Picture *p,
                                   const EverythingOptions *options, Error *error);
void everything_crops_free(EverythingCrops *c); /* a zeroed one is fine */

#endif

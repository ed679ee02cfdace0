/* mask.h - what comes back, and what is usually done with it. */
#ifndef VOXPERT_MASK_H
#define VOXPERT_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <voxpert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the routers of a mixture of experts did for one object; all of it 0 for other models. */
typedef struct VoxpertRouting {
    int layers, tokens, experts;
    int chosen;        /* token whose mask is the answer, from 0 */
    float *logits;     /* [layers][tokens][experts] */
    float *gates;      /* the same; 0: the token was not sent there */
    float *confidence; /* [layers][tokens] */
} VoxpertRouting;

/* The masks of one object; the first is the best by predicted quality.  A call that fills it
 * overwrites what was there and frees nothing of it: the caller owns the masks and frees them with
 * voxpert_masks_free, before the struct is used again. */
typedef struct VoxpertMasks {
    int count; /* 1, or as many as the model has for ambiguous prompts */
    int width, height;
    float *logits;   /* [count][height][width]; > threshold is inside.  NULL where the masks were
                        asked   for as bytes or bits (VoxpertSegmentOptions.masks) */
    float threshold; /* 0 */
    float *iou;      /* [count] predicted intersection over union; of every mask of a mixture of
                        experts: how sure the last router is of its token */
    int low_res_side;
    float *low_res; /* [count][low_res_side][low_res_side] the model's own logits */
    int crop[4];    /* x, y, width, height of what the model looked at, pixels of the image */
    double encode_seconds, decode_seconds; /* of every look that a zoom took */
    VoxpertRouting routing;
    uint8_t *bytes; /* [count][height][width]: 1 inside, 0 outside; or NULL */
    uint8_t *bits; /* [count][height][(width + 7) / 8]: the first pixel of a row in the highest bit,
                      unused bits 0; or NULL */
    bool cached;   /* every embedding came from the session's cache folder, or was there already */
} VoxpertMasks;

/* Zeroed or NULL is fine. */
VOXPERT_API void voxpert_masks_free(VoxpertMasks *masks);

/* Mask `which` as bytes [height][width], 1 inside and 0 outside, whatever type was requested.
 * Nothing is written where there is no such mask, or a pointer is NULL. */
VOXPERT_API void voxpert_masks_binary(const VoxpertMasks *masks, int which, uint8_t *mask);

/* Zero in any field: not done.  In this order. */
typedef struct VoxpertCleanup {
    int fill_holes;
    int min_size;     /* regions of fewer pixels are removed (8 neighbours) */
    int keep_largest; /* only the largest region stays */
} VoxpertCleanup;

/* mask [height][width], 0 or 1, in place.  Errors: VOXPERT_BAD_ARGUMENT (no mask),
 * VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_mask_clean(uint8_t *mask, int width, int height,
                                             const VoxpertCleanup *cleanup, VoxpertError *error);

/* COCO's compressed run-length code of a binary mask; caller frees with voxpert_free. */
VOXPERT_API VoxpertStatus voxpert_mask_rle(const uint8_t *mask, int width, int height, char **rle,
                                           VoxpertError *error);

#ifdef __cplusplus
}
#endif

#endif

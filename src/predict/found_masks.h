/* found_masks.h - masks that were found in a picture, and which of them to keep. */
#ifndef PREDICT_FOUND_MASKS_H
#define PREDICT_FOUND_MASKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "image/picture.h"

typedef struct FoundMask {
    uint8_t *mask; /* [height][width] of its crop, after found_masks_whole of the picture: 0 or 1 */
    float box[4];  /* x0 y0 x1 y1, inclusive */
    float point[2];
    float predicted_iou, stability;
    float crop[4]; /* x0 y0 x1 y1 */
} FoundMask;

typedef struct FoundMasks {
    FoundMask *item;
    size_t count, capacity;
} FoundMasks;

/* Masks of crops become masks of the picture.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status found_masks_whole(FoundMasks *f, const Picture *p, Error *error);

void found_masks_free(FoundMasks *f); /* zeroed is fine */

/* Non-maximum suppression of items first .. by their boxes: in descending order of `score` (one for
 * each; of equal ones the earlier first) an item stays unless a box that stayed overlaps its own by
 * more than `threshold`.  The survivors lie in that order.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status found_masks_suppress(FoundMasks *f, size_t first, const float *score,
                                       float threshold, Error *error);

#endif

/* found_masks.h - masks that were found in a picture, and which of them to keep. */
#ifndef PREDICT_FOUND_MASKS_H
#define PREDICT_FOUND_MASKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "image/extent.h"
#include "image/rle.h"

/* A mask is kept inside its bounds as run lengths: a few hundred bytes where the picture has twelve
 * million pixels. */
typedef struct FoundMask {
    Rle mask;     /* of its bounds in the picture; 0 x 0 where it is empty */
    size_t x, y;  /* first column and row of the bounds */
    float box[4]; /* x0 y0 x1 y1, inclusive */
    float point[2];
    float predicted_iou, stability;
    float crop[4]; /* x0 y0 x1 y1 */
} FoundMask;

typedef struct FoundMasks {
    FoundMask *item;
    size_t count, capacity;
} FoundMasks;

/* Keeps the foreground of `mask` [height][width], a part of the picture whose first column and row
 * are `x` and `y`, in place of what `m` had.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status found_mask_set(FoundMask *m, const uint8_t *mask, Extent size, size_t x, size_t y,
                                 Error *error);

/* Sets the mask's pixels to 1 in `frame`, rows of `width` pixels as the picture has. */
void found_mask_draw(const FoundMask *m, uint8_t *frame, size_t width);

size_t found_masks_bytes(const FoundMasks *f); /* of memory that they take */

void found_masks_free(FoundMasks *f); /* zeroed is fine */

/* Non-maximum suppression of items first .. by their boxes: in descending order of `score` (one for
 * each; of equal ones the earlier first) an item stays unless a box that stayed overlaps its own by
 * more than `threshold`.  The survivors lie in that order.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status found_masks_suppress(FoundMasks *f, size_t first, const float *score,
                                       float threshold, Error *error);

#endif

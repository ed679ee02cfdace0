/* rle.h - binary masks as COCO run lengths.
 *
 * Counts run down the columns (column-major), alternately background and foreground, background
 * first (so a mask that begins with foreground has a first count of 0).  The compressed text is
 * COCO's: from the fourth count on the difference to the count two before, in groups of 5 bits as
 * characters from '0' on, sign-extended. */
#ifndef IMAGE_RLE_H
#define IMAGE_RLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"
#include "image/extent.h"

typedef struct Rle {
    Extent size;
    uint32_t *counts;
    size_t count;
} Rle;

/* `mask` is row-major, not 0 = foreground.  Errors: VOXPERT_OUT_OF_MEMORY; VOXPERT_BAD_ARGUMENT for
 * 2^32 pixels or more. */
MUST_CHECK Status rle_encode(Rle *out, const uint8_t *mask, Extent size, Error *error);
void rle_free(Rle *rle); /* a zeroed one is fine */

/* Of a mask of `size` that is `part` where that lies, with its first column and row at `x` and `y`,
 * and background elsewhere; as rle_encode of the whole.  Errors: the same; VOXPERT_BAD_ARGUMENT
 * where the part reaches out of it. */
MUST_CHECK Status rle_encode_placed(Rle *out, const uint8_t *part, Extent part_size, size_t x,
                                    size_t y, Extent size, Error *error);

/* The same of a part of a mask, whose rows lie `stride` bytes apart. */
MUST_CHECK Status rle_encode_part(Rle *out, const uint8_t *mask, size_t stride, Extent size,
                                  Error *error);

/* From counts of a file: VOXPERT_BAD_INPUT where they do not add up to the size. */
MUST_CHECK Status rle_from_counts(Rle *out, const uint32_t *counts, size_t count, Extent size,
                                  Error *error);

void rle_decode(const Rle *rle, uint8_t *mask); /* 0 or 1, row-major, size pixels */

/* Sets the foreground alone to 1, in rows that lie `stride` bytes apart. */
void rle_draw(const Rle *rle, uint8_t *mask, size_t stride);

void rle_to_text(const Rle *rle, Text *text); /* appended; Text's `failed` tells of memory */

/* `text` of `length` characters, hostile or not.  Errors: VOXPERT_BAD_INPUT with what is wrong. */
MUST_CHECK Status rle_from_text(Rle *out, const char *text, size_t length, Extent size,
                                Error *error);

size_t rle_area(const Rle *rle);

/* x, y, width, height in pixels; all 0 for an empty mask. */
void rle_box(const Rle *rle, size_t xywh[4]);

/* SAM's stability of a mask under a shift of its threshold: the share of {logit > threshold -
 * offset} that {logit > threshold + offset} keeps, counts divided as floats; NaN where both are
 * empty. */
typedef struct StabilityCounts {
    size_t above_high, above_low;
} StabilityCounts;
StabilityCounts stability_counts(const float *logits, size_t n, float threshold, float offset);
float stability_score(StabilityCounts counts);

#endif

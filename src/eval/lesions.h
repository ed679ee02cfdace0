/* lesions.h - which connected pieces of the truth were found, and which of the prediction exist. */
#ifndef EVAL_LESIONS_H
#define EVAL_LESIONS_H

#include "image/regions.h"

/* A piece counts as found, or as matching, where it has a voxel in common with the other mask. */
typedef struct Lesions {
    size_t truth, found;         /* pieces of the truth; the rest is false negative */
    size_t prediction, matching; /* pieces of the prediction; the rest is false positive */
} Lesions;

/* Masks are [z, y, x], not 0 = inside.  Errors: VOXPERT_OUT_OF_MEMORY, VOXPERT_BAD_ARGUMENT for
 * more than 2^31 voxels. */
MUST_CHECK Status lesions_count(Lesions *out, const uint8_t *truth, const uint8_t *prediction,
                                const size_t size_zyx[3], Neighbours neighbours, Error *error);

#endif

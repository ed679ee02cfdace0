/* overlap.h - how much two masks have in common. */
#ifndef EVAL_OVERLAP_H
#define EVAL_OVERLAP_H

#include <stddef.h>
#include <stdint.h>

typedef struct Overlap {
    size_t truth, prediction, both; /* voxels */
} Overlap;

Overlap overlap_count(const uint8_t *truth, const uint8_t *prediction, size_t voxels);

/* 2 I / (P + G) and I / (P + G - I); NaN where both are empty: what that means is for the caller to
 * say, and to name in a report. */
double overlap_dice(Overlap o);
double overlap_iou(Overlap o);

#endif

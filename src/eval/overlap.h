/* overlap.h - how much two masks have in common, and how large they are. */
#ifndef EVAL_OVERLAP_H
#define EVAL_OVERLAP_H

#include <stddef.h>
#include <stdint.h>

typedef struct Overlap {
    size_t truth, prediction, both; /* voxels */
} Overlap;

Overlap overlap_count(const uint8_t *truth, const uint8_t *prediction, size_t voxels);

/* Of P + G voxels in both masks, I of them common and U in either, with which rule
 *
 *     PLAIN       2 I / (P + G)            I / U              NaN where both are empty
 *     SAM_MED2D   (2 I + e) / (P + G + e)  (I + e) / (U + e)  e = 1e-7; 1 where both are empty
 *     SEGMOTE     2 I / (P + G + e)        I / (U + e)        e = 1e-8; 0 where both are empty
 *
 * the last two as the published evaluations count: a report names its rule. */
typedef enum OverlapRule { OVERLAP_PLAIN, OVERLAP_SAM_MED2D, OVERLAP_SEGMOTE } OverlapRule;

double overlap_dice_by(Overlap o, OverlapRule rule);
double overlap_iou_by(Overlap o, OverlapRule rule);

/* By the plain rule. */
double overlap_dice(Overlap o);
double overlap_iou(Overlap o);

/* (prediction - truth) / truth; infinite, or NaN, where the truth is empty. */
double overlap_volume_difference(Overlap o);

/* The volume of so many voxels in mm3, of which 1000 are 1 ml; where dimensions is 2 their area in
 * mm2, whatever the spacing along z. */
double voxels_volume(size_t voxels, const double spacing_zyx_mm[3], int dimensions);

#endif

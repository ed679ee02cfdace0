/* prompts.h - prompts as users give them, simulated on an object's mask.
 *
 * Results are in pixels of the model's input by SAM's convention: pixel coordinates of the picture
 * times the scale, no half pixels.  `pixel` is how many view pixels a picture pixel is wide. */
#ifndef TRAIN_PROMPTS_H
#define TRAIN_PROMPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "base/status.h"

/* The box of `object` [side,side] (0 or 1), each side moved by up to `jitter` of the box's extent;
 * a quarter of the boxes is exact.  All of the view where there is no object. */
void prompt_box(float box[4], const uint8_t *object, int side, double pixel, double jitter,
                Random *r);

/* SAM-Med2D's: of the largest connected piece, corners at the pixels after the last, both ends of
 * an axis moved by the same integer of -m .. m - 1, m = min(5, half of the shorter side). */
MUST_CHECK Status prompt_box_shifted(float box[4], const uint8_t *object, int side, Random *r,
                                     Error *error);

/* IMIS-Net's and SegMoTE's: inclusive pixel corners, each side moved by a whole number of -5 .. 5
 * and kept inside. */
void prompt_box_loose(float box[4], const uint8_t *object, int side, Random *r);

/* Theirs too: any of the half of the object's pixels (rounded down, but one at least; ties are in)
 * that lie nearest to its centre.  Its label, 1;
 * -1 where there is no object. */
int prompt_point_central(float at[2], const uint8_t *object, int side, Random *r);

typedef struct ClickRule {
    double deepest; /* probability of the larger error's deepest point, else any wrong pixel */
    bool exact;     /* whole pixels; where nothing is wrong, anywhere and labelled -1 */
} ClickRule;

/* A click into what is missed (label 1) or surplus (0) of `predicted` [side,side] against `truth`
 * (below 0 it is unknown, and `predicted` must be 0 there) (NULL: nothing is predicted); inside the
 * object where both agree.  `scale`: view pixels of a mask pixel. */
MUST_CHECK Status prompt_click(float at[2], int *label, const float *truth,
                               const uint8_t *predicted, int side, double scale, double pixel,
                               const ClickRule *rule, Random *r, Error *error);

#endif

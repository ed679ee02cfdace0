/* asking.h - the prompts of one pass of a round, simulated on the masks it is about, and what of
 * its answer the next round looks at. */
#ifndef TRAIN_ASKING_H
#define TRAIN_ASKING_H

#include "base/status.h"
#include "train/scheme.h"

/* The masks that a pass is about. */
typedef struct AskedMasks {
    int count;
    const uint8_t *object; /* [count,side,side], 0 or 1 */
    const float *target;   /* [count,loss_side,loss_side]; below 0: ignored */
    const double *pixel;   /* [count] view pixels that a picture pixel is wide */
} AskedMasks;

/* What a pass is to have: new points, a box if it is the first, or nothing of the kind. */
typedef struct AskedPrompts {
    bool first, box, bare; /* see StepPlan */
    int points;
} AskedPrompts;

typedef struct Asking {
    const Scheme *scheme;
    PromptRule rule;
    int side, loss_side, low_side;
    int points; /* of each mask, so far */
    bool boxed;
    float *box;    /* [batch,4] */
    float *point;  /* [batch,POINTS_MAX,2] */
    int *label;    /* [batch,POINTS_MAX] */
    float *packed; /* [batch,points,2] as the prompt encoder wants them */
    int *packed_label;
    float *previous; /* [batch,low_side,low_side] logits, or probabilities */
    uint8_t
        *predicted; /* [batch,loss_side,loss_side]; 0 where ignored, so that no click goes there */
} Asking;

/* For up to `batch` masks.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status asking_open(Asking *a, const Scheme *scheme, const PromptRule *rule, int batch,
                              int side, int loss_side, int low_side, Error *error);
void asking_close(Asking *a); /* zeroed is fine */

/* The prompts of the next round; a first one forgets what was.  `measures`: their numbers alone, no
 * contents.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status asking_round(Asking *a, const AskedMasks *masks, const AskedPrompts *prompts,
                               bool measures, Random *r, Error *error);

/* Keeps the answer of a pass, low [count,1,low_side,low_side] and large [count,1,loss_side,
 * loss_side] logits; the mean Dice of the large ones, cut at 0. */
double asking_keep(Asking *a, const AskedMasks *masks, const float *low, const float *large);

/* Dice of low logits, cut at 0, with a target, sampled at the logits' places. */
double asking_low_dice(const Asking *a, const float *logits, const float *target);

#endif

/* plan.h - the prompts of one step of training: of what kind, how many, in which round.
 *
 * How they are drawn is a scheme's (scheme.h). */
#ifndef TRAIN_PLAN_H
#define TRAIN_PLAN_H

#include <stdbool.h>

#include "base/random.h"

enum { ROUNDS_MAX = 12, POINTS_MAX = 64 };

/* Drawn once for the whole batch. */
typedef struct StepPlan {
    int rounds;
    bool box;               /* the first round has a box, and keeps it; else points only */
    bool prompt_free;       /* nothing is prompted: prompt tokens come from the image */
    bool multimask;         /* the first round trains the best of the ambiguous masks */
    int points[ROUNDS_MAX]; /* new in each round */
    bool mask[ROUNDS_MAX];  /* the round sees the last one's logits */
    bool bare[ROUNDS_MAX];  /* the round sees nothing but them; a box is forgotten */
    /* Of a scheme that needs PlanFacts: */
    bool text[ROUNDS_MAX]; /* the round is prompted with the objects' names */
    bool pool[ROUNDS_MAX]; /* the image's prompt tokens take the place of the others */
    bool pseudo;           /* every round has a second pass, on pseudo masks: never with text, */
    bool pseudo_box;       /* in the first round with a box, or one point, */
    bool unrouted;         /* later without routing */
    int pseudo_points[ROUNDS_MAX]; /* new in each */
} StepPlan;

typedef struct PromptRule {
    double box;       /* probability that the first prompt is a box */
    double text;      /* and a text, where the scheme prompts texts and there are any */
    double multimask; /* of training the ambiguous masks, where it is not */
    int rounds;       /* in all */
    int most_points;  /* added in a later round: 1 .. this many */
    double jitter;    /* of a box's sides, as share of its length, at most */
    double deepest;   /* share of clicks at the deepest point; the others anywhere */
} PromptRule;

/* How experts learn beside the prompts. */
typedef struct ExpertRule {
    float balance;      /* weight of the balance loss */
    bool noise;         /* in the router */
    double prompt_free; /* share of batches without a prompt, where there are prompt tokens */
    double guided;      /* share of those with a second round, guided by the mask of the first */
} ExpertRule;

/* What a batch and its model allow; shares of text go to the other prompts. */
typedef struct PlanFacts {
    bool text;     /* every object has a name, and the model reads */
    bool pool;     /* prompt tokens from the image, from the second round on */
    bool pseudo;   /* there are pseudo masks */
    bool unrouted; /* published mode: their later passes are not routed */
} PlanFacts;

#endif

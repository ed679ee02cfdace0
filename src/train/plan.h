/* plan.h - what is asked of the model in one step of training.
 *
 * Three schemes.  Ours: a box or a click, then clicks into what is wrong, with the last answer as a
 * mask prompt.  SAM-Med2D's (models.md, A.8).  SegMoTE's (models.md, B.6): a first round that is an
 * optimizer step of its own - a box, a point or a text, and for a pseudo mask a box or a point -
 * and four rounds that are one together: round r*, drawn from the first three, and the last see the
 * answer before and a text; the others see 1, 3, 4 or 7 points of the error beside that answer, or
 * with probability 0.4 a text in its place. */
#ifndef TRAIN_PLAN_H
#define TRAIN_PLAN_H

#include <stdbool.h>

#include "base/random.h"

enum { ROUNDS_MAX = 12, POINTS_MAX = 64 };

typedef enum Scheme { SCHEME_VOXPERT, SCHEME_SAM_MED2D, SCHEME_SEGMOTE } Scheme;

/* Drawn once for the whole batch. */
typedef struct StepPlan {
    int rounds;
    bool box;               /* the first round has a box, and keeps it; else points only */
    bool prompt_free;       /* nothing is prompted: prompt tokens come from the image */
    bool multimask;         /* the first round trains the best of the ambiguous masks */
    int points[ROUNDS_MAX]; /* new in each round */
    bool mask[ROUNDS_MAX];  /* the round sees the last one's logits */
    bool bare[ROUNDS_MAX];  /* the round sees nothing but them; a box is forgotten */
    /* Of SCHEME_SEGMOTE: */
    bool text[ROUNDS_MAX]; /* the round is told the objects' names */
    bool pool[ROUNDS_MAX]; /* the image's prompt tokens take the place of the others */
    bool pseudo;           /* every round has a second pass, on pseudo masks: never with text, */
    bool pseudo_box;       /* in the first round with a box, or one point, */
    bool unrouted;         /* later without routing */
    int pseudo_points[ROUNDS_MAX]; /* new in each */
} StepPlan;

typedef struct PromptRule {
    double box;       /* probability that the first prompt is a box */
    double text;      /* and a text, where there are any (SCHEME_SEGMOTE) */
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

/* What a batch and its model allow SCHEME_SEGMOTE; shares of text go to the other prompts. */
typedef struct PlanFacts {
    bool text;     /* every object has a name, and the model reads */
    bool pool;     /* prompt tokens from the image, from the second round on */
    bool pseudo;   /* there are pseudo masks */
    bool unrouted; /* published mode: their later passes are not routed */
} PlanFacts;

/* `experts`: NULL for a system without; `facts`: for SCHEME_SEGMOTE. */
StepPlan step_plan(Scheme scheme, const PromptRule *rule, const ExpertRule *experts,
                   const PlanFacts *facts, Random *r);

/* No step asks for more at once.  `ambiguous`: the model has several masks for a prompt. */
StepPlan step_plan_largest(Scheme scheme, const PromptRule *rule, const PlanFacts *facts,
                           bool ambiguous);

int step_plan_points(Scheme scheme, const PromptRule *rule); /* that a pass may have at once */

/* Whether an optimizer step follows on a round that is not the last. */
bool step_plan_ends_step(Scheme scheme, int round);

#endif

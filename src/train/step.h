/* step.h - what a batch teaches: the encoder once, then several rounds of prompts.
 *
 * Each round's loss is taken back to the parameters of prompt encoder and decoder and to the
 * embedding at once, so that only one round is on the tape; the encoder's own way back follows.
 *
 * SAM-Med2D's scheme (models.md, A.8) differs: each round is an optimizer step of its own; only the
 * first reaches the encoder and the prompt encoder, the later ones work on its embedding as it was;
 * points are replaced, not added; the mask prompt is the probability; of three masks the one of
 * highest predicted quality learns. */
#ifndef TRAIN_STEP_H
#define TRAIN_STEP_H

#include "systems/system.h"
#include "train/batch.h"
#include "train/routing_tally.h"

enum { ROUNDS_MAX = 12, POINTS_MAX = 64 };

typedef enum Scheme { SCHEME_VOXPERT, SCHEME_SAM_MED2D } Scheme;

/* What is asked of the model in one step; drawn once for the whole batch. */
typedef struct StepPlan {
    int rounds;
    bool box;               /* the first round has a box, and keeps it; else points only */
    bool prompt_free;       /* nothing is prompted: prompt tokens come from the image */
    bool multimask;         /* the first round trains the best of the ambiguous masks */
    int points[ROUNDS_MAX]; /* new in each round */
    bool mask[ROUNDS_MAX];  /* the round sees the last one's logits */
    bool bare[ROUNDS_MAX];  /* the round sees nothing but them; a box is forgotten */
} StepPlan;

typedef struct PromptRule {
    double box;       /* probability that the first prompt is a box */
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
} ExpertRule;

typedef struct StepResult {
    MaskLossParts first, last; /* of the first and the last round */
    double loss;               /* mean over the rounds */
    double dice;               /* of the first round's masks, cut at 0; mean over the batch */
} StepResult;

typedef struct Stepper {
    const System *system;
    const Sam *sam;     /* of it */
    ExpertRule experts; /* prompt_free is 0 where there are no prompt tokens */
    const Kernels *kernels;
    Worker worker;
    Arena memory, records; /* memory.capacity: what the largest step needs */
    Compute cx;
    MaskLoss loss;
    PromptRule rule;
    Scheme scheme;
    int share; /* samples that show the same picture */
    int batch, loss_side, low_side;
    size_t floats; /* of a batch's embeddings; 0: it has images */
    /* of the batch, by round */
    float *box;    /* [batch,4] */
    float *point;  /* [batch,POINTS_MAX,2] */
    int *label;    /* [batch,POINTS_MAX] */
    float *packed; /* [batch,points,2] as the prompt encoder wants them */
    int *packed_label;
    int *best;           /* [batch] */
    float *previous;     /* [batch,low_side,low_side] logits */
    uint8_t *predicted;  /* [batch,loss_side,loss_side] */
    float *noise;        /* [layers,batch,tokens,experts], of experts */
    RoutingTally *tally; /* what the routers do is added to it; NULL: nobody asks */
} Stepper;

typedef struct StepperShape {
    Scheme scheme;
    int batch, share, loss_side;
    size_t floats;     /* of a sample's embedding, where batches have them; else 0 */
    size_t max_memory; /* bytes of a step; 0: no limit */
    const ExpertRule *experts;
} StepperShape;

/* Memory for steps on batches of this size, measured.  The parameters that train are marked and
 * have gradient memory.  VOXPERT_BAD_ARGUMENT: more clicks than POINTS_MAX;
 * VOXPERT_OUT_OF_MEMORY: also where a step needs more than `max_memory`. */
MUST_CHECK Status stepper_open(Stepper *s, const System *system, const Kernels *kernels,
                               Threads *threads, const StepperShape *shape, const PromptRule *rule,
                               const MaskLoss *loss, Error *error);
void stepper_close(Stepper *s); /* zeroed is fine */

/* `experts`: NULL for a system without. */
StepPlan step_plan(Scheme scheme, const PromptRule *rule, const ExpertRule *experts, Random *r);

/* Called between the rounds of a scheme whose rounds are optimizer steps: uses the gradients and
 * clears them. */
typedef struct RoundHook {
    void (*step)(void *context);
    void *context;
} RoundHook;

/* Adds the gradients of one batch (of a scheme with hook: of its last round).
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status stepper_run(Stepper *s, const Batch *b, const StepPlan *plan, uint64_t seed,
                              uint64_t step, const RoundHook *hook, StepResult *out, Error *error);

#endif

/* step.h - what a batch teaches: the encoder once, then several rounds of prompts (plan.h).
 *
 * Each round's loss is taken back to the parameters of prompt encoder and decoder and to the
 * embedding at once, so that only one round is on the tape; the encoder's own way back follows.
 *
 * SAM-Med2D's scheme (models.md, A.8) differs: each round is an optimizer step of its own; only the
 * first reaches the encoder and the prompt encoder, the later ones work on its embedding as it was;
 * points are replaced, not added; the mask prompt is the probability; of three masks the one of
 * highest predicted quality learns.
 *
 * SegMoTE's scheme (models.md, B.6): the first round is an optimizer step of its own, the others
 * are one together.  Every round has a second pass on pseudo masks, with an answer of its own that
 * its later prompts look at; its balance loss is left out.  Later rounds take the text as it was
 * before the first one's step, and do not train text_out_dim.  Losses are over the whole batch
 * tensor. */
#ifndef TRAIN_STEP_H
#define TRAIN_STEP_H

#include "systems/system.h"
#include "train/asking.h"
#include "train/batch.h"
#include "train/routing_tally.h"

typedef struct StepResult {
    MaskLossParts first, last; /* of the first and the last round */
    double loss;               /* mean over the rounds; pseudo masks included */
    double dice;               /* of the first round's masks, cut at 0; mean over the batch */
} StepResult;

typedef struct Stepper {
    const System *system;
    const Sam *sam;     /* of it */
    ExpertRule experts; /* prompt_free 0 where the system makes no prompt tokens */
    const Kernels *kernels;
    Worker worker;
    Arena memory, records; /* memory.capacity: what the largest step needs */
    size_t shared;         /* bytes that its products need of the worker's shared memory */
    Compute cx;
    MaskLoss loss;
    PromptRule rule;
    Scheme scheme;
    int share; /* samples that show the same picture */
    int batch, loss_side, low_side;
    size_t floats;       /* of a batch's embeddings; 0: it has images */
    PlanFacts facts;     /* what its plans may have: SCHEME_SEGMOTE */
    Asking object;       /* of the objects' passes */
    Asking pseudo;       /* and the pseudo masks'; zeroed where there are none */
    int *best;           /* [batch] */
    float *noise;        /* [layers,batch,tokens,experts], of experts */
    const float *text;   /* [batch,width] vectors of the objects' names: the caller's; NULL: none */
    RoutingTally *tally; /* what the routers do is added to it; NULL: nobody asks */
} Stepper;

typedef struct StepperShape {
    Scheme scheme;
    int batch, share, loss_side;
    size_t floats;     /* of a sample's embedding, where batches have them; else 0 */
    size_t max_memory; /* bytes of a step; 0: no limit */
    const ExpertRule *experts;
    PlanFacts facts; /* of SCHEME_SEGMOTE */
} StepperShape;

/* Memory for steps on batches of this size, measured.  The parameters that train are marked and
 * have gradient memory.  VOXPERT_BAD_ARGUMENT: more clicks than POINTS_MAX;
 * VOXPERT_OUT_OF_MEMORY: also where a step needs more than `max_memory`. */
MUST_CHECK Status stepper_open(Stepper *s, const System *system, const Kernels *kernels,
                               Threads *threads, const StepperShape *shape, const PromptRule *rule,
                               const MaskLoss *loss, Error *error);
void stepper_close(Stepper *s); /* zeroed is fine */

/* Called between the rounds of a step where step_plan_ends_step: uses the gradients and clears
 * them. */
typedef struct RoundHook {
    void (*step)(void *context);
    void *context;
} RoundHook;

/* Adds the gradients of one batch (of a scheme with hook: those since its last call).
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status stepper_run(Stepper *s, const Batch *b, const StepPlan *plan, uint64_t seed,
                              uint64_t step, const RoundHook *hook, StepResult *out, Error *error);

#endif

/* step.h - what is trained on a batch: the encoder once, then several rounds of prompts (plan.h).
 *
 * Each round's loss is taken back to the parameters of prompt encoder and decoder and to the
 * embedding at once, so that only one round is on the tape; the encoder's own backward pass
 * follows.
 *
 * What a scheme changes of that - which rounds end an optimizer step, what they train, passes on
 * pseudo masks - is in its table (scheme.h). */
#ifndef TRAIN_STEP_H
#define TRAIN_STEP_H

#include "assess/routing_tally.h"
#include "systems/system.h"
#include "train/asking.h"
#include "train/batch.h"

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
    SystemLoss loss;
    PromptRule rule;
    const Scheme *scheme;
    int share; /* samples that show the same picture */
    int batch, loss_side, low_side;
    size_t floats;       /* of a batch's embeddings; 0: it has images */
    PlanFacts facts;     /* what its plans may have, of a scheme that needs them */
    Asking object;       /* of the objects' passes */
    Asking pseudo;       /* and the pseudo masks'; zeroed where there are none */
    int *best;           /* [batch] */
    float *noise;        /* [layers,batch,tokens,experts], of experts */
    const float *text;   /* [batch,width] vectors of the objects' names: the caller's; NULL: none */
    RoutingTally *tally; /* what the routers do is added to it; NULL: nobody asks */
} Stepper;

typedef struct StepperShape {
    const Scheme *scheme;
    int batch, share, loss_side;
    size_t floats;     /* of a sample's embedding, where batches have them; else 0 */
    size_t max_memory; /* bytes of a step; 0: no limit */
    const ExpertRule *experts;
    PlanFacts facts; /* of a scheme that needs them */
} StepperShape;

/* Memory for steps on batches of this size, measured.  The parameters that train are marked and
 * have gradient memory.  VOXPERT_BAD_ARGUMENT: more clicks than POINTS_MAX;
 * VOXPERT_OUT_OF_MEMORY: also where a step needs more than `max_memory`. */
MUST_CHECK Status stepper_open(Stepper *s, const System *system, const Kernels *kernels,
                               Threads *threads, const StepperShape *shape, const PromptRule *rule,
                               const SystemLoss *loss, Error *error);
void stepper_close(Stepper *s); /* zeroed is fine */

/* Called between the rounds of a step where scheme_ends_step: uses the gradients and clears
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

/* steps.h - a predictor's steps of work, each in memory that is reserved once.
 *
 * A step is measured when it is first run in a shape: with kernels that only count, on addresses
 * without memory behind them.  Then it runs for good, in an arena that only grows when a larger
 * step comes. */
#ifndef PREDICT_STEPS_H
#define PREDICT_STEPS_H

#include "compute/compute.h"

typedef enum StepKind { STEP_ENCODE, STEP_IMAGE, STEP_DECODE, STEP_TEXT } StepKind;

/* All that the memory of a step depends on, for one model. */
typedef struct StepShape {
    StepKind kind;
    int batch, points, boxes; /* of a text, `points` are its tokens */
    bool mask, multimask, prompt_free, text, classed;
} StepShape;

typedef struct StepCost {
    StepShape shape;
    size_t bytes; /* 0: nothing is known here */
} StepCost;

enum { STEP_COSTS = 16 };

typedef struct Steps {
    const Kernels *kernels;
    Worker worker;
    Arena memory, records;
    StepCost cost[STEP_COSTS];
    unsigned turn;                                              /* the oldest of them */
    bool (*progress)(void *context, size_t done, size_t total); /* of Compute; or NULL */
    void *progress_context;
} Steps;

MUST_CHECK Status steps_open(Steps *s, const Kernels *kernels, Threads *threads, Error *error);
void steps_close(Steps *s); /* zeroed is fine */

/* The work: called to measure, where compute_measures(cx) tells it to touch no contents, and then
 * to be done.  Of what it makes nothing is left when the next step begins. */
typedef Status StepWork(Compute *cx, void *context, Error *error);

/* `most`: bytes that the step may take, 0 for no limit.  Errors: VOXPERT_OUT_OF_MEMORY, and those
 * of the work. */
MUST_CHECK Status steps_run(Steps *s, StepShape shape, size_t most, StepWork *work, void *context,
                            Error *error);

#endif

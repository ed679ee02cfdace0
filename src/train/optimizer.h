/* optimizer.h - AdamW or Adam over the trainable parameters, with its memory and a running average.
 *
 * Gradients, moments and averages lie in one arena that is filled once.  A parameter that no
 * loss since the last step depends on is left alone, its step count too, as PyTorch does with
 * gradients that are None; one whose gradient is zero is decayed. */
#ifndef TRAIN_OPTIMIZER_H
#define TRAIN_OPTIMIZER_H

#include "nn/params.h"

typedef struct Slot {
    Param *param;
    float *gradient, *first, *second, *average; /* in the engine's layout */
    long steps;
    bool decays;
} Slot;

typedef struct Optimizer {
    Arena memory;
    Slot *slot;
    size_t count;
    long steps; /* taken so far */
} Optimizer;

typedef enum OptimizerKind {
    OPTIMIZER_ADAMW, /* decay shrinks the values, apart from the gradient */
    OPTIMIZER_ADAM   /* decay times the values is added to the gradient, after clipping */
} OptimizerKind;

typedef struct OptimizerRule {
    OptimizerKind kind;
    double lr, beta1, beta2, eps, decay;
    double clip;    /* of the global norm; 0: none */
    double average; /* decay of the running average; 0: none */
} OptimizerRule;

/* Takes all parameters whose tensors need gradients, owns their values and gives them gradient
 * memory.  `decay_all`: weight decay for biases and norms too (PyTorch's default). */
MUST_CHECK Status optimizer_open(Optimizer *o, Params *p, bool decay_all, Error *error);
void optimizer_close(Optimizer *o); /* zeroed is fine */

void optimizer_zero(Optimizer *o, const Kernels *k, const Worker *w);

/* One step with gradients summed over `accumulated` batches; returns the gradient's norm before
 * clipping, and does nothing if that is not finite. */
double optimizer_step(Optimizer *o, const Kernels *k, const Worker *w, const OptimizerRule *rule,
                      int accumulated);

/* Exchanges the values with their running averages. */
void optimizer_swap(Optimizer *o);

#endif

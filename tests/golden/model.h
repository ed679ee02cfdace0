/* model.h - the model that a golden file describes, and the memory to run it in. */
#ifndef TESTS_GOLDEN_MODEL_H
#define TESTS_GOLDEN_MODEL_H

#include "systems/sam.h"
#include "tests/golden/weights.h"

/* From the golden `config`, not from the weights' shapes.  False: reported. */
bool golden_sam_config(GoldenRun *run, SamConfig *out);
int golden_number(GoldenRun *run, const json_t *config, const char *key); /* 0: reported */

typedef struct GoldenModel {
    Sam sam;
    GoldenWeights weights;
} GoldenModel;

/* A whole SAM with its values; every tensor of the listing must be used.  False: reported. */
bool golden_model_open(GoldenModel *m, GoldenRun *run);
void golden_model_close(GoldenModel *m);

/* Calls `work` twice: with kernels that only measure, then for good, in as much memory as the first
 * time said.  `params` forget their gradients in between.  False: reported. */
typedef void GoldenWork(Compute *cx, void *context);
bool golden_compute(GoldenRun *run, const Params *params, GoldenWork *work, void *context);

#endif

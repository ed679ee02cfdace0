/* passes.h - the forward passes of a golden file: prompts on an embedding -> masks. */
#ifndef TESTS_GOLDEN_PASSES_H
#define TESTS_GOLDEN_PASSES_H

#include "tests/golden/model.h"
#include "tests/golden/stages.h"

enum { GOLDEN_MAX_PASSES = 32, GOLDEN_MAX_INPUTS = 16, GOLDEN_MAX_PROMPTS = 1024 };

/* An input as a tensor; the same for all passes that use it. */
typedef struct GoldenLeaf {
    const char *name;
    Tensor *tensor;
} GoldenLeaf;

typedef struct GoldenPass {
    const char *name;
    const json_t *entry;
    Tensor *low_res,
        *iou; /* [n,masks,4 grid,4 grid], [n,masks]; the chosen ones where it chooses */
} GoldenPass;

typedef struct GoldenPasses {
    GoldenRun *run;
    const Sam *sam;
    GoldenStages stages;
    bool chooses; /* keeps the mask of the largest predicted iou where there are several */
    bool detach_embedding, detach_prompts;
    bool trains; /* inputs get gradients */
    GoldenLeaf input[GOLDEN_MAX_INPUTS];
    size_t inputs;
    Tensor *embedding; /* of in.image, once it is encoded */
    GoldenPass pass[GOLDEN_MAX_PASSES];
    size_t count;
} GoldenPasses;

/* Runs all passes of the file; each is compared as it goes.  False: reported, or cx failed. */
bool golden_passes_run(GoldenPasses *p, Compute *cx);

#endif

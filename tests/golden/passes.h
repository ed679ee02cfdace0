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

typedef struct GoldenPasses GoldenPasses;

/* What decodes one pass: prompts on an embedding, into pass->low_res and pass->iou. */
typedef void GoldenDecode(GoldenPasses *p, Compute *cx, GoldenPass *pass, Tensor *embedding,
                          const Prompts *prompts);

/* The same for the image: its embedding. */
typedef Tensor *GoldenEncode(GoldenPasses *p, Compute *cx, Tensor *image);

struct GoldenPasses {
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
    GoldenDecode *decode; /* NULL: SAM's mask decoder */
    GoldenEncode *encode; /* NULL: its encoder */
    bool takes_text;
    void *context; /* its own */
};

/* An input as a tensor, the same for all passes; NULL: reported. */
Tensor *golden_passes_leaf(GoldenPasses *p, Compute *cx, const char *name);

/* The prompt encoder's tokens, detached where the file says so. */
PromptTokens golden_passes_prompts(GoldenPasses *p, Compute *cx, const Prompts *prompts);

/* Runs all passes of the file; each is compared as it goes.  False: reported, or cx failed. */
bool golden_passes_run(GoldenPasses *p, Compute *cx);

#endif

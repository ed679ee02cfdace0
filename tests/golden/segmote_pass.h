/* segmote_pass.h - one pass through SegMoTE's decoder, its stages compared as it goes. */
#ifndef TESTS_GOLDEN_SEGMOTE_PASS_H
#define TESTS_GOLDEN_SEGMOTE_PASS_H

#include "systems/system.h"
#include "tests/golden/passes.h"
#include "tests/golden/segmote_model.h"

typedef struct GoldenSegmotePass {
    const GoldenSegmote *model;
    GoldenArray noise; /* of all steps; empty: none */
    size_t step;       /* whose noise is used, from 0 */
    SystemImage image;
    Tensor *features; /* of the image, published mode; NULL until a pass needs them */
    ExpertOutput out; /* of the last pass, and of all of them */
    ExpertOutput all[GOLDEN_MAX_PASSES];
    const Tensor *q[TWO_WAY_MAX_DEPTH], *k[TWO_WAY_MAX_DEPTH]; /* of tokens and image, each layer */
    GoldenPasses *passes; /* while the decoder is watched, and who was shown its stages before */
    Compute *cx;
    void (*observe)(void *observer, const char *stage, const Tensor *t);
    void *observer;
} GoldenSegmotePass;

/* Makes `p` run passes of this model. */
void golden_segmote_passes(GoldenPasses *p, GoldenSegmotePass *s, const GoldenSegmote *model);

#endif

/* segmote_pass.h - one pass through SegMoTE's decoder, its stages compared as it goes. */
#ifndef TESTS_GOLDEN_SEGMOTE_PASS_H
#define TESTS_GOLDEN_SEGMOTE_PASS_H

#include "tests/golden/passes.h"
#include "tests/golden/segmote_model.h"

typedef struct GoldenSegmotePass {
    const GoldenSegmote *model;
    GoldenArray noise; /* of all steps; empty: none */
    size_t step;       /* whose noise is used, from 0 */
    ExpertOutput out;  /* of the last pass */
} GoldenSegmotePass;

/* For GoldenPasses: `decode`, with a GoldenSegmotePass as its context. */
void golden_segmote_decode(GoldenPasses *p, Compute *cx, GoldenPass *pass, Tensor *embedding,
                           const Prompts *prompts);

#endif

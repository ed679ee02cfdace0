/* segmote_stages.h - what SegMoTE's files hold beside SAM's stages. */
#ifndef TESTS_GOLDEN_SEGMOTE_STAGES_H
#define TESTS_GOLDEN_SEGMOTE_STAGES_H

#include "tests/golden/segmote_pass.h"

/* Between these two the decoder's stages are compared under the files' names, too. */
void golden_segmote_watch(GoldenSegmotePass *s, GoldenPasses *p, Compute *cx);
void golden_segmote_unwatch(GoldenSegmotePass *s, Compute *cx);

void golden_segmote_dense(GoldenPasses *p, Tensor *dense);

/* What the decoder gave, and its routers. */
void golden_segmote_compare(GoldenSegmotePass *s, GoldenPasses *p, Compute *cx,
                            const GoldenPass *pass);

#endif

/* predictor_pass.h - one prompt of a golden file on a real picture. */
#ifndef TESTS_GOLDEN_PREDICTOR_PASS_H
#define TESTS_GOLDEN_PREDICTOR_PASS_H

#include "tests/golden/inputs.h"
#include "tests/golden/predictor_case.h"

enum { PREDICTOR_MOST_POINTS = 256 };

typedef struct PredictorPass {
    const json_t *entry; /* of `prompts` */
    const char *name;
    GoldenArray points, labels, box, mask;
    int label[PREDICTOR_MOST_POINTS];
    ObjectPrompt prompt;
    Prediction found;
} PredictorPass;

/* Reads the entry and decodes it on the whole picture; `earlier` are the `count` passes before it,
 * whose logits it may ask for.  False: reported.  Free it in either case. */
bool predictor_pass_run(PredictorPass *p, PredictorCase *c, const json_t *entry,
                        const PredictorPass *earlier, size_t count);
void predictor_pass_free(PredictorPass *p);

#endif

/* predictor_case.h - a golden file that segments a real picture: its model, its picture, and a
 * predictor that works on it. */
#ifndef TESTS_GOLDEN_PREDICTOR_CASE_H
#define TESTS_GOLDEN_PREDICTOR_CASE_H

#include "predict/predictor.h"
#include "tests/golden/model.h"

typedef struct PredictorCase {
    GoldenRun *run;
    GoldenModel golden; /* owns the weights */
    Model model;        /* on the golden model */
    Picture picture;
    Predictor *predictor; /* the picture is set, nothing is encoded */
} PredictorCase;

/* The picture lies below $VOXPERT_SHARED, or two folders above the golden file; its pixels must be
 * those that the metadata `image` describes.  False: reported.  Close it in either case. */
bool predictor_case_open(PredictorCase *c, GoldenRun *run, const char *preset);
void predictor_case_close(PredictorCase *c);

/* Another preset for the same model and picture; what was encoded is forgotten.  False: reported.
 */
bool predictor_case_change(PredictorCase *c, const char *preset);

#endif

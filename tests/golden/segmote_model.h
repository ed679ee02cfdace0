/* segmote_model.h - the SegMoTE model that a golden file describes. */
#ifndef TESTS_GOLDEN_SEGMOTE_MODEL_H
#define TESTS_GOLDEN_SEGMOTE_MODEL_H

#include "systems/segmote.h"
#include "tests/golden/weights.h"

typedef struct GoldenSegmote {
    Sam sam;   /* whose parameters are all there are */
    Imis imis; /* of published mode; else zeroed */
    Segmote model;
    GoldenWeights weights;
} GoldenSegmote;

/* Frozen; every tensor of the listing must be used.  False: reported. */
bool golden_segmote_open(GoldenSegmote *g, GoldenRun *run);
void golden_segmote_close(GoldenSegmote *g);

#endif

/* weights.h - the weights of a golden file, as a checkpoint in memory.
 *
 * Names and shapes come from the listings, values from procedural.h; then, in this order: zeroed,
 * scaled, replaced by a stored `in.weight.NAME`, rounded to the weights' type. */
#ifndef TESTS_GOLDEN_WEIGHTS_H
#define TESTS_GOLDEN_WEIGHTS_H

#include "tests/golden/run.h"

typedef struct GoldenWeights {
    Checkpoint *checkpoint;
    void *bytes;
} GoldenWeights;

/* Names without the file's `weight_prefix`.  False: reported. */
bool golden_weights_open(GoldenWeights *w, GoldenRun *run);
void golden_weights_close(GoldenWeights *w); /* a zeroed one is fine */

#endif

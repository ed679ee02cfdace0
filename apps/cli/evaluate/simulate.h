/* simulate.h - `voxpert segment --data`: the label maps that a model makes of a part of a data set,
 * where the prompts are made from the set's own labels, and nobody has to write a prompts file. */
#ifndef CLI_EVALUATE_SIMULATE_H
#define CLI_EVALUATE_SIMULATE_H

#include "cli/segment/engine.h"

/* --data, --part, --most, --simulate, --output, --overwrite and those of the model; any other flag
 * of `voxpert segment` is refused.  Writes a mask for each case and report.jsonl, which has the
 * protocol and how many objects were prompted for.  Errors: VOXPERT_BAD_ARGUMENT,
 * VOXPERT_BAD_INPUT (the data set), VOXPERT_BAD_MODEL, VOXPERT_BAD_OUTPUT. */
VoxpertStatus simulate_run(Common *common, const Options *options, Engine *engine,
                           VoxpertError *error);

#endif

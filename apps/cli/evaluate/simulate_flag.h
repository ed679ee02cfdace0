/* simulate_flag.h - which prompts are simulated, and for which part of a data set. */
#ifndef CLI_EVALUATE_SIMULATE_FLAG_H
#define CLI_EVALUATE_SIMULATE_FLAG_H

#include <voxpert/evaluate.h>

#include "cli/common/options.h"

/* --simulate box|clicks:N|free (default: box), --part and --most; `data` is not set.
 * VOXPERT_BAD_ARGUMENT. */
VoxpertStatus simulate_flags(VoxpertSimulationOptions *out, const Options *o, VoxpertError *error);

#endif

/* run_memory.h - all the memory that a training run needs, known before it begins. */
#ifndef TRAIN_RUN_MEMORY_H
#define TRAIN_RUN_MEMORY_H

#include "train/run_parts.h"

/* Sums what the run has and will have: r->needs, and a table of it in r->memory.
 * VOXPERT_OUT_OF_MEMORY: it is more than the limit; the message has the table. */
MUST_CHECK Status run_check_memory(Run *r, Error *error);

#endif

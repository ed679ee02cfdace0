/* run_begin.h - a training run before its first step, and its end. */
#ifndef TRAIN_RUN_BEGIN_H
#define TRAIN_RUN_BEGIN_H

#include "train/run_parts.h"

/* Everything up to the first step.  `r` has its options and its observer; close it either way. */
MUST_CHECK Status run_open(Run *r, Error *error);
void run_close(Run *r);

#endif

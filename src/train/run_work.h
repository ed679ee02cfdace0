/* run_work.h - what a training run computes with, between its model and its first step. */
#ifndef TRAIN_RUN_WORK_H
#define TRAIN_RUN_WORK_H

#include "train/run_parts.h"

/* Embeddings of a frozen encoder, texts, batches, steps and measures of a run that has its data and
 * its model; shows the run's header (TrainObserver.begin) before the first image is encoded.
 * VOXPERT_BAD_ARGUMENT: sizes that do not go together; VOXPERT_OUT_OF_MEMORY: also where the run
 * needs more than its limit, with the table of what it needs; errors of the encoder and of files.
 */
MUST_CHECK Status run_open_work(Run *r, Error *error);

#endif

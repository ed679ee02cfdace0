/* run_card.h - where a run's model comes from: split, licence, labels and data, as its files say.
 */
#ifndef TRAIN_RUN_CARD_H
#define TRAIN_RUN_CARD_H

#include "train/run_parts.h"

/* Fills r->card with what the options leave open, from the data sets and the model that the run
 * begins from; adds that model's cases to the record of the split, warns where it has seen cases
 * that the run validates or tests on, and writes `split.json` into the run's folder.
 * VOXPERT_BAD_MODEL: the model's record cannot be read; VOXPERT_BAD_OUTPUT;
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status run_open_card(Run *r, Error *error);
void run_close_card(Run *r);

/* What the run is about to do, in lines, to TrainObserver.begin. */
void run_show_header(Run *r);

/* Writes `summary.json`: settings, data sets, split, model, machine, time and result.
 * VOXPERT_BAD_OUTPUT, VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status run_write_summary(const Run *r, Error *error);

#endif

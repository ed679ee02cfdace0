/* seen.h - whether a model is measured on what it was trained on. */
#ifndef ASSESS_SEEN_H
#define ASSESS_SEEN_H

#include "cases/dataset.h"
#include "predict/model.h"

/* Compares the cases of `part` (a SplitPart; SPLIT_PARTS: all) with the records in the model's file
 * and in its base's (data/split_record.h).  Seen ones are a warning of the data set; where the part
 * is for testing, cases that were trained on are VOXPERT_BAD_INPUT.  VOXPERT_BAD_MODEL,
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status seen_cases_check(Dataset *d, const Model *model, int part, Error *error);

#endif

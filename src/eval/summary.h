/* summary.h - an evaluation as a file, in the layout of nnU-Net's summary.json:
 *
 *     {"foreground_mean": {"Dice": ...}, "mean": {"1": {...}, ...},
 *      "metric_per_case": [{"metrics": {"1": {...}}, "prediction_file": ..., "reference_file":
 * ...}]}
 *
 * "mean" is over the cases that count, "foreground_mean" over the labels, plainly: NaN where one of
 * theirs is.  NaN and Infinity are written as Python writes and reads them, which is not JSON. Ours
 * is "voxpert": the policy for empty masks, and what the distances are of. */
#ifndef EVAL_SUMMARY_H
#define EVAL_SUMMARY_H

#include "base/text.h"
#include "eval/evaluation.h"

/* text->failed: no memory. */
void summary_text(Text *text, const Evaluation *e);

/* Errors: VOXPERT_BAD_OUTPUT, VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status summary_write(const Evaluation *e, const char *path, Error *error);

const char *empty_policy_name(EmptyPolicy p); /* "nan", "one", "skip" */

#endif

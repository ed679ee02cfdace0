/* summary.h - an evaluation as a file, in the layout of nnU-Net's summary.json:
 *
 *     {"foreground_mean": {"Dice": ...}, "mean": {"1": {...}, ...}, "metric_per_case": [
 *         {"metrics": {"1": {...}}, "prediction_file": ..., "reference_file": ...}]}
 *
 * "mean" is over the cases that count, "foreground_mean" over the labels, plainly: NaN where one of
 * theirs is.  Regions are keys such as "(1, 2)".  Ours are the metrics after the first eight, each
 * case's "spacing_xyz_mm" (of its reference; null where it is not known), and "voxpert": the rules,
 * the units, the names of labels, warnings, and how a model was asked (protocol). */
#ifndef EVAL_SUMMARY_H
#define EVAL_SUMMARY_H

#include "eval/evaluation.h"

/* How numbers that are not finite are written. */
typedef enum NumberStyle {
    NUMBERS_PYTHON, /* NaN, Infinity: as Python writes and reads them, which is not JSON */
    NUMBERS_JSON,   /* null for NaN, and the word "Infinity" */
    NUMBERS_TABLE   /* nan, inf: as tables have them */
} NumberStyle;

void number_text(Text *t, double value, NumberStyle style);

/* text->failed: no memory. */
void summary_text(Text *text, const Evaluation *e, NumberStyle style);

/* Reads what summary_text wrote, or nnU-Net: labels, metrics by their names, cases in the file's
 * order.  A label that a case has no entry of is skipped there; members that are not known are left
 * out.  Errors: VOXPERT_BAD_INPUT names the file and the field. */
MUST_CHECK Status summary_parse(Evaluation *out, const uint8_t *bytes, size_t size,
                                const char *name, Error *error);
MUST_CHECK Status summary_read(Evaluation *out, const char *path, Error *error);

#endif

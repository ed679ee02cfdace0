/* agreement.h - whether references and predictions mean the same by their label values.
 *
 * Masks of 0 and 255 compared with labels 0 and 1 score 0 in every case, and nothing in the numbers
 * says why.  So the values of all cases are compared, once, before the scores are believed. */
#ifndef EVAL_AGREEMENT_H
#define EVAL_AGREEMENT_H

#include "base/warnings.h"
#include "eval/evaluation.h"
#include "eval/label_map.h"

/* Where no labels are named, of the values but the ignored one that all references and all
 * predictions hold.  `*join` is set where each side has one value and they differ: both then mean
 * the same label, which is a warning.  Values that one side alone has are one, too.
 * VOXPERT_BAD_INPUT: several values, and none in common. */
MUST_CHECK Status agreement_find(bool *join, Warnings *w, const LabelValues *reference,
                                 const LabelValues *prediction, Error *error);

/* Where labels are named: a warning for each that one side never holds although it holds others. */
void agreement_of_labels(Warnings *w, const EvaluatedLabel *label, size_t labels,
                         const LabelValues *reference, const LabelValues *prediction);

/* The same of one kind of file alone, such as "segmentation". */
void agreement_of_side(Warnings *w, const EvaluatedLabel *label, size_t labels, const char *side,
                       const LabelValues *values);

#endif

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

/* "1, 2 and 255"; of many "1, 2, 3, 4, 5, 6, 7, 8 and 180 more". */
enum { LABEL_LIST_MAX = 160 };
void label_values_list(char out[LABEL_LIST_MAX], const LabelValues *v);

/* The values but 0 that all files of a kind hold, such as "reference"; NULL: there is no such kind.
 */
typedef struct LabelSide {
    const char *name; /* without its plural's s */
    const LabelValues *values;
} LabelSide;

/* What masks of two levels mark foreground with: 1, 255 or 65535. */
bool is_foreground_value(uint32_t value);

/* Where one label is named, by such a value: another such value that the files of a side hold alone
 * means the label too, unless the other side holds it beside others.  It is added to the label,
 * which is a warning.  Returns how many values were added. */
size_t agreement_extend(EvaluatedLabel *l, Warnings *w, const LabelSide side[2]);

/* A warning for each label that the side never holds although it holds others; where it holds none
 * of them, with how values are joined. */
void agreement_of_side(Warnings *w, const EvaluatedLabel *label, size_t labels, LabelSide side);

#endif

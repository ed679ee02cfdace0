/* paper.h - several methods side by side, as a paper shows them: mean (SD) over the cases.
 *
 * SD is that of a sample (over n - 1).  Values that are infinite, as distances where one mask is
 * empty, are left out of a mean, and how many there were stands beside it. */
#ifndef EVAL_PAPER_H
#define EVAL_PAPER_H

#include "eval/comparison.h"

typedef struct PaperMethod {
    const char *name;
    const Evaluation *evaluation;
    const Comparison *comparison; /* of the first method with this one; NULL: none */
} PaperMethod;

typedef struct PaperTable {
    const PaperMethod *method;
    size_t methods;
} PaperTable;

/* What a cell shows. */
typedef struct PaperValue {
    double mean, deviation;   /* of the finite values; NaN where there is none, or (SD) only one */
    size_t counted, infinite; /* values */
} PaperValue;

PaperValue paper_value(const Evaluation *e, int label, Metric m);

/* A row per label of the first method and method, a column per metric that was chosen: of distances
 * those between surface elements.  p: Wilcoxon's of Dice, against the first method.  Below are the
 * warnings of each method; in LaTeX they are comments. */
void paper_markdown(Text *t, const PaperTable *table);
void paper_latex(Text *t, const PaperTable *table); /* a tabular that needs the package booktabs */

/* A row per label, method and metric; all metrics that compare, with the p of each and
 * the warnings of the method. */
void paper_csv(Text *t, const PaperTable *table);

#endif

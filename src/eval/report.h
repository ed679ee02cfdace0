/* report.h - an evaluation as tables. */
#ifndef EVAL_REPORT_H
#define EVAL_REPORT_H

#include "eval/evaluation.h"

/* The values but NaN of a metric, ascending; of one label by its index, or EVERY_LABEL.  The caller
 * frees; NULL: no memory. */
double *metric_values(const Evaluation *e, int label, Metric m, size_t *count);

/* CSV (RFC 4180): a row per case and label, a column per metric; nan and inf as they are;
 * at the end the warnings of the case, and those of all cases together. */
void report_csv(Text *t, const Evaluation *e);

/* Markdown: a row per label and metric that was chosen: entries, NaN among them, mean, deviation,
 * median and quartiles, least and largest; the rules above, which names the columns mean below. */
void report_markdown(Text *t, const Evaluation *e);

/* A name in Markdown: printable, with a backslash before what Markdown would take as its own. */
void markdown_words(Text *t, const char *text);

/* A list, an item for each sentence, which begins with the method's name (NULL: none is named). */
void markdown_warnings(Text *t, const Warnings *w, const char *method);

/* "1", or with its name "1 liver". */
void label_title(Text *t, const EvaluatedLabel *l);

#endif

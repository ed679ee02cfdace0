/* comparison.h - two methods on the same cases: is one better, and how sure is that?
 *
 * For each label and metric the differences ours - other, case by case: their mean with the
 * percentile interval of a paired bootstrap, and Wilcoxon's signed ranks, two-sided, zeros dropped
 * (exact for up to 200 cases without ties and zeros, else by the normal distribution corrected for
 * ties).  A case in which either value is not finite is left out, and counted.  Of all labels
 * together, a case's value is the mean over the labels that are finite in both.  p is not corrected
 * for the number of tests. */
#ifndef EVAL_COMPARISON_H
#define EVAL_COMPARISON_H

#include "eval/bootstrap.h"
#include "eval/evaluation.h"
#include "eval/paired.h"

typedef struct PairedMetric {
    int label; /* index in ours, or EVERY_LABEL */
    Metric metric;
    size_t pairs, left_out, zeros;  /* cases; zeros: differences below 1e-6 */
    double ours, other, difference; /* means; NaN without pairs */
    Interval interval;
    TestResult wilcoxon;
    bool exact;
} PairedMetric;

typedef struct Comparison {
    const Evaluation *ours; /* the caller's, and must stay */
    char *other;            /* what it was compared with */
    char *other_protocol;   /* how its predictions were made; NULL: they were files */
    BootstrapRule rule;
    PairedMetric *item;
    size_t count;
} Comparison;

BootstrapRule bootstrap_default(void); /* 10000 resamples, seed 0, 95 % */

/* Cases are matched by the names of their references' files, labels and metrics by theirs; what one
 * of both lacks of those is left out.  Errors: VOXPERT_BAD_INPUT where a case has no partner, or
 * nothing is in common, or the rule for empty labels is not the same; VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status comparison_make(Comparison *out, const Evaluation *ours, const Evaluation *other,
                                  const char *other_name, BootstrapRule rule, Error *error);
void comparison_free(Comparison *c); /* a zeroed one is fine */

/* text->failed: no memory. */
void comparison_json(Text *text, const Comparison *c);
void comparison_markdown(Text *text, const Comparison *c);

#endif

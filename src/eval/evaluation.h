/* evaluation.h - predicted label maps against their references: a pair, or folders of them. */
#ifndef EVAL_EVALUATION_H
#define EVAL_EVALUATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "image/volume.h"

/* What is reported of a label that neither the reference nor the prediction has. */
typedef enum EmptyPolicy {
    EMPTY_NAN, /* Dice and the like are NaN, which no mean counts (as nnU-Net) */
    EMPTY_ONE, /* rightly nothing: Dice, IoU and NSD are 1, distances 0 */
    EMPTY_SKIP /* no entry: no mean counts any of its values, counts of voxels included */
} EmptyPolicy;

typedef struct EvaluationRule {
    const uint32_t *label; /* ascending */
    size_t labels;
    EmptyPolicy empty;
    uint32_t ignored;    /* voxels that have this value in the reference do not count; 0: none */
    double tolerance_mm; /* of NSD; 0: no surfaces are measured */
} EvaluationRule;

/* nnU-Net's names and order; the last three are of surface elements (surface.h): ASSD is pooled,
 * HD95 by weight. */
typedef enum Metric {
    METRIC_DICE,
    METRIC_FN,
    METRIC_FP,
    METRIC_IOU,
    METRIC_TN,
    METRIC_TP,
    METRIC_N_PRED,
    METRIC_N_REF,
    METRIC_ASSD,
    METRIC_HD95,
    METRIC_NSD,
    METRICS,
    METRICS_OF_VOXELS = METRIC_ASSD /* how many there are without surfaces */
} Metric;

const char *metric_name(Metric m); /* "Dice", "n_ref", ... */

typedef struct LabelScore {
    double value[METRICS]; /* NaN where it was not measured */
    bool skipped;          /* EMPTY_SKIP: has no entry */
} LabelScore;

/* `out` [rule->labels].  Spacing is the reference's.  Errors: VOXPERT_BAD_INPUT (sizes differ, more
 * than one frame, values that are no labels), VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status labels_score(LabelScore *out, const Volume *reference, const Volume *prediction,
                               const EvaluationRule *rule, Error *error);

/* The values but 0 of a label map, ascending; the caller frees.  Errors: VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status labels_present(uint32_t **out, size_t *count, const uint32_t *labels,
                                 size_t voxels, Error *error);

/* ---- Folders -------------------------------------------------------------------------------- */

typedef struct CaseScore {
    char *reference, *prediction; /* paths */
    LabelScore *label;
} CaseScore;

typedef struct Evaluation {
    EvaluationRule rule; /* with labels of its own */
    uint32_t *label;
    CaseScore *item; /* by name */
    size_t count;
} Evaluation;

/* Files of the same name are a case; hidden files, and those that are no images by their extension,
 * are left out.  Errors: VOXPERT_BAD_INPUT where a file has no partner, or where there is none, and
 * those of volume_read() and labels_score(). */
MUST_CHECK Status evaluation_of_folders(Evaluation *out, const char *references,
                                        const char *predictions, const EvaluationRule *rule,
                                        Error *error);
void evaluation_free(Evaluation *e); /* a zeroed one is fine */

typedef struct MetricSummary {
    size_t entries, counted; /* all; and those that are not NaN, which alone count below */
    double mean, deviation;  /* over n, not n - 1; NaN where nothing counts */
} MetricSummary;

/* Of one label, by its index, or of all labels together. */
enum { EVERY_LABEL = -1 };
MetricSummary evaluation_summary(const Evaluation *e, int label, Metric m);

#endif

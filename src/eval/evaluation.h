/* evaluation.h - predicted label maps against their references: a pair, or folders of them. */
#ifndef EVAL_EVALUATION_H
#define EVAL_EVALUATION_H

#include "base/status.h"
#include "base/text.h"
#include "base/warnings.h"
#include "eval/cases.h"
#include "eval/label_map.h"
#include "eval/metrics.h"
#include "image/volume.h"

/* What is reported of a label that neither the reference nor the prediction has. */
typedef enum EmptyPolicy {
    EMPTY_NAN, /* Dice and the like are NaN, which no mean counts (as nnU-Net) */
    EMPTY_ONE, /* rightly nothing: Dice, IoU, NSD and shares of lesions are 1; distances, errors 0
                */
    EMPTY_SKIP /* no entry: no mean counts any of its values, counts of voxels included */
} EmptyPolicy;

const char *empty_policy_name(EmptyPolicy p); /* "nan", "one", "skip" */

enum { LABEL_VALUES_MAX = 32, LABEL_NAME_MAX = 64 };

/* One label of the maps, or a region: several that are evaluated as one. */
typedef struct EvaluatedLabel {
    uint32_t value[LABEL_VALUES_MAX];
    size_t values;
    char name[LABEL_NAME_MAX]; /* or "" */
} EvaluatedLabel;

/* As nnU-Net writes it: "1", or of a region "(1, 2)". */
void label_key(Text *t, const EvaluatedLabel *l);

bool same_label(const EvaluatedLabel *a, const EvaluatedLabel *b); /* whatever their names */

typedef struct EvaluationRule {
    const EvaluatedLabel *label; /* none: each value that is in a reference or a prediction */
    size_t labels;
    EmptyPolicy empty;
    uint32_t ignored; /* voxels that have this value in the reference do not count; 0: none */
    MetricChoice metrics;
    double spacing_xyz_mm[3]; /* of references whose files do not say theirs; 0: none */
} EvaluationRule;

typedef struct LabelScore {
    double value[METRICS]; /* NaN where it was not measured */
    bool skipped;          /* EMPTY_SKIP: has no entry */
} LabelScore;

/* Of a reference: its grid's, or where its file does not say any the rule's.  False where neither
 * is known. */
bool reference_spacing(double out_xyz[3], const Volume *reference, const EvaluationRule *rule);

/* `out` [rule->labels].  Spacing is the reference's.  Voxels that hold -1 in the reference do not
 * count, in either map.  Errors: VOXPERT_BAD_INPUT (sizes differ, more than one frame, values that
 * are no labels), VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status labels_score(LabelScore *out, const Volume *reference, const Volume *prediction,
                               const EvaluationRule *rule, Error *error);

/* ---- Files and folders ---------------------------------------------------------------------- */

typedef struct CaseScore {
    char *reference, *prediction; /* paths */
    double spacing_xyz_mm[3];     /* of the reference */
    bool spacing_known;           /* by the file or the rule; else the side of a voxel is 1 */
    bool flat;                    /* a picture: its sizes are areas */
    Warnings warnings;
    LabelScore *label;
} CaseScore;

typedef struct Evaluation {
    EvaluationRule rule; /* with labels of its own */
    EvaluatedLabel *label;
    CaseScore *item; /* by name */
    size_t count;
    Warnings of_all;   /* that concern every case */
    Warnings warnings; /* those, and of the cases */
    char *protocol;    /* how predictions were made, a sentence; NULL: they were files */
} Evaluation;

/* The cases of case_pairs_find, each file with a partner.  `work` may be NULL.  Errors:
 * VOXPERT_BAD_INPUT where there is no label, or labels have nothing in common (agreement.h); those
 * of case_pairs_find(), volume_read() and labels_score(), of the first case by name that has one.
 */
MUST_CHECK Status evaluation_run(Evaluation *out, const char *references, const char *predictions,
                                 const EvaluationRule *rule, const CaseWork *work, Error *error);

/* Where the label maps of a case come from.  Both are the caller's to free, also after a failure;
 * called on any thread. */
typedef struct CaseReader {
    Status (*read)(void *context, size_t index, Volume **reference, Volume **prediction,
                   Error *error);
    void *context;
} CaseReader;

/* The same of label maps that `reader` gives; `pairs` names them. */
MUST_CHECK Status evaluation_of_maps(Evaluation *out, const CasePairs *pairs,
                                     const CaseReader *reader, const EvaluationRule *rule,
                                     const CaseWork *work, Error *error);
void evaluation_free(Evaluation *e); /* a zeroed one is fine */

const char *case_name(const CaseScore *c); /* of its reference's file */

typedef struct MetricSummary {
    size_t entries, counted; /* all; and those that are not NaN, which alone count below */
    double mean, deviation;  /* over n, not n - 1; NaN where nothing counts */
} MetricSummary;

/* Of one label, by its index, or of all labels together. */
enum { EVERY_LABEL = -1 };
MetricSummary evaluation_summary(const Evaluation *e, int label, Metric m);

#endif

/* The cases of an evaluation: which files, their scores, and what they say together; declared in
 * evaluation.h. */
#include <math.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "eval/agreement.h"
#include "eval/evaluation.h"
#include "image/align.h"

static void cases_free(CaseScore *item, size_t count) {
    for (size_t i = 0; item && i < count; i++) {
        memory_free(item[i].reference);
        memory_free(item[i].prediction);
        warnings_free(&item[i].warnings);
        memory_free(item[i].label);
    }
    memory_free(item);
}

void evaluation_free(Evaluation *e) {
    cases_free(e->item, e->count);
    memory_free(e->label);
    memory_free(e->protocol);
    warnings_free(&e->warnings);
    warnings_free(&e->of_all);
    *e = (Evaluation){0};
}

const char *case_name(const CaseScore *c) { return path_base(c->reference); }

/* ---- One case ------------------------------------------------------------------------------- */

/* The labels that a case has, where none were named, with their scores.  The last label is one
 * that has no value: what it scores is what any other label scores that is not in this case. */
typedef struct OwnLabels {
    EvaluatedLabel *label;
    size_t count;
    LabelValues values[2]; /* of the reference, without the ignored one; of the prediction */
} OwnLabels;

static Status no_memory_for_labels(const Volume *v, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its labels", volume_name(v));
}

static Status own_labels_find(OwnLabels *own, const Volume *const volume[2], uint32_t ignored,
                              bool *left_out, Error *error) {
    Status status = VOXPERT_OK;
    for (int i = 0; i < 2 && !status; i++)
        status = label_values_of(&own->values[i], volume[i], i == 0, ignored, left_out, error);
    return status;
}

/* A label for each value, in room for one more; NULL: no memory. */
static EvaluatedLabel *labels_of(const LabelValues *all) {
    EvaluatedLabel *label = memory_new((all->count + 1) * sizeof *label);
    for (size_t i = 0; label && i < all->count; i++)
        label[i] = (EvaluatedLabel){.value = {all->value[i]}, .values = 1};
    return label;
}

/* The values of both sides as labels. */
static Status own_labels_join(OwnLabels *own, const Volume *reference, Error *error) {
    LabelValues all = {0};
    bool ok =
        label_values_merge(&all, &own->values[0]) && label_values_merge(&all, &own->values[1]);
    own->label = ok ? labels_of(&all) : NULL;
    own->count = all.count + 1; /* the last one has no value */
    label_values_free(&all);
    return own->label ? VOXPERT_OK : no_memory_for_labels(reference, error);
}

static void own_labels_free(OwnLabels *own) {
    memory_free(own->label);
    label_values_free(&own->values[0]);
    label_values_free(&own->values[1]);
}

static void case_describe(CaseScore *c, const Volume *reference, const Volume *prediction,
                          const EvaluationRule *rule, bool left_out) {
    c->spacing_known = reference_spacing(c->spacing_xyz_mm, reference, rule);
    c->flat = reference->depth == 1;
    warnings_merge(&c->warnings, &reference->warnings);
    warnings_merge(&c->warnings, &prediction->warnings);
    if (left_out) warnings_add(&c->warnings, "%s: ignored voxels (-1) do not count", c->reference);
}

static Status maps_score(CaseScore *c, const EvaluationRule *rule, OwnLabels *own,
                         const Volume *reference, Volume *prediction, Error *error) {
    EvaluationRule with = *rule;
    bool left_out = false;
    Status status = volume_align(prediction, reference, error);
    if (!status)
        status = own_labels_find(own, (const Volume *const[]){reference, prediction}, rule->ignored,
                                 &left_out, error);
    if (!status && !rule->labels) {
        status = own_labels_join(own, reference, error);
        with.label = own->label, with.labels = own->count;
    }
    if (!status && !(c->label = memory_new((with.labels + 1) * sizeof *c->label)))
        status =
            error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its scores", c->prediction);
    if (!status) status = labels_score(c->label, reference, prediction, &with, error);
    if (!status) case_describe(c, reference, prediction, rule, left_out);
    return status;
}

/* ---- Labels that were found ----------------------------------------------------------------- */

static Status labels_join(Evaluation *e, const OwnLabels *own, Error *error) {
    LabelValues all = {0};
    bool ok = true;
    for (size_t i = 0; i < e->count; i++)
        for (int side = 0; side < 2; side++)
            ok = ok && label_values_merge(&all, &own[i].values[side]);
    e->label = ok ? labels_of(&all) : NULL;
    size_t n = all.count;
    label_values_free(&all);
    if (!e->label) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %zu labels", n);
    e->rule.label = e->label, e->rule.labels = n;
    if (n) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s: neither it nor any other file holds a label but 0%s",
                     e->item[0].reference, e->rule.ignored ? " and the ignored one" : "");
}

/* Each case's own scores, by the labels of all. */
static Status scores_spread(Evaluation *e, const OwnLabels *own, Error *error) {
    for (size_t i = 0; i < e->count; i++) {
        CaseScore *c = &e->item[i];
        size_t last = own[i].count - 1, k = 0;
        LabelScore *all = memory_new(e->rule.labels * sizeof *all);
        if (!all)
            return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its scores",
                             c->prediction);
        for (size_t l = 0; l < e->rule.labels; l++) {
            bool has = k < last && own[i].label[k].value[0] == e->label[l].value[0];
            all[l] = c->label[has ? k++ : last];
        }
        memory_free(c->label);
        c->label = all;
    }
    return VOXPERT_OK;
}

/* ---- All cases ------------------------------------------------------------------------------ */

static Status rule_take(Evaluation *e, const EvaluationRule *rule, Error *error) {
    *e = (Evaluation){.rule = *rule};
    if (!rule->labels) return VOXPERT_OK;
    e->label = memory_new(rule->labels * sizeof *e->label);
    if (!e->label)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %zu labels", rule->labels);
    memcpy(e->label, rule->label, rule->labels * sizeof *e->label);
    e->rule.label = e->label;
    return VOXPERT_OK;
}

typedef struct Run {
    Evaluation *e;
    const CasePairs *pairs;
    const CaseReader *reader;
    const CaseWork *work;
    OwnLabels *own; /* of each case */
} Run;

static Status run_case(void *context, size_t index, Error *error) {
    Run *r = context;
    Volume *reference = NULL, *prediction = NULL;
    Status status = r->reader->read(r->reader->context, index, &reference, &prediction, error);
    if (!status)
        status = maps_score(&r->e->item[index], &r->e->rule, &r->own[index], reference, prediction,
                            error);
    volume_free(reference);
    volume_free(prediction);
    return status;
}

/* The pairs' names become the evaluation's. */
static Status cases_take(Evaluation *e, const CasePairs *pairs, Error *error) {
    e->item = memory_new((pairs->count + 1) * sizeof *e->item);
    if (!e->item)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %zu cases", pairs->count);
    for (size_t i = 0; i < pairs->count; i++) {
        CaseScore *c = &e->item[e->count++];
        c->reference = memory_text(pairs->item[i].first);
        c->prediction = memory_text(pairs->item[i].second);
        if (!c->reference || !c->prediction)
            return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the names of case %zu",
                             i + 1);
    }
    return VOXPERT_OK;
}

static void own_labels_reset(Run *r) {
    for (size_t i = 0; i < r->pairs->count; i++) {
        own_labels_free(&r->own[i]);
        r->own[i] = (OwnLabels){0};
    }
}

static Status cases_score(Run *r, Error *error) {
    cases_free(r->e->item, r->e->count);
    r->e->item = NULL, r->e->count = 0;
    own_labels_reset(r);
    Status status = cases_take(r->e, r->pairs, error);
    return status ? status : cases_run(r->pairs, run_case, r, r->work, error);
}

/* The values that all references, and all predictions, hold. */
static bool values_of_all(LabelValues values[2], const Run *r) {
    bool ok = true;
    for (size_t i = 0; i < r->pairs->count; i++) {
        for (int side = 0; side < 2 && ok; side++)
            ok = label_values_merge(&values[side], &r->own[i].values[side]);
    }
    return ok;
}

/* Scores all cases once more with both sides' values as one label, which is then called by the
 * references' value. */
static Status score_as_one(Run *r, const LabelValues values[2], Error *error) {
    Evaluation *e = r->e;
    e->label = memory_new(sizeof *e->label);
    if (!e->label) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a label");
    *e->label = (EvaluatedLabel){.value = {values[0].value[0], values[1].value[0]}, .values = 2};
    e->rule.label = e->label, e->rule.labels = 1;
    Status status = cases_score(r, error);
    e->label->values = 1;
    return status;
}

/* Scores all cases once more where the one label that is named has other values in the files; the
 * label keeps its name and its number. */
static Status labels_extend(Run *r, const LabelValues values[2], Error *error) {
    Evaluation *e = r->e;
    const LabelSide side[2] = {{"reference", &values[0]}, {"prediction", &values[1]}};
    size_t added = e->rule.labels == 1 ? agreement_extend(e->label, &e->of_all, side) : 0;
    Status status = added ? cases_score(r, error) : VOXPERT_OK;
    for (int i = 0; i < 2; i++) agreement_of_side(&e->of_all, e->label, e->rule.labels, side[i]);
    if (added) e->label->values -= added;
    return status;
}

static Status labels_agree(Run *r, bool find, Error *error) {
    Evaluation *e = r->e;
    LabelValues values[2] = {0};
    bool join = false;
    Status status = VOXPERT_OK;
    if (!values_of_all(values, r))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the labels of all cases");
    else if (find)
        status = agreement_find(&join, &e->of_all, &values[0], &values[1], error);
    else
        status = labels_extend(r, values, error);
    if (!status && join) status = score_as_one(r, values, error);
    if (!status && find && !join) status = labels_join(e, r->own, error);
    if (!status && find && !join) status = scores_spread(e, r->own, error);
    label_values_free(&values[0]);
    label_values_free(&values[1]);
    return status;
}

/* Without a spacing there is no millimetre: what has that unit is not measured in such a case. */
static void units_choose(Evaluation *e) {
    size_t known = 0, flat = 0;
    for (size_t i = 0; i < e->count; i++) {
        known += e->item[i].spacing_known;
        flat += e->item[i].flat;
    }
    e->rule.metrics.unscaled = known == 0;
    e->rule.metrics.pictures = flat == e->count;
    if (known == 0 || known == e->count) return;
    warnings_add(
        &e->of_all,
        "the spacing of %zu of %zu references is not known: distances and sizes, which are "
        "in mm, are not measured there",
        e->count - known, e->count);
    for (size_t i = 0; i < e->count; i++) {
        for (size_t l = 0; !e->item[i].spacing_known && l < e->rule.labels; l++) {
            for (int m = 0; m < METRICS; m++)
                if (metric_has_unit((Metric)m)) e->item[i].label[l].value[m] = (double)NAN;
        }
    }
}

static Status warnings_gather(Evaluation *e, Error *error) {
    warnings_merge(&e->warnings, &e->of_all);
    for (size_t i = 0; i < e->count; i++) warnings_merge(&e->warnings, &e->item[i].warnings);
    if (!e->warnings.lines.failed) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the warnings of all cases");
}

static Status run(Run *r, Error *error) {
    bool find = r->e->rule.labels == 0;
    Status status = cases_score(r, error);
    if (!status) status = labels_agree(r, find, error);
    if (status) return status;
    units_choose(r->e);
    return warnings_gather(r->e, error);
}

Status evaluation_of_maps(Evaluation *out, const CasePairs *pairs, const CaseReader *reader,
                          const EvaluationRule *rule, const CaseWork *work, Error *error) {
    Run r = {out, pairs, reader, work, memory_new((pairs->count + 1) * sizeof *r.own)};
    Status status = rule_take(out, rule, error);
    if (!status && !r.own)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %zu cases", pairs->count);
    if (!status) status = run(&r, error);
    if (r.own) own_labels_reset(&r);
    memory_free(r.own);
    if (status) evaluation_free(out);
    return status;
}

/* ---- Files ---------------------------------------------------------------------------------- */

typedef struct Files {
    const CasePairs *pairs;
    size_t max_bytes;
} Files;

static Status read_files(void *context, size_t index, Volume **reference, Volume **prediction,
                         Error *error) {
    const Files *f = context;
    const VolumeReadOptions options = {.labels = true, .max_bytes = f->max_bytes};
    Status status = volume_read(reference, f->pairs->item[index].first, &options, error);
    return status ? status : volume_read(prediction, f->pairs->item[index].second, &options, error);
}

Status evaluation_run(Evaluation *out, const char *references, const char *predictions,
                      const EvaluationRule *rule, const CaseWork *work, Error *error) {
    CasePairs pairs = {0};
    Files files = {&pairs, work ? work->max_bytes : 0};
    *out = (Evaluation){0};
    Status status =
        case_pairs_find(&pairs, references, predictions, (PairRule){.complete = true}, error);
    if (!status)
        status =
            evaluation_of_maps(out, &pairs, &(CaseReader){read_files, &files}, rule, work, error);
    case_pairs_free(&pairs);
    return status;
}

/* ---- What all cases say --------------------------------------------------------------------- */

/* Adds up (value - centre)^power over all that counts. */
static double powers_sum(const Evaluation *e, int label, Metric m, double centre, int power,
                         MetricSummary *counts) {
    double sum = 0.0;
    size_t first = label < 0 ? 0 : (size_t)label, end = label < 0 ? e->rule.labels : first + 1;
    counts->entries = counts->counted = 0;
    for (size_t i = 0; i < e->count; i++) {
        for (size_t l = first; l < end; l++) {
            const LabelScore *s = &e->item[i].label[l];
            if (s->skipped) continue;
            counts->entries++;
            if (isnan(s->value[m])) continue;
            counts->counted++;
            double off = s->value[m] - centre;
            sum += power == 2 ? off * off : off;
        }
    }
    return sum;
}

MetricSummary evaluation_summary(const Evaluation *e, int label, Metric m) {
    MetricSummary s = {.mean = (double)NAN, .deviation = (double)NAN};
    double sum = powers_sum(e, label, m, 0.0, 1, &s);
    if (s.counted == 0) return s;
    s.mean = sum / (double)s.counted;
    s.deviation = sqrt(powers_sum(e, label, m, s.mean, 2, &s) / (double)s.counted);
    return s;
}

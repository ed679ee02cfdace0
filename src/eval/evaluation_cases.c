/* The cases of an evaluation: which files, their scores, and what they say together; declared in
 * evaluation.h. */
#include <math.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "eval/evaluation.h"

static void cases_free(CaseScore *item, size_t count) {
    for (size_t i = 0; item && i < count; i++) {
        memory_free(item[i].reference);
        memory_free(item[i].prediction);
        memory_free(item[i].warning);
        memory_free(item[i].label);
    }
    memory_free(item);
}

void evaluation_free(Evaluation *e) {
    cases_free(e->item, e->count);
    memory_free(e->label);
    *e = (Evaluation){0};
}

const char *case_name(const CaseScore *c) { return path_base(c->reference); }

/* ---- One case ------------------------------------------------------------------------------- */

/* The labels that a case has, where none were named, with their scores.  The last label is one
 * that has no value: what it scores is what any other label scores that is not in this case. */
typedef struct OwnLabels {
    EvaluatedLabel *label;
    size_t count;
} OwnLabels;

static Status add_labels_of(OwnLabels *own, size_t *capacity, const Volume *v, uint32_t ignored,
                            Error *error) {
    size_t voxels = volume_voxels(v), count = 0;
    uint32_t *map = memory_aligned(voxels * sizeof *map), *value = NULL;
    Status status = map ? volume_labels(map, v, error) : VOXPERT_OUT_OF_MEMORY;
    if (!status) status = labels_present(&value, &count, map, voxels, error);
    memory_free(map);
    for (size_t i = 0; i < count && !status; i++) {
        size_t at = 0;
        while (at < own->count && own->label[at].value[0] < value[i]) at++;
        if (value[i] == ignored || (at < own->count && own->label[at].value[0] == value[i]))
            continue;
        if (!memory_grow(&own->label, capacity, own->count, sizeof *own->label)) {
            status = VOXPERT_OUT_OF_MEMORY;
            break;
        }
        memmove(own->label + at + 1, own->label + at, (own->count - at) * sizeof *own->label);
        own->label[at] = (EvaluatedLabel){.value = {value[i]}, .values = 1};
        own->count++;
    }
    memory_free(value);
    if (status == VOXPERT_OUT_OF_MEMORY)
        error_set(error, status, "%s: no memory for its labels", volume_name(v));
    return status;
}

static Status own_labels_find(OwnLabels *own, const Volume *reference, const Volume *prediction,
                              uint32_t ignored, Error *error) {
    size_t capacity = 0;
    Status status = add_labels_of(own, &capacity, reference, ignored, error);
    if (!status) status = add_labels_of(own, &capacity, prediction, ignored, error);
    if (!status && !memory_grow(&own->label, &capacity, own->count, sizeof *own->label))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its labels",
                           volume_name(reference));
    if (!status) own->label[own->count++] = (EvaluatedLabel){.values = 0};
    return status;
}

/* A prediction that was turned or moved is compared voxel by voxel all the same, and says so. */
static Status grids_compare(CaseScore *c, const VolumeGrid *a, const VolumeGrid *b, Error *error) {
    double worst = 0.0;
    memcpy(c->spacing_xyz_mm, a->spacing_xyz_mm, sizeof c->spacing_xyz_mm);
    c->spacing_known = a->source != GRID_UNKNOWN;
    for (int i = 0; i < 12; i++)
        worst = fmax(worst, fabs(a->affine_ras[i / 4][i % 4] - b->affine_ras[i / 4][i % 4]));
    if (worst <= 1e-3 || a->source == GRID_UNKNOWN || b->source == GRID_UNKNOWN) return VOXPERT_OK;
    Text t = {0};
    text_add(&t,
             "%s: its affine differs from its reference's by up to %.3g; voxels are compared by "
             "index, with the reference's spacing",
             c->prediction, worst);
    c->warning = t.chars;
    if (!t.failed) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to compare it", c->prediction);
}

static Status case_score(CaseScore *c, const EvaluationRule *rule, size_t max_bytes, OwnLabels *own,
                         Error *error) {
    const VolumeReadOptions options = {.labels = true, .max_bytes = max_bytes};
    EvaluationRule with = *rule;
    Volume *reference = NULL, *prediction = NULL;
    Status status = volume_read(&reference, c->reference, &options, error);
    if (!status) status = volume_read(&prediction, c->prediction, &options, error);
    if (!status && !rule->labels) {
        status = own_labels_find(own, reference, prediction, rule->ignored, error);
        with.label = own->label, with.labels = own->count;
    }
    if (!status && !(c->label = memory_new((with.labels + 1) * sizeof *c->label)))
        status =
            error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its scores", c->prediction);
    if (!status) status = labels_score(c->label, reference, prediction, &with, error);
    if (!status) status = grids_compare(c, &reference->grid, &prediction->grid, error);
    volume_free(reference);
    volume_free(prediction);
    return status;
}

/* ---- Labels that were found ----------------------------------------------------------------- */

static Status labels_join(Evaluation *e, const OwnLabels *own, Error *error) {
    size_t capacity = 0, n = 0;
    for (size_t i = 0; i < e->count; i++) {
        for (size_t k = 0; k + 1 < own[i].count; k++) {
            size_t at = 0;
            uint32_t value = own[i].label[k].value[0];
            while (at < n && e->label[at].value[0] < value) at++;
            if (at < n && e->label[at].value[0] == value) continue;
            if (!memory_grow(&e->label, &capacity, n, sizeof *e->label))
                return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %zu labels", n);
            memmove(e->label + at + 1, e->label + at, (n++ - at) * sizeof *e->label);
            e->label[at] = own[i].label[k];
        }
    }
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

/* ---- The call ------------------------------------------------------------------------------- */

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
    OwnLabels *own; /* of each case */
    size_t max_bytes;
} Run;

static Status run_case(void *context, size_t index, Error *error) {
    Run *r = context;
    return case_score(&r->e->item[index], &r->e->rule, r->max_bytes, &r->own[index], error);
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

static Status pairs_run(Evaluation *e, const CasePairs *pairs, const CaseWork *work, Error *error) {
    Run run = {e, memory_new((pairs->count + 1) * sizeof *run.own), work ? work->max_bytes : 0};
    if (!run.own)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %zu cases", pairs->count);
    bool find = e->rule.labels == 0;
    Status status = cases_take(e, pairs, error);
    if (!status) status = cases_run(pairs, run_case, &run, work, error);
    if (!status && find) status = labels_join(e, run.own, error);
    if (!status && find) status = scores_spread(e, run.own, error);
    for (size_t i = 0; i < pairs->count; i++) memory_free(run.own[i].label);
    memory_free(run.own);
    return status;
}

Status evaluation_run(Evaluation *out, const char *references, const char *predictions,
                      const EvaluationRule *rule, const CaseWork *work, Error *error) {
    CasePairs pairs = {0};
    Status status = rule_take(out, rule, error);
    if (!status)
        status =
            case_pairs_find(&pairs, references, predictions, (PairRule){.complete = true}, error);
    if (!status) status = pairs_run(out, &pairs, work, error);
    if (status) evaluation_free(out);
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

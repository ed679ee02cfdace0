/* Folders of label maps, and what all their cases say together; declared in evaluation.h. */
#include <math.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "eval/evaluation.h"

void evaluation_free(Evaluation *e) {
    for (size_t i = 0; i < e->count; i++) {
        memory_free(e->item[i].reference);
        memory_free(e->item[i].prediction);
        memory_free(e->item[i].label);
    }
    memory_free(e->item);
    memory_free(e->label);
    *e = (Evaluation){0};
}

/* ---- Cases ---------------------------------------------------------------------------------- */

/* Leaves the names of images that are not hidden. */
static void keep_images(FileNames *names) {
    size_t kept = 0;
    for (size_t i = 0; i < names->count; i++) {
        char *name = names->name[i];
        if (name[0] != '.' && volume_name_is_image(name))
            names->name[kept++] = name;
        else
            memory_free(name);
    }
    names->count = kept;
}

/* Both lists are sorted, so that the first difference shows who lacks a partner. */
static Status names_match(const FileNames *a, const FileNames *b, const char *references,
                          const char *predictions, Error *error) {
    size_t i = 0;
    if (a->count == 0 && b->count == 0)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: holds no images", references);
    while (i < a->count && i < b->count && strcmp(a->name[i], b->name[i]) == 0) i++;
    if (i == a->count && i == b->count) return VOXPERT_OK;
    bool unpredicted = i == b->count || (i < a->count && strcmp(a->name[i], b->name[i]) < 0);
    return error_set(error, VOXPERT_BAD_INPUT, "%s/%s: there is no file of that name in %s",
                     unpredicted ? references : predictions, unpredicted ? a->name[i] : b->name[i],
                     unpredicted ? predictions : references);
}

static Status case_score(CaseScore *c, const EvaluationRule *rule, Error *error) {
    const VolumeReadOptions labels = {.labels = true};
    Volume *reference = NULL, *prediction = NULL;
    Status status = volume_read(&reference, c->reference, &labels, error);
    if (!status) status = volume_read(&prediction, c->prediction, &labels, error);
    if (!status) status = labels_score(c->label, reference, prediction, rule, error);
    volume_free(reference);
    volume_free(prediction);
    return status;
}

static Status case_add(Evaluation *e, const char *references, const char *predictions,
                       const char *name, Error *error) {
    CaseScore *c = &e->item[e->count++];
    *c = (CaseScore){.reference = path_join(references, name),
                     .prediction = path_join(predictions, name),
                     .label = memory_new((e->rule.labels + 1) * sizeof *c->label)};
    if (!c->reference || !c->prediction || !c->label)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to evaluate %s", name);
    return case_score(c, &e->rule, error);
}

static Status evaluation_begin(Evaluation *e, size_t cases, const EvaluationRule *rule,
                               Error *error) {
    *e = (Evaluation){.rule = *rule,
                      .label = memory_new((rule->labels + 1) * sizeof *e->label),
                      .item = memory_new((cases + 1) * sizeof *e->item)};
    if (!e->label || !e->item)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to evaluate %zu cases", cases);
    if (rule->labels) memcpy(e->label, rule->label, rule->labels * sizeof *e->label);
    e->rule.label = e->label;
    return VOXPERT_OK;
}

Status evaluation_of_folders(Evaluation *out, const char *references, const char *predictions,
                             const EvaluationRule *rule, Error *error) {
    FileNames a = {0}, b = {0};
    *out = (Evaluation){0};
    Status status = folder_list(&a, references, error);
    if (!status) status = folder_list(&b, predictions, error);
    keep_images(&a);
    keep_images(&b);
    if (!status) status = names_match(&a, &b, references, predictions, error);
    if (!status) status = evaluation_begin(out, a.count, rule, error);
    for (size_t i = 0; i < a.count && !status; i++)
        status = case_add(out, references, predictions, a.name[i], error);
    if (status) evaluation_free(out);
    file_names_free(&a);
    file_names_free(&b);
    return status;
}

/* ---- All cases ------------------------------------------------------------------------------ */

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

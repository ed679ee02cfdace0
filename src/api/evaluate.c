#include <stdio.h>
#include <string.h>
#include <voxpert/evaluate.h>

#include "api/internal.h"
#include "base/memory.h"
#include "base/warnings.h"
#include "eval/comparison.h"
#include "eval/figures.h"
#include "eval/paper.h"
#include "eval/report.h"
#include "eval/summary.h"

enum { METHODS_MAX = 16 };

struct VoxpertComparison {
    Comparison comparison;
};

const char *voxpert_metric(int index, const char **summary) {
    if (index < 0 || index >= METRIC_GROUPS) return NULL;
    if (summary) *summary = metric_group_help((MetricGroup)index);
    return metric_group_name((MetricGroup)index);
}

Status text_hand_over(Text *text, char **out, Error *error) {
    if (text->failed) {
        text_free(text);
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a report");
    }
    *out = text->chars;
    return VOXPERT_OK;
}

/* ---- Options ---------------------------------------------------------------------------- */

static Status label_take(EvaluatedLabel *to, const VoxpertLabel *from, size_t number,
                         Error *error) {
    if (!from->values || from->value_count < 1 || from->value_count > LABEL_VALUES_MAX ||
        (from->name && strlen(from->name) >= LABEL_NAME_MAX))
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "label %zu: needs 1 to %d values, and a name of fewer than %d bytes",
                         number, (int)LABEL_VALUES_MAX, (int)LABEL_NAME_MAX);
    to->values = from->value_count;
    memcpy(to->value, from->values, from->value_count * sizeof *from->values);
    if (from->name) snprintf(to->name, LABEL_NAME_MAX, "%s", from->name);
    return VOXPERT_OK;
}

Status labels_take(EvaluatedLabel **out, const VoxpertLabel *labels, size_t count, Error *error) {
    EvaluatedLabel *all = memory_new((count + 1) * sizeof *all);
    if (!all) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %zu labels", count);
    Status status = VOXPERT_OK;
    for (size_t i = 0; i < count && !status; i++) {
        status = label_take(&all[i], &labels[i], i + 1, error);
        for (size_t k = 0; k < i && !status; k++) {
            if (same_label(&all[k], &all[i]))
                status = error_set(error, VOXPERT_BAD_ARGUMENT, "labels %zu and %zu are the same",
                                   k + 1, i + 1);
        }
    }
    if (status) {
        memory_free(all);
        all = NULL;
    }
    *out = all;
    return status;
}

Status spacing_take(double to[3], const double from[3], Error *error) {
    for (int a = 0; a < 3; a++) {
        if (!(from[a] >= 0.0 && from[a] <= 1e6) || (from[a] > 0.0) != (from[0] > 0.0))
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "a spacing must be three lengths of more than 0 mm");
        to[a] = from[a];
    }
    return VOXPERT_OK;
}

static Status metrics_take(MetricChoice *c, const VoxpertEvaluateOptions *o, Error *error) {
    *c = (MetricChoice){.groups = o->metric_count ? 0 : GROUPS_ALL};
    for (size_t i = 0; i < o->metric_count; i++) {
        int g = 0;
        while (g < METRIC_GROUPS && strcmp(metric_group_name((MetricGroup)g), o->metrics[i]) != 0)
            g++;
        if (g == METRIC_GROUPS)
            return error_set(error, VOXPERT_BAD_ARGUMENT, "\"%s\" is no metric", o->metrics[i]);
        c->groups |= 1u << g;
    }
    if (o->tolerance_count > TOLERANCES_MAX)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%zu tolerances, where %d are the most",
                         o->tolerance_count, (int)TOLERANCES_MAX);
    for (size_t i = 0; i < o->tolerance_count; i++) {
        if (!(o->tolerances[i] >= 0.0 && o->tolerances[i] < 1e6))
            return error_set(error, VOXPERT_BAD_ARGUMENT, "a tolerance must be from 0 to 1000000");
        double rounded = tolerance_rounded(o->tolerances[i]);
        for (size_t k = 0; k < i; k++) {
            if (!(c->tolerance[k] < rounded) && !(c->tolerance[k] > rounded))
                return error_set(error, VOXPERT_BAD_ARGUMENT, "the tolerance %g is given twice",
                                 rounded);
        }
        c->tolerance[c->tolerances++] = rounded;
    }
    if (c->tolerances == 0) c->tolerance[c->tolerances++] = 2.0;
    return VOXPERT_OK;
}

Status evaluation_rule_take(EvaluationRule *rule, EvaluatedLabel **label,
                            const VoxpertEvaluateOptions *o, Error *error) {
    if (o->empty < VOXPERT_EMPTY_NAN || o->empty > VOXPERT_EMPTY_SKIP)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "an unknown rule for empty labels");
    *rule = (EvaluationRule){
        .labels = o->label_count, .empty = (EmptyPolicy)o->empty, .ignored = o->ignored};
    Status status = metrics_take(&rule->metrics, o, error);
    if (!status) status = spacing_take(rule->spacing_xyz_mm, o->spacing_xyz_mm, error);
    if (!status) status = labels_take(label, o->labels, o->label_count, error);
    rule->label = *label;
    return status;
}

/* ---- Evaluations ------------------------------------------------------------------------ */

static Status evaluation_new(VoxpertEvaluation **out, Error *error) {
    *out = memory_new(sizeof **out);
    if (*out) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for an evaluation");
}

static Status evaluation_keep(VoxpertEvaluation **out, Status status) {
    if (!status) return status;
    voxpert_evaluation_free(*out);
    *out = NULL;
    return status;
}

VoxpertStatus voxpert_evaluate(VoxpertEvaluation **out, const VoxpertEvaluateOptions *options,
                               VoxpertCaseDone *done, void *context, VoxpertError *error) {
    if (!out || !options || !options->references || !options->predictions)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "an evaluation needs references and predictions");
    EvaluationRule rule;
    EvaluatedLabel *label = NULL;
    CaseWork work = {.done = done, .context = context, .max_bytes = options->max_memory};
    *out = NULL;
    Status status = evaluation_rule_take(&rule, &label, options, error);
    if (!status) status = threads_open(&work.threads, options->threads, error);
    if (!status) status = evaluation_new(out, error);
    if (!status)
        status = evaluation_run(&(*out)->evaluation, options->references, options->predictions,
                                &rule, &work, error);
    threads_close(work.threads);
    memory_free(label);
    return evaluation_keep(out, status);
}

VoxpertStatus voxpert_evaluation_read(VoxpertEvaluation **out, const char *path,
                                      VoxpertError *error) {
    if (!out || !path)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_evaluation_read: NULL");
    Status status = evaluation_new(out, error);
    if (!status) status = summary_read(&(*out)->evaluation, path, error);
    return evaluation_keep(out, status);
}

void voxpert_evaluation_free(VoxpertEvaluation *e) {
    if (!e) return;
    evaluation_free(&e->evaluation);
    memory_free(e);
}

const char *voxpert_evaluation_warnings(const VoxpertEvaluation *e) {
    return e ? warnings_lines(&e->evaluation.warnings) : "";
}

const char *voxpert_evaluation_unit(const VoxpertEvaluation *e) {
    return e ? metric_units(&e->evaluation.rule.metrics).length : "";
}

const char *voxpert_evaluation_protocol(const VoxpertEvaluation *e) {
    return e ? e->evaluation.protocol : NULL;
}

VoxpertStatus voxpert_evaluation_report(const VoxpertEvaluation *e, VoxpertReport form, char **text,
                                        VoxpertError *error) {
    Text t = {0};
    if (!e || !text)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_evaluation_report: NULL");
    switch (form) {
    case VOXPERT_REPORT_NNUNET:
        summary_text(&t, &e->evaluation, NUMBERS_PYTHON);
        break;
    case VOXPERT_REPORT_JSON:
        summary_text(&t, &e->evaluation, NUMBERS_JSON);
        break;
    case VOXPERT_REPORT_CSV:
        report_csv(&t, &e->evaluation);
        break;
    case VOXPERT_REPORT_MARKDOWN:
        report_markdown(&t, &e->evaluation);
        break;
    default:
        return error_set(error, VOXPERT_BAD_ARGUMENT, "an unknown form of a report");
    }
    return text_hand_over(&t, text, error);
}

VoxpertStatus voxpert_evaluation_draw(const VoxpertEvaluation *e, VoxpertFigure figure,
                                      const char *path, const char **missing, VoxpertError *error) {
    if (!e || !path || !missing)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_evaluation_draw: NULL");
    if (figure == VOXPERT_FIGURE_BOXES) return figure_boxes(&e->evaluation, path, missing, error);
    if (figure == VOXPERT_FIGURE_BLAND_ALTMAN)
        return figure_bland_altman(&e->evaluation, path, missing, error);
    return error_set(error, VOXPERT_BAD_ARGUMENT, "an unknown figure");
}

/* ---- Comparisons ------------------------------------------------------------------------ */

Status bootstrap_rule_take(BootstrapRule *rule, const VoxpertBootstrap *from, Error *error) {
    *rule = bootstrap_default();
    if (!from) return VOXPERT_OK;
    rule->seed = from->seed;
    if (from->resamples) rule->resamples = from->resamples;
    if (from->level > 0.0) rule->level = from->level;
    if (rule->level < 1.0) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT, "a level must lie between 0 and 1");
}

VoxpertStatus voxpert_compare(VoxpertComparison **out, const VoxpertEvaluation *ours,
                              const VoxpertEvaluation *other, const char *other_name,
                              const VoxpertBootstrap *bootstrap, VoxpertError *error) {
    if (!out || !ours || !other || !other_name)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_compare: NULL");
    BootstrapRule rule;
    *out = NULL;
    if (bootstrap_rule_take(&rule, bootstrap, error)) return VOXPERT_BAD_ARGUMENT;
    *out = memory_new(sizeof **out);
    if (!*out) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a comparison");
    Status status = comparison_make(&(*out)->comparison, &ours->evaluation, &other->evaluation,
                                    other_name, rule, error);
    if (!status) return status;
    voxpert_comparison_free(*out);
    *out = NULL;
    return status;
}

void voxpert_comparison_free(VoxpertComparison *c) {
    if (!c) return;
    comparison_free(&c->comparison);
    memory_free(c);
}

/* ---- Several methods -------------------------------------------------------------------- */

VoxpertStatus voxpert_methods_report(const VoxpertMethod *methods, size_t count, VoxpertReport form,
                                     char **text, VoxpertError *error) {
    PaperMethod method[METHODS_MAX];
    Text t = {0};
    if (!methods || !text || count < 1 || count > METHODS_MAX)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "a table needs 1 to %d methods",
                         (int)METHODS_MAX);
    for (size_t i = 0; i < count; i++) {
        const VoxpertMethod *from = &methods[i];
        if (!from->name || !from->evaluation)
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "method %zu: needs a name and an evaluation", i + 1);
        method[i] = (PaperMethod){from->name, &from->evaluation->evaluation,
                                  from->comparison ? &from->comparison->comparison : NULL};
    }
    const PaperTable table = {method, count};
    if (form == VOXPERT_REPORT_CSV)
        paper_csv(&t, &table);
    else if (form == VOXPERT_REPORT_LATEX)
        paper_latex(&t, &table);
    else if (form == VOXPERT_REPORT_MARKDOWN)
        paper_markdown(&t, &table);
    else
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "methods are reported as CSV, in Markdown or in LaTeX");
    return text_hand_over(&t, text, error);
}

VoxpertStatus voxpert_comparison_report(const VoxpertComparison *c, VoxpertReport form, char **text,
                                        VoxpertError *error) {
    Text t = {0};
    if (!c || !text || (form != VOXPERT_REPORT_JSON && form != VOXPERT_REPORT_MARKDOWN))
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "a comparison is reported as JSON or in Markdown");
    if (form == VOXPERT_REPORT_JSON)
        comparison_json(&t, &c->comparison);
    else
        comparison_markdown(&t, &c->comparison);
    return text_hand_over(&t, text, error);
}

#include "eval/report.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/quote.h"
#include "eval/statistics.h"
#include "eval/summary.h"

double *metric_values(const Evaluation *e, int label, Metric m, size_t *count) {
    size_t first = label < 0 ? 0 : (size_t)label, end = label < 0 ? e->rule.labels : first + 1;
    double *values = memory_new((e->count * (end - first) + 1) * sizeof *values);
    *count = 0;
    for (size_t i = 0; values && i < e->count; i++) {
        for (size_t l = first; l < end; l++) {
            const LabelScore *s = &e->item[i].label[l];
            if (!s->skipped && !isnan(s->value[m])) values[(*count)++] = s->value[m];
        }
    }
    if (values) values_sort(values, *count);
    return values;
}

void label_title(Text *t, const EvaluatedLabel *l) {
    label_key(t, l);
    if (l->name[0]) text_add(t, " %s", l->name);
}

/* ---- CSV ------------------------------------------------------------------------------------ */

static void csv_label(Text *t, const EvaluatedLabel *l) {
    Text key = {0};
    label_key(&key, l);
    text_add_csv_field(t, key.chars ? key.chars : "");
    t->failed |= key.failed;
    text_free(&key);
}

/* Of the case, and of all cases. */
static void csv_warnings(Text *t, const Evaluation *e, const CaseScore *c) {
    Warnings all = {0};
    warnings_merge(&all, &e->of_all);
    warnings_merge(&all, &c->warnings);
    warnings_csv(t, &all);
    text_add(t, "\n");
    warnings_free(&all);
}

void report_csv(Text *t, const Evaluation *e) {
    char name[METRIC_NAME_MAX];
    text_add(t, "case,label,name");
    for (int m = 0; m < METRICS; m++) {
        if (!metric_measured(&e->rule.metrics, (Metric)m)) continue;
        metric_name(name, &e->rule.metrics, (Metric)m);
        text_add(t, ",%s", name);
    }
    text_add(t, ",reference_file,prediction_file,warnings\n");
    for (size_t i = 0; i < e->count; i++) {
        const CaseScore *c = &e->item[i];
        for (size_t l = 0; l < e->rule.labels; l++) {
            if (c->label[l].skipped) continue;
            text_add_csv_field(t, case_name(c));
            text_add(t, ",");
            csv_label(t, &e->label[l]);
            text_add(t, ",");
            text_add_csv_field(t, e->label[l].name);
            for (int m = 0; m < METRICS; m++) {
                if (!metric_measured(&e->rule.metrics, (Metric)m)) continue;
                text_add(t, ",");
                number_text(t, c->label[l].value[m], NUMBERS_TABLE);
            }
            text_add(t, ",");
            text_add_csv_field(t, c->reference);
            text_add(t, ",");
            text_add_csv_field(t, c->prediction);
            text_add(t, ",");
            csv_warnings(t, e, c);
        }
    }
}

/* ---- Markdown ------------------------------------------------------------------------------- */

void markdown_words(Text *t, const char *text) {
    Text printable = {0};
    text_add_printable(&printable, text);
    for (const char *p = printable.chars; p && *p; p++)
        text_add(t, strchr("|\\*`<>[]", *p) ? "\\%c" : "%c", *p);
    t->failed |= printable.failed;
    text_free(&printable);
}

static void add_number(Text *t, double value) {
    if (isfinite(value))
        text_add(t, " %.4g |", value);
    else
        text_add(t, " %s |", isnan(value) ? "-" : value > 0.0 ? "inf" : "-inf");
}

static void add_row(Text *t, const Evaluation *e, int label, Metric m) {
    char name[METRIC_NAME_MAX];
    size_t count;
    MetricSummary s = evaluation_summary(e, label, m);
    double *values = metric_values(e, label, m, &count);
    t->failed |= !values;
    if (!values) return;
    metric_name(name, &e->rule.metrics, m);
    Text title = {0};
    if (label >= 0)
        label_title(&title, &e->label[label]);
    else
        text_add(&title, "all");
    text_add(t, "| ");
    markdown_words(t, title.chars ? title.chars : "");
    text_add(t, " | %s | %zu | %zu |", name, s.entries, s.entries - s.counted);
    const double shown[] = {s.mean,
                            s.deviation,
                            sorted_quantile(values, count, 0.5),
                            sorted_quantile(values, count, 0.25),
                            sorted_quantile(values, count, 0.75),
                            sorted_quantile(values, count, 0.0),
                            sorted_quantile(values, count, 1.0)};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) add_number(t, shown[i]);
    text_add(t, "\n");
    t->failed |= title.failed;
    text_free(&title);
    memory_free(values);
}

void markdown_warnings(Text *t, const Warnings *w, const char *method) {
    const char *next = warnings_lines(w), *line;
    size_t length;
    while (warnings_next(&next, &line, &length)) {
        Text sentence = warnings_sentence(line, length);
        text_add(t, "- Warning");
        if (method) {
            text_add(t, " (");
            markdown_words(t, method);
            text_add(t, ")");
        }
        text_add(t, ": ");
        markdown_words(t, sentence.chars ? sentence.chars : "");
        text_add(t, "\n");
        t->failed |= sentence.failed;
        text_free(&sentence);
    }
}

static void add_rules(Text *t, const Evaluation *e) {
    static const char *const empty[] = {"NaN, and counts in no mean",
                                        "right: overlap 1, distance 0", "left out altogether"};
    text_add(t, "# Evaluation\n\n");
    if (e->protocol) {
        text_add(t, "- Predictions: ");
        markdown_words(t, e->protocol);
        text_add(t, "\n");
    }
    text_add(t, "- Cases: %zu\n- A label that neither has (rule `%s`): %s\n", e->count,
             empty_policy_name(e->rule.empty), empty[e->rule.empty]);
    if (e->rule.ignored)
        text_add(t, "- Voxels whose reference is %u do not count\n", e->rule.ignored);
    if (e->rule.metrics.unscaled)
        text_add(t, "- The spacing is not known: distances and sizes are in %s\n",
                 e->rule.metrics.pictures ? "pixels (px)" : "voxels");
    markdown_warnings(t, &e->warnings, NULL);
    text_add(t, "\n");
}

static void add_legend(Text *t, const MetricChoice *c) {
    text_add(t, "\nDeviation: over n. Quartiles: linear between neighbours.");
    if (c->groups & GROUPS_OF_SURFACES)
        text_add(t, " `_elements`: surfaces of corners weighted by area (DeepMind's "
                    "surface-distance), HD95 the larger direction. `_borders`: border voxels of "
                    "one weight (MedPy), HD95 interpolated over both directions pooled. ASSD: "
                    "pooled in both. Distances are infinite where one mask is empty.");
    if (c->groups >> GROUP_VOLUME & 1)
        text_add(t, " Errors of %ss: prediction - reference; relative to the reference.",
                 metric_units(c).word);
    if (c->groups >> GROUP_LESION & 1)
        text_add(t, " Lesions: pieces over 8 neighbours, in volumes 26; found where the other mask "
                    "has a voxel in common.");
    text_add(t, "\n");
}

void report_markdown(Text *t, const Evaluation *e) {
    add_rules(t, e);
    text_add(t, "| label | metric | entries | NaN | mean | deviation | median | q1 | q3 | least | "
                "largest |\n|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t l = 0; l < e->rule.labels; l++) {
        for (int m = 0; m < METRICS; m++)
            if (metric_chosen(&e->rule.metrics, (Metric)m)) add_row(t, e, (int)l, (Metric)m);
    }
    for (int m = 0; m < METRICS && e->rule.labels > 1; m++)
        if (metric_chosen(&e->rule.metrics, (Metric)m)) add_row(t, e, EVERY_LABEL, (Metric)m);
    add_legend(t, &e->rule.metrics);
}

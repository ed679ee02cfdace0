#include "eval/summary.h"

#include <math.h>

#include "base/files.h"

const char *empty_policy_name(EmptyPolicy p) {
    static const char *const names[] = {"nan", "one", "skip"};
    return names[p];
}

/* ---- Pieces --------------------------------------------------------------------------------- */

static void add_number(Text *t, double value) {
    if (isnan(value))
        text_add(t, "NaN");
    else if (isinf(value))
        text_add(t, value > 0.0 ? "Infinity" : "-Infinity");
    else
        text_add(t, "%.17g", value);
}

/* An object with a member for each metric; `indent` is that of its braces. */
static void add_metrics(Text *t, const double value[METRICS], const EvaluationRule *rule,
                        int indent) {
    int metrics = rule->tolerance_mm > 0.0 ? METRICS : METRICS_OF_VOXELS;
    text_add(t, "{");
    for (int m = 0; m < metrics; m++) {
        text_add(t, "%s\n%*s\"%s\": ", m ? "," : "", indent + 4, "", metric_name((Metric)m));
        add_number(t, value[m]);
    }
    text_add(t, "\n%*s}", indent, "");
}

static void add_case(Text *t, const CaseScore *c, const EvaluationRule *rule) {
    const char *before = "";
    text_add(t, "        {\n            \"metrics\": {");
    for (size_t i = 0; i < rule->labels; i++) {
        if (c->label[i].skipped) continue;
        text_add(t, "%s\n                \"%u\": ", before, rule->label[i]);
        add_metrics(t, c->label[i].value, rule, 16);
        before = ",";
    }
    text_add(t, "\n            },\n            \"prediction_file\": ");
    text_add_quoted(t, c->prediction);
    text_add(t, ",\n            \"reference_file\": ");
    text_add_quoted(t, c->reference);
    text_add(t, "\n        }");
}

/* ---- The whole ------------------------------------------------------------------------------ */

static void add_foreground(Text *t, const Evaluation *e) {
    double value[METRICS];
    for (int m = 0; m < METRICS; m++) {
        double sum = 0.0;
        for (size_t i = 0; i < e->rule.labels; i++)
            sum += evaluation_summary(e, (int)i, (Metric)m).mean;
        value[m] = e->rule.labels ? sum / (double)e->rule.labels : (double)NAN;
    }
    add_metrics(t, value, &e->rule, 4);
}

static void add_means(Text *t, const Evaluation *e) {
    double value[METRICS];
    text_add(t, "{");
    for (size_t i = 0; i < e->rule.labels; i++) {
        for (int m = 0; m < METRICS; m++) value[m] = evaluation_summary(e, (int)i, (Metric)m).mean;
        text_add(t, "%s\n        \"%u\": ", i ? "," : "", e->rule.label[i]);
        add_metrics(t, value, &e->rule, 8);
    }
    text_add(t, "\n    }");
}

static void add_rule(Text *t, const EvaluationRule *rule) {
    text_add(t, "{\n        \"empty\": \"%s\"", empty_policy_name(rule->empty));
    if (rule->ignored) text_add(t, ",\n        \"ignored_label\": %u", rule->ignored);
    if (rule->tolerance_mm > 0.0)
        text_add(t,
                 ",\n        \"surface\": \"elements weighted by area; HD95: the larger direction; "
                 "ASSD: pooled\",\n        \"tolerance_mm\": %.17g",
                 rule->tolerance_mm);
    text_add(t, "\n    }");
}

void summary_text(Text *t, const Evaluation *e) {
    text_add(t, "{\n    \"foreground_mean\": ");
    add_foreground(t, e);
    text_add(t, ",\n    \"mean\": ");
    add_means(t, e);
    text_add(t, ",\n    \"metric_per_case\": [");
    for (size_t i = 0; i < e->count; i++) {
        text_add(t, i ? ",\n" : "\n");
        add_case(t, &e->item[i], &e->rule);
    }
    text_add(t, "\n    ],\n    \"voxpert\": ");
    add_rule(t, &e->rule);
    text_add(t, "\n}\n");
}

Status summary_write(const Evaluation *e, const char *path, Error *error) {
    Text text = {0};
    summary_text(&text, e);
    Status status = text.failed
                        ? error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for it", path)
                        : file_write(path, text.chars, text.length, error);
    text_free(&text);
    return status;
}

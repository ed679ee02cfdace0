#include "eval/summary.h"
#include "base/quote.h"

#include <math.h>

void number_text(Text *t, double value, NumberStyle style) {
    static const char *const words[][3] = {{"NaN", "Infinity", "-Infinity"},
                                           {"null", "\"Infinity\"", "\"-Infinity\""},
                                           {"nan", "inf", "-inf"}};
    if (isnan(value))
        text_add(t, "%s", words[style][0]);
    else if (isinf(value))
        text_add(t, "%s", words[style][value > 0.0 ? 1 : 2]);
    else
        text_add_double(t, value);
}

/* ---- Pieces --------------------------------------------------------------------------------- */

typedef struct Writer {
    Text *t;
    const Evaluation *e;
    NumberStyle style;
} Writer;

/* An object with a member for each metric; `indent` is that of its braces. */
static void add_metrics(const Writer *w, const double value[METRICS], int indent) {
    const char *before = "";
    text_add(w->t, "{");
    for (int m = 0; m < METRICS; m++) {
        char name[METRIC_NAME_MAX];
        if (!metric_measured(&w->e->rule.metrics, (Metric)m)) continue;
        metric_name(name, &w->e->rule.metrics, (Metric)m);
        text_add(w->t, "%s\n%*s\"%s\": ", before, indent + 4, "", name);
        number_text(w->t, value[m], w->style);
        before = ",";
    }
    text_add(w->t, "\n%*s}", indent, "");
}

static void add_key(const Writer *w, const char *before, int indent, size_t label) {
    text_add(w->t, "%s\n%*s\"", before, indent, "");
    label_key(w->t, &w->e->label[label]);
    text_add(w->t, "\": ");
}

static void add_case(const Writer *w, const CaseScore *c) {
    const char *before = "";
    text_add(w->t, "        {\n            \"metrics\": {");
    for (size_t i = 0; i < w->e->rule.labels; i++) {
        if (c->label[i].skipped) continue;
        add_key(w, before, 16, i);
        add_metrics(w, c->label[i].value, 16);
        before = ",";
    }
    text_add(w->t, "\n            },\n            \"prediction_file\": ");
    text_add_quoted(w->t, c->prediction);
    text_add(w->t, ",\n            \"reference_file\": ");
    text_add_quoted(w->t, c->reference);
    const double *mm = c->spacing_xyz_mm;
    if (c->spacing_known)
        text_add(w->t, ",\n            \"spacing_xyz_mm\": [%.9g, %.9g, %.9g]", mm[0], mm[1],
                 mm[2]);
    else
        text_add(w->t, ",\n            \"spacing_xyz_mm\": null");
    text_add(w->t, "\n        }");
}

/* ---- Means ---------------------------------------------------------------------------------- */

static void add_foreground(const Writer *w) {
    double value[METRICS];
    size_t labels = w->e->rule.labels;
    for (int m = 0; m < METRICS; m++) {
        double sum = 0.0;
        for (size_t i = 0; i < labels; i++) sum += evaluation_summary(w->e, (int)i, (Metric)m).mean;
        value[m] = labels ? sum / (double)labels : (double)NAN;
    }
    add_metrics(w, value, 4);
}

static void add_means(const Writer *w) {
    double value[METRICS];
    text_add(w->t, "{");
    for (size_t i = 0; i < w->e->rule.labels; i++) {
        for (int m = 0; m < METRICS; m++)
            value[m] = evaluation_summary(w->e, (int)i, (Metric)m).mean;
        add_key(w, i ? "," : "", 8, i);
        add_metrics(w, value, 8);
    }
    text_add(w->t, "\n    }");
}

/* ---- Rules ---------------------------------------------------------------------------------- */

static void add_names(const Writer *w) {
    const char *before = "";
    for (size_t i = 0; i < w->e->rule.labels; i++) {
        const char *name = w->e->label[i].name;
        if (!*name) continue;
        if (!*before) text_add(w->t, ",\n        \"labels\": {");
        add_key(w, before, 12, i);
        text_add_quoted(w->t, name);
        before = ",";
    }
    if (*before) text_add(w->t, "\n        }");
}

static void add_warnings(const Writer *w) {
    text_add(w->t, ",\n        \"warnings\": ");
    warnings_json(w->t, &w->e->warnings, 8);
}

static void add_rule(const Writer *w) {
    const EvaluationRule *rule = &w->e->rule;
    const MetricChoice *c = &rule->metrics;
    text_add(w->t, "{\n        \"empty\": \"%s\"", empty_policy_name(rule->empty));
    if (w->e->protocol) {
        text_add(w->t, ",\n        \"protocol\": ");
        text_add_quoted(w->t, w->e->protocol);
    }
    text_add(w->t, ",\n        \"units\": {\"length\": \"%s\", \"%s\": \"%s\"}",
             metric_units(c).length, metric_units(c).word, metric_units(c).size);
    add_warnings(w);
    if (rule->ignored) text_add(w->t, ",\n        \"ignored_label\": %u", rule->ignored);
    add_names(w);
    if (c->groups & GROUPS_OF_SURFACES)
        text_add(w->t, ",\n        \"surfaces\": {\n"
                       "            \"elements\": \"corners between voxels, weighted by area "
                       "(DeepMind's surface-distance); HD95: the larger direction; ASSD: "
                       "pooled\",\n"
                       "            \"borders\": \"centres of border voxels, all of one weight "
                       "(MedPy); HD95: interpolated over both directions pooled; ASSD: pooled\"\n"
                       "        }");
    if (c->groups >> GROUP_LESION & 1)
        text_add(w->t, ",\n        \"lesions\": \"pieces over 8 neighbours, in volumes 26; found: "
                       "one voxel in common\"");
    text_add(w->t, "\n    }");
}

/* ---- The whole ------------------------------------------------------------------------------ */

void summary_text(Text *t, const Evaluation *e, NumberStyle style) {
    const Writer w = {t, e, style};
    text_add(t, "{\n    \"foreground_mean\": ");
    add_foreground(&w);
    text_add(t, ",\n    \"mean\": ");
    add_means(&w);
    text_add(t, ",\n    \"metric_per_case\": [");
    for (size_t i = 0; i < e->count; i++) {
        text_add(t, i ? ",\n" : "\n");
        add_case(&w, &e->item[i]);
    }
    text_add(t, "\n    ],\n    \"voxpert\": ");
    add_rule(&w);
    text_add(t, "\n}\n");
}

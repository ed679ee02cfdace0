/* folder.json: label maps of folder/pred against those of folder/gt. */
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "eval/evaluation.h"
#include "eval/summary.h"
#include "tests/golden/eval_parts.h"

static const double tolerance = 1e-12, nsd_mm = 1.0;

enum { MOST_LABELS = 16 };

typedef struct Labels {
    EvaluatedLabel label[MOST_LABELS];
    size_t count;
} Labels;

static Labels labels_of(json_t *root) {
    Labels l = {.count = 0};
    const char *key;
    json_t *name;
    json_object_foreach(json_object_get(root, "labels"), key, name) {
        if (l.count == MOST_LABELS) break;
        l.label[l.count++] =
            (EvaluatedLabel){.value = {(uint32_t)strtoul(key, NULL, 10)}, .values = 1};
    }
    return l;
}

static bool evaluate(EvalRun *run, Evaluation *e, const Labels *l, EmptyPolicy empty) {
    Error error;
    char *truth = path_join(run->folder, "folder/gt"),
         *prediction = path_join(run->folder, "folder/pred");
    const EvaluationRule rule = {
        .label = l->label,
        .labels = l->count,
        .empty = empty,
        .metrics = {.groups = GROUPS_ALL, .tolerance = {nsd_mm}, .tolerances = 1}};
    if (!truth || !prediction) abort();
    bool ok = !evaluation_run(e, truth, prediction, &rule, NULL, &error);
    if (!ok) eval_fail(run, error.message, "folder");
    memory_free(truth);
    memory_free(prediction);
    return ok;
}

/* ---- nnU-Net's summary ---------------------------------------------------------------------- */

/* What is no JSON goes into quotes. */
static json_t *summary_parsed(const Evaluation *e) {
    Text text = {0}, strict = {0};
    summary_text(&text, e, NUMBERS_PYTHON);
    for (const char *p = text.chars; p && *p; p++) {
        const char *name = text_starts(p, ": NaN")        ? "nan"
                           : text_starts(p, ": Infinity") ? "inf"
                                                          : NULL;
        if (name) text_add(&strict, ": \"%s\"", name);
        if (name) p += strcspn(p, ",\n");
        text_add(&strict, "%c", *p);
    }
    json_t *root = strict.chars ? json_loads(strict.chars, 0, NULL) : NULL;
    text_free(&text);
    text_free(&strict);
    return root;
}

/* The golden names are relative to the folder. */
static void names_shorten(json_t *summary, const char *folder) {
    size_t i, k, length = strlen(folder) + strlen("/folder/");
    json_t *entry;
    const char *const keys[] = {"reference_file", "prediction_file"};
    json_array_foreach(json_object_get(summary, "metric_per_case"), i, entry) {
        for (k = 0; k < 2; k++) {
            const char *name = json_string_value(json_object_get(entry, keys[k]));
            if (name && strlen(name) > length)
                json_object_set_new(entry, keys[k], json_string(name + length));
        }
    }
}

static void summary_run(EvalRun *run, const Evaluation *e, json_t *want) {
    json_t *got = summary_parsed(e);
    names_shorten(got, run->folder);
    eval_compare(run, got, want, tolerance, "nnunet_summary");
}

/* ---- Policies for empty masks --------------------------------------------------------------- */

static void policy_run(EvalRun *run, const Labels *l, EmptyPolicy empty, json_t *want) {
    Evaluation e;
    const char *key;
    json_t *value;
    if (!evaluate(run, &e, l, empty)) return;
    json_t *got = json_object();
    json_object_foreach(want, key, value) {
        unsigned label;
        size_t i = 0;
        if (sscanf(key, "class %u", &label) != 1) continue;
        while (i < l->count && l->label[i].value[0] != label) i++;
        if (i == l->count) continue;
        MetricSummary s = evaluation_summary(&e, (int)i, METRIC_DICE);
        if (strstr(key, "mean")) {
            json_object_set_new(got, key, eval_number(s.mean));
            json_object_set_new(got, "cases counted", eval_count(s.counted));
            continue;
        }
        json_t *list = json_array();
        for (size_t c = 0; c < e.count; c++)
            json_array_append_new(list, eval_number(e.item[c].label[i].value[METRIC_DICE]));
        json_object_set_new(got, key, list);
    }
    eval_compare(run, got, want, tolerance, "empty_policies.%s", empty_policy_name(empty));
    evaluation_free(&e);
}

/* ---- The table of SAM-Med3D's script -------------------------------------------------------- */

typedef struct Column {
    const char *key;
    Metric metric;
    double tolerance;
} Column;

static const Column columns[] = {{"dsc", METRIC_DICE, 1e-12}, {"nsd", METRIC_NSD_ELEMENTS, 1e-9}};

static json_t *per_case(const Evaluation *e, const char *key, Metric metric) {
    json_t *cases = json_object();
    for (size_t i = 0; i < e->count; i++) {
        json_t *labels = json_object();
        for (size_t l = 0; l < e->rule.labels; l++) {
            char label[16];
            snprintf(label, sizeof label, "%u", e->label[l].value[0]);
            json_object_set_new(
                labels, label,
                json_pack("{s:o}", key, eval_number(e->item[i].label[l].value[metric])));
        }
        json_object_set_new(cases, path_base(e->item[i].reference), labels);
    }
    return cases;
}

static json_t *per_class(const Evaluation *e, const char *key, Metric metric) {
    json_t *labels = json_object();
    for (size_t l = 0; l < e->rule.labels; l++) {
        char label[16];
        snprintf(label, sizeof label, "%u", e->label[l].value[0]);
        MetricSummary s = evaluation_summary(e, (int)l, metric);
        json_object_set_new(labels, label,
                            json_pack("{s:{s:o,s:o,s:o}}", key, "mean", eval_number(s.mean),
                                      "std_ddof0", eval_number(s.deviation), "count",
                                      eval_count(s.entries)));
    }
    return labels;
}

static json_t *overall(const Evaluation *e, const char *key, Metric metric) {
    MetricSummary s = evaluation_summary(e, EVERY_LABEL, metric);
    return json_pack("{s:{s:o,s:o,s:o}}", key, "mean", eval_number(s.mean), "std_ddof0",
                     eval_number(s.deviation), "n", eval_count(s.counted));
}

/* The classes of each reference, which the script takes unless told otherwise. */
static json_t *classes_of(EvalRun *run, json_t *want) {
    const char *name;
    json_t *list, *got = json_object();
    json_object_foreach(want, name, list) {
        EvalLabels l;
        char relative[512];
        LabelValues found = {0};
        snprintf(relative, sizeof relative, "folder/gt/%s", name);
        if (!eval_labels_read(run, &l, relative)) continue;
        json_t *classes = json_array();
        if (label_values_find(&found, l.label, l.voxels, NULL)) found.count = 0;
        for (size_t i = 0; i < found.count; i++) {
            char text[16];
            snprintf(text, sizeof text, "%u", found.value[i]);
            json_array_append_new(classes, json_string(text));
        }
        json_object_set_new(got, name, classes);
        label_values_free(&found);
        eval_labels_free(&l);
    }
    return got;
}

static void table_run(EvalRun *run, const Evaluation *e, json_t *want) {
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const Column *c = &columns[i];
        const char *const other[] = {columns[!i].key, NULL}; /* has a tolerance of its own */
        run->remarks = other;
        eval_compare(run, per_case(e, c->key, c->metric), json_object_get(want, "per_case"),
                     c->tolerance, "sam_med3d.per_case");
        eval_compare(run, per_class(e, c->key, c->metric), json_object_get(want, "per_class"),
                     c->tolerance, "sam_med3d.per_class");
        eval_compare(run, overall(e, c->key, c->metric), json_object_get(want, "overall"),
                     c->tolerance, "sam_med3d.overall");
    }
    run->remarks = NULL;
    json_t *classes = json_object_get(want, "classes_without_the_option");
    eval_compare(run, classes_of(run, classes), classes, 0.0,
                 "sam_med3d.classes_without_the_option");
}

/* ---- The file ------------------------------------------------------------------------------- */

void eval_evaluation(EvalRun *run, json_t *root) {
    static const char *const remarks[] = {"nnunetv2", NULL};
    Labels l = labels_of(root);
    Evaluation e;
    run->remarks = remarks;
    if (!evaluate(run, &e, &l, EMPTY_NAN)) return;
    summary_run(run, &e, json_object_get(root, "nnunet_summary"));
    for (int p = EMPTY_NAN; p <= EMPTY_SKIP; p++)
        policy_run(run, &l, (EmptyPolicy)p,
                   json_object_get(json_object_get(root, "empty_policies"),
                                   empty_policy_name((EmptyPolicy)p)));
    table_run(run, &e, json_object_get(root, "sam_med3d"));
    evaluation_free(&e);
}

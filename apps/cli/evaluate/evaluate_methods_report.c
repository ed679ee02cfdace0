/* Evaluations of methods as files and on the terminal; declared in evaluate_methods.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/common/error.h"
#include "cli/evaluate/evaluate_methods.h"

static bool wants(const MapsJob *job, int format) { return job->formats >> format & 1; }

/* ---- Files ------------------------------------------------------------------------------ */

enum { NAMES_MAX = OUTPUTS_MAX };

typedef struct Names {
    char *item[NAMES_MAX + 1]; /* NULL-terminated */
    int count;
} Names;

/* "comparison.json"; of the second "comparison-2.json" */
static char *comparison_name(int number, const char *extension) {
    return number == 1 ? cli_text("comparison%s", extension)
                       : cli_text("comparison-%d%s", number, extension);
}

static void names_of(Names *n, const MapsJob *job) {
    static const struct {
        const char *name;
        int format, or_format;
    } files[] = {{"summary.json", FORMAT_NNUNET, FORMAT_NNUNET},
                 {"cases.csv", FORMAT_CSV, FORMAT_PNG},
                 {"table.md", FORMAT_MD, FORMAT_MD},
                 {"boxes.png", FORMAT_PNG, FORMAT_PNG},
                 {"bland_altman.png", FORMAT_PNG, FORMAT_PNG},
                 {"paper.csv", FORMAT_CSV, FORMAT_CSV},
                 {"paper.md", FORMAT_MD, FORMAT_MD},
                 {"paper.tex", FORMAT_TEX, FORMAT_TEX}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (wants(job, files[i].format) || wants(job, files[i].or_format))
            n->item[n->count++] = cli_text("%s", files[i].name);
    }
    for (int i = 1; i <= job->compares; i++) {
        n->item[n->count++] = comparison_name(i, ".json");
        n->item[n->count++] = comparison_name(i, ".md");
    }
}

static void names_free(Names *n) {
    for (int i = 0; i < n->count; i++) free(n->item[i]);
}

VoxpertStatus methods_begin(const MapsJob *job, Results *r, VoxpertError *error) {
    Names names = {.count = 0};
    names_of(&names, job);
    VoxpertStatus status = results_begin(r, job->base, (const char *const *)names.item, error);
    names_free(&names);
    return status;
}

/* ---- Writing ---------------------------------------------------------------------------- */

static VoxpertStatus write_report(const MapsJob *job, Results *r, const Methods *m, int format,
                                  const char *name, VoxpertReport form, VoxpertError *error) {
    char *text = NULL;
    if (!wants(job, format) || !job->base->out) return VOXPERT_OK;
    VoxpertStatus status = voxpert_evaluation_report(m->item[0].evaluation, form, &text, error);
    return results_text(r, name, text, status, error);
}

static VoxpertStatus write_paper(const MapsJob *job, Results *r, const Methods *m, int format,
                                 const char *name, VoxpertReport form, VoxpertError *error) {
    VoxpertMethod method[METHODS_MAX];
    char *text = NULL;
    if (!wants(job, format) || !job->base->out) return VOXPERT_OK;
    for (int i = 0; i < m->count; i++)
        method[i] = (VoxpertMethod){m->item[i].name, m->item[i].evaluation, m->item[i].comparison};
    VoxpertStatus status = voxpert_methods_report(method, (size_t)m->count, form, &text, error);
    return results_text(r, name, text, status, error);
}

static VoxpertStatus draw(const MapsJob *job, Results *r, const Methods *m, VoxpertFigure figure,
                          const char *name, VoxpertError *error) {
    const char *missing = NULL;
    if (!wants(job, FORMAT_PNG) || !job->base->out) return VOXPERT_OK;
    VoxpertStatus status = voxpert_evaluation_draw(m->item[0].evaluation, figure,
                                                   results_figure(r, name), &missing, error);
    if (!status) results_drawn(r, missing);
    return status;
}

static VoxpertStatus write_comparison(Results *r, const Methods *m, int number,
                                      const char *extension, VoxpertReport form,
                                      VoxpertError *error) {
    char *text = NULL, *name = comparison_name(number, extension);
    VoxpertStatus status =
        voxpert_comparison_report(m->item[number].comparison, form, &text, error);
    status = results_text(r, name, text, status, error);
    free(name);
    return status;
}

static VoxpertStatus write_tables(const MapsJob *job, Results *r, const Methods *m,
                                  VoxpertError *error) {
    bool table = wants(job, FORMAT_CSV) || r->undrawn; /* what no figure shows, it says */
    int csv = wants(job, FORMAT_CSV) ? FORMAT_CSV : FORMAT_PNG;
    VoxpertStatus status = VOXPERT_OK;
    if (table) status = write_report(job, r, m, csv, "cases.csv", VOXPERT_REPORT_CSV, error);
    if (!status)
        status = write_paper(job, r, m, FORMAT_CSV, "paper.csv", VOXPERT_REPORT_CSV, error);
    if (!status)
        status = write_paper(job, r, m, FORMAT_MD, "paper.md", VOXPERT_REPORT_MARKDOWN, error);
    if (!status)
        status = write_paper(job, r, m, FORMAT_TEX, "paper.tex", VOXPERT_REPORT_LATEX, error);
    return status;
}

VoxpertStatus methods_write(const MapsJob *job, Results *r, const Methods *m, VoxpertError *error) {
    VoxpertStatus status =
        write_report(job, r, m, FORMAT_NNUNET, "summary.json", VOXPERT_REPORT_NNUNET, error);
    if (!status)
        status = write_report(job, r, m, FORMAT_MD, "table.md", VOXPERT_REPORT_MARKDOWN, error);
    if (!status) status = draw(job, r, m, VOXPERT_FIGURE_BOXES, "boxes.png", error);
    if (!status) status = draw(job, r, m, VOXPERT_FIGURE_BLAND_ALTMAN, "bland_altman.png", error);
    if (!status) status = write_tables(job, r, m, error);
    for (int i = 1; i < m->count && !status; i++) {
        status = write_comparison(r, m, i, ".json", VOXPERT_REPORT_JSON, error);
        if (!status) status = write_comparison(r, m, i, ".md", VOXPERT_REPORT_MARKDOWN, error);
    }
    return status;
}

/* ---- What is printed -------------------------------------------------------------------- */

static json_t *parsed(char *text) {
    json_t *json = text ? json_loads(text, 0, NULL) : NULL;
    voxpert_free(text);
    return json ? json : json_object();
}

static json_t *evaluation_json(const Method *m) {
    char *text = NULL;
    if (voxpert_evaluation_report(m->evaluation, VOXPERT_REPORT_JSON, &text, NULL)) text = NULL;
    return parsed(text);
}

static json_t *comparison_json(const Method *m) {
    char *text = NULL;
    if (voxpert_comparison_report(m->comparison, VOXPERT_REPORT_JSON, &text, NULL)) text = NULL;
    return parsed(text);
}

static void print_value(const char *name, const json_t *value) {
    if (json_is_number(value))
        printf("\t%s %.4g", name, json_number_value(value));
    else
        printf("\t%s %s", name, json_is_string(value) ? "inf" : "-");
}

/* nnU-Net's are there whether one asks for them or not. */
static bool is_asked_for(const MapsJob *job, const char *name) {
    bool asked = job->options.metric_count == 0;
    for (size_t i = 0; i < job->options.metric_count; i++)
        asked |= strcasecmp(job->chosen[i], name) == 0;
    return asked || (strcmp(name, "Dice") != 0 && strcmp(name, "IoU") != 0);
}

/* One line for each label: the means that most people ask for. */
static void print_means(const MapsJob *job, const json_t *evaluation) {
    static const char *const starts[] = {"Dice",
                                         "IoU",
                                         "NSD_elements",
                                         "HD95_elements",
                                         "ASSD_elements",
                                         "volume_error_relative_",
                                         "area_error_relative_",
                                         "lesion_F1",
                                         NULL};
    const char *label, *name;
    json_t *metrics, *value;
    json_t *names = json_object_get(json_object_get(evaluation, "voxpert"), "labels");
    json_object_foreach(json_object_get(evaluation, "mean"), label, metrics) {
        const char *words = json_string_value(json_object_get(names, label));
        printf("%s%s%s", cli_shown(label), words ? " " : "", cli_shown(words));
        for (int i = 0; starts[i]; i++) {
            json_object_foreach(metrics, name, value) {
                if (strncmp(name, starts[i], strlen(starts[i])) == 0 && is_asked_for(job, name))
                    print_value(name, value);
            }
        }
        putchar('\n');
    }
}

static void print_comparison(const json_t *comparison) {
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(comparison, "metrics"), i, row) {
        const json_t *interval = json_object_get(row, "interval");
        printf("%s\t%s\t%+.4g [%.4g, %.4g]\tp %.3g\t%d cases\n",
               json_string_value(json_object_get(row, "label")),
               json_string_value(json_object_get(row, "metric")),
               json_number_value(json_object_get(row, "difference")),
               json_number_value(json_array_get(interval, 0)),
               json_number_value(json_array_get(interval, 1)),
               json_number_value(json_object_get(json_object_get(row, "wilcoxon"), "p")),
               (int)json_integer_value(json_object_get(row, "pairs")));
    }
}

static void print_json(const MapsJob *job, const Results *r, const Methods *m) {
    json_t *all = json_pack("{s:o, s:o}", "evaluation", evaluation_json(&m->item[0]), "outputs",
                            results_json(r));
    if (m->protocol) json_object_set_new(all, "protocol", json_words(m->protocol));
    if (m->item[0].about) json_object_set(all, "model", m->item[0].about);
    if (m->count > 1) json_object_set_new(all, "comparison", comparison_json(&m->item[1]));
    json_t *others = json_array();
    for (int i = 2; i < m->count; i++) json_array_append_new(others, comparison_json(&m->item[i]));
    if (m->count > 2) json_object_set(all, "further_comparisons", others);
    json_decref(others);
    common_report(&job->base->common, all);
}

void methods_print(const MapsJob *job, const Results *r, const Methods *m) {
    if (job->base->common.json) {
        print_json(job, r, m);
        return;
    }
    if (job->base->common.quiet) return;
    json_t *evaluation = evaluation_json(&m->item[0]);
    size_t cases = json_array_size(json_object_get(evaluation, "metric_per_case"));
    if (m->protocol) puts(cli_shown(m->protocol));
    printf("%zu case%s\n", cases, cases == 1 ? "" : "s");
    print_means(job, evaluation);
    json_decref(evaluation);
    for (int i = 1; i < m->count; i++) {
        json_t *comparison = comparison_json(&m->item[i]);
        printf("differences to %s:\n", cli_shown(m->item[i].name));
        print_comparison(comparison);
        json_decref(comparison);
    }
    results_print(r);
}

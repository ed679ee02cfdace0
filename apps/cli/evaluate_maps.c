/* Segmentations against references, and against other ones; declared in evaluate.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/claims.h"
#include "cli/error.h"
#include "cli/evaluate.h"
#include "cli/job.h"
#include "cli/labels_flag.h"
#include "cli/numbers.h"
#include "cli/progress.h"

enum { FORMAT_NNUNET, FORMAT_CSV, FORMAT_MD, FORMAT_PNG };

static const char *const formats[] = {"nnunet", "csv", "md", "png", NULL};

enum { METRICS_MAX = 16, TOLERANCES_MAX = 8 };

typedef struct MapsJob {
    const EvaluateJob *base;
    VoxpertEvaluateOptions options;
    LabelsFlag labels;
    const char *metric[METRICS_MAX + 1]; /* all, NULL-terminated */
    const char *chosen[METRICS_MAX];
    double tolerance[TOLERANCES_MAX];
    unsigned formats;
    const char *compare;
    VoxpertBootstrap bootstrap;
} MapsJob;

/* What comes of it. */
typedef struct Findings {
    VoxpertEvaluation *ours, *other;
    VoxpertComparison *comparison;
} Findings;

/* ---- Flags ------------------------------------------------------------------------------ */

static VoxpertStatus metrics_flag(MapsJob *job, VoxpertError *error) {
    unsigned words = 0;
    for (int i = 0; i < METRICS_MAX && voxpert_metric(i, NULL); i++)
        job->metric[i] = voxpert_metric(i, NULL);
    VoxpertStatus status = words_flag(&words, job->base->options, "--metrics", job->metric, error);
    for (int i = 0; i < METRICS_MAX; i++) {
        if (words >> i & 1) job->chosen[job->options.metric_count++] = job->metric[i];
    }
    job->options.metrics = job->chosen;
    return status;
}

/* "2mm", "2px" or "2": the unit is that of the references' spacing. */
static VoxpertStatus tolerance_flag(MapsJob *job, const char *text, VoxpertError *error) {
    size_t *count = &job->options.tolerance_count;
    char *number = cli_text("%s", text);
    double value = 0.0;
    if (name_ends(number, "mm") || name_ends(number, "px")) number[strlen(number) - 2] = '\0';
    bool ok = numbers_parse(&value, 1, number) && value >= 0.0 && value <= 1e5;
    free(number);
    if (!ok)
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--nsd-tol %s: must be a distance such as 2mm", text);
    if (*count == TOLERANCES_MAX)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "--nsd-tol: %d are the most",
                         (int)TOLERANCES_MAX);
    job->tolerance[(*count)++] = value;
    return VOXPERT_OK;
}

static VoxpertStatus tolerance_flags(MapsJob *job, VoxpertError *error) {
    const Options *o = job->base->options;
    VoxpertStatus status = VOXPERT_OK;
    for (int i = 0; i < o->count && !status; i++) {
        if (strcmp(o->item[i].rule->name, "--nsd-tol") == 0)
            status = tolerance_flag(job, o->item[i].value, error);
    }
    job->options.tolerances = job->tolerance;
    return status;
}

static VoxpertStatus number_flags(MapsJob *job, VoxpertError *error) {
    static const char *const empty[] = {"nan", "one", "skip", NULL};
    const Options *o = job->base->options;
    int rule = 0, ignored = 0, resamples = 0, seed = 0;
    VoxpertStatus status = options_choice(o, "--empty", empty, &rule, error);
    if (!status) status = options_whole(o, "--ignore", -1, INT32_MAX, &ignored, error);
    if (!status && options_has(o, "--ignore") && ignored == 0)
        status = error_say(error, VOXPERT_BAD_ARGUMENT,
                           "--ignore 0: must be a label from 1 on, or -1, which never counts");
    if (!status) status = spacing_flag(job->options.spacing_xyz_mm, o, error);
    if (!status) status = options_whole(o, "--resamples", 1, 10000000, &resamples, error);
    if (!status) status = options_whole(o, "--seed", 0, INT32_MAX, &seed, error);
    job->options.empty = (VoxpertEmpty)rule;
    job->options.ignored = ignored > 0 ? (uint32_t)ignored : job->labels.ignored;
    job->bootstrap.resamples = (size_t)resamples;
    job->bootstrap.seed = (uint64_t)seed;
    return status;
}

static VoxpertStatus maps_flags(MapsJob *job, VoxpertError *error) {
    const Options *o = job->base->options;
    job->options.predictions = options_value(o, "--predictions");
    job->options.references = options_value(o, "--references");
    job->options.threads = job->base->common.threads;
    job->options.max_memory = job->base->common.max_memory;
    job->compare = options_value(o, "--compare");
    if (!job->options.predictions || !job->options.references)
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--predictions and --references are needed, or --data and --clicks");
    VoxpertStatus status = labels_flag_read(&job->labels, options_value(o, "--labels"), error);
    job->options.labels = job->labels.item;
    job->options.label_count = job->labels.count;
    if (!status) status = number_flags(job, error);
    if (!status) status = metrics_flag(job, error);
    if (!status) status = tolerance_flags(job, error);
    if (!status) status = words_flag(&job->formats, o, "--format", formats, error);
    if (!status && job->formats && !job->base->out)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--format goes with --out");
    if (!status && !job->compare && (options_has(o, "--resamples") || options_has(o, "--seed")))
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--resamples and --seed go with --compare");
    if (job->formats == 0) job->formats = ~0u;
    return status;
}

static bool wants(const MapsJob *job, int format) { return job->formats >> format & 1; }

static VoxpertStatus begin(const MapsJob *job, Results *r, VoxpertError *error) {
    const char *names[8] = {0};
    int count = 0;
    if (wants(job, FORMAT_NNUNET)) names[count++] = "summary.json";
    if (wants(job, FORMAT_CSV) || wants(job, FORMAT_PNG)) names[count++] = "cases.csv";
    if (wants(job, FORMAT_MD)) names[count++] = "table.md";
    if (wants(job, FORMAT_PNG)) names[count++] = "boxes.png";
    if (wants(job, FORMAT_PNG)) names[count++] = "bland_altman.png";
    if (job->compare) names[count++] = "comparison.json";
    if (job->compare) names[count++] = "comparison.md";
    Claims claims = {0};
    const char *out = job->base->out;
    char *path[8] = {0};
    claims_read(&claims, job->compare);
    claims_read(&claims, job->options.predictions);
    claims_read(&claims, job->options.references);
    for (int i = 0; i < count && out; i++) {
        path[i] = cli_text("%s/%s", out, names[i]);
        claims_write(&claims, "--out", path[i], names[i]);
    }
    VoxpertStatus status = claims_check(&claims, error);
    claims_free(&claims);
    for (int i = 0; i < count; i++) free(path[i]);
    return status ? status : results_begin(r, job->base, names, error);
}

/* ---- Work ------------------------------------------------------------------------------- */

static VoxpertStatus evaluate(const MapsJob *job, VoxpertEvaluation **out,
                              const VoxpertEvaluateOptions *options, VoxpertError *error) {
    Progress progress = progress_begin(&job->base->common, "cases", 0);
    VoxpertStatus status = voxpert_evaluate(out, options, progress_case, &progress, error);
    progress_end(&progress);
    if (!status) common_warn_lines(&job->base->common, voxpert_evaluation_warnings(*out));
    return status;
}

static bool other_is_summary(const MapsJob *job) {
    return job->compare && !is_folder(job->compare) && name_ends(job->compare, ".json");
}

/* Labels that were found in one of both alone are not compared. */
static VoxpertStatus compare(const MapsJob *job, Findings *f, VoxpertError *error) {
    VoxpertEvaluateOptions other = job->options;
    other.predictions = job->compare;
    VoxpertStatus status = f->other ? VOXPERT_OK : evaluate(job, &f->other, &other, error);
    if (status) return status;
    return voxpert_compare(&f->comparison, f->ours, f->other, job->compare, &job->bootstrap, error);
}

static VoxpertStatus write_report(const MapsJob *job, Results *r, const Findings *f, int format,
                                  const char *name, VoxpertReport form, VoxpertError *error) {
    char *text = NULL;
    if (!wants(job, format) || !job->base->out) return VOXPERT_OK;
    VoxpertStatus status = voxpert_evaluation_report(f->ours, form, &text, error);
    return results_text(r, name, text, status, error);
}

static VoxpertStatus draw(const MapsJob *job, Results *r, const Findings *f, VoxpertFigure figure,
                          const char *name, VoxpertError *error) {
    const char *missing = NULL;
    if (!wants(job, FORMAT_PNG) || !job->base->out) return VOXPERT_OK;
    VoxpertStatus status =
        voxpert_evaluation_draw(f->ours, figure, results_figure(r, name), &missing, error);
    if (!status) results_drawn(r, missing);
    return status;
}

static VoxpertStatus write_comparison(Results *r, const Findings *f, const char *name,
                                      VoxpertReport form, VoxpertError *error) {
    char *text = NULL;
    if (!f->comparison) return VOXPERT_OK;
    VoxpertStatus status = voxpert_comparison_report(f->comparison, form, &text, error);
    return results_text(r, name, text, status, error);
}

static VoxpertStatus write_all(const MapsJob *job, Results *r, const Findings *f,
                               VoxpertError *error) {
    VoxpertStatus status =
        write_report(job, r, f, FORMAT_NNUNET, "summary.json", VOXPERT_REPORT_NNUNET, error);
    if (!status)
        status = write_report(job, r, f, FORMAT_MD, "table.md", VOXPERT_REPORT_MARKDOWN, error);
    if (!status) status = draw(job, r, f, VOXPERT_FIGURE_BOXES, "boxes.png", error);
    if (!status) status = draw(job, r, f, VOXPERT_FIGURE_BLAND_ALTMAN, "bland_altman.png", error);
    bool table = wants(job, FORMAT_CSV) || r->undrawn; /* what no figure shows, it says */
    if (!status && table)
        status = write_report(job, r, f, wants(job, FORMAT_CSV) ? FORMAT_CSV : FORMAT_PNG,
                              "cases.csv", VOXPERT_REPORT_CSV, error);
    if (!status) status = write_comparison(r, f, "comparison.json", VOXPERT_REPORT_JSON, error);
    if (!status) status = write_comparison(r, f, "comparison.md", VOXPERT_REPORT_MARKDOWN, error);
    return status;
}

/* ---- What is printed -------------------------------------------------------------------- */

static json_t *parsed(char *text) {
    json_t *json = text ? json_loads(text, 0, NULL) : NULL;
    voxpert_free(text);
    return json ? json : json_object();
}

static json_t *evaluation_json(const Findings *f) {
    char *text = NULL;
    if (voxpert_evaluation_report(f->ours, VOXPERT_REPORT_JSON, &text, NULL)) text = NULL;
    return parsed(text);
}

static json_t *comparison_json(const Findings *f) {
    char *text = NULL;
    if (voxpert_comparison_report(f->comparison, VOXPERT_REPORT_JSON, &text, NULL)) text = NULL;
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

static void tell(const MapsJob *job, const Results *r, const Findings *f) {
    const Common *common = &job->base->common;
    json_t *evaluation = evaluation_json(f),
           *comparison = f->comparison ? comparison_json(f) : NULL;
    if (common->json) {
        json_t *all = json_pack("{s:O, s:o}", "evaluation", evaluation, "outputs", results_json(r));
        if (comparison) json_object_set(all, "comparison", comparison);
        common_report(common, all);
    } else if (!common->quiet) {
        size_t cases = json_array_size(json_object_get(evaluation, "metric_per_case"));
        printf("%zu case%s\n", cases, cases == 1 ? "" : "s");
        print_means(job, evaluation);
        if (comparison) printf("differences to %s:\n", cli_shown(job->compare));
        if (comparison) print_comparison(comparison);
        results_print(r);
    }
    json_decref(evaluation);
    json_decref(comparison);
}

/* ---- All of it -------------------------------------------------------------------------- */

static VoxpertStatus work(const MapsJob *job, VoxpertError *error) {
    Results results = {0};
    Findings found = {0};
    VoxpertStatus status = begin(job, &results, error);
    if (!status) {
        if (other_is_summary(job)) /* a file that is none ends it before the work */
            status = voxpert_evaluation_read(&found.other, job->compare, error);
        if (!status) status = evaluate(job, &found.ours, &job->options, error);
        if (!status && job->compare) status = compare(job, &found, error);
        if (!status) status = write_all(job, &results, &found, error);
        status = results_end(&results, status, error);
    }
    if (!status) tell(job, &results, &found);
    voxpert_comparison_free(found.comparison);
    voxpert_evaluation_free(found.other);
    voxpert_evaluation_free(found.ours);
    results_free(&results);
    return status;
}

VoxpertStatus evaluate_segmentations(const EvaluateJob *base, VoxpertError *error) {
    MapsJob job = {.base = base};
    VoxpertStatus status = maps_flags(&job, error);
    if (!status) status = work(&job, error);
    labels_flag_free(&job.labels);
    return status;
}

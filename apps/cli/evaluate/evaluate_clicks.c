/* A model, asked with boxes and clicks; declared in evaluate.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/common/error.h"
#include "cli/common/paths.h"
#include "cli/common/progress.h"
#include "cli/evaluate/evaluate.h"

static const char *const names[] = {"clicks.json", "clicks.csv",      "curve.csv",     "clicks.md",
                                    "curve.png",   "comparison.json", "comparison.md", NULL};
static const char *const compared_names[] = {"comparison.json", "comparison.md", NULL};

typedef struct ClicksJob {
    const EvaluateJob *base;
    EngineOptions engine;
    VoxpertClicksOptions options;
    const char **data;
    VoxpertBootstrap bootstrap;
    const char *ours, *other; /* clicks.json: ours in place of a model; or NULL */
} ClicksJob;

static VoxpertStatus compare_flags(ClicksJob *job, VoxpertError *error) {
    const Options *o = job->base->options;
    int count = 0, resamples = 0, seed = 0;
    for (int i = 0; i < o->count; i++) count += strcmp(o->item[i].rule->name, "--compare") == 0;
    job->other = options_value(o, "--compare");
    if (count > 1)
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--compare: clicks are compared with one other clicks.json");
    if (job->other && !name_ends(job->other, ".json"))
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--compare %s: clicks are compared with the clicks.json of another run",
                         job->other);
    if (!job->other && (options_has(o, "--resamples") || options_has(o, "--seed")))
        return error_say(error, VOXPERT_BAD_ARGUMENT, "--resamples and --seed go with --compare");
    VoxpertStatus status = options_whole(o, "--resamples", 1, 10000000, &resamples, error);
    if (!status) status = options_whole(o, "--seed", 0, INT32_MAX, &seed, error);
    job->bootstrap = (VoxpertBootstrap){.resamples = (size_t)resamples, .seed = (uint64_t)seed};
    return status;
}

static VoxpertStatus clicks_flags(ClicksJob *job, VoxpertError *error) {
    const Options *o = job->base->options;
    size_t count = 0;
    for (int i = 0; i < o->count; i++) {
        if (strcmp(o->item[i].rule->name, "--data") != 0) continue;
        cli_grow(&job->data, count, sizeof *job->data);
        job->data[count++] = o->item[i].value;
    }
    job->options.data = job->data;
    job->options.data_count = count;
    job->options.part = "all";
    VoxpertStatus status = engine_flags(&job->engine, o, error);
    if (!status && count == 0)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--data is needed: what to click at");
    if (!status && options_has(o, "--format"))
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--format does not go with --clicks");
    if (!status) status = compare_flags(job, error);
    if (!status) status = zoom_flags(&job->options.zoom, o, error);
    if (!status) status = options_whole(o, "--clicks", 1, 50, &job->options.clicks, error);
    if (!status) status = options_whole(o, "--most", 1, 1 << 30, &job->options.most, error);
    if (!status) status = options_word(o, "--part", &job->options.part, error);
    job->options.prompt_free = options_has(o, "--prompt-free");
    return status;
}

/* ---- Writing ---------------------------------------------------------------------------- */

static VoxpertStatus write_report(Results *r, const VoxpertClicks *c, const char *name,
                                  VoxpertReport form, VoxpertError *error) {
    char *text = NULL;
    VoxpertStatus status = voxpert_clicks_report(c, form, &text, error);
    return results_text(r, name, text, status, error);
}

static VoxpertStatus write_all(Results *r, const VoxpertClicks *c, VoxpertError *error) {
    char *curve = NULL;
    const char *missing = NULL;
    VoxpertStatus status = write_report(r, c, "clicks.json", VOXPERT_REPORT_JSON, error);
    if (!status) status = write_report(r, c, "clicks.csv", VOXPERT_REPORT_CSV, error);
    if (!status) status = write_report(r, c, "clicks.md", VOXPERT_REPORT_MARKDOWN, error);
    if (!status) status = voxpert_clicks_curve(c, &curve, error);
    status = results_text(r, "curve.csv", curve, status, error);
    if (status || !r->job->out) return status;
    status = voxpert_clicks_draw(c, results_figure(r, "curve.png"), &missing, error);
    if (!status) results_drawn(r, missing);
    return status;
}

static VoxpertStatus write_comparison(Results *r, const VoxpertClicksComparison *c,
                                      VoxpertError *error) {
    char *json = NULL, *markdown = NULL;
    VoxpertStatus status = voxpert_clicks_comparison_report(c, VOXPERT_REPORT_JSON, &json, error);
    status = results_text(r, "comparison.json", json, status, error);
    if (!status)
        status = voxpert_clicks_comparison_report(c, VOXPERT_REPORT_MARKDOWN, &markdown, error);
    return results_text(r, "comparison.md", markdown, status, error);
}

/* With another run's objects, where that was asked for. */
static VoxpertStatus compare(const ClicksJob *job, Results *r, const VoxpertClicks *ours,
                             VoxpertClicksComparison **out, VoxpertError *error) {
    if (!job->other) return VOXPERT_OK;
    VoxpertStatus status =
        voxpert_clicks_compare(out, ours, job->ours, job->other, &job->bootstrap, error);
    if (!status) common_warn_lines(&job->base->common, voxpert_clicks_comparison_warnings(*out));
    return status ? status : write_comparison(r, *out, error);
}

static json_t *comparison_json(const VoxpertClicksComparison *c) {
    char *text = NULL;
    if (voxpert_clicks_comparison_report(c, VOXPERT_REPORT_JSON, &text, NULL)) return NULL;
    json_t *json = json_loads(text, 0, NULL);
    voxpert_free(text);
    return json;
}

static void print_comparison(const VoxpertClicksComparison *c) {
    json_t *json = comparison_json(c), *row;
    size_t i;
    printf("differences to %s:\n", cli_shown(json_string_value(json_object_get(json, "other"))));
    json_array_foreach(json_object_get(json, "rows"), i, row) {
        const json_t *interval = json_object_get(row, "interval");
        printf("%s\t%s\t%d clicks\t%+.4g [%.4g, %.4g]\tp %.3g\t%d objects\n",
               cli_shown(json_string_value(json_object_get(row, "set"))),
               json_string_value(json_object_get(row, "way")),
               (int)json_integer_value(json_object_get(row, "clicks")),
               json_number_value(json_object_get(row, "difference")),
               json_number_value(json_array_get(interval, 0)),
               json_number_value(json_array_get(interval, 1)),
               json_number_value(json_object_get(json_object_get(row, "wilcoxon"), "p")),
               (int)json_integer_value(json_object_get(row, "pairs")));
    }
    json_decref(json);
}

static void tell(const ClicksJob *job, const Results *r, const VoxpertClicks *c,
                 const VoxpertClicksComparison *compared, Engine *engine) {
    char *text = NULL;
    VoxpertReport form = job->base->common.json ? VOXPERT_REPORT_JSON : VOXPERT_REPORT_MARKDOWN;
    if (voxpert_clicks_report(c, form, &text, NULL)) return;
    if (job->base->common.json) {
        json_t *json = json_loads(text, 0, NULL);
        json_t *all = json_pack("{s:O, s:o, s:o}", "model", engine_about(engine), "evaluation",
                                json ? json : json_object(), "outputs", results_json(r));
        if (compared) json_object_set_new(all, "comparison", comparison_json(compared));
        common_report(&job->base->common, all);
    } else if (!job->base->common.quiet) {
        const char *title_end = strstr(text, "\n\n");
        fputs(title_end ? title_end + 2 : text, stdout); /* the protocol comes first */
        if (compared) print_comparison(compared);
        results_print(r);
    }
    voxpert_free(text);
}

/* ---- All of it -------------------------------------------------------------------------- */

static VoxpertStatus measure(const ClicksJob *job, Engine *engine, VoxpertClicks **out,
                             VoxpertError *error) {
    Progress progress = progress_begin(&job->base->common, "objects", 0);
    progress_keep(&progress, "no results were written");
    VoxpertStatus status =
        voxpert_evaluate_clicks(out, engine->model, &job->options, progress_case, &progress, error);
    progress_end(&progress);
    if (!status) common_warn_lines(&job->base->common, voxpert_clicks_warnings(*out));
    return status;
}

/* A file that is none ends it before the work. */
static VoxpertStatus check_other(const ClicksJob *job, VoxpertError *error) {
    VoxpertClicksComparison *with_itself = NULL;
    if (!job->other) return VOXPERT_OK;
    const VoxpertBootstrap one = {.resamples = 1};
    VoxpertStatus status =
        voxpert_clicks_compare(&with_itself, NULL, job->other, job->other, &one, error);
    voxpert_clicks_comparison_free(with_itself);
    return status;
}

static VoxpertStatus work(const ClicksJob *job, VoxpertError *error) {
    Engine engine = {0};
    Results results = {0};
    VoxpertClicks *clicks = NULL;
    VoxpertClicksComparison *compared = NULL;
    VoxpertStatus status = check_other(job, error);
    if (!status) status = results_begin(&results, job->base, names, error);
    if (!status) {
        status = engine_open(&engine, &job->base->common, &job->engine, error);
        if (!status) status = measure(job, &engine, &clicks, error);
        if (!status) status = write_all(&results, clicks, error);
        if (!status) status = compare(job, &results, clicks, &compared, error);
        status = results_end(&results, status, error);
    }
    if (!status) tell(job, &results, clicks, compared, &engine);
    voxpert_clicks_comparison_free(compared);
    voxpert_clicks_free(clicks);
    engine_close(&engine);
    results_free(&results);
    return status;
}

VoxpertStatus evaluate_model(const EvaluateJob *base, VoxpertError *error) {
    ClicksJob job = {.base = base};
    VoxpertStatus status = clicks_flags(&job, error);
    if (!status) status = work(&job, error);
    free(job.data);
    return status;
}

/* ---- Two reports ------------------------------------------------------------------------ */

static void print_reports(const ClicksJob *job, const Results *r,
                          const VoxpertClicksComparison *compared) {
    if (job->base->common.json) {
        common_report(&job->base->common,
                      json_pack("{s:o, s:o}", "comparison", comparison_json(compared), "outputs",
                                results_json(r)));
    } else if (!job->base->common.quiet) {
        print_comparison(compared);
        results_print(r);
    }
}

VoxpertStatus evaluate_reports(const EvaluateJob *base, VoxpertError *error) {
    ClicksJob job = {.base = base, .ours = options_value(base->options, "--predictions")};
    Results results = {0};
    VoxpertClicksComparison *compared = NULL;
    VoxpertStatus status = compare_flags(&job, error);
    if (!status && !job.other)
        status = error_say(error, VOXPERT_BAD_ARGUMENT,
                           "--predictions %s: a clicks.json is compared with that of --compare",
                           job.ours);
    if (!status) status = results_begin(&results, base, compared_names, error);
    if (!status) {
        status = compare(&job, &results, NULL, &compared, error);
        status = results_end(&results, status, error);
    }
    if (!status) print_reports(&job, &results, compared);
    voxpert_clicks_comparison_free(compared);
    results_free(&results);
    return status;
}

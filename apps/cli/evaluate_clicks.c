/* A model, asked with boxes and clicks; declared in evaluate.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/error.h"
#include "cli/evaluate.h"
#include "cli/progress.h"

static const char *const names[] = {"clicks.json", "clicks.csv", "curve.csv",
                                    "clicks.md",   "curve.png",  NULL};

typedef struct ClicksJob {
    const EvaluateJob *base;
    EngineOptions engine;
    VoxpertClicksOptions options;
    const char **data;
} ClicksJob;

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
    static const char *const parts[] = {"train", "validation", "test", "all", NULL};
    int part = 3;
    VoxpertStatus status = engine_flags(&job->engine, o, error);
    if (!status && count == 0)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--data is needed: what to click at");
    if (!status && options_has(o, "--format"))
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--format does not go with --clicks");
    if (!status) status = zoom_flags(&job->options.zoom, o, error);
    if (!status) status = options_whole(o, "--clicks", 1, 50, &job->options.clicks, error);
    if (!status) status = options_whole(o, "--most", 1, 1 << 30, &job->options.most, error);
    if (!status) status = options_choice(o, "--part", parts, &part, error);
    job->options.part = parts[part];
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

static void tell(const ClicksJob *job, const Results *r, const VoxpertClicks *c, Engine *engine) {
    char *text = NULL;
    VoxpertReport form = job->base->common.json ? VOXPERT_REPORT_JSON : VOXPERT_REPORT_MARKDOWN;
    if (voxpert_clicks_report(c, form, &text, NULL)) return;
    if (job->base->common.json) {
        json_t *json = json_loads(text, 0, NULL);
        common_report(&job->base->common,
                      json_pack("{s:O, s:o, s:o}", "model", engine_about(engine), "evaluation",
                                json ? json : json_object(), "outputs", results_json(r)));
    } else if (!job->base->common.quiet) {
        const char *title_end = strstr(text, "\n\n");
        fputs(title_end ? title_end + 2 : text, stdout); /* the protocol comes first */
        results_print(r);
    }
    voxpert_free(text);
}

/* ---- All of it -------------------------------------------------------------------------- */

static VoxpertStatus measure(const ClicksJob *job, Engine *engine, VoxpertClicks **out,
                             VoxpertError *error) {
    Progress progress = progress_begin(&job->base->common, "objects", 0);
    VoxpertStatus status =
        voxpert_evaluate_clicks(out, engine->model, &job->options, progress_case, &progress, error);
    progress_end(&progress);
    if (!status) common_warn_lines(&job->base->common, voxpert_clicks_warnings(*out));
    return status;
}

static VoxpertStatus work(const ClicksJob *job, VoxpertError *error) {
    Engine engine = {0};
    Results results = {0};
    VoxpertClicks *clicks = NULL;
    VoxpertStatus status = results_begin(&results, job->base, names, error);
    if (!status) {
        status = engine_open(&engine, &job->base->common, &job->engine, error);
        if (!status) status = measure(job, &engine, &clicks, error);
        if (!status) status = write_all(&results, clicks, error);
        status = results_end(&results, status, error);
    }
    if (!status) tell(job, &results, clicks, &engine);
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

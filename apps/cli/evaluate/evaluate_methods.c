#include "cli/evaluate/evaluate_methods.h"

#include <stdlib.h>
#include <string.h>

#include "cli/common/error.h"
#include "cli/common/paths.h"
#include "cli/common/progress.h"
#include "cli/segment/job.h"

static void take_warnings(const MapsJob *job, const VoxpertEvaluation *e) {
    common_warn_lines(&job->base->common, voxpert_evaluation_warnings(e));
    const char *unit = voxpert_evaluation_unit(e);
    if (job->tolerance_mm && strcmp(unit, "mm") != 0)
        common_warn(&job->base->common,
                    "--nsd-tol is in %s: the spacing of the references is not known", unit);
}

static bool is_summary(const char *path) { return !is_folder(path) && name_ends(path, ".json"); }

static Method *method_add(Methods *m, const char *name) {
    Method *added = &m->item[m->count++];
    *added = (Method){.name = name};
    return added;
}

/* ---- Predictions of files --------------------------------------------------------------- */

static VoxpertStatus evaluate_files(Method *to, const MapsJob *job, const char *predictions,
                                    VoxpertError *error) {
    VoxpertEvaluateOptions options = job->options;
    options.predictions = predictions;
    Progress progress = progress_begin(&job->base->common, "cases", 0);
    progress_keep(&progress, "no results were written");
    VoxpertStatus status =
        voxpert_evaluate(&to->evaluation, &options, progress_case, &progress, error);
    progress_end(&progress);
    if (!status) take_warnings(job, to->evaluation);
    return status;
}

/* ---- Predictions of models -------------------------------------------------------------- */

/* A base that was given is the first model's; another that is whole has none. */
static VoxpertStatus open_other(Engine *e, const MapsJob *job, const char *path,
                                VoxpertError *error) {
    EngineOptions options = job->engine;
    options.model = strcmp(path, "built-in") == 0 ? NULL : path;
    VoxpertStatus status = engine_open(e, &job->base->common, &options, error);
    if (status != VOXPERT_BAD_ARGUMENT || !options.base) return status;
    engine_close(e);
    *e = (Engine){0};
    options.base = NULL;
    return engine_open(e, &job->base->common, &options, error);
}

static VoxpertStatus predict(Method *to, const MapsJob *job, VoxpertSimulation *simulation,
                             Engine *engine, int zoom, VoxpertError *error) {
    VoxpertStatus status = voxpert_simulation_model(simulation, engine->model, zoom, error);
    if (status) return status;
    Progress progress = progress_begin(&job->base->common, "cases", 0);
    progress_keep(&progress, "no results were written");
    status = voxpert_evaluate_simulation(&to->evaluation, simulation, &job->options, progress_case,
                                         &progress, error);
    progress_end(&progress);
    if (!status) to->about = json_deep_copy(engine_about(engine));
    if (!status) take_warnings(job, to->evaluation);
    return status;
}

/* The first model: its view is that of all. */
static VoxpertStatus evaluate_first(Methods *m, const MapsJob *job, VoxpertSimulation *simulation,
                                    VoxpertError *error) {
    Engine engine = {0};
    Method *to = method_add(m, job->engine.model ? job->engine.model : "built-in");
    VoxpertStatus status = engine_open(&engine, &job->base->common, &job->engine, error);
    if (!status) status = predict(to, job, simulation, &engine, job->zoom, error);
    engine_close(&engine);
    return status;
}

static VoxpertStatus evaluate_other(Methods *m, const MapsJob *job, const char *path,
                                    VoxpertSimulation *simulation, VoxpertError *error) {
    Engine engine = {0};
    Method *to = method_add(m, path);
    if (is_summary(path)) return voxpert_evaluation_read(&to->evaluation, path, error);
    int zoom = voxpert_simulation_zooms(simulation) ? 1 : -1;
    VoxpertStatus status = open_other(&engine, job, path, error);
    if (!status) status = predict(to, job, simulation, &engine, zoom, error);
    engine_close(&engine);
    return status;
}

/* A file that is no summary ends it before the work. */
static VoxpertStatus check_summaries(const MapsJob *job, VoxpertError *error) {
    VoxpertStatus status = VOXPERT_OK;
    for (int i = 0; i < job->compares && !status; i++) {
        VoxpertEvaluation *read = NULL;
        if (is_summary(job->compare[i]))
            status = voxpert_evaluation_read(&read, job->compare[i], error);
        voxpert_evaluation_free(read);
    }
    return status;
}

static VoxpertStatus evaluate_models(Methods *m, const MapsJob *job, VoxpertError *error) {
    VoxpertSimulation *simulation = NULL;
    VoxpertStatus status = check_summaries(job, error);
    if (!status) status = voxpert_simulation_open(&simulation, &job->simulation, error);
    if (!status) status = evaluate_first(m, job, simulation, error);
    for (int i = 0; i < job->compares && !status; i++)
        status = evaluate_other(m, job, job->compare[i], simulation, error);
    if (!status) m->protocol = cli_text("%s", voxpert_simulation_protocol(simulation));
    voxpert_simulation_close(simulation);
    return status;
}

/* ---- All -------------------------------------------------------------------------------- */

/* Summaries first: a file that is none ends it before the work. */
static VoxpertStatus evaluate_all_files(Methods *m, const MapsJob *job, VoxpertError *error) {
    VoxpertStatus status = VOXPERT_OK;
    method_add(m, job->options.predictions);
    for (int i = 0; i < job->compares && !status; i++) {
        Method *to = method_add(m, job->compare[i]);
        if (is_summary(to->name))
            status = voxpert_evaluation_read(&to->evaluation, to->name, error);
    }
    for (int i = 0; i < m->count && !status; i++) {
        if (!m->item[i].evaluation)
            status = evaluate_files(&m->item[i], job, m->item[i].name, error);
    }
    return status;
}

/* What was measured in another way is compared all the same, and said. */
static void compare_protocols(const MapsJob *job, const Methods *m) {
    const char *first = voxpert_evaluation_protocol(m->item[0].evaluation);
    for (int i = 1; i < m->count; i++) {
        const char *other = voxpert_evaluation_protocol(m->item[i].evaluation);
        if (!first && !other) continue;
        if (first && other && strcmp(first, other) == 0) continue;
        common_warn(&job->base->common, "%s was measured in another way: %s", m->item[i].name,
                    other ? other : "its predictions were files");
    }
}

VoxpertStatus methods_evaluate(Methods *m, const MapsJob *job, VoxpertError *error) {
    *m = (Methods){.count = 0};
    VoxpertStatus status =
        job->model ? evaluate_models(m, job, error) : evaluate_all_files(m, job, error);
    for (int i = 1; i < m->count && !status; i++)
        status = voxpert_compare(&m->item[i].comparison, m->item[0].evaluation,
                                 m->item[i].evaluation, m->item[i].name, &job->bootstrap, error);
    if (!status) compare_protocols(job, m);
    return status;
}

void methods_free(Methods *m) {
    for (int i = m->count - 1; i >= 0; i--) {
        voxpert_comparison_free(m->item[i].comparison);
        voxpert_evaluation_free(m->item[i].evaluation);
        json_decref(m->item[i].about);
    }
    free(m->protocol);
    *m = (Methods){.count = 0};
}

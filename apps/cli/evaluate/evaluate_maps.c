/* Segmentations against references, of files or of models; declared in evaluate.h. */
#include <stdlib.h>
#include <string.h>

#include "cli/common/error.h"
#include "cli/common/numbers.h"
#include "cli/common/paths.h"
#include "cli/evaluate/evaluate_methods.h"
#include "cli/evaluate/simulate_flag.h"

/* ---- Flags ------------------------------------------------------------------------------ */

static VoxpertStatus metrics_flag(MapsJob *job, VoxpertError *error) {
    unsigned words = 0;
    for (int i = 0; i < METRICS_MAX && voxpert_metric(i, NULL); i++)
        job->metric[i] = voxpert_metric(i, NULL);
    VoxpertStatus status = words_flag(&words, job->base->options, "--metrics", error);
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
    job->tolerance_mm |= name_ends(number, "mm");
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
    const Options *o = job->base->options;
    int rule = 0, ignored = 0, resamples = 0, seed = 0;
    VoxpertStatus status = options_choice(o, "--empty", &rule, error);
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

static VoxpertStatus compare_flags(MapsJob *job, VoxpertError *error) {
    const Options *o = job->base->options;
    for (int i = 0; i < o->count; i++) {
        if (strcmp(o->item[i].rule->name, "--compare") != 0) continue;
        if (job->compares == METHODS_MAX - 1)
            return error_say(error, VOXPERT_BAD_ARGUMENT, "--compare: %d are the most",
                             METHODS_MAX - 1);
        job->compare[job->compares++] = o->item[i].value;
    }
    return VOXPERT_OK;
}

/* Of which model, asked for what of which data. */
static VoxpertStatus model_flags(MapsJob *job, VoxpertError *error) {
    const Options *o = job->base->options;
    int sets = 0;
    VoxpertStatus status = engine_flags(&job->engine, o, error);
    if (!status) status = simulate_flags(&job->simulation, o, error);
    if (!status) status = zoom_flags(&job->zoom, o, error);
    for (int i = 0; i < o->count; i++) sets += strcmp(o->item[i].rule->name, "--data") == 0;
    job->simulation.data = options_value(o, "--data");
    if (!status && sets > 1)
        status = error_say(error, VOXPERT_BAD_ARGUMENT,
                           "--data: label maps are of one data set; several go with --clicks");
    return status;
}

static VoxpertStatus maps_flags(MapsJob *job, VoxpertError *error) {
    const Options *o = job->base->options;
    job->options.predictions = options_value(o, "--predictions");
    job->options.references = options_value(o, "--references");
    job->options.threads = job->base->common.threads;
    job->options.max_memory = job->base->common.max_memory;
    if (!job->model && (!job->options.predictions || !job->options.references))
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--predictions and --references are needed, or --data");
    VoxpertStatus status = compare_flags(job, error);
    if (!status && job->model) status = model_flags(job, error);
    if (!status) status = labels_flag_read(&job->labels, options_value(o, "--labels"), error);
    job->options.labels = job->labels.item;
    job->options.label_count = job->labels.count;
    if (!status) status = number_flags(job, error);
    if (!status) status = metrics_flag(job, error);
    if (!status) status = tolerance_flags(job, error);
    if (!status) status = words_flag(&job->formats, o, "--format", error);
    if (!status && job->formats && !job->base->out)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--format goes with --out");
    if (!status && !job->compares && (options_has(o, "--resamples") || options_has(o, "--seed")))
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--resamples and --seed go with --compare");
    if (job->formats == 0) job->formats = ~0u;
    return status;
}

/* ---- All of it -------------------------------------------------------------------------- */

static VoxpertStatus work(const MapsJob *job, VoxpertError *error) {
    Results results = {0};
    Methods methods = {.count = 0};
    VoxpertStatus status = methods_begin(job, &results, error);
    if (!status) {
        status = methods_evaluate(&methods, job, error);
        if (!status) status = methods_write(job, &results, &methods, error);
        status = results_end(&results, status, error);
    }
    if (!status) methods_print(job, &results, &methods);
    methods_free(&methods);
    results_free(&results);
    return status;
}

VoxpertStatus evaluate_segmentations(const EvaluateJob *base, bool model, VoxpertError *error) {
    MapsJob job = {.base = base, .model = model};
    VoxpertStatus status = maps_flags(&job, error);
    if (!status) status = work(&job, error);
    labels_flag_free(&job.labels);
    return status;
}

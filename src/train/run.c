#include "train/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/system.h"
#include "base/text.h"
#include "train/purposes.h"

TrainOptions train_options_default(void) {
    return (TrainOptions){
        .seed = 1,
        .steps = 2000,
        .batch = 12,
        .accumulate = 1,
        .warm_up = 200.0,
        .lr_end = 0.02,
        .drop_by = 0.5,
        .optimizer = {.lr = 6e-4, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = 0.05,
                      .clip = 1.0, .average = 0.998},
        .augment = augment_default(),
        .prompts = {.box = 0.6, .multimask = 0.3, .rounds = 3, .most_points = 3, .jitter = 0.1,
                    .deepest = 0.6},
        .loss = {.rule = MASK_LOSS_FOCAL_DICE_IOU, .focal = 20.0f, .dice = 1.0f, .iou = 1.0f,
                 .per_sample = true, .iou_detached = true},
        .validate_every = 250,
        .validate_most = 12,
        .checkpoint_minutes = 5.0,
        .zoom = 1.6,
        .zoom_least = 24.0,
        .card = {.arch = "sam", .licence = "", .labels = "", .training_data = "",
                 .preprocess = "{\"preset\": \"voxpert\", \"zoom\": 1.6}"},
    };
}

double train_rate(const TrainOptions *o, long step) {
    double lr = o->optimizer.lr, at = (double)step, end = (double)o->steps;
    if (at < o->warm_up) return lr * (at + 1.0) / o->warm_up;
    if (o->schedule == SCHEDULE_COSINE) {
        double t = (at - o->warm_up) / fmax(end - o->warm_up, 1.0);
        return lr * (o->lr_end + (1.0 - o->lr_end) * 0.5 * (1.0 + cos(3.14159265358979 * t)));
    }
    if (o->schedule == SCHEDULE_STEP) {
        for (int i = 0; i < 4; i++) {
            if (o->drops[i] && step >= o->drops[i]) lr *= o->drop_by;
        }
    }
    return lr;
}

/* ---- What a run holds ------------------------------------------------------------------- */

typedef struct Run {
    const TrainOptions *options;
    const TrainObserver *observer;
    Dataset data;
    Pool pool;
    Batch batch;
    Checkpoint *base;
    Sam sam;
    bool declared;
    const Kernels *kernels;
    Threads *threads;
    Optimizer optimizer;
    Stepper stepper;
    Measurer measurer;
    RunState state;
    char *state_path, *best_path, *last_path, *history_path;
    FILE *history;
    double began, saved; /* seconds on the clock; of this part of the run */
    double before;       /* seconds of earlier parts */
    double loss, dice, norm;
    long reported, bad_validations;
} Run;

static void run_close(Run *r) {
    if (r->history) fclose(r->history);
    measurer_close(&r->measurer);
    stepper_close(&r->stepper);
    optimizer_close(&r->optimizer);
    if (r->declared) sam_free(&r->sam);
    checkpoint_close(r->base);
    threads_close(r->threads);
    batch_close(&r->batch);
    pool_close(&r->pool);
    dataset_free(&r->data);
    memory_free(r->state_path);
    memory_free(r->best_path);
    memory_free(r->last_path);
    memory_free(r->history_path);
}

static Status open_data(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < o->folders; i++)
        status = dataset_add(&r->data, o->data[i], error);
    if (!status) status = pool_open(&r->pool, &r->data, SPLIT_TRAIN, error);
    if (!status && r->pool.sets == 0)
        status = error_set(error, VOXPERT_BAD_INPUT,
                           "%s: holds no object for training (at least 0.05 %% of a picture)",
                           o->folders ? o->data[0] : "no data folder");
    return status;
}

static void choose_parameters(Run *r) {
    const TrainOptions *o = r->options;
    params_train(&r->sam.params, "*", o->trains == 0);
    for (size_t i = 0; i < o->trains; i++) params_train(&r->sam.params, o->train[i], true);
    for (size_t i = 0; i < o->freezes; i++) params_train(&r->sam.params, o->freeze[i], false);
}

static Status open_model(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    SamConfig config;
    Status status;
    if (o->base) {
        status = checkpoint_open(&r->base, o->base, error);
        if (!status) status = sam_config_infer(&config, r->base, error);
    } else {
        status = sam_config_parse(&config, o->config, "the new model", error);
    }
    if (status) return status;
    sam_declare(&r->sam, &config);
    r->declared = true;
    char surplus[256];
    if (r->base)
        status = params_bind(&r->sam.params, r->base, false, surplus, sizeof surplus, error);
    if (!status) status = params_initialize(&r->sam.params, o->seed, error);
    if (!status) choose_parameters(r);
    if (!status) status = optimizer_open(&r->optimizer, &r->sam.params, o->decay_all, error);
    if (!status) status = sam_prepare(&r->sam, error);
    return status;
}

static Status open_work(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    int side = r->sam.config.image, loss_side = o->loss_side ? o->loss_side : side;
    if (loss_side > side || side % loss_side)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "the loss is taken at %d pixels, which does not divide the model's %d",
                         loss_side, side);
    Status status = batch_open(&r->batch, o->batch, side, loss_side, error);
    if (!status)
        status = stepper_open(&r->stepper, &r->sam, r->kernels, r->threads, o->batch, loss_side,
                              &o->prompts, &o->loss, error);
    if (!status && o->validate_every)
        status = measurer_open(&r->measurer, &r->sam, r->kernels, r->threads, o->zoom,
                               o->zoom_least, error);
    return status;
}

static Status open_files(Run *r, Error *error) {
    const char *out = r->options->out;
    Status status = folder_make(out, error);
    r->state_path = path_join(out, "state.safetensors");
    r->best_path = path_join(out, "model.safetensors");
    r->last_path = path_join(out, "last.safetensors");
    r->history_path = path_join(out, "history.jsonl");
    if (!status && !(r->state_path && r->best_path && r->last_path && r->history_path))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its files", out);
    return status;
}

static Status run_open(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    r->kernels = kernels_choose(o->cpu);
    if (!r->kernels)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: this machine has no such kernel set",
                         o->cpu);
    Status status = threads_open(&r->threads, o->threads, error);
    if (!status) status = open_files(r, error);
    if (!status) status = open_data(r, error);
    if (!status) status = open_model(r, error);
    if (!status) status = open_work(r, error);
    r->state.best = -1.0;
    if (!status && o->resume && file_exists(r->state_path))
        status = state_load(r->state_path, &r->sam, &r->optimizer, &r->state, error);
    return status;
}

/* ---- On the way ------------------------------------------------------------------------- */

static double spent(const Run *r) { return r->before + system_seconds() - r->began; }

static Status save(Run *r, Error *error) {
    r->state.seconds = spent(r);
    r->saved = system_seconds();
    return state_save(r->state_path, &r->sam, &r->optimizer, &r->state, error);
}

static Status export(Run *r, const char *path, Error *error) {
    const TrainOptions *o = r->options;
    return state_export(path, &r->sam, &r->optimizer, o->optimizer.average > 0.0, &o->card,
                        ELEMENT_F16, error);
}

static void report(Run *r, const MeasureTable *table) {
    long n = r->state.step - r->reported;
    double each = n ? 1.0 / (double)n : 0.0, seconds = spent(r);
    TrainProgress p = {.step = r->state.step,
                       .steps = r->options->steps,
                       .loss = r->loss * each,
                       .dice = r->dice * each,
                       .norm = r->norm * each,
                       .lr = train_rate(r->options, r->state.step - 1),
                       .seconds = seconds,
                       .validated = table != NULL,
                       .table = table};
    double per_step = seconds / (double)(r->state.step ? r->state.step : 1);
    p.seconds_left = per_step * (double)(p.steps - p.step);
    p.samples_per_second = (double)(r->options->batch * r->options->accumulate) / per_step;
    if (table)
        p.validation = (table->macro[MEASURE_BOX_ZOOM] + table->macro[MEASURE_CLICK1_ZOOM] +
                        table->macro[MEASURE_CLICK5_ZOOM]) / 3.0;
    if (r->observer && r->observer->progress) r->observer->progress(r->observer->context, &p);
    r->reported = r->state.step;
    r->loss = r->dice = r->norm = 0.0;
}

enum { VALIDATED = 1u << MEASURE_BOX_WHOLE | 1u << MEASURE_BOX_ZOOM | 1u << MEASURE_CLICK1_ZOOM };

static Status validate(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    MeasureTable table;
    bool averages = o->optimizer.average > 0.0;
    if (averages) optimizer_swap(&r->optimizer);
    Status status = measure_sets(&table, &r->measurer, &r->data, SPLIT_VALIDATION, VALIDATED,
                                 o->validate_most, error);
    if (averages) optimizer_swap(&r->optimizer);
    if (status) return status;
    report(r, &table);
    double score = (table.macro[MEASURE_BOX_ZOOM] + table.macro[MEASURE_CLICK1_ZOOM] +
                    table.macro[MEASURE_CLICK5_ZOOM]) / 3.0;
    measure_table_free(&table);
    r->bad_validations++;
    if (score <= r->state.best) return VOXPERT_OK;
    r->state.best = score, r->state.best_step = r->state.step, r->bad_validations = 0;
    return export(r, r->best_path, error);
}

static Status one_step(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    uint64_t step = (uint64_t)r->state.step;
    Status status = VOXPERT_OK;
    optimizer_zero(&r->optimizer, r->kernels, &r->stepper.worker);
    for (int i = 0; !status && i < o->accumulate; i++) {
        uint64_t part = step * (uint64_t)o->accumulate + (uint64_t)i;
        Random kind = random_begin(o->seed, part, 0, PURPOSE_KIND);
        StepPlan plan = step_plan(&o->prompts, &kind);
        StepResult result;
        batch_draw(&r->batch, &r->data, &r->pool, &o->augment, o->seed, part, &r->stepper.worker);
        status = stepper_run(&r->stepper, &r->batch, &plan, o->seed, part, &result, error);
        if (!status && !isfinite(result.loss))
            status = error_set(error, VOXPERT_BAD_INPUT,
                               "the loss is no longer finite at step %ld: the last checkpoint is "
                               "kept; lower --lr",
                               r->state.step);
        r->loss += result.loss / o->accumulate;
        r->dice += result.dice / o->accumulate;
    }
    if (status) return status;
    OptimizerRule rule = o->optimizer;
    rule.lr = train_rate(o, r->state.step);
    r->norm += optimizer_step(&r->optimizer, r->kernels, &r->stepper.worker, &rule, o->accumulate);
    r->state.step++;
    return VOXPERT_OK;
}

static bool finished(Run *r, TrainResult *out) {
    const TrainOptions *o = r->options;
    if (o->time_limit > 0.0 && spent(r) > o->time_limit) out->out_of_time = true;
    if (o->patience && r->bad_validations >= o->patience) out->stopped_early = true;
    if (r->observer && r->observer->stop && r->observer->stop(r->observer->context))
        out->interrupted = true;
    return r->state.step >= o->steps || out->out_of_time || out->stopped_early || out->interrupted;
}

static Status loop(Run *r, TrainResult *out, Error *error) {
    const TrainOptions *o = r->options;
    Status status = VOXPERT_OK;
    while (!status && !finished(r, out)) {
        status = one_step(r, error);
        if (status) break;
        if (r->state.step % 20 == 0) report(r, NULL);
        bool due = o->validate_every && r->state.step % o->validate_every == 0;
        if (due) status = validate(r, error);
        if (!status && system_seconds() - r->saved > o->checkpoint_minutes * 60.0)
            status = save(r, error);
    }
    if (!status) status = save(r, error);
    if (!status) status = export(r, r->last_path, error);
    if (!status && !o->validate_every) status = export(r, r->best_path, error);
    return status;
}

Status train_run(const TrainOptions *options, const TrainObserver *observer, TrainResult *result,
                 Error *error) {
    Run r = {.options = options, .observer = observer};
    *result = (TrainResult){0};
    Status status = run_open(&r, error);
    r.began = r.saved = system_seconds();
    r.before = r.state.seconds;
    r.reported = r.state.step;
    if (!status) status = loop(&r, result, error);
    result->steps = r.state.step;
    result->best = r.state.best;
    result->best_step = r.state.best_step;
    run_close(&r);
    return status;
}

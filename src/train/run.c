#include "train/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/system.h"
#include "base/text.h"
#include "train/examples.h"
#include "train/history.h"
#include "train/purposes.h"
#include "train/settings.h"
#include "train/shapes.h"
#include "train/views.h"

TrainOptions train_options_default(void) {
    return (TrainOptions){
        .seed = 1,
        .steps = 2000,
        .batch = 12,
        .share = 1,
        .accumulate = 1,
        .warm_up = 200.0,
        .lr_end = 0.02,
        .drop_by = 0.5,
        .optimizer = {.lr = 6e-4,
                      .beta1 = 0.9,
                      .beta2 = 0.999,
                      .eps = 1e-8,
                      .decay = 0.05,
                      .clip = 1.0,
                      .average = 0.998},
        .augment = augment_default(),
        .prompts = {.box = 0.6,
                    .multimask = 0.3,
                    .rounds = 3,
                    .most_points = 3,
                    .jitter = 0.1,
                    .deepest = 0.6},
        .loss = {.rule = MASK_LOSS_FOCAL_DICE_IOU,
                 .focal = 20.0f,
                 .dice = 1.0f,
                 .iou = 1.0f,
                 .per_sample = true,
                 .iou_detached = true},
        .validate_every = 250,
        .validate_most = 12,
        .checkpoint_minutes = 5.0,
        .zoom = 1.6,
        .experts = {.tokens = 4,
                    .experts = 4,
                    .kept = 1,
                    .rank = 64,
                    .pool = 2,
                    .rule = {.balance = 0.01f, .noise = true, .prompt_free = 0.25}},
        .card = {.arch = "sam",
                 .licence = "",
                 .labels = "",
                 .training_data = "",
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
    Views views; /* of a frozen encoder, unless it runs in every step */
    bool cached;
    Preset preset;
    Checkpoint *base;
    System system;
    char parent[HASH_TEXT]; /* identity of the frozen base, or "" */
    bool declared, validates;
    const Kernels *kernels;
    Threads *threads;
    Optimizer optimizer;
    Stepper stepper;
    Model shown; /* the same weights, as a user has them; owns nothing */
    Measurer measurer;
    RunState state;
    History history;
    double began, saved; /* on the clock; of this part of the run */
    double before;       /* seconds of earlier parts */
} Run;

static void run_close(Run *r) {
    history_close(&r->history);
    measurer_close(&r->measurer);
    stepper_close(&r->stepper);
    optimizer_close(&r->optimizer);
    if (r->declared) system_close(&r->system);
    checkpoint_close(r->base);
    threads_close(r->threads);
    batch_close(&r->batch);
    views_close(&r->views);
    pool_close(&r->pool);
    dataset_free(&r->data);
}

static void say(const Run *r, bool warning, const char *sentence) {
    if (r->observer && r->observer->say) r->observer->say(r->observer->context, warning, sentence);
}

/* Outer objects of nested labels do not enter the score. */
static bool can_validate(const Dataset *d) {
    for (size_t i = 0; i < d->objects; i++) {
        const CaseObject *o = &d->object[i];
        if (!o->outer && d->picture[o->picture].part == SPLIT_VALIDATION) return true;
    }
    return false;
}

static Status open_data(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < o->folders; i++)
        status = dataset_add(&r->data, o->data[i], error);
    if (!status && o->shapes) status = dataset_add_shapes(&r->data, o->shapes, o->seed, error);
    if (!status) status = pool_open(&r->pool, &r->data, SPLIT_TRAIN, error);
    if (!status && r->pool.sets == 0)
        status = error_set(error, VOXPERT_BAD_INPUT,
                           "%s: holds no object for training (at least 0.05 %% of a picture)",
                           o->folders ? o->data[0] : "no data folder");
    r->validates = o->validate_every > 0 && can_validate(&r->data);
    if (!status && o->validate_every > 0 && !r->validates)
        say(r, true,
            "no object is in the validation part, so nothing is validated: model.safetensors will "
            "hold the last weights");
    return status;
}

static void choose_parameters(Run *r) {
    const TrainOptions *o = r->options;
    bool segmote = r->system.kind == SYSTEM_SEGMOTE;
    params_train(&r->system.sam.params, "*", o->trains == 0 && !segmote);
    for (int i = 0; segmote && o->trains == 0 && segmote_trained[i]; i++)
        params_train(&r->system.sam.params, segmote_trained[i], true);
    for (size_t i = 0; i < o->trains; i++) params_train(&r->system.sam.params, o->train[i], true);
    for (size_t i = 0; i < o->freezes; i++)
        params_train(&r->system.sam.params, o->freeze[i], false);
}

static Status read_config(Run *r, SamConfig *config, Error *error) {
    const TrainOptions *o = r->options;
    Status status = o->base ? checkpoint_open(&r->base, o->base, error) : VOXPERT_OK;
    if (!o->base && !o->config)
        status = checkpoint_open_memory(&r->base, o->embedded, o->embedded_size, "built-in model",
                                        error);
    if (!status)
        status = r->base ? sam_config_infer(config, r->base, error)
                         : sam_config_parse(config, o->config, "the new model", error);
    if (!status && config->encoder == ENCODER_TINY_VIT)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s: is a TinyViT (MobileSAM), whose folded BatchNorm cannot be trained; "
                         "take a SAM with a ViT",
                         o->base ? o->base : "the new model");
    return status;
}

/* Beside the frozen base. */
static Status declare_experts(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    System *s = &r->system;
    SegmoteConfig c = segmote_config_paper(&s->sam.config);
    if (!r->base)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "SegMoTE is trained on a frozen base, not on a new model");
    Status status = params_identity(&s->sam.params, r->parent, error);
    c.experts.experts.tokens = o->experts.tokens;
    c.experts.experts.experts = o->experts.experts;
    c.experts.experts.kept = o->experts.kept;
    c.experts.experts.rank = o->experts.rank;
    c.experts.pool.tokens = o->experts.pool;
    char *config = segmote_config_write(&c); /* checked as a file's is */
    if (!status && !config)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for experts");
    if (!status)
        status = segmote_config_parse(&c, config, "the new experts", &s->sam.config, error);
    memory_free(config);
    if (status) return status;
    if (!status) status = model_preset(&r->preset, r->base, &s->sam, NULL, error);
    if (status) return status;
    r->cached = !o->no_cache;
    s->kind = SYSTEM_SEGMOTE;
    s->adapter = true;
    segmote_declare(&s->segmote, &s->sam.params, &s->sam, &c);
    return VOXPERT_OK;
}

static Status open_model(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    SamConfig config;
    Status status = read_config(r, &config, error);
    if (status) return status;
    sam_declare(&r->system.sam, &config);
    r->declared = true;
    char surplus[256];
    if (r->base)
        status = params_bind(&r->system.sam.params, r->base, false, surplus, sizeof surplus, error);
    r->preset = *preset_find(o->scheme == SCHEME_SAM_MED2D ? "sam-med2d" : "voxpert");
    if (!status && o->recipe == RECIPE_SEGMOTE) status = declare_experts(r, error);
    if (!status) status = params_initialize(&r->system.sam.params, o->seed, error);
    if (!status) choose_parameters(r);
    if (!status) status = optimizer_open(&r->optimizer, &r->system.sam.params, o->decay_all, error);
    if (!status) status = sam_prepare(&r->system.sam, error);
    return status;
}

static void say_memory(const Run *r) {
    char sentence[80];
    snprintf(sentence, sizeof sentence, "a step needs %zu KiB of working memory",
             r->stepper.memory.capacity >> 10);
    say(r, false, sentence);
}

static Status with_file(const Run *r, const char *name, char **path, Error *error) {
    *path = path_join(r->options->out, name);
    if (*path) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its files", r->options->out);
}

static bool say_encoded(void *context, size_t done, size_t all) {
    const Run *r = context;
    char sentence[80];
    snprintf(sentence, sizeof sentence, "embedding %zu of %zu", done + 1, all);
    if (done % 50 == 0) say(r, false, sentence);
    return !(r->observer && r->observer->stop && r->observer->stop(r->observer->context));
}

/* The frozen base as a model of its own, which the embeddings are named after. */
static Status open_views(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    Model base = {.system = {.kind = SYSTEM_SAM, .sam = r->system.sam},
                  .threads = r->threads,
                  .kernels = r->kernels,
                  .preset = r->preset};
    char *folder = NULL;
    Status status = o->cache ? VOXPERT_OK : with_file(r, "embeddings", &folder, error);
    if (status) return status;
    pthread_mutex_init(&base.lock, NULL);
    memcpy(base.identity, r->parent, sizeof base.identity);
    status = views_open(&r->views, &r->data, &base, o->cache ? o->cache : folder, o->cache_half,
                        say_encoded, r, error);
    pthread_mutex_destroy(&base.lock);
    memory_free(folder);
    return status;
}

static Status open_work(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    int side = r->system.sam.config.image, loss_side = o->loss_side ? o->loss_side : side;
    int low = 4 * sam_grid(&r->system.sam);
    if (loss_side > side || side % loss_side || loss_side % low)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "--loss-side %d must divide the model's %d pixels and be a multiple of "
                         "its masks' %d",
                         loss_side, side, low);
    if (o->batch % o->share)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "--batch %d is no multiple of --masks-per-image %d", o->batch, o->share);
    Status status = r->cached ? open_views(r, error) : VOXPERT_OK;
    size_t floats = r->cached ? r->views.floats : 0;
    StepperShape shape = {o->scheme, o->batch,      o->share,        loss_side,
                          floats,    o->max_memory, &o->experts.rule};
    if (!status) status = batch_open(&r->batch, o->batch, o->share, side, loss_side, floats, error);
    if (!status)
        status = stepper_open(&r->stepper, &r->system, r->kernels, r->threads, &shape, &o->prompts,
                              &o->loss, error);
    if (!status) say_memory(r);
    r->shown = (Model){
        .system = r->system,
        .threads = r->threads,
        .kernels = r->kernels,
        .preset = r->preset,
    };
    if (r->system.kind == SYSTEM_SAM) r->shown.preset.zoom = o->zoom;
    return status ? status : measurer_open(&r->measurer, &r->shown, error);
}

/* Other kernels round in another way. */
static void compare_kernels(const Run *r) {
    const char *before = r->state.kernels, *now = r->kernels->name;
    char sentence[200];
    if (!before[0] || strcmp(before, now) == 0) return;
    snprintf(sentence, sizeof sentence,
             "the checkpoint was computed with the kernel set %s, and %s goes on: the weights will "
             "not be those of one run to the last bit",
             before, now);
    say(r, true, sentence);
}

static Status load(Run *r, Error *error) {
    char *path;
    Status status = with_file(r, "state.safetensors", &path, error);
    settings_identity(r->options, r->state.recipe);
    r->state.best = -1.0;
    if (!status && file_exists(path)) {
        if (r->options->resume)
            status = state_load(path, &r->system, &r->optimizer, &r->state, error);
        else
            status = error_set(error, VOXPERT_BAD_ARGUMENT,
                               "%s: a run was begun there; go on with --resume, or choose another "
                               "folder",
                               r->options->out);
    }
    if (!status) compare_kernels(r);
    snprintf(r->state.kernels, sizeof r->state.kernels, "%s", r->kernels->name);
    if (!status) status = history_open(&r->history, r->options->out, r->state.step, error);
    memory_free(path);
    return status;
}

static Status run_open(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    r->kernels = kernels_choose(o->cpu);
    if (!r->kernels)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: this machine has no such kernel set",
                         o->cpu);
    Status status = threads_open(&r->threads, o->threads, error);
    if (!status) status = folder_make(o->out, error);
    if (!status) status = open_data(r, error);
    if (!status) status = open_model(r, error);
    if (!status) status = open_work(r, error);
    if (!status) status = load(r, error);
    return status;
}

/* ---- On the way ------------------------------------------------------------------------- */

static double spent(const Run *r) { return r->before + system_seconds() - r->began; }

/* The state comes last: where a run ends between the two, rows past it are dropped. */
static Status save(Run *r, Error *error) {
    char *path;
    Status status = with_file(r, "state.safetensors", &path, error);
    r->state.seconds = spent(r);
    r->saved = system_seconds();
    if (!status) status = history_write(&r->history, error);
    if (!status) status = state_save(path, &r->system, &r->optimizer, &r->state, error);
    memory_free(path);
    return status;
}

static Status export_model(Run *r, const char *name, Error *error) {
    const TrainOptions *o = r->options;
    ModelCard card = o->card;
    char *path;
    card.arch = system_name(r->system.kind);
    card.parent = r->parent[0] ? r->parent : NULL;
    Status status = with_file(r, name, &path, error);
    if (!status)
        status = state_export(path, &r->system, &r->optimizer, o->optimizer.average > 0.0, &card,
                              r->system.adapter ? ELEMENT_F32 : ELEMENT_F16, error);
    memory_free(path);
    return status;
}

static void tell(const Run *r, const HistoryRow *row, const MeasureTable *table) {
    if (!r->observer || !r->observer->progress) return;
    long here = r->state.step ? r->state.step : 1;
    double each = row->seconds / (double)here;
    TrainProgress p = {.row = *row,
                       .steps = r->options->steps,
                       .seconds_left = each * (double)(r->options->steps - row->step),
                       .samples_per_second =
                           (double)(r->options->batch * r->options->accumulate) / each,
                       .data = &r->data,
                       .table = table};
    r->observer->progress(r->observer->context, &p);
}

static Status report(Run *r, const MeasureTable *table, Error *error) {
    RunState *s = &r->state;
    long n = s->step - s->reported;
    double each = 1.0 / (double)(n ? n : 1);
    HistoryRow row = {.step = s->step,
                      .loss = s->loss * each,
                      .dice = s->dice * each,
                      .norm = s->norm * each,
                      .lr = train_rate(r->options, s->step - 1),
                      .seconds = spent(r),
                      .validated = table != NULL};
    if (n == 0 && r->history.count) { /* a validation right after a report */
        const HistoryRow *before = &r->history.row[r->history.count - 1];
        row.loss = before->loss, row.dice = before->dice, row.norm = before->norm;
    }
    if (table) {
        row.box = table->macro[MEASURE_BOX_ZOOM];
        row.click1 = table->macro[MEASURE_CLICK1_ZOOM];
        row.click5 = table->macro[MEASURE_CLICK5_ZOOM];
        row.score = (row.box + row.click1 + row.click5) / 3.0;
    }
    s->reported = s->step;
    s->loss = s->dice = s->norm = 0.0;
    tell(r, &row, table);
    return history_add(&r->history, &row, error);
}

/* ---- Validation ------------------------------------------------------------------------- */

enum { VALIDATED = 1u << MEASURE_BOX_WHOLE | 1u << MEASURE_BOX_ZOOM | 1u << MEASURE_CLICK1_ZOOM };

static Status show_examples(Run *r, Error *error) {
    char name[48], *path;
    Status status = with_file(r, "examples", &path, error);
    if (status) return status;
    status = folder_make(path, error);
    memory_free(path);
    snprintf(name, sizeof name, "examples/%06ld.png", r->state.step);
    if (!status) status = with_file(r, name, &path, error);
    if (status) return status;
    status = examples_write(path, &r->measurer, &r->data, SPLIT_VALIDATION, 3, error);
    memory_free(path);
    return status;
}

static Status look(Run *r, Error *error) {
    MeasureTable table;
    Status status = measure_sets(&table, &r->measurer, &r->data, SPLIT_VALIDATION, VALIDATED,
                                 r->options->validate_most, error);
    if (status) return status;
    status = report(r, &table, error);
    measure_table_free(&table);
    if (!status) status = show_examples(r, error);
    return status;
}

static Status validate(Run *r, Error *error) {
    bool averages = r->options->optimizer.average > 0.0;
    if (averages) optimizer_swap(&r->optimizer);
    Status status = look(r, error);
    if (averages) optimizer_swap(&r->optimizer);
    if (status) return status;
    double score = r->history.row[r->history.count - 1].score;
    r->state.bad++;
    if (score <= r->state.best) return VOXPERT_OK;
    r->state.best = score, r->state.best_step = r->state.step, r->state.bad = 0;
    return export_model(r, "model.safetensors", error);
}

/* ---- Steps ------------------------------------------------------------------------------ */

/* Uses and clears the gradients of `accumulated` batches. */
static void learn(Run *r, int accumulated) {
    OptimizerRule rule = r->options->optimizer;
    rule.lr = train_rate(r->options, r->state.step);
    r->state.norm +=
        optimizer_step(&r->optimizer, r->kernels, &r->stepper.worker, &rule, accumulated);
    optimizer_zero(&r->optimizer, r->kernels, &r->stepper.worker);
}

static void learn_round(void *context) { learn(context, 1); }

static Status no_longer_finite(const Run *r, const char *what, Error *error) {
    return error_set(error, VOXPERT_BAD_INPUT,
                     "the %s is no longer finite at step %ld: the last checkpoint is kept; lower "
                     "--lr",
                     what, r->state.step);
}

static Status one_step(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    uint64_t step = (uint64_t)r->state.step;
    RoundHook hook = {learn_round, r};
    Status status = VOXPERT_OK;
    for (int i = 0; !status && i < o->accumulate; i++) {
        uint64_t part = step * (uint64_t)o->accumulate + (uint64_t)i;
        Random kind = random_begin(o->seed, part, 0, PURPOSE_KIND);
        bool routes = r->system.kind == SYSTEM_SEGMOTE;
        StepPlan plan = step_plan(o->scheme, &o->prompts, routes ? &o->experts.rule : NULL, &kind);
        StepResult result;
        Augment augment = o->augment;
        if (plan.prompt_free) {
            augment.whole = 1.0;
        } else if (!plan.box) {
            augment.whole = augment.whole_click;
            for (int k = 0; k < 2; k++) augment.factor[k] = augment.click_factor[k];
        }
        batch_draw(&r->batch, &r->data, &r->pool, &augment, r->cached ? &r->views : NULL,
                   plan.prompt_free, o->seed, part, &r->stepper.worker);
        status = stepper_run(&r->stepper, &r->batch, &plan, o->seed, part,
                             o->scheme == SCHEME_SAM_MED2D ? &hook : NULL, &result, error);
        if (!status && !isfinite(result.loss)) status = no_longer_finite(r, "loss", error);
        r->state.loss += result.loss / o->accumulate;
        r->state.dice += result.dice / o->accumulate;
    }
    if (status) return status;
    learn(r, o->accumulate);
    if (!isfinite(r->state.norm)) return no_longer_finite(r, "gradient", error);
    r->state.step++;
    return VOXPERT_OK;
}

static bool finished(Run *r, TrainResult *out) {
    const TrainOptions *o = r->options;
    if (o->time_limit > 0.0 && spent(r) > o->time_limit) out->out_of_time = true;
    if (o->patience && r->state.bad >= o->patience) out->stopped_early = true;
    if (r->observer && r->observer->stop && r->observer->stop(r->observer->context))
        out->interrupted = true;
    return r->state.step >= o->steps || out->out_of_time || out->stopped_early || out->interrupted;
}

enum { REPORT_EVERY = 20 };

static Status loop(Run *r, TrainResult *out, Error *error) {
    const TrainOptions *o = r->options;
    Status status = VOXPERT_OK;
    optimizer_zero(&r->optimizer, r->kernels, &r->stepper.worker);
    while (!status && !finished(r, out)) {
        status = one_step(r, error);
        if (!status && r->state.step % REPORT_EVERY == 0) status = report(r, NULL, error);
        bool due = r->validates && r->state.step % o->validate_every == 0;
        if (!status && due) status = validate(r, error);
        if (!status && system_seconds() - r->saved > o->checkpoint_minutes * 60.0)
            status = save(r, error);
    }
    return status;
}

static Status write_summary(const Run *r, Error *error) {
    const RunState *s = &r->state;
    char identity[HASH_TEXT], *path;
    Text t = {0};
    Status status = params_identity(&r->system.sam.params, identity, error);
    if (!status) status = with_file(r, "summary.json", &path, error);
    if (status) return status;
    text_add(&t,
             "{\"steps\": %ld, \"best_score\": %.9g, \"best_step\": %ld, \"recipe\": \"%s\", "
             "\"weights\": \"%s\"}\n",
             s->step, s->best, s->best_step, s->recipe, identity);
    status = t.failed ? error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to write it", path)
                      : file_write(path, t.chars, t.length, error);
    text_free(&t);
    memory_free(path);
    return status;
}

static Status finish(Run *r, TrainResult *out, Error *error) {
    Status status = save(r, error);
    if (!status) status = export_model(r, "last.safetensors", error);
    if (!status && r->state.best < 0.0) status = export_model(r, "model.safetensors", error);
    if (!status) status = write_summary(r, error);
    if (!status) status = history_draw(&r->history, &out->drawn, error);
    return status;
}

Status train_run(const TrainOptions *options, const TrainObserver *observer, TrainResult *result,
                 Error *error) {
    Run r = {.options = options, .observer = observer};
    *result = (TrainResult){0};
    Status status = run_open(&r, error);
    r.began = r.saved = system_seconds();
    r.before = r.state.seconds;
    if (!status) status = loop(&r, result, error);
    if (!status) status = finish(&r, result, error);
    result->steps = r.state.step;
    result->best = r.state.best;
    result->best_step = r.state.best_step;
    run_close(&r);
    return status;
}

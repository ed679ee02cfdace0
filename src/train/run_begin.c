/* What a training run needs before its first step. */
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/system.h"
#include "train/run_parts.h"
#include "train/settings.h"
#include "train/shapes.h"

void run_close(Run *r) {
    history_close(&r->history);
    routing_tally_close(&r->state.routing);
    memory_free(r->set_name);
    memory_free(r->usage);
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

void run_say(const Run *r, bool warning, const char *sentence) {
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
        run_say(
            r, true,
            "no object is in the validation part, so nothing is validated: model.safetensors will "
            "hold the last weights");
    return status;
}

static void choose_parameters(Run *r) {
    const TrainOptions *o = r->options;
    bool segmote = r->system.kind == SYSTEM_SEGMOTE;
    params_train(&r->system.sam.params, "*", o->trains == 0 && !segmote);
    const char *const *globs = segmote_trained(&r->system.segmote);
    for (int i = 0; segmote && o->trains == 0 && globs[i]; i++)
        params_train(&r->system.sam.params, globs[i], true);
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
    Status status = VOXPERT_OK;
    c.experts.experts.tokens = o->experts.tokens;
    c.experts.experts.experts = o->experts.experts;
    c.experts.experts.kept = o->experts.kept;
    c.experts.experts.rank = o->experts.rank;
    c.experts.pool.tokens = o->experts.pool;
    char *config = segmote_config_write(&c); /* checked as a file's is */
    if (!status && !config)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for experts");
    if (!status)
        status = segmote_config_parse(&c, config, "the new experts", &s->sam.config, NULL, error);
    memory_free(config);
    if (status) return status;
    s->kind = SYSTEM_SEGMOTE;
    s->adapter = true;
    segmote_declare(&s->segmote, &s->sam.params, &s->sam, NULL, &c);
    return VOXPERT_OK;
}

/* A frozen encoder need not run in every step.  Experts stand on one; another run asks for it. */
static Status choose_views(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    bool experts = o->recipe == RECIPE_SEGMOTE;
    if (!experts && !o->cache) return VOXPERT_OK;
    if (!r->base)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "--cache keeps embeddings of a frozen base, and a new model has none");
    Status status = params_identity(&r->system.sam.params, r->parent, error);
    if (!status) status = model_preset(&r->preset, r->base, &r->system.sam, NULL, error);
    r->cached = !o->no_cache;
    return status;
}

/* Embeddings that were computed once are wrong as soon as the encoder learns. */
static Status check_views(const Run *r, Error *error) {
    const Params *p = &r->system.sam.params;
    for (size_t i = 0; r->cached && i < p->count; i++) {
        if (p->item[i]->tensor.needs_grad && text_starts(p->item[i]->name, "image_encoder."))
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "%s learns, so embeddings cannot be kept: --freeze 'image_encoder.*', "
                             "or train with --no-cache",
                             p->item[i]->name);
    }
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
    if (!status) status = choose_views(r, error);
    if (!status && o->recipe == RECIPE_SEGMOTE) status = declare_experts(r, error);
    if (!status) status = params_initialize(&r->system.sam.params, o->seed, error);
    if (!status) choose_parameters(r);
    if (!status) status = check_views(r, error);
    if (!status) status = optimizer_open(&r->optimizer, &r->system.sam.params, o->decay_all, error);
    if (!status) status = sam_prepare(&r->system.sam, error);
    return status;
}

static void say_memory(const Run *r) {
    char sentence[80];
    snprintf(sentence, sizeof sentence, "a step needs %zu KiB of working memory",
             r->stepper.memory.capacity >> 10);
    run_say(r, false, sentence);
}

Status run_file(const Run *r, const char *name, char **path, Error *error) {
    *path = path_join(r->options->out, name);
    if (*path) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its files", r->options->out);
}

static bool say_encoded(void *context, size_t done, size_t all) {
    const Run *r = context;
    char sentence[80];
    snprintf(sentence, sizeof sentence, "embedding %zu of %zu", done + 1, all);
    if (done % 50 == 0) run_say(r, false, sentence);
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
    Status status = o->cache ? VOXPERT_OK : run_file(r, "embeddings", &folder, error);
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

/* Where there are experts: whom their tokens come from. */
static Status open_routing(Run *r, HistoryExperts *out, Error *error) {
    const TokenExpertsConfig *c = &r->system.segmote.config.experts.experts;
    size_t sets = r->data.sets;
    *out = (HistoryExperts){0};
    if (r->system.kind != SYSTEM_SEGMOTE) return VOXPERT_OK;
    r->set_name = memory_new(sets * sizeof *r->set_name);
    r->usage = memory_new((1 + sets) * (size_t)c->experts * sizeof *r->usage);
    if (!r->set_name || !r->usage)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to count the experts' tokens");
    for (size_t i = 0; i < sets; i++) r->set_name[i] = r->data.set[i].name;
    *out = (HistoryExperts){c->experts, sets, r->set_name};
    r->stepper.tally = &r->state.routing;
    return routing_tally_open(&r->state.routing, sets, c->experts, c->kept, error);
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
    run_say(r, true, sentence);
}

static Status load(Run *r, Error *error) {
    char *path;
    Status status = run_file(r, "state.safetensors", &path, error);
    settings_identity(r->options, r->state.recipe);
    r->state.best = -1.0;
    HistoryExperts experts;
    if (!status) status = open_routing(r, &experts, error);
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
    if (!status)
        status = history_open(&r->history, r->options->out, &experts, r->state.step, error);
    memory_free(path);
    return status;
}

Status run_open(Run *r, Error *error) {
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

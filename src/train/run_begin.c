/* What a training run needs before its first step. */
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/system.h"
#include "train/data_record.h"
#include "train/run_adapter.h"
#include "train/run_classes.h"
#include "train/settings.h"
#include "train/shapes.h"

void run_close(Run *r) {
    history_close(&r->history);
    routing_tally_close(&r->state.routing);
    memory_free(r->state.data);
    memory_free(r->set_name);
    memory_free(r->usage);
    measurer_close(&r->measurer);
    stepper_close(&r->stepper);
    optimizer_close(&r->optimizer);
    if (r->declared) system_close(&r->system);
    checkpoint_close(r->adapter);
    checkpoint_close(r->base);
    threads_close(r->threads);
    batch_close(&r->batch);
    class_texts_close(&r->texts);
    memory_free(r->text);
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

static void report_warnings(const Run *r, const Warnings *w) {
    const char *next = warnings_lines(w), *sentence;
    size_t length;
    while (warnings_next(&next, &sentence, &length)) {
        Text one = {0};
        text_add(&one, "%.*s", (int)length, sentence);
        if (one.chars) run_say(r, true, one.chars);
        text_free(&one);
    }
}

static Status open_data(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < o->folders; i++)
        status = dataset_add(&r->data, o->data[i], error);
    report_warnings(r, &r->data.warnings);
    if (!status && o->shapes) status = dataset_add_shapes(&r->data, o->shapes, o->seed, error);
    if (!status) status = pool_open(&r->pool, &r->data, SPLIT_TRAIN, error);
    if (!status && r->pool.sets == 0)
        status = error_set(error, VOXPERT_BAD_INPUT,
                           "%s: holds no object for training (at least 0.05 %% of a picture)",
                           o->folders ? o->data[0] : "no data folder");
    if (!status) {
        size_t each = (size_t)(o->batch / o->share ? o->batch / o->share : 1);
        size_t step = each * (size_t)o->accumulate, pictures = pool_pictures(&r->pool, &r->data);
        r->epoch = (long)((pictures + step - 1) / step);
        if (o->epochs) r->chosen.steps = o->epochs * r->epoch;
    }
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

/* A parameter that learns must be in the file that the run writes. */
static Status check_owned(const Run *r, Error *error) {
    const Params *p = &r->system.sam.params;
    const char *const *owned = system_owned(&r->system);
    for (size_t i = 0; owned && i < p->count; i++) {
        if (!p->item[i]->name || !p->item[i]->tensor.needs_grad || param_matches(p->item[i], owned))
            continue;
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s belongs to the frozen base: it cannot learn beside experts, whose "
                         "file would not hold it",
                         p->item[i]->name);
    }
    return VOXPERT_OK;
}

static Status read_config(Run *r, SamConfig *config, Error *error) {
    const TrainOptions *o = r->options;
    Status status = o->base ? checkpoint_open(&r->base, o->base, error) : VOXPERT_OK;
    if (!o->base && !o->config)
        status = checkpoint_open_memory(&r->base, o->embedded, o->embedded_size, "built-in model",
                                        error);
    if (!status) status = run_open_adapter(r, error);
    if (!status)
        status = r->base ? sam_config_infer(config, r->base, error)
                         : sam_config_parse(config, o->config, "the new model", error);
    if (!status && config->encoder == ENCODER_TINY_VIT && o->recipe == RECIPE_SAM)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s: is a TinyViT (MobileSAM), whose folded BatchNorm cannot be trained; "
                         "take a SAM with a ViT",
                         o->base ? o->base : "the new model");
    return status;
}

/* The default, or what the experts of the base are. */
static Status keep_experts(const Run *r, Error *error) {
    if (r->options->prompt_classes)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "--prompt-classes: the base has experts of its own; classes are learned "
                         "by new ones, or by those of an adapter");
    if (r->options->given & (GIVEN_PPT | GIVEN_CONFIDENCE | GIVEN_UPDATE))
        return error_set(
            error, VOXPERT_BAD_ARGUMENT,
            "ppt, confidence and expert-update are of new experts or an adapter's; the "
            "base has experts of its own, which stay as they are");
    OtherNumber n = run_other_number(r->options, &r->system.segmote.config.experts);
    if (!n.flag) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT, "%s %d: the experts of the base have %d", n.flag,
                     n.asked, n.there);
}

/* Beside the frozen base: published mode on an IMIS-Net, paper mode on any other SAM; the base's
 * own experts where it has some. */
static Status declare_experts(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    System *s = &r->system;
    const ImisConfig *imis = s->kind == SYSTEM_IMIS ? &s->imis.config : NULL;
    if (!r->base)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "SegMoTE is trained on a frozen base, not on a new model");
    if (o->scheme == SCHEME_SAM_MED2D)
        return error_set(
            error, VOXPERT_BAD_ARGUMENT,
            "--scheme sam-med2d trains what --recipe segmote keeps frozen: take one of "
            "the two");
    memcpy(s->parent, r->parent, sizeof s->parent);
    if (r->adapter) return run_declare_adapter(r, error);
    s->adapter = true;
    if (s->kind == SYSTEM_SEGMOTE) return keep_experts(r, error);
    SegmoteConfig c = imis ? segmote_config_published(&s->sam.config, imis)
                           : segmote_config_paper(&s->sam.config);
    c.experts.experts.tokens = o->experts.tokens;
    c.experts.experts.experts = o->experts.experts;
    c.experts.experts.kept = o->experts.kept;
    c.experts.experts.rank = o->experts.rank;
    c.experts.pool.tokens = o->experts.pool;
    run_choose_ways(o, &c, ~0u);
    Status status = run_choose_classes(r, &c, error);
    if (status) return status;
    char *config = segmote_config_write(&c); /* checked as a file's is */
    if (!config) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for experts");
    status = segmote_config_parse(&c, config, "the new experts", &s->sam.config, imis, error);
    memory_free(config);
    if (status) return status;
    s->kind = SYSTEM_SEGMOTE;
    segmote_declare(&s->segmote, &s->sam.params, &s->sam, &s->imis, &c);
    r->chosen.experts.rule.noise = !c.quiet;
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
    if (!r->cached && o->zoom_given) r->preset.zoom = o->zoom;
    if (r->cached && r->preset.zoom > 0.0) {
        if (o->zoom_given)
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "--zoom has no sense here: whole pictures are learned from, and whole "
                             "pictures are looked at");
        r->preset.zoom = 0.0;
    }
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

static Status declare(Run *r, Error *error) {
    SamConfig config;
    char surplus[256];
    bool experts = r->options->recipe == RECIPE_SEGMOTE;
    if (r->options->vocab && r->options->scheme != SCHEME_SEGMOTE)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "--vocab is for the texts that --scheme segmote prompts");
    if (r->options->prompt_classes && !experts)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "--prompt-classes are of prompt tokens, which --recipe segmote teaches");
    Status status = read_config(r, &config, error);
    if (status) return status;
    if (r->base && !experts && imis_config_is_there(r->base))
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s: is an IMIS-Net, which is a base for experts (--recipe segmote) and "
                         "not trained itself",
                         checkpoint_path(r->base));
    r->declared = true;
    if (r->base && experts)
        return system_open_base(&r->system, r->base, surplus, sizeof surplus, error);
    sam_declare(&r->system.sam, &config);
    return r->base
               ? params_bind(&r->system.sam.params, r->base, false, surplus, sizeof surplus, error)
               : VOXPERT_OK;
}

/* Of what a resumed run must begin from too, wherever its file lies. */
static Status identify_origin(Run *r, Error *error) {
    if (!r->base) return VOXPERT_OK;
    if (!r->parent[0] || r->adapter)
        return params_identity(&r->system.sam.params, r->origin, error);
    memcpy(r->origin, r->parent, sizeof r->origin);
    return VOXPERT_OK;
}

static Status open_model(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    Status status = declare(r, error);
    r->preset = *preset_find(o->scheme == SCHEME_SAM_MED2D ? "sam-med2d" : "voxpert");
    r->preset.zoom = o->scheme == SCHEME_SAM_MED2D ? 0.0 : o->zoom;
    if (!status) status = choose_views(r, error);
    if (!status && o->recipe == RECIPE_SEGMOTE) status = declare_experts(r, error);
    if (!status) run_give_classes(r);
    if (!status) status = params_initialize(&r->system.sam.params, o->seed, error);
    if (!status) status = identify_origin(r, error);
    if (!status) choose_parameters(r);
    if (!status) status = check_owned(r, error);
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

/* Of a kept embedding that is damaged. */
static void hear_of_embedding(void *context, const char *sentence) {
    run_say(context, true, sentence);
}

static bool say_encoded(void *context, size_t done, size_t all) {
    Run *r = context;
    const TrainOptions *o = r->options;
    char sentence[80];
    snprintf(sentence, sizeof sentence, "embedding %zu of %zu", done + 1, all);
    if (done % 50 == 0) run_say(r, false, sentence);
    r->stopped = r->observer && r->observer->stop && r->observer->stop(r->observer->context);
    r->stopped |= o->time_limit > 0.0 && system_seconds() - r->began > o->time_limit;
    return !r->stopped;
}

/* The frozen base as a model of its own, which the embeddings are named after. */
static Status open_views(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    const Segmote *segmote = &r->system.segmote;
    bool block = r->system.kind == SYSTEM_SEGMOTE && expert_decoder_published(&segmote->experts);
    Model base = {.system = {.kind = SYSTEM_SAM,
                             .sam = r->system.sam,
                             .kept_block = block ? 1 + segmote->config.feature_block : 0},
                  .threads = r->threads,
                  .kernels = r->kernels,
                  .preset = r->preset,
                  .log = hear_of_embedding,
                  .log_context = r};
    char *folder = NULL;
    Status status = o->cache ? VOXPERT_OK : run_file(r, "embeddings", &folder, error);
    if (status) return status;
    pthread_mutex_init(&base.lock, NULL);
    memcpy(base.identity, r->parent, sizeof base.identity);
    status = views_open(&r->views, &r->data, &base, o->cache ? o->cache : folder, o->cache_half,
                        o->max_memory, say_encoded, r, error);
    pthread_mutex_destroy(&base.lock);
    memory_free(folder);
    return status;
}

/* What is validated on need not be encoded again either. */
static Status share_views(Run *r, Error *error) {
    for (int i = 0; i < 2; i++) {
        Predictor *p = r->measurer.predictor[i];
        p->cache = memory_text(r->views.folder);
        p->f16_cache = r->options->cache_half;
        if (!p->cache) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a folder");
    }
    return VOXPERT_OK;
}

/* Frozen matrices that a step goes through get the form that the kernels like, both ways. */
static Status pack(Run *r, Error *error) {
    static const char *const decoder[] = {"prompt_encoder.*", "mask_decoder.*", NULL};
    return params_pack(&r->system.sam.params, r->cached ? decoder : NULL, r->kernels,
                       &r->stepper.worker, true, false, error);
}

/* Why no text is prompted, or NULL. */
static const char *no_text(const Run *r) {
    size_t names = 0;
    for (size_t i = 0; i < r->data.sets; i++)
        names += r->data.set[i].format_names ? 0 : r->data.set[i].names;
    if (!system_text_width(&r->system)) return "the base reads no text";
    if (names == 0) return "no data set names its labels (names=FILE)";
    return r->options->vocab ? NULL : "its vocabulary is not given (--vocab)";
}

/* The tower is frozen: each name is read once. */
static Status open_texts(Run *r, Error *error) {
    Model reader = {.system = r->system, .threads = r->threads, .kernels = r->kernels};
    pthread_mutex_init(&reader.text_lock, NULL);
    Status status = model_open_texts(&reader, r->options->vocab, error);
    if (!status) status = class_texts_open(&r->texts, &r->data, &reader, error);
    model_close_texts(&reader);
    pthread_mutex_destroy(&reader.text_lock);
    r->text = memory_new((size_t)r->options->batch * r->texts.width * sizeof *r->text + 1);
    if (!status && !r->text)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the texts of a batch");
    return status;
}

static bool has_regions(const Dataset *d) {
    for (size_t i = 0; i < d->pictures; i++)
        if (d->picture[i].regions) return true;
    return false;
}

/* What SegMoTE's scheme can do here; what it cannot is said. */
static Status open_facts(Run *r, PlanFacts *facts, Error *error) {
    const ExpertDecoder *d = &r->system.segmote.experts;
    const char *why = no_text(r);
    char sentence[160];
    *facts = (PlanFacts){.text = !why,
                         .pool = d->config.pool.tokens > 0,
                         .pseudo = has_regions(&r->data),
                         .unrouted = expert_decoder_published(d)};
    if (!facts->pseudo)
        run_say(r, true,
                "no picture has regions: the scheme's passes on pseudo masks are left out");
    if (!why) return open_texts(r, error);
    snprintf(sentence, sizeof sentence, "no text is prompted: %s", why);
    run_say(r, true, sentence);
    return VOXPERT_OK;
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
    PlanFacts facts = {0};
    if (!status && o->scheme == SCHEME_SEGMOTE) status = open_facts(r, &facts, error);
    StepperShape shape = {.scheme = o->scheme,
                          .batch = o->batch,
                          .share = o->share,
                          .loss_side = loss_side,
                          .floats = r->views.floats,
                          .max_memory = o->max_memory,
                          .experts = &o->experts.rule,
                          .facts = facts};
    BatchShape batch = {.count = o->batch,
                        .share = o->share,
                        .side = side,
                        .loss_side = loss_side,
                        .floats = r->views.floats,
                        .block_floats = r->views.block_floats,
                        .pseudo = facts.pseudo,
                        .distinct = o->scheme == SCHEME_SEGMOTE};
    if (!status) status = batch_open(&r->batch, &batch, error);
    if (!status)
        status = stepper_open(&r->stepper, &r->system, r->kernels, r->threads, &shape, &o->prompts,
                              &o->loss, error);
    if (!status) status = pack(r, error);
    r->stepper.text = r->text;
    if (!status) say_memory(r);
    r->shown = (Model){
        .system = r->system,
        .threads = r->threads,
        .kernels = r->kernels,
        .preset = r->preset,
    };
    memcpy(r->shown.identity, r->parent, sizeof r->shown.identity); /* of its frozen encoder */
    if (!status) status = measurer_open(&r->measurer, &r->shown, error);
    if (!status && r->cached) status = share_views(r, error);
    return status;
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
    return routing_tally_open(&r->state.routing, sets, c->experts, c->kept, c->held_back, error);
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

/* Before anything is computed for it. */
static Status check_folder(const Run *r, Error *error) {
    char *path;
    Status status = run_file(r, "state.safetensors", &path, error);
    if (status) return status;
    if (!r->options->resume && file_exists(path))
        status = error_set(error, VOXPERT_BAD_ARGUMENT,
                           "%s: a run was begun there; go on with --resume, or choose another "
                           "folder",
                           r->options->out);
    memory_free(path);
    return status;
}

static Status load(Run *r, Error *error) {
    char *path;
    Status status = run_file(r, "state.safetensors", &path, error);
    HistoryExperts experts;
    settings_identity(r->options, r->state.recipe);
    memcpy(r->state.parent, r->origin, sizeof r->state.parent);
    r->state.best = -1.0;
    if (!status) status = data_record(&r->state.data, &r->data, error);
    if (!status) status = open_routing(r, &experts, error);
    if (!status && file_exists(path))
        status = state_load(path, &r->system, &r->optimizer, &r->state, error);
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
    Status status = settings_check(o, error);
    if (!status) status = threads_open(&r->threads, o->threads, error);
    if (!status) status = folder_make(o->out, error);
    if (!status) status = check_folder(r, error);
    if (!status) status = open_data(r, error);
    if (!status) status = open_model(r, error);
    if (!status) status = open_work(r, error);
    if (!status) status = load(r, error);
    return status;
}

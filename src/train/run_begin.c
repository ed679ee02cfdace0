#include "train/run_begin.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/platform.h"
#include "cases/data_record.h"
#include "cases/shapes.h"
#include "systems/experts.h"
#include "systems/systems.h"
#include "train/recipe.h"
#include "train/run_card.h"
#include "train/run_parts.h"
#include "train/run_work.h"
#include "train/settings.h"

void run_close(Run *r) {
    history_close(&r->history);
    routing_tally_close(&r->state.routing);
    memory_free(r->state.data);
    memory_free(r->set_name);
    memory_free(r->usage);
    memory_free(r->modality_name);
    memory_free(r->modality_of);
    text_free(&r->memory);
    run_close_card(r);
    measurer_close(&r->measurer);
    if (r->shows) model_view_close(&r->shown);
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
    warnings_free(&r->warnings);
}

/* Outer objects of nested labels do not enter the score. */
static bool can_validate(const Dataset *d) {
    for (size_t i = 0; i < d->objects; i++) {
        const CaseObject *o = &d->object[i];
        if (!o->outer && d->picture[o->picture].part == SPLIT_VALIDATION) return true;
    }
    return false;
}

static void report_warnings(Run *r, const Warnings *w) {
    const char *next = warnings_lines(w), *sentence;
    size_t length;
    while (warnings_next(&next, &sentence, &length)) {
        Text one = warnings_sentence(sentence, length);
        if (one.chars) run_say(r, true, one.chars);
        text_free(&one);
    }
}

static bool read_progress(void *context, const char *set, size_t done, size_t all) {
    const Run *r = context;
    run_phase(context, "reading", set, done, all);
    return !(r->observer && r->observer->stop && r->observer->stop(r->observer->context));
}

/* Of one that the run ends before it reaches. */
static void warn_of_rate(Run *r) {
    const TrainOptions *o = r->options;
    if (o->schedule == SCHEDULE_LINEAR || o->warm_up < (double)o->steps) return;
    char line[160];
    snprintf(line, sizeof line,
             "the learning rate warms up over %g steps and the run has %ld: it ends before %g is "
             "reached",
             o->warm_up, o->steps, o->optimizer.lr);
    run_say(r, true, line);
}

/* Why there is nothing to train on. */
static Status no_objects(const Run *r, Error *error) {
    const TrainOptions *o = r->options;
    const char *first = o->folders ? o->data[0] : "no data folder";
    if (!r->data.objects)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: holds no object for training (at least 0.05 %% of an image)", first);
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s: its objects (%zu) are all in the validation and test parts; the option "
                     "train (DIR:train) trains on every case",
                     first, r->data.objects);
}

static Status open_data(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    Status status = VOXPERT_OK;
    r->data.store.budget = o->data_memory;
    r->data.progress = read_progress;
    r->data.progress_context = r;
    for (size_t i = 0; !status && i < o->folders; i++)
        status = dataset_add(&r->data, o->data[i], error);
    report_warnings(r, &r->data.warnings);
    if (!status && o->shapes) status = dataset_add_shapes(&r->data, o->shapes, o->seed, error);
    if (!status) status = pool_open(&r->pool, &r->data, SPLIT_TRAIN, error);
    if (!status && r->pool.sets == 0) status = no_objects(r, error);
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
    const char *const *globs = system_trained(&r->system);
    params_train(&r->system.sam.params, "*", o->trains == 0 && !globs);
    for (int i = 0; globs && o->trains == 0 && globs[i]; i++)
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

static Status open_parent(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    if (o->parent) return checkpoint_open(&r->base, o->parent, error);
    return checkpoint_open_memory(&r->base, o->embedded, o->embedded_size, "built-in model", error);
}

/* Where what the run begins from is an adapter, its base takes the place of r->base, and the file
 * stays open as r->adapter. */
static Status open_adapter(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    bool adapter = r->base && system_needs_base(r->base);
    const char *path = r->base ? checkpoint_path(r->base) : "the new model";
    if (!adapter && o->parent)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "base",
                               "%s: is no adapter, so it has no base", path);
    if (!adapter && o->release_experts)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "release-experts",
                               "%s: is no adapter, so it has no experts to release", path);
    if (!adapter) return VOXPERT_OK;
    const char *system = system_recognized(r->base, true)->name;
    if (strcmp(o->recipe->name, system) != 0)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "recipe",
                               "%s: is an adapter, which goes on with the recipe %s", path, system);
    r->adapter = r->base;
    r->base = NULL;
    return open_parent(r, error);
}

static Status read_config(Run *r, SamConfig *config, Error *error) {
    const TrainOptions *o = r->options;
    Status status = o->base ? checkpoint_open(&r->base, o->base, error) : VOXPERT_OK;
    if (!o->base && !o->config)
        status = checkpoint_open_memory(&r->base, o->embedded, o->embedded_size, "built-in model",
                                        error);
    if (!status) status = open_adapter(r, error);
    if (!status)
        status = r->base ? sam_config_infer(config, r->base, error)
                         : sam_config_parse(config, o->config, "the new model", error);
    if (!status && o->recipe->check_base) status = o->recipe->check_base(r, config, error);
    return status;
}

/* A frozen encoder need not run in every step. */
static Status choose_views(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    if (!o->recipe->frozen_base && !o->cache) return VOXPERT_OK;
    if (!r->base)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "cache",
                               "cache keeps embeddings of a frozen base, and a new model has none");
    Status status = params_identity(&r->system.sam.params, r->parent, error);
    if (!status) status = model_preset(&r->preset, r->base, &r->system.sam, NULL, error);
    r->cached = !o->no_cache;
    if (!r->cached && o->zoom_given) r->preset.zoom = o->zoom;
    if (r->cached && r->preset.zoom > 0.0) {
        if (o->zoom_given)
            return error_set_field(
                error, VOXPERT_BAD_ARGUMENT, "zoom",
                "zoom does not go with kept embeddings: they are of whole images, "
                "in training and afterwards");
        r->preset.zoom = 0.0;
    }
    return status;
}

/* Embeddings that were computed once are wrong as soon as the encoder learns. */
static Status check_views(const Run *r, Error *error) {
    const Params *p = &r->system.sam.params;
    for (size_t i = 0; r->cached && i < p->count; i++) {
        if (p->item[i]->tensor.needs_grad && text_starts(p->item[i]->name, "image_encoder."))
            return error_set_field(error, VOXPERT_BAD_ARGUMENT, "no-cache",
                                   "%s is trained, so embeddings cannot be kept: freeze "
                                   "'image_encoder.*', or train without them (no-cache)",
                                   p->item[i]->name);
    }
    return VOXPERT_OK;
}

static Status declare(Run *r, Error *error) {
    SamConfig config;
    char surplus[256];
    const TrainOptions *o = r->options;
    if (o->vocab && !o->scheme->prompts_texts)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "vocab",
                               "vocab is for the texts that the scheme segmote prompts");
    Status status = read_config(r, &config, error);
    if (status) return status;
    r->declared = true;
    if (r->base && o->recipe->frozen_base)
        return system_open_base(&r->system, r->base, surplus, sizeof surplus, error);
    system_declare_sam(&r->system, &config);
    return r->base
               ? params_bind(&r->system.sam.params, r->base, false, surplus, sizeof surplus, error)
               : VOXPERT_OK;
}

/* Of what a resumed run must begin from too, wherever its file lies. */
static Status identify_origin(Run *r, Error *error) {
    Status status = VOXPERT_OK;
    if (!r->base) return VOXPERT_OK;
    if (!r->parent[0] || r->adapter)
        status = params_identity(&r->system.sam.params, r->origin, error);
    else
        memcpy(r->origin, r->parent, sizeof r->origin);
    Warnings w = {0};
    if (!status && !r->adapter) identity_warning(&w, r->base, r->origin);
    if (!status) warnings_merge(&w, checkpoint_warnings(r->base));
    if (!status && r->adapter) warnings_merge(&w, checkpoint_warnings(r->adapter));
    report_warnings(r, &w);
    warnings_free(&w);
    return status;
}

static Status open_model(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    Status status = declare(r, error);
    const char *preset = o->scheme->preset;
    r->preset = *preset_find(preset ? preset : "voxpert");
    r->preset.zoom = preset ? 0.0 : o->zoom;
    if (!status) status = choose_views(r, error);
    if (!status && o->recipe->declare) status = o->recipe->declare(r, error);
    if (!status && o->recipe->prepare_data) o->recipe->prepare_data(r);
    if (!status) status = params_initialize(&r->system.sam.params, o->seed, error);
    if (!status) status = identify_origin(r, error);
    if (!status) choose_parameters(r);
    if (!status) status = check_owned(r, error);
    if (!status) status = check_views(r, error);
    if (!status) status = optimizer_open(&r->optimizer, &r->system.sam.params, o->decay_all, error);
    if (!status) status = sam_prepare(&r->system.sam, error);
    return status;
}

/* The modalities that sets state, each once, in the order of the sets. */
static void list_modalities(Run *r) {
    for (size_t i = 0; i < r->data.sets; i++) {
        const char *word = r->data.set[i].modality;
        size_t at = 0;
        r->modality_of[i] = -1;
        if (!word) continue;
        while (at < r->modalities && strcmp(r->modality_name[at], word) != 0) at++;
        if (at == r->modalities) r->modality_name[r->modalities++] = word;
        r->modality_of[i] = (int)at;
    }
}

/* Where there are experts: whom their tokens come from. */
static Status open_routing(Run *r, HistoryExperts *out, Error *error) {
    const TokenExpertsConfig *c = system_token_experts(&r->system);
    size_t sets = r->data.sets;
    *out = (HistoryExperts){0};
    if (!c) return VOXPERT_OK;
    r->set_name = memory_new(sets * sizeof *r->set_name);
    r->modality_name = memory_new(sets * sizeof *r->modality_name);
    r->modality_of = memory_new(sets * sizeof *r->modality_of);
    r->usage = memory_new((1 + 2 * sets) * (size_t)c->experts * sizeof *r->usage);
    if (!r->set_name || !r->modality_name || !r->modality_of || !r->usage)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to count the experts' tokens");
    for (size_t i = 0; i < sets; i++) r->set_name[i] = r->data.set[i].name;
    list_modalities(r);
    *out = (HistoryExperts){.experts = c->experts,
                            .sets = sets,
                            .set = r->set_name,
                            .modalities = r->modalities,
                            .modality = r->modality_name,
                            .modality_of = r->modality_of};
    r->stepper.tally = &r->state.routing;
    return routing_tally_open(&r->state.routing, sets, c->experts, c->kept, c->held_back, error);
}

/* Other kernels round in another way. */
static void compare_kernels(Run *r) {
    const char *before = r->state.kernels, *now = r->kernels->name;
    char sentence[200];
    if (!before[0] || strcmp(before, now) == 0) return;
    snprintf(sentence, sizeof sentence,
             "the checkpoint was computed with the kernel set %s, and %s goes on: the weights will "
             "not be those of one run to the last bit",
             before, now);
    run_say(r, true, sentence);
}

/* A model that no state goes on to: of a run that was killed before its first checkpoint, or of
 * another one. */
static Status keep_model(Run *r, const char *path, Error *error) {
    Text kept = {0};
    text_add(&kept, "%s.before", path);
    Status status = VOXPERT_OK;
    if (kept.failed)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to keep it", path);
    else if (file_exists(kept.chars) || rename(path, kept.chars) != 0)
        status = error_set(error, VOXPERT_BAD_OUTPUT,
                           "%s: is there already, and no state of a run to go on from; choose "
                           "another folder",
                           path);
    Text sentence = {0};
    text_add(&sentence,
             "%s: no state of a run is beside it, so training begins anew; it is kept as %s", path,
             kept.chars ? kept.chars : "");
    if (!status && sentence.chars) run_say(r, true, sentence.chars);
    text_free(&sentence);
    text_free(&kept);
    return status;
}

static Status check_resumed(Run *r, Error *error) {
    char *state = NULL, *model = NULL;
    Status status = run_file(r, "state.safetensors", &state, error);
    if (!status) status = run_file(r, "model.safetensors", &model, error);
    if (!status && !file_exists(state) && file_exists(model)) status = keep_model(r, model, error);
    memory_free(state);
    memory_free(model);
    return status;
}

/* Before anything is computed for it: what a run left is not replaced. */
static Status check_folder(Run *r, Error *error) {
    if (r->options->resume) return check_resumed(r, error);
    static const char *const names[] = {"state.safetensors", "model.safetensors",
                                        "last.safetensors", "summary.json"};
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < sizeof names / sizeof *names; i++) {
        char *path;
        status = run_file(r, names[i], &path, error);
        if (!status && file_exists(path))
            status = i == 0 ? error_set_field(error, VOXPERT_BAD_OUTPUT, "resume",
                                              "%s: a run was begun there: resume it, or choose "
                                              "another folder",
                                              r->options->out)
                            : error_set(error, VOXPERT_BAD_OUTPUT,
                                        "%s: is there already; choose another folder", path);
        memory_free(path);
    }
    return status;
}

/* Makes the folder, which no failure before the first output leaves behind. */
static Status make_folder(Run *r, Error *error) {
    r->made_folder = !file_exists(r->options->out);
    Status status = folder_make(r->options->out, error);
    return status ? status : check_folder(r, error);
}

/* The configuration of what it begins from, and how images are prepared for that. */
static Status hash_network(const Run *r, char out[HASH_TEXT], Error *error) {
    char *network = sam_config_write(&r->system.sam.config), *own = system_config_write(&r->system);
    Text t = {0};
    Hash h;
    text_add(&t, "%s\n%s\n%s %.17g", network ? network : "", own ? own : "", r->preset.name,
             r->preset.zoom);
    hash_begin(&h);
    hash_add(&h, t.chars ? t.chars : "", t.length);
    hash_end(&h, out);
    bool ok = network && own && !t.failed;
    memory_free(network);
    memory_free(own);
    text_free(&t);
    return ok ? VOXPERT_OK : error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for its options");
}

static Status record_model(const Run *r, RecordedModel *out, Error *error) {
    *out = (RecordedModel){0};
    Status status = hash_network(r, out->network, error);
    if (status || !r->options->vocab) return status;
    Hash h;
    hash_begin(&h);
    status = file_hash_add(&h, r->options->vocab, VOXPERT_BAD_INPUT, error);
    if (!status) hash_end(&h, out->vocabulary);
    return status;
}

/* A renamed folder goes on under the name that it had. */
static Status restore_names(Run *r, const RecordedModel *model, const char *path, Error *error) {
    char *before;
    Warnings w = {0};
    Status status = state_data(&before, path, error);
    if (!status && before) status = data_record_restore_names(&r->data, model, before, &w, error);
    report_warnings(r, &w);
    warnings_free(&w);
    memory_free(before);
    return status;
}

/* Before anything is encoded for it, or written. */
static Status check_state(Run *r, Error *error) {
    char *path;
    RecordedModel model;
    settings_identity(r->options, r->state.recipe);
    memcpy(r->state.parent, r->origin, sizeof r->state.parent);
    Status status = run_file(r, "state.safetensors", &path, error);
    if (status) return status;
    bool goes_on = file_exists(path);
    status = record_model(r, &model, error);
    if (!status && goes_on) status = restore_names(r, &model, path, error);
    if (!status) status = data_record(&r->state.data, &r->data, &model, error);
    if (!status && goes_on) status = state_check(path, &r->state, error);
    memory_free(path);
    return status;
}

static Status load(Run *r, Error *error) {
    char *path;
    Status status = run_file(r, "state.safetensors", &path, error);
    HistoryExperts experts;
    r->state.best = -1.0;
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
    r->program = system_own_memory();
    r->kernels = kernels_choose(o->cpu);
    if (!r->kernels)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: this machine has no such kernel set",
                         o->cpu);
    Status status = settings_check(o, error);
    if (!status) status = threads_open(&r->threads, o->threads, error);
    if (!status) status = make_folder(r, error);
    if (!status) status = open_data(r, error);
    r->read = system_own_memory();
    if (!status) status = open_model(r, error);
    if (!status) status = check_state(r, error);
    if (!status) warn_of_rate(r);
    if (!status) status = run_open_card(r, error);
    if (!status) status = run_open_work(r, error);
    if (!status) status = load(r, error);
    if (status && r->made_folder) rmdir(o->out); /* stays where anything is in it */
    return status;
}

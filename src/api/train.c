#include <string.h>
#include <voxpert/train.h>

#include "api/internal.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/warnings.h"
#include "train/recipe.h"
#include "train/settings.h"

const char *voxpert_train_setting(int index, const char **help) {
    const Setting *s = setting_at(index);
    if (s && help) *help = s->help;
    return s ? s->name : NULL;
}

bool voxpert_train_setting_get(int index, const char *recipe, const char *scheme,
                               VoxpertTrainSetting *out) {
    const Setting *s = setting_at(index);
    TrainOptions o = train_options_default();
    if (!s || !out || (recipe && settings_recipe(&o, recipe, NULL)) ||
        (scheme && settings_scheme(&o, scheme, NULL)))
        return false;
    *out = (VoxpertTrainSetting){.name = s->name,
                                 .help = s->help,
                                 .choices = s->choices,
                                 .is_number = setting_is_number(index)};
    setting_text(&o, index, out->value, sizeof out->value);
    return true;
}

/* ---- Options ---------------------------------------------------------------------------- */

/* What an options struct of ours borrows from. */
typedef struct Prepared {
    TrainOptions options;
    char *config;
} Prepared;

static void prepared_free(Prepared *p) { memory_free(p->config); }

static Status read_config(Prepared *p, const char *path, Error *error) {
    FileMap map;
    Status status = file_map(&map, path, VOXPERT_BAD_INPUT, error);
    if (status) return status;
    p->config = memory_new(map.size + 1);
    if (p->config && map.size) memcpy(p->config, map.bytes, map.size);
    file_unmap(&map);
    p->options.config = p->config;
    if (p->config) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", path);
}

static Status prepare(Prepared *p, const VoxpertTrainOptions *from, Error *error) {
    *p = (Prepared){.options = train_options_default()};
    TrainOptions *o = &p->options;
    Status status = from->recipe ? settings_recipe(o, from->recipe, error) : VOXPERT_OK;
    if (!status && from->scheme) status = settings_scheme(o, from->scheme, error);
    for (size_t i = 0; !status && i < from->settings_count; i++)
        status = settings_apply(o, from->settings[i], error);
    if (status) return status;
    o->data = from->data, o->folders = from->data_count;
    o->base = from->base && strcmp(from->base, "built-in") == 0 ? NULL : from->base;
    o->parent = from->parent && strcmp(from->parent, "built-in") == 0 ? NULL : from->parent;
    o->release_experts = from->release_experts;
    o->prompt_classes = from->prompt_classes;
    o->embedded = builtin_model(&o->embedded_size);
    o->out = from->out;
    if (from->train_count) o->train = from->train, o->trains = from->train_count;
    if (from->freeze_count) o->freeze = from->freeze, o->freezes = from->freeze_count;
    o->no_cache = from->no_cache;
    o->cache = from->cache;
    o->cache_half = from->cache_half;
    o->vocab = from->vocab;
    o->cpu = from->cpu;
    o->max_memory = from->max_memory;
    o->data_memory = from->data_memory;
    o->time_limit = from->time_limit;
    o->resume = from->resume;
    if (from->licence) o->card.licence = from->licence;
    if (from->labels) o->card.labels = from->labels;
    if (from->training_data) o->card.training_data = from->training_data;
    return from->config ? read_config(p, from->config, error) : VOXPERT_OK;
}

/* ---- Running ---------------------------------------------------------------------------- */

static void pass_on(void *context, const TrainProgress *p) {
    const VoxpertTrainObserver *observer = context;
    const HistoryRow *row = &p->row;
    VoxpertTrainProgress out = {.step = row->step,
                                .steps = p->steps,
                                .loss = row->loss,
                                .dice = row->dice,
                                .learning_rate = row->lr,
                                .seconds = row->seconds,
                                .seconds_left = p->seconds_left,
                                .samples_per_second = p->samples_per_second,
                                .interim = p->interim,
                                .usage = p->usage,
                                .validated = row->validated,
                                .box = row->box,
                                .click1 = row->click1,
                                .click5 = row->click5};
    observer->progress(observer->context, &out);
}

static void pass_phase_on(void *context, const TrainPhase *p) {
    const VoxpertTrainObserver *observer = context;
    VoxpertTrainPhase out = {p->name, p->what, p->done, p->all, p->seconds};
    observer->phase(observer->context, &out);
}

static void pass_lines_on(void *context, const char *lines) {
    const VoxpertTrainObserver *observer = context;
    observer->begin(observer->context, lines);
}

static void pass_sentence_on(void *context, bool warning, const char *sentence) {
    const VoxpertTrainObserver *observer = context;
    observer->say(observer->context, warning, sentence);
}

static bool asked_to_stop(void *context) {
    const VoxpertTrainObserver *observer = context;
    return observer->stop(observer->context);
}

VoxpertStatus voxpert_train_run(const VoxpertTrainOptions *options,
                                const VoxpertTrainObserver *observer, VoxpertTrainResult *result,
                                VoxpertError *error) {
    if (!options || !options->out || !result)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "training needs an output folder");
    if (options->base && options->config)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "training begins from a checkpoint or from the config of a new model, "
                         "one of the two");
    Prepared p;
    VoxpertTrainObserver copy = observer ? *observer : (VoxpertTrainObserver){0};
    TrainObserver inner = {.context = &copy};
    if (copy.progress) inner.progress = pass_on;
    if (copy.say) inner.say = pass_sentence_on;
    if (copy.phase) inner.phase = pass_phase_on;
    if (copy.begin) inner.begin = pass_lines_on;
    if (copy.stop) inner.stop = asked_to_stop;
    TrainResult got = {0};
    Status status = prepare(&p, options, error);
    if (!status) status = train_run(&p.options, &inner, &got, error);
    prepared_free(&p);
    *result = (VoxpertTrainResult){.steps = got.steps,
                                   .best_step = got.best_step,
                                   .best = got.best,
                                   .stopped_early = got.stopped_early,
                                   .out_of_time = got.out_of_time,
                                   .interrupted = got.interrupted,
                                   .drawn = got.drawn,
                                   .not_drawn = got.not_drawn,
                                   .written = got.written};
    return status;
}

/* ---- Measuring -------------------------------------------------------------------------- */

VoxpertStatus voxpert_train_measure(const VoxpertTrainOptions *options, const char *part,
                                    char **table, char **warnings, VoxpertError *error) {
    static const char *const parts[] = {"train", "validation", "test", "all"};
    int which = -1;
    for (int i = 0; part && i < 4; i++) {
        if (strcmp(part, parts[i]) == 0) which = i;
    }
    if (!options || !table || which < 0)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "measuring needs a part: train, validation, test or all");
    Prepared p;
    Text text = {0};
    Warnings odd = {0};
    if (warnings) *warnings = NULL;
    Status status = prepare(&p, options, error);
    if (!status) status = train_measure(&p.options, which, &text, &odd, error);
    prepared_free(&p);
    if (warnings) *warnings = odd.lines.failed ? NULL : memory_text(warnings_lines(&odd));
    warnings_free(&odd);
    if (!status && (text.failed || (warnings && !*warnings)))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the table");
    if (status)
        text_free(&text);
    else
        *table = text.chars;
    return status;
}

#include "train/state.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cases/data_record.h"
#include "data/split_record.h"

/* Format 1 did not say what was trained on, format 2 not the configuration of the network. */
static const char state_format[] = SYSTEM_STATE_FORMAT "3";

enum { KINDS = 3 };
static const char *const prefix[KINDS] = {"optimizer.first.", "optimizer.second.", "average."};

static float *part_of(const Slot *s, int kind) {
    return kind == 0 ? s->first : kind == 1 ? s->second : s->average;
}

/* ---- Saving ----------------------------------------------------------------------------- */

/* A parameter whose tensor shows one of the optimizer's parts instead of its values. */
typedef struct Shown {
    Param param;
    char name[320];
} Shown;

static void fill_shown(float *out, const void *context) {
    const Shown *s = context;
    param_read(&s->param, out);
}

static TensorToWrite shown(Shown *s, const Slot *slot, int kind) {
    s->param = *slot->param;
    s->param.tensor.data = part_of(slot, kind);
    snprintf(s->name, sizeof s->name, "%s%s", prefix[kind], slot->param->name);
    TensorToWrite t = {.name = s->name, .rank = s->param.rank, .fill = fill_shown, .context = s};
    for (int i = 0; i < t.rank; i++) t.dim[i] = (size_t)s->param.dim[i];
    return t;
}

static char *steps_text(const Optimizer *o) {
    Text t = {0};
    for (size_t i = 0; i < o->count; i++) text_add(&t, i ? " %ld" : "%ld", o->slot[i].steps);
    if (!t.failed) return t.chars;
    text_free(&t);
    return NULL;
}

/* Doubles with all their digits, and a point whatever the locale. */
static char *position_text(const Optimizer *o, const RunState *run) {
    Text t = {0};
    text_add(&t, "%ld %ld %.17g %ld %ld %.17g %.17g %.17g %ld %.17g", run->step, o->steps,
             run->best, run->best_step, run->bad, run->loss, run->dice, run->norm, run->reported,
             run->seconds);
    if (!t.failed) return t.chars;
    text_free(&t);
    return NULL;
}

/* The sums, then the shares; "" of systems without experts. */
static char *routing_text(const RoutingTally *r) {
    Text t = {0};
    const RoutingSums *s = &r->sums;
    text_add(&t, "%s", "");
    if (r->share)
        text_add(&t, "%.17g %.17g %.17g %.17g %.17g", s->tokens, s->entropy, s->passes,
                 s->importance_cv2, s->load_cv2);
    for (size_t i = 0; i < r->sets * (size_t)r->experts; i++) text_add(&t, " %.17g", r->share[i]);
    if (!t.failed) return t.chars;
    text_free(&t);
    return NULL;
}

enum { CARD_PAIRS = 8 };

/* What a model file states of the model; returns how many pairs. */
static size_t card_pairs(MetadataPair out[CARD_PAIRS], const ModelCard *card,
                         const System *system) {
    const MetadataPair all[CARD_PAIRS] = {
        {"arch", card->arch},
        {"licence", card->licence},
        {"labels", card->labels},
        {"training_data", card->training_data},
        {"preprocess", card->preprocess},
        {"parent_sha256", card->parent},
        {SPLIT_METADATA, card->split},
        {"precision", params_precision_to_state(&system->sam.params)},
    };
    size_t count = 0;
    for (int i = 0; i < CARD_PAIRS; i++)
        if (all[i].value) out[count++] = all[i];
    return count;
}

static Status write_state(const char *path, const TensorToWrite *tensors, size_t count,
                          const System *system, const Optimizer *o, const RunState *run,
                          const ModelCard *card, Error *error) {
    enum { OWN = 9 };
    char *config = system_config_write(system), *steps = steps_text(o);
    char *where = position_text(o, run), *routing = routing_text(&run->routing);
    MetadataPair pairs[OWN + CARD_PAIRS] = {
        {"format", state_format},  {"config", config},
        {"position", where},       {"slot_steps", steps},
        {"routing", routing},      {"recipe", run->recipe},
        {"kernels", run->kernels}, {"parent_sha256", run->parent},
        {"data", run->data}};
    ModelCard said = *card;
    said.parent = NULL; /* the state says of every run what it was begun on */
    Status status = VOXPERT_OK;
    if (!config || !steps || !where || !routing)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to write it", path);
    if (!status)
        status =
            safetensors_write(path, tensors, count, pairs,
                              OWN + card_pairs(pairs + OWN, &said, system), ELEMENT_F32, error);
    memory_free(config);
    memory_free(steps);
    memory_free(where);
    memory_free(routing);
    return status;
}

Status state_save(const char *path, const System *system, const Optimizer *o, const RunState *run,
                  const ModelCard *card, Error *error) {
    TensorToWrite *values;
    size_t count;
    Status status =
        params_to_write(&system->sam.params, system_owned(system), &values, &count, error);
    if (status) return status;
    TensorToWrite *all = memory_new((count + o->count * KINDS) * sizeof *all);
    Shown *views = memory_new(o->count * KINDS * sizeof *views);
    if (all && views) {
        memcpy(all, values, count * sizeof *all);
        for (size_t i = 0; i < o->count * KINDS; i++)
            all[count + i] = shown(&views[i], &o->slot[i / KINDS], (int)(i % KINDS));
        status = write_state(path, all, count + o->count * KINDS, system, o, run, card, error);
    } else {
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to write it", path);
    }
    memory_free(all);
    memory_free(views);
    memory_free(values);
    return status;
}

/* ---- Loading ---------------------------------------------------------------------------- */

static Status damaged(const char *path, const char *what, Error *error) {
    return error_set(error, VOXPERT_BAD_INPUT, "%s: is no training state of this run: %s", path,
                     what);
}

/* Cuts the next word off: up to a blank or the end. */
static bool next_word(const char **at, char word[40]) {
    size_t length = strcspn(*at, " ");
    if (length == 0 || length >= 40) return false;
    memcpy(word, *at, length);
    word[length] = '\0';
    *at += length + ((*at)[length] == ' ');
    return true;
}

static bool next_long(const char **at, long *out) {
    char word[40];
    return next_word(at, word) && text_to_long(out, word);
}

static bool next_double(const char **at, double *out) {
    char word[40];
    return next_word(at, word) && text_to_double(out, word);
}

static bool parse_position(Optimizer *o, RunState *run, const char *at) {
    return next_long(&at, &run->step) && next_long(&at, &o->steps) &&
           next_double(&at, &run->best) && next_long(&at, &run->best_step) &&
           next_long(&at, &run->bad) && next_double(&at, &run->loss) &&
           next_double(&at, &run->dice) && next_double(&at, &run->norm) &&
           next_long(&at, &run->reported) && next_double(&at, &run->seconds) && *at == '\0';
}

static bool parse_steps(Optimizer *o, const char *at) {
    for (size_t i = 0; i < o->count; i++) {
        if (!next_long(&at, &o->slot[i].steps)) return false;
    }
    return *at == '\0';
}

static bool parse_routing(RoutingTally *r, const char *at) {
    RoutingSums *s = &r->sums;
    bool ok = !r->share || (next_double(&at, &s->tokens) && next_double(&at, &s->entropy) &&
                            next_double(&at, &s->passes) && next_double(&at, &s->importance_cv2) &&
                            next_double(&at, &s->load_cv2));
    for (size_t i = 0; ok && i < r->sets * (size_t)r->experts; i++)
        ok = next_double(&at, &r->share[i]);
    return ok && *at == '\0';
}

static Status read_part(const Checkpoint *c, Slot *s, int kind, float *scratch, Error *error) {
    char name[320];
    snprintf(name, sizeof name, "%s%s", prefix[kind], s->param->name);
    const StoredTensor *t = checkpoint_find(c, name);
    if (!t || t->count != tensor_size(&s->param->tensor))
        return damaged(checkpoint_path(c), name, error);
    Param view = *s->param;
    view.owned = part_of(s, kind);
    stored_tensor_read(t, scratch);
    param_write(&view, scratch);
    return VOXPERT_OK;
}

static Status read_values(const Checkpoint *c, Param *p, float *scratch, Error *error) {
    const StoredTensor *t = checkpoint_find(c, p->name);
    if (!t || t->count != tensor_size(&p->tensor))
        return damaged(checkpoint_path(c), p->name, error);
    Status status = param_own(p, error);
    if (status) return status;
    stored_tensor_read(t, scratch);
    param_write(p, scratch);
    return VOXPERT_OK;
}

/* Whether the run may go on from this file: the same settings, model to begin from, and data. */
static Status check_origin(const Checkpoint *c, const RunState *run, Error *error) {
    const char *path = checkpoint_path(c), *format = checkpoint_metadata(c, "format");
    const char *recipe = checkpoint_metadata(c, "recipe");
    const char *parent = checkpoint_metadata(c, "parent_sha256");
    const char *data = checkpoint_metadata(c, "data");
    Precision stated = PRECISION_F32;
    Status status = params_stated_precision(&stated, c, error);
    if (status) return status;
    if (format && text_starts(format, SYSTEM_STATE_FORMAT) && strcmp(format, state_format) < 0)
        return damaged(path, "an earlier version began it, which recorded less of what it needs",
                       error);
    if (!recipe || !data) return damaged(path, "its metadata is missing", error);
    if (strcmp(recipe, run->recipe) != 0)
        return damaged(path, "it was begun with other options", error);
    if (strcmp(parent ? parent : "", run->parent) != 0)
        return damaged(path, "it was begun on another base", error);
    return data_record_compare(data, run->data, path, error);
}

Status state_data(char **out, const char *path, Error *error) {
    Checkpoint *c;
    *out = NULL;
    Status status = checkpoint_open(&c, path, error);
    if (status) return status;
    const char *data = checkpoint_metadata(c, "data");
    if (data && !(*out = memory_text(data)))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", path);
    checkpoint_close(c);
    return status;
}

Status state_check(const char *path, const RunState *run, Error *error) {
    Checkpoint *c;
    Status status = checkpoint_open(&c, path, error);
    if (status) return status;
    status = check_origin(c, run, error);
    checkpoint_close(c);
    return status;
}

static Status read_metadata(const Checkpoint *c, Optimizer *o, RunState *run, Error *error) {
    const char *where = checkpoint_metadata(c, "position"), *path = checkpoint_path(c);
    const char *steps = checkpoint_metadata(c, "slot_steps");
    const char *kernels = checkpoint_metadata(c, "kernels");
    const char *routing = checkpoint_metadata(c, "routing");
    Status status = check_origin(c, run, error);
    if (status) return status;
    if (!where || !steps) return damaged(path, "its metadata is missing", error);
    if (!parse_position(o, run, where)) return damaged(path, "its position cannot be read", error);
    if (!parse_routing(&run->routing, routing ? routing : ""))
        return damaged(path, "what its routers did cannot be read", error);
    snprintf(run->kernels, sizeof run->kernels, "%s", kernels ? kernels : "");
    return parse_steps(o, steps) ? VOXPERT_OK : damaged(path, "its step counts", error);
}

Status state_load(const char *path, System *system, Optimizer *o, RunState *run, Error *error) {
    Checkpoint *c;
    Status status = checkpoint_open(&c, path, error);
    if (status) return status;
    size_t largest = 1;
    for (size_t i = 0; i < system->sam.params.count; i++) {
        size_t n = tensor_size(&system->sam.params.item[i]->tensor);
        if (n > largest) largest = n;
    }
    float *scratch = memory_new(largest * sizeof *scratch);
    if (!scratch) status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory", path);
    if (!status) status = read_metadata(c, o, run, error);
    for (size_t i = 0; !status && i < system->sam.params.count; i++) {
        Param *p = system->sam.params.item[i];
        if (param_matches(p, system_owned(system))) status = read_values(c, p, scratch, error);
    }
    for (size_t i = 0; !status && i < o->count * KINDS; i++)
        status = read_part(c, &o->slot[i / KINDS], (int)(i % KINDS), scratch, error);
    memory_free(scratch);
    checkpoint_close(c);
    return status;
}

/* ---- Model files ------------------------------------------------------------------------ */

Status state_export(const char *path, const System *system, Optimizer *o, bool averages,
                    const ModelCard *card, ElementType type, Error *error) {
    TensorToWrite *values;
    size_t count;
    char *config = system_config_write(system);
    Status status =
        params_to_write(&system->sam.params, system_owned(system), &values, &count, error);
    if (!status && !config)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to write it", path);
    MetadataPair pairs[3 + CARD_PAIRS] = {
        {"format", "voxpert model 1"}, {"config", config}, {"created_by", "voxpert train"}};
    size_t pair_count = 3 + card_pairs(pairs + 3, card, system);
    if (!status) {
        if (averages) optimizer_swap(o);
        status = safetensors_write(path, values, count, pairs, pair_count, type, error);
        if (averages) optimizer_swap(o);
    }
    memory_free(config);
    memory_free(values);
    return status;
}

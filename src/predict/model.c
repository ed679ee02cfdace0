#include "predict/model.h"

#include <jansson.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "systems/experts.h"
#include "weights/checkpoint_elements.h"

/* ---- Opening ---------------------------------------------------------------------------- */

static Status open_file(Model *m, const char *path, const ModelOptions *o, Error *error) {
    if (o->bytes) return checkpoint_open_memory(&m->file, o->bytes, o->size, path, error);
    if (path) return checkpoint_open(&m->file, path, error);
    if (o->embedded)
        return checkpoint_open_memory(&m->file, o->embedded, o->embedded_size, "built-in model",
                                      error);
    return error_set(error, VOXPERT_BAD_MODEL, "no model was named, and none is built in");
}

static Status open_base(Model *m, const ModelOptions *o, Error *error) {
    if (!system_needs_base(m->file) && !o->base) return VOXPERT_OK;
    if (!system_takes_base(m->file))
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: is a whole model, which has no base",
                         checkpoint_path(m->file));
    if (o->base) return checkpoint_open(&m->base, o->base, error);
    if (!o->embedded) return VOXPERT_OK;
    return checkpoint_open_memory(&m->base, o->embedded, o->embedded_size, "built-in model", error);
}

static Status choose_kernels(Model *m, const ModelOptions *o, Error *error) {
    m->kernels = kernels_choose(o->cpu);
    if (m->kernels) return VOXPERT_OK;
    Text names = {0};
    for (const Kernels *const *k = kernels_available(); *k; k++)
        text_add(&names, "%s%s", names.length ? ", " : "", (*k)->name);
    Status status =
        error_set(error, VOXPERT_BAD_ARGUMENT,
                  "kernel set \"%s\" is unknown or not for this processor; it can run %s",
                  o->cpu ? o->cpu : "", names.chars ? names.chars : "none");
    text_free(&names);
    return status;
}

/* The caller's goes before what the files state. */
static Status choose_precision(Model *m, const ModelOptions *o, Error *error) {
    Precision asked;
    if (!o->precision) return VOXPERT_OK;
    if (precision_find(&asked, o->precision)) {
        params_set_precision(&m->system.sam.params, asked);
        return VOXPERT_OK;
    }
    return error_set_field(error, VOXPERT_BAD_ARGUMENT, "precision",
                           "precision is f32, not \"%.60s\"", o->precision);
}

/* A file that does not say is told by its looks; MedSAM looks like SAM. */
static const char *looks_like(const Sam *s) {
    if (s->config.tiny.pointwise_stem) return "litemedsam";
    return s->config.vit.adapters ? "sam-med2d" : s->config.vit.nested ? "imis" : "sam";
}

static Status unknown_preset(const Checkpoint *file, const char *name, bool asked, Error *error) {
    Text known = {0};
    for (int i = 0; preset_at(i); i++) text_add(&known, "%s%s", i ? ", " : "", preset_at(i)->name);
    Status status = error_set(error, asked ? VOXPERT_BAD_ARGUMENT : VOXPERT_BAD_MODEL,
                              "%s%spreset \"%.60s\" is unknown; known are %s",
                              asked ? "" : checkpoint_path(file), asked ? "" : ": its ", name,
                              known.chars ? known.chars : "");
    text_free(&known);
    return status;
}

static Status bad_preprocess(const Checkpoint *file, const char *what, Error *error) {
    return error_set(error, VOXPERT_BAD_MODEL, "%s: its metadata \"preprocess\" %s",
                     checkpoint_path(file), what);
}

/* What the file states of its images: *root NULL where it states nothing; the caller frees it. */
static Status read_preprocess(json_t **root, const Checkpoint *file, Error *error) {
    const char *text = checkpoint_metadata(file, "preprocess");
    *root = text ? json_loads(text, 0, NULL) : NULL;
    const json_t *preset = json_object_get(*root, "preset"), *zoom = json_object_get(*root, "zoom");
    if (text && !json_is_object(*root)) return bad_preprocess(file, "is not a JSON object", error);
    if (preset && !json_is_string(preset))
        return bad_preprocess(file, "has a \"preset\" that is no name", error);
    if (zoom && !(json_is_number(zoom) && json_number_value(zoom) >= 0.0 &&
                  json_number_value(zoom) < 100.0))
        return bad_preprocess(file, "has a \"zoom\" that is no number from 0 to 100", error);
    return VOXPERT_OK;
}

Status model_preset(Preset *out, const Checkpoint *file, const Sam *sam, const char *asked,
                    Error *error) {
    json_t *root;
    Status status = read_preprocess(&root, file, error);
    const char *stated = json_string_value(json_object_get(root, "preset"));
    const char *name = asked ? asked : stated ? stated : looks_like(sam);
    const Preset *preset = preset_find(name);
    if (!status && !preset) status = unknown_preset(file, name, asked != NULL, error);
    if (!status) *out = *preset;
    bool own = !stated || strcmp(stated, name) == 0; /* else its zoom is another preset's */
    const json_t *zoom = json_object_get(root, "zoom");
    if (!status && out->zoom > 0.0 && own && zoom) out->zoom = json_number_value(zoom);
    json_decref(root);
    return status;
}

/* An adapter that does not say sees what its base sees. */
static Status choose_preset(Model *m, const ModelOptions *o, Error *error) {
    bool asks_base = m->base && !checkpoint_metadata(m->file, "preprocess");
    m->preset_given = o->preset != NULL;
    return model_preset(&m->preset, asks_base ? m->base : m->file, &m->system.sam, o->preset,
                        error);
}

static void log_lines(const Model *m, const Warnings *w) {
    const char *next = warnings_lines(w), *sentence;
    size_t length;
    while (m->log && warnings_next(&next, &sentence, &length)) {
        Text one = warnings_sentence(sentence, length);
        if (one.chars) m->log(m->log_context, one.chars);
        text_free(&one);
    }
}

static Status bind(Model *m, const ModelOptions *o, Error *error) {
    log_lines(m, checkpoint_warnings(m->file));
    if (m->base) log_lines(m, checkpoint_warnings(m->base));
    Status status =
        system_open(&m->system, m->file, m->base, o->strict, m->warning, sizeof m->warning, error);
    if (status || !m->system.adapter || model_metadata(m, "parent_sha256") || !m->log)
        return status;
    Text t = {0};
    text_add(&t, "%s: does not say which base it was trained on, so %s cannot be checked",
             checkpoint_path(m->file), checkpoint_path(m->base));
    if (t.chars) m->log(m->log_context, t.chars);
    text_free(&t);
    return VOXPERT_OK;
}

/* What a whole file of ours states; an adapter's identity is that of the base and itself together,
 * which its file does not state. */
const char *model_stated_identity(const Model *m) {
    return m->file && !m->system.adapter ? checkpoint_metadata(m->file, "identity") : NULL;
}

/* Somebody changed the weights and kept the metadata. */
void identity_warning(Warnings *w, const Checkpoint *file, const char *computed) {
    const char *stated = checkpoint_metadata(file, "identity");
    if (!stated || strcmp(stated, computed) == 0) return;
    warnings_add(w,
                 "%s: states identity %.16s..., but its weights have identity %.16s...: they were "
                 "changed after it was written; the identity of the weights is used",
                 checkpoint_path(file), stated, computed);
}

static void warn_of_identity(const Model *m) {
    Warnings w = {0};
    if (!model_stated_identity(m) || !m->log) return;
    identity_warning(&w, m->file, m->identity);
    log_lines(m, &w);
    warnings_free(&w);
}

/* Computed, whatever the file states: caches and resumed runs are found by it. */
Status model_identity(const Model *shared, const char **identity, Error *error) {
    union {
        const Model *from;
        Model *to;
    } m = {shared}; /* the lock and what it guards may change in a shared model */
    Status status = VOXPERT_OK;
    pthread_mutex_lock(&m.to->lock);
    if (!shared->identity[0]) {
        status = params_identity(&shared->system.sam.params, m.to->identity, error);
        if (!status) warn_of_identity(shared);
    }
    pthread_mutex_unlock(&m.to->lock);
    *identity = status ? NULL : shared->identity;
    return status;
}

Status model_configuration(const Model *m, char text[HASH_TEXT], Error *error) {
    char *network = sam_config_write(&m->system.sam.config);
    char *own = system_config_write(&m->system); /* of experts, if there are any */
    Text t = {0};
    text_add(&t, "%s\n%s\n%s %.17g", network ? network : "", own ? own : "", m->preset.name,
             m->preset.zoom);
    Hash h;
    hash_begin(&h);
    hash_add(&h, t.chars ? t.chars : "", t.length);
    hash_end(&h, text);
    bool ok = network && own && !t.failed;
    memory_free(network);
    memory_free(own);
    text_free(&t);
    if (ok) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to hash the configuration");
}

Status model_encoder_identity(const Model *m, const char **identity, Error *error) {
    *identity = m->system.parent;
    return system_encodes_as_base(&m->system) ? VOXPERT_OK : model_identity(m, identity, error);
}

static Status pack(Model *m, Error *error) {
    Worker worker;
    Status status = worker_open(&worker, m->threads, error);
    if (status) return status;
    status = params_pack(&m->system.sam.params, NULL, m->kernels, &worker, false, true, error);
    worker_close(&worker);
    return status;
}

Status model_open(Model **out, const char *path, const ModelOptions *options, Error *error) {
    *out = NULL;
    Model *m = memory_new(sizeof *m);
    if (!m) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a model");
    pthread_mutex_init(&m->lock, NULL);
    pthread_mutex_init(&m->text_lock, NULL);
    m->log = options->log;
    m->log_context = options->log_context;
    Status status = choose_kernels(m, options, error);
    if (!status) status = open_file(m, path, options, error);
    if (!status) status = open_base(m, options, error);
    if (!status) status = bind(m, options, error);
    if (!status) status = choose_precision(m, options, error);
    if (!status) status = choose_preset(m, options, error);
    if (!status) status = model_open_texts(m, options->vocab, error);
    if (!status) status = threads_open(&m->threads, options->threads, error);
    if (!status) status = pack(m, error);
    if (status) {
        model_close(m);
        return status;
    }
    *out = m;
    return VOXPERT_OK;
}

void model_close(Model *m) {
    if (!m) return;
    threads_close(m->threads);
    model_close_texts(m);
    system_close(&m->system);
    checkpoint_close(m->base);
    checkpoint_close(m->file);
    pthread_mutex_destroy(&m->lock);
    pthread_mutex_destroy(&m->text_lock);
    memory_free(m);
}

void model_view_open(Model *out, const System *system, const Kernels *kernels, Threads *threads,
                     const Preset *preset, const char *identity) {
    *out = (Model){.system = *system, .kernels = kernels, .threads = threads, .preset = *preset};
    memcpy(out->identity, identity, strlen(identity) + 1);
    pthread_mutex_init(&out->lock, NULL);
    pthread_mutex_init(&out->text_lock, NULL);
}

void model_view_close(Model *view) {
    model_close_texts(view);
    pthread_mutex_destroy(&view->lock);
    pthread_mutex_destroy(&view->text_lock);
}

const char *model_metadata(const Model *m, const char *key) {
    return checkpoint_metadata(m->file, key);
}

Status model_check_finite(const Model *m, const char *what, const float *values, size_t count,
                          Error *error) {
    if (floats_are_finite(values, count)) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_MODEL,
                     "%s: %s has values that are not finite numbers: its weights are damaged, or "
                     "not meant for images prepared as by preset %s",
                     m->file ? checkpoint_path(m->file) : "the model", what, m->preset.name);
}

/* ---- Saying and saving what it is ------------------------------------------------------- */

static const char *known(const Model *m, const char *key, const char *otherwise) {
    const char *value = model_metadata(m, key);
    return value ? value : otherwise;
}

/* "degenerate in layers 1, 2": what nobody would see in its answers. */
static bool describe_routers(Text *t, const System *s) {
    bool degenerate, ok = true;
    for (int i = 0; ok && i < system_expert_layers(s); i++) {
        ok = system_router_is_degenerate(s, i, &degenerate, NULL) == VOXPERT_OK;
        if (ok && degenerate)
            text_add(t, "%s%d", t->length ? ", " : "degenerate in layers ", i + 1);
    }
    if (t->length)
        text_add(t, ": all weights are zero, every logit ties, and the first expert gets all");
    return ok && !t->failed;
}

char *model_describe(const Model *m) {
    const char *identity;
    char configuration[HASH_TEXT];
    Text routers = {0};
    if (model_identity(m, &identity, NULL) || model_configuration(m, configuration, NULL))
        return NULL;
    if (!describe_routers(&routers, &m->system)) {
        text_free(&routers);
        return NULL;
    }
    char *config = system_config_write(&m->system);
    json_t *inner = config ? json_loads(config, 0, NULL) : NULL;
    const char *path = checkpoint_path(m->file);
    json_t *root = json_pack(
        "{s:s?, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:O}", "file",
        text_is_utf8(path, strlen(path)) ? path : NULL, "container", checkpoint_container(m->file),
        "layout", checkpoint_layout(m->file), "arch", known(m, "arch", m->system.ops->name),
        "preset", m->preset.name, "parameters", (json_int_t)params_elements(&m->system.sam.params),
        "tensors", (json_int_t)checkpoint_count(m->file), "identity", identity,
        "configuration_sha256", configuration, "licence",
        known(m, "licence", "not stated in the file"), "kernels", m->kernels->name, "precision",
        precision_name(m->system.sam.params.precision), "config", inner ? inner : json_null());
    static const char *const more[] = {"format",     "labels",     "training_data",
                                       "created_by", "preprocess", "parent_sha256"};
    for (size_t i = 0; root && i < sizeof more / sizeof *more; i++) {
        const char *value = model_metadata(m, more[i]);
        if (value) json_object_set_new(root, more[i], json_string(value));
    }
    const char *wrapper = checkpoint_wrapper(m->file);
    if (root) json_object_set_new(root, "names", json_string(checkpoint_dialect(m->file)));
    if (root && *wrapper) json_object_set_new(root, "wrapper", json_string(wrapper));
    const char *stated = model_stated_identity(m);
    if (root && stated) {
        json_object_set_new(root, "identity_stated", json_string(stated));
        json_object_set_new(root, "identity_verified", json_boolean(strcmp(stated, identity) == 0));
    }
    if (root && routers.chars) json_object_set_new(root, "router", json_string(routers.chars));
    text_free(&routers);
    if (root && m->warning[0]) json_object_set_new(root, "surplus", json_string(m->warning));
    char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    json_decref(inner);
    memory_free(config);
    return text;
}

typedef struct Stated {
    MetadataPair *pair;
    size_t count;
    char *config;
    Text preprocess;
} Stated;

static void stated_free(Stated *s) {
    memory_free(s->pair);
    memory_free(s->config);
    text_free(&s->preprocess);
}

static void add_pair(Stated *s, const char *key, const char *value) {
    if (value) s->pair[s->count++] = (MetadataPair){key, value};
}

/* What depends on the copy: how it is stored and named, and how its images are prepared. */
static const char *const of_the_copy[] = {"format",   "arch",       "config",    "preprocess",
                                          "identity", "created_by", "precision", NULL};

static Status add_of_the_copy(Stated *s, const Model *m, ElementType type, Error *error) {
    const char *identity = NULL; /* rounded values are other values */
    const char *kept = m->preset_given ? NULL : model_metadata(m, "preprocess");
    Status status = VOXPERT_OK;
    if (type == ELEMENT_F32 && !m->system.adapter) status = model_identity(m, &identity, error);
    add_pair(s, "format", "voxpert 1");
    add_pair(s, "arch", m->system.ops->name);
    add_pair(s, "config", s->config);
    add_pair(s, "preprocess", kept ? kept : s->preprocess.chars);
    add_pair(s, "identity", identity);
    if (m->system.adapter) add_pair(s, "parent_sha256", m->system.parent);
    add_pair(s, "created_by", known(m, "created_by", "voxpert"));
    const char *precision = params_precision_to_state(&m->system.sam.params);
    add_pair(s, "precision", precision);
    return status;
}

static bool is_stated(const Stated *s, const char *key) {
    for (const char *const *k = of_the_copy; *k; k++)
        if (strcmp(*k, key) == 0) return true;
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->pair[i].key, key) == 0) return true;
    return false;
}

/* All else that the file says is as true of the copy: licence, labels, what it was trained on. */
static void add_carried(Stated *s, const Model *m) {
    const char *key, *value;
    for (size_t i = 0; i < checkpoint_metadata_count(m->file); i++) {
        checkpoint_metadata_at(m->file, i, &key, &value);
        if (!is_stated(s, key) && !system_metadata_is_of_run(m->file, key)) add_pair(s, key, value);
    }
}

static Status stated_make(Stated *s, const Model *m, ElementType type, const char *path,
                          Error *error) {
    size_t most = checkpoint_metadata_count(m->file) + sizeof of_the_copy / sizeof *of_the_copy + 1;
    text_add(&s->preprocess, "{\"preset\": \"%s\", \"zoom\": %g}", m->preset.name, m->preset.zoom);
    s->config = system_config_write(&m->system);
    s->pair = memory_new(most * sizeof *s->pair);
    if (!s->config || !s->pair || s->preprocess.failed)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to write it", path);
    Status status = add_of_the_copy(s, m, type, error);
    if (!status) add_carried(s, m);
    return status;
}

Status model_save(const Model *m, const char *path, ElementType type, Error *error) {
    Stated s = {0};
    TensorToWrite *tensors = NULL;
    size_t count = 0;
    Status status = stated_make(&s, m, type, path, error);
    if (!status)
        status = params_to_write(&m->system.sam.params, system_owned(&m->system), &tensors, &count,
                                 error);
    if (!status) status = safetensors_write(path, tensors, count, s.pair, s.count, type, error);
    memory_free(tensors);
    stated_free(&s);
    return status;
}

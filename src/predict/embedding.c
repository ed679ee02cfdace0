#include "predict/embedding.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/text.h"
#include "weights/checkpoint_elements.h"

static const char format[] = "voxpert embedding 2", older[] = "voxpert embedding 1";

typedef struct Facts {
    const char *model;
    char config[HASH_TEXT]; /* heads, windows and epsilons do not show in the weights */
    char crop[80], kept[24], checksum[HASH_TEXT], key[HASH_TEXT];
} Facts;

/* Computed when it is first asked for. */
static const char *picture_hash(Predictor *p) {
    uint64_t size[2] = {p->picture.width, p->picture.height};
    if (p->picture_hash[0]) return p->picture_hash;
    Hash h;
    hash_begin(&h);
    hash_add(&h, size, sizeof size);
    hash_add(&h, p->picture.rgb, 3 * p->picture.width * p->picture.height);
    hash_end(&h, p->picture_hash);
    return p->picture_hash;
}

static Status config_of(Facts *f, const Predictor *p, Error *error) {
    char *config = sam_config_write(&p->model->system.sam.config);
    if (!config) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for an embedding's key");
    Hash h;
    hash_begin(&h);
    hash_add(&h, config, strlen(config));
    hash_end(&h, f->config);
    memory_free(config);
    return VOXPERT_OK;
}

/* What the embedding depends on; kernel sets differ in the last bits and may share files,
 * precisions may not. */
static Status facts_of(Facts *f, Predictor *p, const char *type, Error *error) {
    const Crop *c = &p->view.crop;
    Status status = model_encoder_identity(p->model, &f->model, error);
    if (!status) status = config_of(f, p, error);
    if (status) return status;
    snprintf(f->crop, sizeof f->crop, "%d,%d,%d,%d%s", c->x, c->y, c->width, c->height,
             p->view.mirrored ? " mirrored" : "");
    int block = p->model->system.kept_block;
    snprintf(f->kept, sizeof f->kept, "block %d", block - 1);
    char kernels[24];
    snprintf(kernels, sizeof kernels, "%s kernels",
             precision_name(p->model->system.sam.params.precision));
    const char *parts[] = {picture_hash(p), f->model, f->config, p->model->preset.name,
                           f->crop,         kernels,  type,      f->kept};
    size_t count = sizeof parts / sizeof *parts - (block == 0);
    Hash h;
    hash_begin(&h);
    for (size_t i = 0; i < count; i++) hash_add(&h, parts[i], strlen(parts[i]) + 1);
    hash_end(&h, f->key);
    return VOXPERT_OK;
}

/* Of the values as their reader will see them: rounded to the file's type. */
static void checksum_of(const float *values, size_t count, ElementType type, char text[HASH_TEXT]) {
    enum { CHUNK = 1024 };
    float rounded[CHUNK];
    Hash h;
    hash_begin(&h);
    for (size_t i = 0; i < count; i += CHUNK) {
        size_t some = count - i < CHUNK ? count - i : CHUNK;
        for (size_t k = 0; k < some; k++) {
            float value = values[i + k];
            rounded[k] = type == ELEMENT_F16 ? float_from_f16(f16_from_float(value)) : value;
        }
        hash_add(&h, rounded, some * sizeof *rounded);
    }
    hash_end(&h, text);
}

/* ---- Its tensors ------------------------------------------------------------------------ */

enum { PARTS_MAX = 2 };

/* The predictor's floats as the tensors that a file has of them; how many. */
static size_t parts_of(const Predictor *p, TensorToWrite part[PARTS_MAX]) {
    const System *s = &p->model->system;
    size_t grid = (size_t)sam_grid(&s->sam), fine = 4 * grid;
    size_t dim = (size_t)s->sam.config.prompt.dim, first = system_embedding_floats(s);
    part[0] = (TensorToWrite){
        .name = "embedding", .rank = 3, .dim = {grid, grid, dim}, .values = p->embedding};
    if (system_image_floats(&p->model->system) == first) return 1;
    if (s->kept_block) {
        size_t wide = (size_t)s->sam.config.vit.dim;
        part[1] = (TensorToWrite){
            .name = "block", .rank = 3, .dim = {grid, grid, wide}, .values = p->embedding + first};
        return 2;
    }
    part[1] = (TensorToWrite){.name = "features",
                              .rank = 3,
                              .dim = {fine, fine, dim / 8},
                              .values = p->embedding + first};
    return 2;
}

/* ---- Saving ----------------------------------------------------------------------------- */

Status embedding_save(Predictor *p, Output to, ElementType type, Error *error) {
    Facts f;
    TensorToWrite part[PARTS_MAX];
    Status status = facts_of(&f, p, element_name(type), error);
    if (status) return status;
    checksum_of(p->embedding, system_image_floats(&p->model->system), type, f.checksum);
    const char *precision = params_precision_to_state(&p->model->system.sam.params);
    MetadataPair metadata[] = {
        {"format", format},   {"image", picture_hash(p)},        {"model", f.model},
        {"config", f.config}, {"preset", p->model->preset.name}, {"crop", f.crop},
        {"key", f.key},       {"checksum", f.checksum},          {"precision", precision},
    };
    size_t pairs = sizeof metadata / sizeof *metadata - (precision == NULL);
    return safetensors_write_to(to, part, parts_of(p, part), metadata, pairs, type, error);
}

/* ---- Loading ---------------------------------------------------------------------------- */

static Status differs(const char *path, const char *what, Error *error) {
    return error_set(error, VOXPERT_BAD_INPUT, "%s: is the embedding of another %s", path, what);
}

static bool says(const Checkpoint *c, const char *key, const char *value) {
    const char *said = checkpoint_metadata(c, key);
    return said && strcmp(said, value) == 0;
}

static bool same_precision(const Checkpoint *c, const Params *p) {
    const char *said = checkpoint_metadata(c, "precision");
    return strcmp(said ? said : precision_name(PRECISION_F32), precision_name(p->precision)) == 0;
}

static bool fits(const TensorToWrite *part, const StoredTensor *t) {
    if (!t || t->rank != part->rank) return false;
    for (int i = 0; i < t->rank; i++)
        if (t->dim[i] != part->dim[i]) return false;
    return t->type == ELEMENT_F32 || t->type == ELEMENT_F16;
}

/* The tensors of `part`, all of one type; false: the file is something else. */
static bool find_parts(const Checkpoint *c, const TensorToWrite *part, size_t count,
                       const StoredTensor *found[PARTS_MAX]) {
    for (size_t i = 0; i < count; i++) {
        found[i] = checkpoint_find(c, part[i].name);
        if (!fits(&part[i], found[i]) || found[i]->type != found[0]->type) return false;
    }
    return true;
}

static Status same_origin(Predictor *p, const Checkpoint *c, const Facts *f, const char *path,
                          Error *error) {
    if (!says(c, "image", picture_hash(p))) return differs(path, "image", error);
    if (!says(c, "model", f->model)) return differs(path, "model", error);
    if (!says(c, "config", f->config)) return differs(path, "configuration of the model", error);
    if (!says(c, "preset", p->model->preset.name)) return differs(path, "preset", error);
    if (!says(c, "crop", f->crop)) return differs(path, "crop", error);
    if (!same_precision(c, &p->model->system.sam.params)) return differs(path, "precision", error);
    return VOXPERT_OK;
}

static Status take(Predictor *p, const Checkpoint *c, const char *path, Error *error) {
    TensorToWrite part[PARTS_MAX];
    const StoredTensor *t[PARTS_MAX];
    size_t parts = parts_of(p, part), count = system_image_floats(&p->model->system);
    if (says(c, "format", older))
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: was written by an earlier version, which did not record the model's "
                         "configuration: encode the image again",
                         path);
    if (!says(c, "format", format) || !find_parts(c, part, parts, t))
        return error_set(error, VOXPERT_BAD_INPUT, "%s: is no embedding for this model", path);
    Facts f;
    Status status = facts_of(&f, p, element_name(t[0]->type), error);
    if (!status) status = same_origin(p, c, &f, path, error);
    if (status) return status;
    p->image_known = false;
    stored_tensor_read(t[0], p->embedding);
    if (parts > 1) stored_tensor_read(t[1], p->embedding + t[0]->count);
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(p->embedding[i]))
            return error_set(error, VOXPERT_BAD_INPUT, "%s: value %zu is not a finite number", path,
                             i);
    }
    checksum_of(p->embedding, count, ELEMENT_F32, f.checksum);
    if (!says(c, "checksum", f.checksum))
        return error_set(error, VOXPERT_BAD_INPUT, "%s: its checksum does not fit its values",
                         path);
    return VOXPERT_OK;
}

/* What could be opened, or not: `status`, of a file that is there or of bytes. */
static Status load(Predictor *p, Checkpoint *c, const char *name, bool is_there, Status status,
                   Error *error) {
    if (status == VOXPERT_BAD_MODEL && is_there)
        error_set(error, VOXPERT_BAD_INPUT,
                  "%s: is no embedding, or damaged: it cannot be read as safetensors", name);
    if (status == VOXPERT_BAD_MODEL) {
        status = VOXPERT_BAD_INPUT;
        if (error) error->status = status;
    }
    if (!status) status = take(p, c, name, error);
    checkpoint_close(c);
    p->encoded = !status;
    return status;
}

Status embedding_load(Predictor *p, const char *path, Error *error) {
    Checkpoint *c = NULL;
    p->encoded = false;
    Status status = checkpoint_open(&c, path, error);
    return load(p, c, path, status && access(path, R_OK) == 0, status, error);
}

Status embedding_load_memory(Predictor *p, const void *bytes, size_t size, const char *name,
                             Error *error) {
    Checkpoint *c = NULL;
    p->encoded = false;
    Status status = checkpoint_open_memory(&c, bytes, size, name, error);
    return load(p, c, name, true, status, error);
}

/* ---- Cache ------------------------------------------------------------------------------ */

Status embedding_key(char key[HASH_TEXT], Predictor *p, ElementType type, Error *error) {
    Facts f;
    Status status = facts_of(&f, p, element_name(type), error);
    if (!status) memcpy(key, f.key, sizeof f.key);
    return status;
}

char *embedding_path(Predictor *p, ElementType type) {
    char key[HASH_TEXT], name[HASH_TEXT + 16];
    if (embedding_key(key, p, type, NULL)) return NULL;
    snprintf(name, sizeof name, "%s.safetensors", key);
    return path_join(p->cache.folder, name);
}

/* Kept, it would be looked at again and again. */
static void remove_damaged(const Predictor *p, const char *path, const char *why) {
    Text sentence = {0};
    const Model *m = p->model;
    if (unlink(path) != 0 || !m->log) return;
    text_add(&sentence, "%s; it is removed from the cache", why);
    if (sentence.chars) m->log(m->log_context, sentence.chars);
    text_free(&sentence);
}

bool embedding_find(Predictor *p, ElementType type) {
    Error error;
    char *path = embedding_path(p, type);
    bool readable = path && access(path, R_OK) == 0;
    Status status = readable ? embedding_load(p, path, &error) : VOXPERT_OK;
    if (status == VOXPERT_BAD_INPUT) remove_damaged(p, path, error.message);
    memory_free(path);
    return readable && !status;
}

Status embedding_keep(Predictor *p, ElementType type, Error *error) {
    char *path = embedding_path(p, type);
    if (!path) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the cache's path");
    Status status = folder_make(p->cache.folder, error);
    if (!status) status = embedding_save(p, output_file(path), type, error);
    memory_free(path);
    return status;
}

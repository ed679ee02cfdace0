#include "predict/embedding.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"

typedef struct Facts {
    const char *model;
    char crop[64], checksum[HASH_TEXT], key[HASH_TEXT];
} Facts;

/* What the embedding depends on; kernel sets differ in the last bits and may share files,
 * precisions may not. */
static Status facts_of(Facts *f, const Predictor *p, const char *type, Error *error) {
    const Crop *c = &p->view.crop;
    Status status = model_identity(p->model, &f->model, error);
    if (status) return status;
    snprintf(f->crop, sizeof f->crop, "%d,%d,%d,%d", c->x, c->y, c->width, c->height);
    const char *parts[] = {p->picture_hash, f->model,      p->model->preset.name,
                           f->crop,         "f32 kernels", type};
    Hash h;
    hash_begin(&h);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        hash_add(&h, parts[i], strlen(parts[i]) + 1);
    hash_end(&h, f->key);
    return VOXPERT_OK;
}

static size_t count_of(const Predictor *p) {
    size_t grid = (size_t)sam_grid(&p->model->sam);
    return grid * grid * (size_t)p->model->sam.config.prompt.dim;
}

static void checksum_of(const float *values, size_t count, char text[HASH_TEXT]) {
    Hash h;
    hash_begin(&h);
    hash_add(&h, values, count * sizeof *values);
    hash_end(&h, text);
}

/* ---- Saving ----------------------------------------------------------------------------- */

Status embedding_save(const Predictor *p, const char *path, ElementType type, Error *error) {
    size_t grid = (size_t)sam_grid(&p->model->sam), count = count_of(p);
    Facts f;
    Status status = facts_of(&f, p, element_name(type), error);
    if (status) return status;
    if (type == ELEMENT_F32)
        checksum_of(p->embedding, count, f.checksum);
    else
        f.checksum[0] = '\0'; /* of the rounded values, which only their reader knows */
    MetadataPair metadata[] = {
        {"format", "voxpert embedding 1"}, {"image", p->picture_hash}, {"model", f.model},
        {"preset", p->model->preset.name}, {"crop", f.crop},           {"key", f.key},
        {"checksum", f.checksum},
    };
    TensorToWrite tensor = {.name = "embedding",
                            .rank = 3,
                            .dim = {grid, grid, (size_t)p->model->sam.config.prompt.dim},
                            .values = p->embedding};
    return safetensors_write(path, &tensor, 1, metadata, sizeof metadata / sizeof *metadata, type,
                             error);
}

/* ---- Loading ---------------------------------------------------------------------------- */

static Status differs(const char *path, const char *what, Error *error) {
    return error_set(error, VOXPERT_BAD_INPUT, "%s: is the embedding of another %s", path, what);
}

static bool says(const Checkpoint *c, const char *key, const char *value) {
    const char *said = checkpoint_metadata(c, key);
    return said && strcmp(said, value) == 0;
}

static Status take(Predictor *p, const Checkpoint *c, const char *path, Error *error) {
    const StoredTensor *t = checkpoint_find(c, "embedding");
    if (!says(c, "format", "voxpert embedding 1") || !t || t->count != count_of(p))
        return error_set(error, VOXPERT_BAD_INPUT, "%s: is no embedding for this model", path);
    Facts f;
    Status status = facts_of(&f, p, element_name(t->type), error);
    if (status) return status;
    if (!says(c, "image", p->picture_hash)) return differs(path, "image", error);
    if (!says(c, "model", f.model)) return differs(path, "model", error);
    if (!says(c, "preset", p->model->preset.name)) return differs(path, "preset", error);
    if (!says(c, "crop", f.crop)) return differs(path, "crop", error);
    stored_tensor_read(t, p->embedding);
    for (size_t i = 0; i < t->count; i++) {
        if (!isfinite(p->embedding[i]))
            return error_set(error, VOXPERT_BAD_INPUT, "%s: value %zu is not a finite number", path,
                             i);
    }
    checksum_of(p->embedding, t->count, f.checksum);
    if (t->type == ELEMENT_F32 && !says(c, "checksum", f.checksum))
        return error_set(error, VOXPERT_BAD_INPUT, "%s: its checksum does not fit its values",
                         path);
    return VOXPERT_OK;
}

Status embedding_load(Predictor *p, const char *path, Error *error) {
    Checkpoint *c = NULL;
    p->encoded = false;
    Status status = checkpoint_open(&c, path, error);
    if (status == VOXPERT_BAD_MODEL) {
        status = VOXPERT_BAD_INPUT;
        if (error) error->status = status;
    }
    if (!status) status = take(p, c, path, error);
    checkpoint_close(c);
    p->encoded = !status;
    return status;
}

/* ---- Cache ------------------------------------------------------------------------------ */

static char *cache_path(const Predictor *p, ElementType type) {
    Facts f;
    char name[HASH_TEXT + 16];
    if (facts_of(&f, p, element_name(type), NULL)) return NULL;
    snprintf(name, sizeof name, "%s.safetensors", f.key);
    return path_join(p->cache, name);
}

bool embedding_find(Predictor *p, ElementType type) {
    char *path = cache_path(p, type);
    bool found = path && file_exists(path) && embedding_load(p, path, NULL) == VOXPERT_OK;
    memory_free(path);
    return found;
}

Status embedding_keep(const Predictor *p, ElementType type, Error *error) {
    char *path = cache_path(p, type);
    if (!path) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the cache's path");
    Status status = folder_make(p->cache, error);
    if (!status) status = embedding_save(p, path, type, error);
    memory_free(path);
    return status;
}

#include "train/views.h"

#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "predict/embedding.h"

void views_close(Views *v) {
    for (size_t i = 0; v->path && i < v->pictures; i++) memory_free(v->path[i]);
    memory_free(v->folder);
    memory_free(v->path);
    memory_free(v->view);
    memory_free(v->packed);
    memory_free(v->state);
    store_close(&v->store);
    *v = (Views){0};
}

/* ---- One picture ------------------------------------------------------------------------ */

static Status show(Predictor *p, const Case *c, Error *error) {
    Picture picture;
    if (!case_picture(&picture, c))
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory", c->name);
    Status status = predictor_set_picture(p, &picture, error);
    picture_free(&picture);
    return status;
}

/* Encodes it unless the folder has it. */
static Status take(Views *v, size_t index, Predictor *p, const Case *c, ElementType type,
                   Error *error) {
    Status status = show(p, c, error);
    if (!status) status = predictor_ensure(p, type, error);
    if (status) return status;
    v->view[index] = p->view;
    v->path[index] = embedding_path(p, type);
    if (v->path[index]) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory", c->name);
}

/* ---- All of them ------------------------------------------------------------------------ */

static Status mark_needed(bool **needed, const Dataset *d, size_t *count, Error *error) {
    *count = 0;
    *needed = memory_new((d->pictures + 1) * sizeof **needed);
    if (!*needed) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to list the pictures");
    for (size_t i = 0; i < d->objects; i++) {
        bool *one = &(*needed)[d->object[i].picture];
        *count += !*one;
        *one = true;
    }
    return VOXPERT_OK;
}

void views_measure(Views *v, const System *system) {
    size_t first = system_embedding_floats(system);
    bool block = system->kept_block != 0;
    *v = (Views){.floats = first, .block_floats = block ? system_image_floats(system) - first : 0};
}

static Status open_arrays(Views *v, const Dataset *d, const Model *model, Error *error) {
    size_t n = d->pictures + 1;
    views_measure(v, &model->system);
    v->pictures = d->pictures;
    v->path = memory_new(n * sizeof *v->path);
    v->view = memory_new(n * sizeof *v->view);
    if (v->path && v->view) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to list the embeddings");
}

/* Room for what the first epoch packs, in the file alone.  Where there is none, the folder's files
 * are read each time, and `not_packed` is the reason. */
static Status reserve(Views *v, const bool *needed, size_t data_memory, Error *error) {
    Error reason;
    size_t bytes = (v->floats + v->block_floats) * sizeof(float);
    v->packed = memory_new((v->pictures + 1) * sizeof *v->packed);
    v->state = memory_new((v->pictures + 1) * sizeof *v->state);
    if (!v->packed || !v->state)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to list the embeddings");
    v->store.mapped = true;
    v->store.budget = data_memory;
    for (size_t i = 0; i < v->pictures && !v->not_packed[0]; i++) {
        Status status =
            needed[i] ? store_new(&v->store, &v->packed[i], bytes, &reason) : VOXPERT_OK;
        if (status == VOXPERT_OUT_OF_MEMORY) return error_set(error, status, "%s", reason.message);
        if (status) snprintf(v->not_packed, sizeof v->not_packed, "%.255s", reason.message);
    }
    return VOXPERT_OK;
}

Status views_open(Views *v, const Dataset *d, const Model *model, const ViewsOptions *o,
                  Error *error) {
    Predictor *p = NULL;
    bool *needed = NULL;
    size_t all, done = 0;
    Status status = open_arrays(v, d, model, error);
    if (!status) status = mark_needed(&needed, d, &all, error);
    if (!status && !(v->folder = path_join(o->folder, "")))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory", o->folder);
    const PredictorOptions options = {.max_memory = o->max_memory, .cache = {.folder = v->folder}};
    if (!status) status = predictor_open(&p, model, &options, error);
    for (size_t i = 0; !status && i < d->pictures; i++) {
        if (!needed[i]) continue;
        if (o->progress && !o->progress(o->context, done, all)) break;
        status = take(v, i, p, &d->picture[i], o->half ? ELEMENT_F16 : ELEMENT_F32, error);
        dataset_touch(d, (int)i);
        done++;
    }
    predictor_close(p);
    if (!status) status = reserve(v, needed, o->data_memory, error);
    memory_free(needed);
    if (status) views_close(v);
    return status;
}

/* ---- Using them ------------------------------------------------------------------------- */

/* One tensor of the file; false where it has no such one. */
static bool read_one(const Checkpoint *c, const char *name, size_t floats, float *out) {
    const StoredTensor *t = checkpoint_find(c, name);
    if (!t || t->count != floats) return false;
    stored_tensor_read(t, out);
    return true;
}

static Status read_file(const Views *v, int picture, float *embedding, float *block, Error *error) {
    Checkpoint *c;
    const char *path = v->path[picture];
    Status status = checkpoint_open(&c, path, error);
    if (status == VOXPERT_BAD_MODEL && error) error->status = VOXPERT_BAD_INPUT;
    if (status) return status == VOXPERT_BAD_MODEL ? VOXPERT_BAD_INPUT : status;
    if (!read_one(c, "embedding", v->floats, embedding) ||
        (v->block_floats && !read_one(c, "block", v->block_floats, block)))
        status = error_set(error, VOXPERT_BAD_INPUT,
                           "%s: was changed while it was learned from: it holds no embedding of "
                           "%zu values",
                           path, v->floats);
    checkpoint_close(c);
    return status;
}

/* One thread writes a sample's values; others that come meanwhile read the file, too. */
static void pack(Views *v, int picture, const float *embedding, const float *block) {
    char expected = PACKED_NOT;
    float *to = v->packed[picture];
    if (!to || !atomic_compare_exchange_strong(&v->state[picture], &expected, PACKED_NOW)) return;
    memcpy(to, embedding, v->floats * sizeof *to);
    if (v->block_floats) memcpy(to + v->floats, block, v->block_floats * sizeof *to);
    atomic_store(&v->state[picture], PACKED);
}

Status views_read(Views *v, int picture, float *embedding, float *block, Error *error) {
    const float *from = v->packed[picture];
    store_touch(&v->store, (v->floats + v->block_floats) * sizeof *from);
    if (!from || atomic_load(&v->state[picture]) != PACKED) {
        Status status = read_file(v, picture, embedding, block, error);
        if (!status) pack(v, picture, embedding, block);
        return status;
    }
    memcpy(embedding, from, v->floats * sizeof *from);
    if (v->block_floats) memcpy(block, from + v->floats, v->block_floats * sizeof *from);
    return VOXPERT_OK;
}

Cut views_cut(const Views *v, int picture, int side) {
    const View *w = &v->view[picture];
    double x = (double)w->crop.width / w->width, y = (double)w->crop.height / w->height;
    return (Cut){.a = {{x, 0.0, w->crop.x - w->left * x}, {0.0, y, w->crop.y - w->top * y}},
                 .side = side};
}

#include "train/views.h"

#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "predict/embedding.h"

void views_close(Views *v) {
    for (size_t i = 0; v->file && i < v->pictures; i++) checkpoint_close(v->file[i]);
    memory_free(v->file);
    memory_free(v->embedding);
    memory_free(v->block);
    memory_free(v->view);
    *v = (Views){0};
}

/* ---- One picture ------------------------------------------------------------------------ */

static Status show(Predictor *p, const Case *c, Error *error) {
    size_t n = (size_t)c->width * (size_t)c->height, step = c->channels == 3;
    Picture picture = {memory_new(3 * n), (size_t)c->width, (size_t)c->height, NULL};
    if (!picture.rgb) return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory", c->name);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 3; k++)
            picture.rgb[3 * i + k] = c->pixels[i * (size_t)c->channels + k * step];
    Status status = predictor_set_picture(p, &picture, error);
    picture_free(&picture);
    return status;
}

/* Encodes it unless the folder has it, and maps the file. */
static Status take(Views *v, size_t index, Predictor *p, const Case *c, ElementType type,
                   Error *error) {
    Status status = show(p, c, error);
    if (!status) status = embedding_ensure(p, type, error);
    char *path = status ? NULL : embedding_path(p, type);
    if (!status && !path)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory", c->name);
    if (!status) status = checkpoint_open(&v->file[index], path, error);
    memory_free(path);
    if (status) return status;
    v->view[index] = p->view;
    v->embedding[index] = checkpoint_find(v->file[index], "embedding");
    v->block[index] = checkpoint_find(v->file[index], "block");
    return VOXPERT_OK;
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

static Status open_arrays(Views *v, const Dataset *d, const Model *model, Error *error) {
    size_t n = d->pictures + 1;
    size_t first = system_embedding_floats(&model->system);
    bool block = model->system.kept_block != 0;
    *v = (Views){.pictures = d->pictures,
                 .floats = first,
                 .block_floats = block ? system_image_floats(&model->system) - first : 0,
                 .file = memory_new(n * sizeof *v->file),
                 .embedding = memory_new(n * sizeof *v->embedding),
                 .block = memory_new(n * sizeof *v->block),
                 .view = memory_new(n * sizeof *v->view)};
    if (v->file && v->embedding && v->block && v->view) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to list the embeddings");
}

Status views_open(Views *v, const Dataset *d, const Model *model, const char *folder, bool half,
                  ViewsProgress *progress, void *context, Error *error) {
    Predictor *p = NULL;
    bool *needed = NULL;
    size_t all, done = 0;
    Status status = open_arrays(v, d, model, error);
    if (!status) status = mark_needed(&needed, d, &all, error);
    if (!status) status = predictor_open(&p, model, error);
    if (!status && !(p->cache = path_join(folder, "")))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory", folder);
    for (size_t i = 0; !status && i < d->pictures; i++) {
        if (!needed[i]) continue;
        if (progress && !progress(context, done, all)) break;
        status = take(v, i, p, &d->picture[i], half ? ELEMENT_F16 : ELEMENT_F32, error);
        done++;
    }
    predictor_close(p);
    memory_free(needed);
    if (status) views_close(v);
    return status;
}

/* ---- Using them ------------------------------------------------------------------------- */

void views_read(const Views *v, int picture, float *embedding, float *block) {
    stored_tensor_read(v->embedding[picture], embedding);
    if (v->block_floats) stored_tensor_read(v->block[picture], block);
}

Cut views_cut(const Views *v, int picture, int side) {
    const View *w = &v->view[picture];
    double x = (double)w->crop.width / w->width, y = (double)w->crop.height / w->height;
    return (Cut){.a = {{x, 0.0, w->crop.x - w->left * x}, {0.0, y, w->crop.y - w->top * y}},
                 .side = side};
}

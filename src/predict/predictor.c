#include "predict/predictor.h"

#include <string.h>

#include "base/memory.h"
#include "base/platform.h"
#include "predict/embedding.h"

static Status no_memory(const char *what, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %s", what);
}

/* ---- Open and close --------------------------------------------------------------------- */

size_t predictor_embedding_count(const Predictor *p) {
    return system_image_floats(&p->model->system);
}

SystemImage predictor_image(Compute *cx, const Predictor *p) {
    return system_image_over(cx, &p->model->system, p->embedding);
}

Status predictor_open(Predictor **out, const Model *model, Error *error) {
    *out = NULL;
    Predictor *p = memory_new(sizeof *p);
    if (!p) return no_memory("a session", error);
    p->model = model;
    Status status = steps_open(&p->steps, model->kernels, model->threads, error);
    if (!status) p->embedding = memory_aligned(predictor_embedding_count(p) * sizeof(float));
    if (!status && !p->embedding) status = no_memory("an embedding", error);
    if (status) {
        predictor_close(p);
        return status;
    }
    *out = p;
    return VOXPERT_OK;
}

void predictor_close(Predictor *p) {
    if (!p) return;
    steps_close(&p->steps);
    memory_free(p->embedding);
    memory_free(p->image);
    memory_free(p->picture.rgb);
    memory_free(p->cache);
    memory_free(p);
}

/* ---- Picture ---------------------------------------------------------------------------- */

static void hash_picture(Predictor *p) {
    uint64_t size[2] = {p->picture.width, p->picture.height};
    Hash h;
    hash_begin(&h);
    hash_add(&h, size, sizeof size);
    hash_add(&h, p->picture.rgb, 3 * p->picture.width * p->picture.height);
    hash_end(&h, p->picture_hash);
}

Status predictor_set_picture(Predictor *p, const Picture *picture, Error *error) {
    enum { MOST = 1 << 20 };
    if (picture->width < 1 || picture->height < 1 || picture->width > MOST ||
        picture->height > MOST)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "an image of %zu x %zu pixels is not supported", picture->width,
                         picture->height);
    size_t bytes = 3 * picture->width * picture->height;
    uint8_t *rgb = memory_new(bytes);
    if (!rgb) return no_memory("the image", error);
    memcpy(rgb, picture->rgb, bytes);
    memory_free(p->picture.rgb);
    p->picture = (Picture){rgb, picture->width, picture->height, NULL};
    p->encoded = false;
    hash_picture(p);
    return VOXPERT_OK;
}

/* ---- Encoding --------------------------------------------------------------------------- */

static Status fill_input(float *input, const Predictor *p, Error *error) {
    const Preset *preset = &p->model->preset;
    uint8_t *resized = memory_new(3 * (size_t)p->view.width * (size_t)p->view.height);
    if (!resized) return no_memory("the resized image", error);
    Status status = view_resize(resized, &p->view, preset, &p->picture, error);
    if (!status) view_normalize(input, &p->view, preset, resized);
    memory_free(resized);
    return status;
}

static Status encode_work(Compute *cx, void *context, Error *error) {
    Predictor *p = context;
    int size = p->model->system.sam.config.image;
    Tensor *image = tensor_new(cx, 4, (int[]){1, size, size, 3});
    if (compute_ok(cx) && !compute_measures(cx)) {
        Status status = fill_input(image->data, p, error);
        if (status) return status;
    }
    SystemImage found = system_encode(cx, &p->model->system, image);
    if (!compute_ok(cx) || compute_measures(cx)) return VOXPERT_OK;
    const Tensor *rest = found.block ? found.block : found.features;
    memcpy(p->embedding, found.embedding->data, tensor_bytes(found.embedding));
    if (rest) memcpy(p->embedding + tensor_size(found.embedding), rest->data, tensor_bytes(rest));
    return VOXPERT_OK;
}

static Status encode_view(Predictor *p, Error *error) {
    p->image_known = false;
    StepShape shape = {.kind = STEP_ENCODE, .batch = 1};
    Status status = steps_run(&p->steps, shape, p->max_memory, encode_work, p, error);
    if (status) return status;
    return model_check_finite(p->model, "its image embedding", p->embedding,
                              predictor_embedding_count(p), error);
}

static bool find_kept(Predictor *p) {
    return p->cache &&
           (embedding_find(p, ELEMENT_F32) || (p->f16_cache && embedding_find(p, ELEMENT_F16)));
}

Status predictor_look(Predictor *p, Crop crop, bool mirrored, Error *error) {
    p->encode_seconds = 0.0;
    if (p->encoded && crop_same(p->view.crop, crop) && p->view.mirrored == mirrored)
        return VOXPERT_OK;
    if (!p->picture.rgb) return error_set(error, VOXPERT_BAD_ARGUMENT, "no image was set");
    double start = system_seconds();
    p->encoded = false;
    p->view = view_of(&p->model->preset, crop, p->model->system.sam.config.image);
    p->view.mirrored = mirrored;
    p->from_cache = find_kept(p);
    Status status = p->from_cache ? VOXPERT_OK : encode_view(p, error);
    if (!status && p->cache && !p->from_cache) status = embedding_keep(p, ELEMENT_F32, error);
    p->encoded = !status;
    p->encode_seconds = system_seconds() - start;
    return status;
}

Status predictor_encode(Predictor *p, Crop crop, Error *error) {
    return predictor_look(p, crop, false, error);
}

Status predictor_ensure(Predictor *p, ElementType type, Error *error) {
    Crop whole = crop_whole(&p->picture);
    if (!crop_same(whole, p->view.crop)) p->encoded = false;
    p->view = view_of(&p->model->preset, whole, p->model->system.sam.config.image);
    if (embedding_find(p, type)) return VOXPERT_OK;
    char *cache = p->cache; /* encoding must not keep a second one, in single precision */
    p->cache = NULL;
    Status status = predictor_encode(p, whole, error);
    p->cache = cache;
    return status ? status : embedding_keep(p, type, error);
}

void predictor_take(Predictor *p, Crop crop, const float *embedding) {
    p->view = view_of(&p->model->preset, crop, p->model->system.sam.config.image);
    memcpy(p->embedding, embedding, predictor_embedding_count(p) * sizeof *embedding);
    p->encoded = true;
    p->image_known = false;
    p->from_cache = true;
    p->encode_seconds = 0.0;
}

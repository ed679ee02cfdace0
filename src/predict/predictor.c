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

Status predictor_open(Predictor **out, const Model *model, const PredictorOptions *options,
                      Error *error) {
    *out = NULL;
    Predictor *p = memory_new(sizeof *p);
    if (!p) return no_memory("a session", error);
    p->model = model;
    p->max_memory = options ? options->max_memory : 0;
    Status status = embedding_cache_open(&p->cache, options ? &options->cache : NULL, error);
    if (!status) status = steps_open(&p->steps, model->kernels, model->threads, error);
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
    embedding_cache_close(&p->cache);
    memory_free(p);
}

Status predictor_set_cache(Predictor *p, const EmbeddingCacheOptions *options, Error *error) {
    EmbeddingCache cache;
    Status status = embedding_cache_open(&cache, options, error);
    if (status) return status;
    embedding_cache_close(&p->cache);
    p->cache = cache;
    return VOXPERT_OK;
}

/* ---- Picture ---------------------------------------------------------------------------- */

static Status check_size(const Picture *picture, Error *error) {
    enum { MOST = 1 << 20 };
    if (picture->width >= 1 && picture->height >= 1 && picture->width <= MOST &&
        picture->height <= MOST)
        return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT, "an image of %zu x %zu pixels is not supported",
                     picture->width, picture->height);
}

Status predictor_give_picture(Predictor *p, Picture *picture, Error *error) {
    Status status = check_size(picture, error);
    if (status) {
        picture_free(picture);
        return status;
    }
    memory_free(p->picture.rgb);
    p->picture = (Picture){picture->rgb, picture->width, picture->height, NULL};
    p->picture_hash[0] = '\0';
    p->encoded = false;
    *picture = (Picture){0};
    return VOXPERT_OK;
}

Status predictor_set_picture(Predictor *p, const Picture *picture, Error *error) {
    Status status = check_size(picture, error);
    if (status) return status;
    size_t bytes = 3 * picture->width * picture->height;
    Picture copy = {.rgb = memory_new(bytes), .width = picture->width, .height = picture->height};
    if (!copy.rgb) return no_memory("the image", error);
    memcpy(copy.rgb, picture->rgb, bytes);
    return predictor_give_picture(p, &copy, error);
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

/* ---- Looking ---------------------------------------------------------------------------- */

static bool find_in_memory(Predictor *p, const char *key) {
    size_t count = predictor_embedding_count(p);
    const float *found = embedding_cache_find(&p->cache, key, count);
    if (!found) return false;
    memcpy(p->embedding, found, count * sizeof *found);
    p->image_known = false;
    return true;
}

static bool find_in_folder(Predictor *p) {
    return p->cache.folder &&
           (embedding_find(p, ELEMENT_F32) || (p->cache.half && embedding_find(p, ELEMENT_F16)));
}

/* The current view's embedding, from where it is first found. */
static Status take_view(Predictor *p, Error *error) {
    char key[HASH_TEXT];
    Status status = VOXPERT_OK;
    bool memory = p->cache.memory && !embedding_key(key, p, ELEMENT_F32, NULL);
    bool in_memory = memory && find_in_memory(p, key);
    p->from_cache = in_memory || find_in_folder(p);
    if (!p->from_cache) status = encode_view(p, error);
    if (!status && memory && !in_memory)
        embedding_cache_keep(&p->cache, key, p->embedding, predictor_embedding_count(p));
    if (!status && p->cache.folder && !p->from_cache)
        status = embedding_keep(p, ELEMENT_F32, error);
    return status;
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
    Status status = take_view(p, error);
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
    char *folder = p->cache.folder; /* encoding must not keep a second one, in single precision */
    p->cache.folder = NULL;
    Status status = predictor_encode(p, whole, error);
    p->cache.folder = folder;
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

#include "predict/predictor.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/system.h"
#include "predict/embedding.h"

static Status no_memory(const char *what, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %s", what);
}

/* ---- Open and close --------------------------------------------------------------------- */

static size_t embedding_floats(const Model *m) {
    size_t grid = (size_t)sam_grid(&m->sam);
    return grid * grid * (size_t)m->sam.config.prompt.dim;
}

Status predictor_open(Predictor **out, const Model *model, Error *error) {
    *out = NULL;
    Predictor *p = memory_new(sizeof *p);
    if (!p) return no_memory("a session", error);
    p->model = model;
    Status status = worker_open(&p->worker, model->threads, error);
    if (!status) status = arena_open(&p->records, (size_t)64 << 20, error);
    p->embedding = memory_aligned(embedding_floats(model) * sizeof(float));
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
    arena_close(&p->memory);
    arena_close(&p->records);
    worker_close(&p->worker);
    memory_free(p->embedding);
    memory_free(p->picture.rgb);
    memory_free(p->cache);
    memory_free(p);
}

Status predictor_set_picture(Predictor *p, const Picture *picture, Error *error) {
    if (picture->width < 1 || picture->height < 1 || picture->width > 1 << 20 ||
        picture->height > 1 << 20)
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
    Hash h;
    uint64_t size[2] = {picture->width, picture->height};
    hash_begin(&h);
    hash_add(&h, size, sizeof size);
    hash_add(&h, rgb, bytes);
    hash_end(&h, p->picture_hash);
    return VOXPERT_OK;
}

/* ---- One step of work ------------------------------------------------------------------- */

/* Memory for a step that needs `bytes`: reserved once, and again only for a larger step. */
static Status step_begin(Predictor *p, size_t bytes, Compute *cx, Error *error) {
    if (p->max_memory && bytes > p->max_memory)
        return error_set(error, VOXPERT_OUT_OF_MEMORY,
                         "this needs %zu MiB of working memory, more than the limit of %zu MiB",
                         (bytes + 1048575) >> 20, p->max_memory >> 20);
    if (bytes > p->memory.capacity) {
        arena_close(&p->memory);
        Status status = arena_open(&p->memory, bytes, error);
        if (status) return status;
    }
    arena_release(&p->memory, 0);
    arena_release(&p->records, 0);
    *cx = (Compute){.kernels = p->model->kernels,
                    .worker = &p->worker,
                    .memory = &p->memory,
                    .records = &p->records};
    return VOXPERT_OK;
}

static Status encode_view(Predictor *p, Error *error) {
    const Sam *sam = &p->model->sam;
    int size = sam->config.image;
    Prompts none = {.batch = 1};
    size_t bytes, decode;
    Status status = sam_measure(sam, 1, &none, false, &bytes, &decode, error);
    if (status) return status;
    Compute cx;
    status = step_begin(p, bytes, &cx, error);
    if (status) return status;

    uint8_t *resized = memory_new(3 * (size_t)p->view.width * (size_t)p->view.height);
    Tensor *image = tensor_new(&cx, 4, (int[]){1, size, size, 3});
    if (!resized || !compute_ok(&cx)) {
        memory_free(resized);
        return no_memory("the resized image", error);
    }
    status = view_resize(resized, &p->view, &p->model->preset, &p->picture, error);
    if (!status) view_normalize(image->data, &p->view, &p->model->preset, resized);
    memory_free(resized);
    if (status) return status;
    const Tensor *embedding = sam_encode(&cx, sam, image);
    status = compute_status(&cx, error);
    if (!status) memcpy(p->embedding, embedding->data, tensor_bytes(embedding));
    return status;
}

static bool same_crop(Crop a, Crop b) {
    return a.x == b.x && a.y == b.y && a.width == b.width && a.height == b.height;
}

Status predictor_encode(Predictor *p, Crop crop, Error *error) {
    p->encode_seconds = 0.0;
    if (p->encoded && same_crop(p->view.crop, crop)) return VOXPERT_OK;
    if (!p->picture.rgb) return error_set(error, VOXPERT_BAD_ARGUMENT, "no image was set");
    double start = system_seconds();
    p->encoded = false;
    p->view = view_of(&p->model->preset, crop, p->model->sam.config.image);
    p->from_cache = p->cache && (embedding_find(p, ELEMENT_F32) ||
                                 (p->f16_cache && embedding_find(p, ELEMENT_F16)));
    Status status = p->from_cache ? VOXPERT_OK : encode_view(p, error);
    if (!status && p->cache && !p->from_cache) status = embedding_keep(p, ELEMENT_F32, error);
    p->encoded = !status;
    p->encode_seconds = system_seconds() - start;
    return status;
}

/* ---- Prompts ---------------------------------------------------------------------------- */

static bool inside(const Picture *p, float x, float y) {
    return x >= -0.5f && y >= -0.5f && x <= (float)p->width - 0.5f && y <= (float)p->height - 0.5f;
}

static Status box_check(const Picture *p, const float *b, Error *error) {
    for (int i = 0; i < 4; i++) {
        if (!isfinite(b[i]))
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "box: a coordinate is not a finite number");
    }
    if (b[2] < b[0] || b[3] < b[1])
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "box %g,%g,%g,%g is empty: x0 <= x1 and y0 <= y1 must hold", (double)b[0],
                         (double)b[1], (double)b[2], (double)b[3]);
    if (!inside(p, b[0], b[1]) || !inside(p, b[2], b[3]))
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "box %g,%g,%g,%g reaches outside the image of %zu x %zu pixels",
                         (double)b[0], (double)b[1], (double)b[2], (double)b[3], p->width,
                         p->height);
    return VOXPERT_OK;
}

Status prompt_check(const Picture *picture, const ObjectPrompt *prompt, Error *error) {
    if (!prompt->points && !prompt->box && !prompt->mask && !prompt->low_res)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "a prompt needs a point, a box or a mask");
    for (int i = 0; i < prompt->points; i++) {
        const float *at = prompt->point + 2 * i;
        if (!isfinite(at[0]) || !isfinite(at[1]))
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "point %d: a coordinate is not a finite number", i + 1);
        if (!inside(picture, at[0], at[1]))
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "point %g,%g lies outside the image of %zu x %zu pixels",
                             (double)at[0], (double)at[1], picture->width, picture->height);
        if (prompt->label[i] != 0 && prompt->label[i] != 1)
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "point %d: its label must be 0 or 1, not %d", i + 1, prompt->label[i]);
    }
    return prompt->box ? box_check(picture, prompt->box, error) : VOXPERT_OK;
}

/* The prompt in the model's coordinates; arrays are made in the records. */
static Status to_model(Predictor *p, Compute *cx, const ObjectPrompt *from, Prompts *to,
                       Error *error) {
    int side = 4 * sam_grid(&p->model->sam);
    float *point = arena_alloc(&p->records, (size_t)(2 * from->points + 4) * sizeof *point);
    if (!point) return no_memory("the prompts", error);
    float *box = point + 2 * from->points;
    for (int i = 0; i < from->points; i++) view_point(&p->view, from->point + 2 * i, point + 2 * i);
    *to = (Prompts){.batch = 1, .points = from->points, .point = point, .label = from->label};
    if (from->box) {
        view_point(&p->view, from->box, box);
        view_point(&p->view, from->box + 2, box + 2);
        to->boxes = 1;
        to->box = box;
    }
    if (!from->mask && !from->low_res) return VOXPERT_OK;
    to->mask = tensor_new(cx, 4, (int[]){1, side, side, 1});
    if (!compute_ok(cx)) return compute_status(cx, error);
    if (from->mask)
        return view_mask(to->mask->data, &p->view, &p->model->preset, from->mask,
                         (int)p->picture.width, side, error);
    for (int i = 0; i < side * side; i++) {
        float logit = from->low_res[i];
        to->mask->data[i] =
            p->model->preset.mask_probability ? 1.0f / (1.0f + expf(-logit)) : logit;
    }
    return VOXPERT_OK;
}

/* ---- Decoding --------------------------------------------------------------------------- */

static Status measure_decode(const Predictor *p, const ObjectPrompt *o, int batch, bool multimask,
                             size_t *bytes, Error *error) {
    size_t encode, side = 4 * (size_t)sam_grid(&p->model->sam);
    static const float origin[4];
    *bytes = 0;
    Prompts shape = {.batch = batch, .points = o->points, .boxes = o->box != NULL};
    float *point = memory_new((size_t)(batch * o->points * 2 + 1) * sizeof *point);
    int *label = memory_new((size_t)(batch * o->points + 1) * sizeof *label);
    Tensor mask = {.rank = 4, .dim = {1, (int)side, (int)side, 1}};
    shape.point = point, shape.label = label, shape.box = origin;
    if (o->mask || o->low_res) shape.mask = &mask;
    Status status = point && label
                        ? sam_measure(&p->model->sam, 1, &shape, multimask, &encode, bytes, error)
                        : no_memory("the prompts", error);
    *bytes += 3 * side * side * sizeof(float); /* the mask prompt */
    memory_free(point);
    memory_free(label);
    return status;
}

static void keep_best(Prediction *out) {
    int best = 0;
    for (int i = 1; i < out->count; i++) {
        if (out->iou[i] > out->iou[best]) best = i;
    }
    size_t n = (size_t)out->side * (size_t)out->side;
    if (best) memcpy(out->low_res, out->low_res + (size_t)best * n, n * sizeof(float));
    out->iou[0] = out->iou[best];
    out->token[0] = out->token[best];
    out->count = 1;
}

static Status take(Prediction *out, const MaskOutput *found, bool multimask, Error *error) {
    *out = (Prediction){.count = found->masks->dim[1], .side = found->masks->dim[2]};
    out->low_res = memory_new(tensor_bytes(found->masks));
    if (!out->low_res) return no_memory("the masks", error);
    memcpy(out->low_res, found->masks->data, tensor_bytes(found->masks));
    for (int i = 0; i < out->count; i++) {
        out->iou[i] = found->iou->data[i];
        out->token[i] = i + multimask;
    }
    return VOXPERT_OK;
}

Status predictor_decode(Predictor *p, const ObjectPrompt *prompt, bool multimask, Prediction *out,
                        Error *error) {
    *out = (Prediction){0};
    if (!p->encoded) return error_set(error, VOXPERT_BAD_ARGUMENT, "no image was encoded");
    double start = system_seconds();
    const Sam *sam = &p->model->sam;
    bool all = multimask || p->model->preset.best_of_all;
    size_t bytes;
    Compute cx;
    Status status = measure_decode(p, prompt, 1, all, &bytes, error);
    if (!status) status = step_begin(p, bytes, &cx, error);
    if (status) return status;

    int grid = sam_grid(sam);
    Prompts prompts;
    Tensor *embedding =
        tensor_from(&cx, 4, (int[]){1, grid, grid, sam->config.prompt.dim}, p->embedding);
    status = to_model(p, &cx, prompt, &prompts, error);
    if (status) return status;
    MaskOutput found = sam_decode(&cx, sam, embedding, &prompts, all);
    status = compute_status(&cx, error);
    if (!status) status = take(out, &found, all, error);
    if (!status && all && !multimask) keep_best(out);
    p->decode_seconds = system_seconds() - start;
    return status;
}

enum { POINTS_AT_ONCE = 8 }; /* more would only need more memory */

static Status decode_some(Predictor *p, int points, const float *point, float *low_res, float *iou,
                          Error *error) {
    const Sam *sam = &p->model->sam;
    int grid = sam_grid(sam), label[POINTS_AT_ONCE];
    float at[2 * POINTS_AT_ONCE];
    for (int i = 0; i < points; i++) {
        label[i] = 1;
        view_point(&p->view, point + 2 * i, at + 2 * i);
    }
    size_t bytes;
    Compute cx;
    Status status = measure_decode(p, &(ObjectPrompt){.points = 1}, points, true, &bytes, error);
    if (!status) status = step_begin(p, bytes, &cx, error);
    if (status) return status;
    Tensor *embedding =
        tensor_from(&cx, 4, (int[]){1, grid, grid, sam->config.prompt.dim}, p->embedding);
    Prompts prompts = {.batch = points, .points = 1, .point = at, .label = label};
    MaskOutput found = sam_decode(&cx, sam, embedding, &prompts, true);
    status = compute_status(&cx, error);
    if (status) return status;
    memcpy(low_res, found.masks->data, tensor_bytes(found.masks));
    memcpy(iou, found.iou->data, tensor_bytes(found.iou));
    return VOXPERT_OK;
}

Status predictor_decode_points(Predictor *p, int points, const float *point, float *low_res,
                               float *iou, Error *error) {
    size_t masks = (size_t)p->model->sam.config.decoder.masks - 1;
    size_t side = 4 * (size_t)sam_grid(&p->model->sam);
    Status status = VOXPERT_OK;
    for (int first = 0; !status && first < points; first += POINTS_AT_ONCE) {
        int some = points - first < POINTS_AT_ONCE ? points - first : POINTS_AT_ONCE;
        size_t done = (size_t)first * masks;
        status = decode_some(p, some, point + 2 * first, low_res + done * side * side, iou + done,
                             error);
    }
    return status;
}

void prediction_free(Prediction *p) {
    memory_free(p->low_res);
    *p = (Prediction){0};
}

/* ---- Back to the picture ---------------------------------------------------------------- */

static const float outside_crop = -32.0f;

Status predictor_logits(const Predictor *p, const Prediction *prediction, float *out,
                        Error *error) {
    const Crop *c = &p->view.crop;
    size_t crop = (size_t)c->width * (size_t)c->height;
    size_t whole = p->picture.width * p->picture.height;
    size_t count = (size_t)prediction->count;
    if (crop == whole)
        return view_logits(out, &p->view, &p->model->preset, prediction->low_res, prediction->count,
                           prediction->side, error);
    float *part = memory_new(count * crop * sizeof *part);
    if (!part) return no_memory("the masks", error);
    Status status = view_logits(part, &p->view, &p->model->preset, prediction->low_res,
                                prediction->count, prediction->side, error);
    for (size_t i = 0; !status && i < count * whole; i++) out[i] = outside_crop;
    for (size_t m = 0; !status && m < count; m++) {
        for (size_t y = 0; y < (size_t)c->height; y++) {
            size_t row = ((size_t)c->y + y) * p->picture.width + (size_t)c->x;
            memcpy(out + m * whole + row, part + m * crop + y * (size_t)c->width,
                   (size_t)c->width * sizeof *out);
        }
    }
    memory_free(part);
    return status;
}

/* ---- Zoom ------------------------------------------------------------------------------- */

enum { ZOOM_LEAST = 32 }; /* pixels: below that there is nothing to see */

/* Bounds of a first answer in the picture; false where it is empty. */
static Status answer_bounds(Predictor *p, const ObjectPrompt *prompt, float box[4], bool *any,
                            Error *error) {
    *any = false;
    Prediction first;
    Status status = predictor_encode(p, crop_whole(&p->picture), error);
    if (!status) status = predictor_decode(p, prompt, false, &first, error);
    if (status) return status;
    int width = (int)p->picture.width, height = (int)p->picture.height;
    float *logits = memory_new((size_t)width * (size_t)height * sizeof *logits);
    status = logits ? predictor_logits(p, &first, logits, error) : no_memory("the mask", error);
    float low[2] = {(float)width, (float)height}, high[2] = {-1.0f, -1.0f};
    for (int i = 0; !status && i < width * height; i++) {
        if (!(logits[i] > 0.0f)) continue;
        float x = (float)(i % width), y = (float)(i / width);
        low[0] = fminf(low[0], x), low[1] = fminf(low[1], y);
        high[0] = fmaxf(high[0], x), high[1] = fmaxf(high[1], y);
        *any = true;
    }
    box[0] = low[0], box[1] = low[1], box[2] = high[0], box[3] = high[1];
    memory_free(logits);
    prediction_free(&first);
    return status;
}

Status predictor_zoom(Predictor *p, const ObjectPrompt *prompt, Crop *crop, Error *error) {
    *crop = crop_whole(&p->picture);
    double factor = p->model->preset.zoom > 0.0 ? p->model->preset.zoom : 2.0;
    float box[4];
    bool any = prompt->box != NULL;
    Status status = VOXPERT_OK;
    if (prompt->box)
        memcpy(box, prompt->box, sizeof box);
    else
        status = answer_bounds(p, prompt, box, &any, error);
    if (status || !any) return status;
    for (int i = 0; i < prompt->points; i++) { /* all that was said must be in sight */
        const float *at = prompt->point + 2 * i;
        box[0] = fminf(box[0], at[0]), box[1] = fminf(box[1], at[1]);
        box[2] = fmaxf(box[2], at[0]), box[3] = fmaxf(box[3], at[1]);
    }
    *crop = crop_around(&p->picture, box, factor, ZOOM_LEAST);
    return VOXPERT_OK;
}

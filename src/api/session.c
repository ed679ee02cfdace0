#include <math.h>
#include <string.h>

#include "api/internal.h"
#include "base/memory.h"
#include "base/warnings.h"
#include "image/box.h"
#include "predict/embedding.h"
#include "predict/everything.h"

/* Whether the work is to end. */
static bool watch(void *context, size_t done, size_t total) {
    VoxpertSession *s = context;
    return atomic_load(&s->interrupted) || (s->progress && s->progress(s->context, done, total));
}

Predictor *session_begin(VoxpertSession *session) {
    atomic_store(&session->interrupted, false);
    return session->predictor;
}

VoxpertStatus voxpert_session_open(VoxpertSession **out, const VoxpertModel *model,
                                   VoxpertError *error) {
    if (out) *out = NULL;
    if (!out || !model) return null_argument("voxpert_session_open", error);
    VoxpertSession *s = memory_new(sizeof *s);
    if (!s) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a session");
    const PredictorOptions options = {.max_memory = model->max_memory};
    Status status = predictor_open(&s->predictor, model->model, &options, error);
    if (status) {
        memory_free(s);
        return status;
    }
    s->model = model;
    s->predictor->steps.progress = watch;
    s->predictor->steps.progress_context = s;
    *out = s;
    return VOXPERT_OK;
}

void voxpert_session_close(VoxpertSession *session) {
    if (!session) return;
    predictor_close(session->predictor);
    memory_free(session);
}

void voxpert_session_progress(VoxpertSession *session, VoxpertProgress *progress, void *context) {
    if (!session) return;
    session->progress = progress;
    session->context = context;
}

void voxpert_session_interrupt(VoxpertSession *session) {
    if (session) atomic_store(&session->interrupted, true);
}

VoxpertStatus voxpert_session_cache(VoxpertSession *session, const char *folder, bool half,
                                    VoxpertError *error) {
    if (!session) return null_argument("voxpert_session_cache", error);
    Predictor *p = session->predictor;
    const EmbeddingCacheOptions options = {folder, half, p->cache.memory};
    return predictor_set_cache(p, &options, error);
}

VoxpertStatus voxpert_session_cache_memory(VoxpertSession *session, size_t bytes,
                                           VoxpertError *error) {
    if (!session) return null_argument("voxpert_session_cache_memory", error);
    Predictor *p = session->predictor;
    const EmbeddingCacheOptions options = {p->cache.folder, p->cache.half, bytes};
    return predictor_set_cache(p, &options, error);
}

VoxpertStatus voxpert_set_image(VoxpertSession *session, const VoxpertImage *image,
                                VoxpertError *error) {
    if (!session || !image || !image->pixels) return null_argument("voxpert_set_image", error);
    Picture picture = {0};
    Status status = image_to_picture(&picture, image, error);
    if (!status) status = predictor_give_picture(session->predictor, &picture, error);
    picture_free(&picture);
    return status;
}

VoxpertStatus voxpert_encode(VoxpertSession *session, VoxpertError *error) {
    if (!session) return null_argument("voxpert_encode", error);
    Predictor *p = session_begin(session);
    if (!p->picture.rgb) return error_set(error, VOXPERT_BAD_ARGUMENT, "no image was set");
    return predictor_encode(p, crop_whole(&p->picture), error);
}

/* ---- Segmenting ------------------------------------------------------------------------- */

Status asked_from(Asked *a, const VoxpertPrompt *prompt, Error *error) {
    VoxpertPrompt own;
    const VoxpertPrompt *p = &own;
    *a = (Asked){0};
    Status status = prompt_take(&own, prompt, error);
    if (status) return status;
    size_t n = p->point_count > 0 ? (size_t)p->point_count : 0;
    if (p->point_count < 0 || (n && !p->points))
        return error_set(error, VOXPERT_BAD_ARGUMENT, "a prompt has %d points, and points is %s",
                         p->point_count, p->points ? "given" : "NULL");
    *a = (Asked){.point = memory_new((2 * n + 1) * sizeof(float)),
                 .label = memory_new((n + 1) * sizeof(int))};
    if (!a->point || !a->label)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the prompt");
    for (size_t i = 0; i < n; i++) {
        a->point[2 * i] = p->points[i].x;
        a->point[2 * i + 1] = p->points[i].y;
        a->label[i] = p->points[i].inside;
    }
    a->prompt = (ObjectPrompt){.points = (int)n,
                               .point = a->point,
                               .label = a->label,
                               .mask = p->mask,
                               .low_res = p->low_res,
                               .text = p->text,
                               .low_res_crop = {p->low_res_crop[0], p->low_res_crop[1],
                                                p->low_res_crop[2], p->low_res_crop[3]}};
    if (p->box) {
        const float box[4] = {p->box->x0, p->box->y0, p->box->x1, p->box->y1};
        memcpy(a->box, box, sizeof box);
        a->prompt.box = a->box;
    }
    return VOXPERT_OK;
}

void asked_free(Asked *a) {
    memory_free(a->point);
    memory_free(a->label);
}

VoxpertStatus voxpert_prompt_check(const VoxpertPrompt *prompt, int width, int height,
                                   VoxpertError *error) {
    if (!prompt) return null_argument("voxpert_prompt_check", error);
    Picture size = {.width = (size_t)width, .height = (size_t)height};
    Asked asked;
    Status status = asked_from(&asked, prompt, error);
    if (!status && (width < 1 || height < 1))
        status = error_set(error, VOXPERT_BAD_ARGUMENT, "an image of %d x %d pixels is empty",
                           width, height);
    if (!status) status = prompt_check(&size, &asked.prompt, error);
    asked_free(&asked);
    return status;
}

VoxpertStatus voxpert_prompt_fit(VoxpertBox *box, VoxpertPoint *points, int point_count, int width,
                                 int height, char **warnings, VoxpertError *error) {
    if (!warnings || (!points && point_count > 0))
        return null_argument("voxpert_prompt_fit", error);
    *warnings = NULL;
    if (width < 1 || height < 1)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "an image of %d x %d pixels is empty", width,
                         height);
    Warnings found = {0};
    float corners[4] = {0};
    if (box) {
        memcpy(corners, (const float[]){box->x0, box->y0, box->x1, box->y1}, sizeof corners);
        box_fit(corners, (size_t)width, (size_t)height, &found);
        *box = (VoxpertBox){corners[0], corners[1], corners[2], corners[3]};
    }
    for (int i = 0; i < point_count; i++) {
        float at[2] = {points[i].x, points[i].y};
        point_fit(at, (size_t)width, (size_t)height, &found);
        points[i].x = at[0], points[i].y = at[1];
    }
    *warnings = found.lines.failed ? NULL : memory_text(warnings_lines(&found));
    warnings_free(&found);
    return *warnings ? VOXPERT_OK
                     : error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the warnings");
}

static void order_by_iou(Prediction *p) {
    size_t n = (size_t)p->side * (size_t)p->side;
    for (int i = 1; i < p->count; i++) {
        for (int k = i; k > 0 && p->iou[k] > p->iou[k - 1]; k--) {
            float iou = p->iou[k], *a = p->low_res + (size_t)k * n, *b = a - n;
            p->iou[k] = p->iou[k - 1], p->iou[k - 1] = iou;
            for (size_t j = 0; j < n; j++) {
                float value = a[j];
                a[j] = b[j], b[j] = value;
            }
        }
    }
}

Status routing_hand_over(VoxpertRouting *out, const Routing *found, Error *error) {
    size_t experts = (size_t)found->experts, rows = (size_t)found->layers * (size_t)found->tokens;
    if (!found->routed) return VOXPERT_OK;
    *out = (VoxpertRouting){.layers = found->layers,
                            .tokens = found->tokens,
                            .experts = found->experts,
                            .chosen = found->chosen,
                            .logits = memory_new(rows * experts * sizeof *out->logits),
                            .gates = memory_new(rows * experts * sizeof *out->gates),
                            .confidence = memory_new(rows * sizeof *out->confidence)};
    if (!out->logits || !out->gates || !out->confidence)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for what the routers did");
    const float *from = found->routed;
    for (size_t i = 0; i < rows; i++, from += 3 * experts + 1) {
        memcpy(out->gates + i * experts, from, experts * sizeof *from);
        memcpy(out->logits + i * experts, from + 2 * experts, experts * sizeof *from);
        out->confidence[i] = from[3 * experts];
    }
    return VOXPERT_OK;
}

/* One mask from its logits, as bytes or bits. */
static void put_mask(VoxpertMasks *out, int which, const float *logits) {
    size_t width = (size_t)out->width, height = (size_t)out->height, row = (width + 7) / 8;
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++) {
            bool inside = logits[y * width + x] > out->threshold;
            size_t at = ((size_t)which * height + y) * (out->bits ? row : width);
            if (out->bits)
                out->bits[at + x / 8] |= (uint8_t)(inside << (7 - x % 8));
            else
                out->bytes[at + x] = inside;
        }
}

/* One plane of logits at a time is enough for masks without them. */
static Status put_masks(VoxpertMasks *out, const Predictor *p, const Prediction *found,
                        VoxpertMaskType type, Error *error) {
    size_t pixels = p->picture.width * p->picture.height, count = (size_t)found->count;
    size_t rows = count * p->picture.height;
    bool bits = type == VOXPERT_MASK_BITS;
    uint8_t *masks = memory_new(bits ? rows * ((p->picture.width + 7) / 8) : count * pixels);
    float *logits = memory_new(pixels * sizeof *logits);
    Status status = VOXPERT_OK;
    *(bits ? &out->bits : &out->bytes) = masks;
    if (!masks || !logits)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the masks");
    for (int i = 0; !status && i < found->count; i++) {
        Prediction one = *found;
        one.count = 1;
        one.low_res += (size_t)i * (size_t)found->side * (size_t)found->side;
        status = predictor_logits(p, &one, logits, error);
        if (!status) put_mask(out, i, logits);
    }
    memory_free(logits);
    return status;
}

static Status put_logits(VoxpertMasks *out, const Predictor *p, const Prediction *found,
                         Error *error) {
    size_t pixels = p->picture.width * p->picture.height;
    out->logits = memory_new((size_t)found->count * pixels * sizeof *out->logits);
    if (!out->logits) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the masks");
    return predictor_logits(p, found, out->logits, error);
}

static Status hand_over(VoxpertMasks *out, Predictor *p, Prediction *found, VoxpertMaskType type,
                        Error *error) {
    size_t count = (size_t)found->count;
    out->count = found->count;
    out->width = (int)p->picture.width;
    out->height = (int)p->picture.height;
    out->low_res_side = found->side;
    const Crop *c = &found->crop;
    const int crop[4] = {c->x, c->y, c->width, c->height};
    memcpy(out->crop, crop, sizeof crop);
    out->iou = memory_new(count * sizeof *out->iou);
    if (!out->iou) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the masks");
    memcpy(out->iou, found->iou, count * sizeof *out->iou);
    Status status = type == VOXPERT_MASK_LOGITS ? put_logits(out, p, found, error)
                                                : put_masks(out, p, found, type, error);
    if (!status) status = routing_hand_over(&out->routing, &found->routing, error);
    out->low_res = found->low_res;
    found->low_res = NULL;
    return status;
}

static Status check_masks(VoxpertMaskType type, Error *error) {
    if (type >= VOXPERT_MASK_LOGITS && type <= VOXPERT_MASK_BITS) return VOXPERT_OK;
    return error_set_field(error, VOXPERT_BAD_ARGUMENT, "masks",
                           "masks is %d, and must be one of VoxpertMaskType", (int)type);
}

bool asks_zoom(const Predictor *p, const VoxpertSegmentOptions *o) {
    return o->zoom > 0 || (o->zoom == 0 && p->model->preset.zoom > 0.0);
}

VoxpertStatus voxpert_segment(VoxpertSession *session, const VoxpertPrompt *prompt,
                              const VoxpertSegmentOptions *options, VoxpertMasks *masks,
                              VoxpertError *error) {
    VoxpertSegmentOptions own;
    const VoxpertSegmentOptions *o = &own;
    if (!session || !prompt || !masks) return null_argument("voxpert_segment", error);
    *masks = (VoxpertMasks){0};
    Predictor *p = session_begin(session);
    Asked asked;
    Prediction found = {0};
    Status status = segment_options_take(&own, options, error);
    if (status) return status;
    status = asked_from(&asked, prompt, error);
    if (!status) status = check_masks(o->masks, error);
    if (!status && !p->picture.rgb)
        status = error_set(error, VOXPERT_BAD_ARGUMENT, "no image was set");
    asked.prompt.prompt_free = o->prompt_free;
    asked.prompt.expert = o->expert;
    asked.prompt.prompt_class = o->prompt_class;
    if (!status) status = prompt_check(&p->picture, &asked.prompt, error);
    if (!status) status = predictor_check(p, &asked.prompt, error);
    bool zoom = asks_zoom(p, o);
    if (!status) status = predictor_answer(p, &asked.prompt, zoom, o->multimask, &found, error);
    masks->encode_seconds = found.encode_seconds;
    masks->decode_seconds = found.decode_seconds;
    masks->cached = found.from_cache;
    if (!status) order_by_iou(&found);
    if (!status) status = hand_over(masks, p, &found, o->masks, error);
    prediction_free(&found);
    asked_free(&asked);
    if (status) voxpert_masks_free(masks);
    return status;
}

/* ---- Everything ------------------------------------------------------------------------- */

static float chosen(float value, float otherwise, bool exact) {
    return value > 0.0f || exact ? value : otherwise;
}

void voxpert_everything_defaults(const VoxpertModel *model, VoxpertEverything *out) {
    if (!model || !out) return;
    const EverythingOptions o = preset_everything(&model->model->preset);
    VoxpertEverything own = {.points_per_side = o.points_per_side,
                             .points_per_batch = o.points_per_batch,
                             .pred_iou_thresh = o.pred_iou_thresh,
                             .stability_score_thresh = o.stability_score_thresh,
                             .stability_score_offset = o.stability_score_offset,
                             .box_nms_thresh = o.box_nms_thresh,
                             .crop_n_layers = o.crop_n_layers,
                             .crop_nms_thresh = o.crop_nms_thresh,
                             .crop_overlap_ratio = (float)o.crop_overlap_ratio,
                             .crop_n_points_downscale = o.crop_n_points_downscale,
                             .min_mask_region_area = (int)o.min_mask_region_area,
                             .mask_threshold = o.mask_threshold,
                             .zero_thresholds = true,
                             .crop_side = o.crop_side ? o.crop_side : -1};
    everything_give(out, &own);
}

static EverythingOptions options_of(const Preset *preset, const VoxpertEverything *e) {
    EverythingOptions o = preset_everything(preset);
    bool exact = e->zero_thresholds;
    if (e->points_per_side > 0) o.points_per_side = e->points_per_side;
    if (e->points_per_batch > 0) o.points_per_batch = e->points_per_batch;
    o.pred_iou_thresh = chosen(e->pred_iou_thresh, o.pred_iou_thresh, exact);
    o.stability_score_thresh = chosen(e->stability_score_thresh, o.stability_score_thresh, exact);
    o.stability_score_offset = chosen(e->stability_score_offset, o.stability_score_offset, exact);
    if (e->box_nms_thresh > 0.0f) o.box_nms_thresh = e->box_nms_thresh;
    if (e->crop_nms_thresh > 0.0f) o.crop_nms_thresh = e->crop_nms_thresh;
    if (e->crop_overlap_ratio > 0.0f) o.crop_overlap_ratio = (double)e->crop_overlap_ratio;
    if (e->crop_n_points_downscale > 0) o.crop_n_points_downscale = e->crop_n_points_downscale;
    if (e->crop_side || e->crop_n_layers) o.crop_side = e->crop_side > 0 ? e->crop_side : 0;
    o.crop_n_layers = e->crop_n_layers;
    o.min_mask_region_area = e->min_mask_region_area > 0 ? (size_t)e->min_mask_region_area : 0;
    o.mask_threshold = e->mask_threshold;
    return o;
}

typedef struct Relay {
    VoxpertSession *session;
    VoxpertProgress *progress;
    void *context;
} Relay;

static bool relay(void *context, size_t done, size_t total) {
    const Relay *r = context;
    return atomic_load(&r->session->interrupted) ||
           (r->progress && r->progress(r->context, done, total) != 0);
}

static Status found_from(VoxpertFound *to, const FoundMask *from, Error *error) {
    size_t pixels = extent_pixels(from->mask.size);
    *to = (VoxpertFound){.mask = memory_new(pixels),
                         .area = rle_area(&from->mask),
                         .predicted_iou = from->predicted_iou,
                         .stability_score = from->stability};
    if (!to->mask) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the masks");
    if (pixels) rle_decode(&from->mask, to->mask);
    for (int i = 0; i < 2; i++) {
        to->point[i] = from->point[i];
        if (to->area) to->box_xywh[i] = from->box[i];
        if (to->area) to->box_xywh[i + 2] = from->box[i + 2] - from->box[i] + 1.0f;
        to->crop_xywh[i] = from->crop[i];
        to->crop_xywh[i + 2] = from->crop[i + 2] - from->crop[i];
    }
    return VOXPERT_OK;
}

/* Takes the run lengths apart as it goes. */
static Status found_hand_over(VoxpertFound **out, size_t *count, FoundMasks *masks, Error *error) {
    Status status = VOXPERT_OK;
    *out = memory_new((masks->count + 1) * sizeof **out);
    if (!*out) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the masks");
    for (size_t i = 0; !status && i < masks->count; i++) {
        status = found_from(&(*out)[(*count)++], &masks->item[i], error);
        rle_free(&masks->item[i].mask);
    }
    if (!status) return VOXPERT_OK;
    voxpert_found_free(*out, *count);
    *out = NULL;
    *count = 0;
    return status;
}

VoxpertStatus voxpert_segment_everything(VoxpertSession *session, const VoxpertEverything *options,
                                         VoxpertFound **found, size_t *count,
                                         VoxpertProgress *progress, void *context,
                                         VoxpertError *error) {
    if (!session || !found || !count) return null_argument("voxpert_segment_everything", error);
    *found = NULL;
    *count = 0;
    Predictor *p = session_begin(session);
    VoxpertEverything own;
    Status status = everything_take(&own, options, error);
    if (status) return status;
    EverythingOptions o =
        options ? options_of(&p->model->preset, &own) : preset_everything(&p->model->preset);
    FoundMasks masks;
    Relay r = {session, progress, context};
    status = everything_find(p, &o, &masks, relay, &r, error);
    if (status) return status;
    status = found_hand_over(found, count, &masks, error);
    found_masks_free(&masks);
    return status;
}

/* Where a find lies; VOXPERT_BAD_ARGUMENT where that is not inside the image. */
typedef struct Place {
    size_t x, y;
    Extent size;
} Place;

static Status place_of(Place *out, const VoxpertFound *f, int width, int height, Error *error) {
    const float *box = f->box_xywh;
    bool fits = width > 0 && height > 0 && box[0] >= 0.0f && box[1] >= 0.0f && box[2] >= 0.0f &&
                box[3] >= 0.0f && box[0] + box[2] <= (float)width &&
                box[1] + box[3] <= (float)height;
    if (!fits)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "box_xywh",
                               "the mask lies outside an image of %d x %d pixels", width, height);
    *out = (Place){(size_t)box[0], (size_t)box[1], {(size_t)box[3], (size_t)box[2]}};
    return VOXPERT_OK;
}

VoxpertStatus voxpert_found_mask(const VoxpertFound *found, uint8_t *mask, int width, int height,
                                 VoxpertError *error) {
    if (!found || !mask || (!found->mask && found->area))
        return null_argument("voxpert_found_mask", error);
    Place p = {0};
    Status status = place_of(&p, found, width, height, error);
    if (status) return status;
    memset(mask, 0, (size_t)width * (size_t)height);
    for (size_t row = 0; row < p.size.height; row++)
        memcpy(mask + (p.y + row) * (size_t)width + p.x, found->mask + row * p.size.width,
               p.size.width);
    return VOXPERT_OK;
}

VoxpertStatus voxpert_found_rle(const VoxpertFound *found, int width, int height, char **rle,
                                VoxpertError *error) {
    if (rle) *rle = NULL;
    if (!found || !rle || (!found->mask && found->area))
        return null_argument("voxpert_found_rle", error);
    Place p = {0};
    Rle code;
    Status status = place_of(&p, found, width, height, error);
    if (!status)
        status = rle_encode_placed(&code, found->mask, p.size, p.x, p.y,
                                   (Extent){(size_t)height, (size_t)width}, error);
    return status ? status : rle_hand_over(&code, rle, error);
}

void voxpert_found_free(VoxpertFound *found, size_t count) {
    for (size_t i = 0; found && i < count; i++) memory_free(found[i].mask);
    memory_free(found);
}

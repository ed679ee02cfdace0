#include <math.h>
#include <string.h>

#include "api/internal.h"
#include "base/memory.h"
#include "base/warnings.h"
#include "image/box.h"
#include "predict/embedding.h"
#include "predict/everything.h"

static Status null_argument(const char *function, Error *error) {
    return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: a pointer that must be given is NULL",
                     function);
}

VoxpertStatus voxpert_session_open(VoxpertSession **out, VoxpertModel *model, VoxpertError *error) {
    if (!out || !model) return null_argument("voxpert_session_open", error);
    *out = NULL;
    VoxpertSession *s = memory_new(sizeof *s);
    if (!s) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a session");
    s->owner = model;
    Status status = predictor_open(&s->predictor, model->model, error);
    if (status) {
        memory_free(s);
        return status;
    }
    s->predictor->max_memory = model->max_memory;
    *out = s;
    return VOXPERT_OK;
}

void voxpert_session_close(VoxpertSession *session) {
    if (!session) return;
    predictor_close(session->predictor);
    memory_free(session);
}

VoxpertStatus voxpert_session_cache(VoxpertSession *session, const char *folder, bool half,
                                    VoxpertError *error) {
    if (!session) return null_argument("voxpert_session_cache", error);
    char *copy = memory_text(folder);
    if (folder && !copy)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the cache's path");
    memory_free(session->predictor->cache);
    session->predictor->cache = copy;
    session->predictor->f16_cache = half;
    return VOXPERT_OK;
}

VoxpertStatus voxpert_set_image(VoxpertSession *session, const VoxpertImage *image,
                                VoxpertError *error) {
    if (!session || !image || !image->pixels) return null_argument("voxpert_set_image", error);
    Picture picture = {0};
    Status status = image_to_picture(&picture, image, error);
    if (!status) status = predictor_set_picture(session->predictor, &picture, error);
    picture_free(&picture);
    return status;
}

/* ---- Segmenting ------------------------------------------------------------------------- */

Status asked_from(Asked *a, const VoxpertPrompt *p, Error *error) {
    size_t n = p->point_count > 0 ? (size_t)p->point_count : 0;
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

static Status hand_over(VoxpertMasks *out, Predictor *p, Prediction *found, Error *error) {
    size_t count = (size_t)found->count, pixels = p->picture.width * p->picture.height;
    out->count = found->count;
    out->width = (int)p->picture.width;
    out->height = (int)p->picture.height;
    out->low_res_side = found->side;
    const int crop[4] = {p->view.crop.x, p->view.crop.y, p->view.crop.width, p->view.crop.height};
    memcpy(out->crop, crop, sizeof crop);
    out->logits = memory_new(count * pixels * sizeof *out->logits);
    out->iou = memory_new(count * sizeof *out->iou);
    if (!out->logits || !out->iou)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the masks");
    memcpy(out->iou, found->iou, count * sizeof *out->iou);
    Status status = predictor_logits(p, found, out->logits, error);
    if (!status) status = routing_hand_over(&out->routing, &found->routing, error);
    out->low_res = found->low_res;
    found->low_res = NULL;
    return status;
}

bool asks_zoom(const Predictor *p, const VoxpertSegmentOptions *o) {
    return o->zoom > 0 || (o->zoom == 0 && p->model->preset.zoom > 0.0);
}

VoxpertStatus voxpert_segment(VoxpertSession *session, const VoxpertPrompt *prompt,
                              const VoxpertSegmentOptions *options, VoxpertMasks *masks,
                              VoxpertError *error) {
    static const VoxpertSegmentOptions defaults;
    const VoxpertSegmentOptions *o = options ? options : &defaults;
    if (!session || !prompt || !masks) return null_argument("voxpert_segment", error);
    *masks = (VoxpertMasks){0};
    Predictor *p = session->predictor;
    Asked asked;
    Prediction found = {0};
    Status status = asked_from(&asked, prompt, error);
    if (!status && !p->picture.rgb)
        status = error_set(error, VOXPERT_BAD_ARGUMENT, "no image was set");
    asked.prompt.prompt_free = o->prompt_free;
    asked.prompt.expert = o->expert;
    asked.prompt.prompt_class = o->prompt_class;
    if (!status) status = prompt_check(&p->picture, &asked.prompt, error);
    if (!status) status = predictor_check(p, &asked.prompt, error);
    bool zoom = asks_zoom(p, o);
    if (!status) status = predictor_answer(p, &asked.prompt, zoom, o->multimask, &found, error);
    masks->encode_seconds = p->encode_seconds;
    masks->decode_seconds = p->decode_seconds;
    masks->cached = p->from_cache;
    if (!status) order_by_iou(&found);
    if (!status) status = hand_over(masks, p, &found, error);
    prediction_free(&found);
    asked_free(&asked);
    if (status) voxpert_masks_free(masks);
    return status;
}

/* ---- Embeddings ------------------------------------------------------------------------- */

static Status embedding_type(ElementType *out, const char *type, Error *error) {
    *out = strcmp(type, "f16") == 0 ? ELEMENT_F16 : ELEMENT_F32;
    if (*out == ELEMENT_F16 || strcmp(type, "f32") == 0) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT, "type \"%s\" is unknown; f32 or f16", type);
}

VoxpertStatus voxpert_embedding_save(VoxpertSession *session, const char *path, const char *type,
                                     VoxpertError *error) {
    if (!session || !path || !type) return null_argument("voxpert_embedding_save", error);
    Predictor *p = session->predictor;
    ElementType element;
    Status status = embedding_type(&element, type, error);
    if (!status) status = predictor_encode(p, crop_whole(&p->picture), error);
    return status ? status : embedding_save(p, path, element, error);
}

VoxpertStatus voxpert_embedding_keep(VoxpertSession *session, const char *type,
                                     VoxpertError *error) {
    if (!session || !type) return null_argument("voxpert_embedding_keep", error);
    Predictor *p = session->predictor;
    ElementType element;
    Status status = embedding_type(&element, type, error);
    if (status) return status;
    if (!p->cache || !p->picture.rgb)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s was set",
                         p->cache ? "no image" : "no cache folder");
    return embedding_ensure(p, element, error);
}

VoxpertStatus voxpert_embedding_load(VoxpertSession *session, const char *path,
                                     VoxpertError *error) {
    if (!session || !path) return null_argument("voxpert_embedding_load", error);
    Predictor *p = session->predictor;
    if (!p->picture.rgb) return error_set(error, VOXPERT_BAD_ARGUMENT, "no image was set");
    p->view =
        view_of(&p->model->preset, crop_whole(&p->picture), p->model->system.sam.config.image);
    return embedding_load(p, path, error);
}

/* ---- Everything ------------------------------------------------------------------------- */

static float chosen(float value, float otherwise, bool exact) {
    return value > 0.0f || exact ? value : otherwise;
}

void voxpert_everything_defaults(const VoxpertModel *model, VoxpertEverything *out) {
    const EverythingOptions o = preset_everything(&model->model->preset);
    *out = (VoxpertEverything){.points_per_side = o.points_per_side,
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
}

static EverythingOptions options_of(const Preset *preset, const VoxpertEverything *e) {
    EverythingOptions o = preset_everything(preset);
    if (!e) return o;
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
    VoxpertProgress *progress;
    void *context;
} Relay;

static bool relay(void *context, size_t done, size_t total) {
    const Relay *r = context;
    return r->progress && r->progress(r->context, done, total) != 0;
}

static void found_from(VoxpertFound *to, FoundMask *from, size_t pixels) {
    *to = (VoxpertFound){.mask = from->mask,
                         .predicted_iou = from->predicted_iou,
                         .stability_score = from->stability};
    from->mask = NULL;
    for (size_t i = 0; i < pixels; i++) to->area += to->mask[i];
    for (int i = 0; i < 2; i++) {
        to->point[i] = from->point[i];
        if (to->area) to->box_xywh[i] = from->box[i];
        if (to->area) to->box_xywh[i + 2] = from->box[i + 2] - from->box[i] + 1.0f;
        to->crop_xywh[i] = from->crop[i];
        to->crop_xywh[i + 2] = from->crop[i + 2] - from->crop[i];
    }
}

VoxpertStatus voxpert_segment_everything(VoxpertSession *session, const VoxpertEverything *options,
                                         VoxpertFound **found, size_t *count,
                                         VoxpertProgress *progress, void *context,
                                         VoxpertError *error) {
    if (!session || !found || !count) return null_argument("voxpert_segment_everything", error);
    *found = NULL;
    *count = 0;
    Predictor *p = session->predictor;
    EverythingOptions o = options_of(&p->model->preset, options);
    FoundMasks masks;
    Relay r = {progress, context};
    Status status = everything_find(p, &o, &masks, relay, &r, error);
    if (status) return status;
    *found = memory_new((masks.count + 1) * sizeof **found);
    if (!*found) status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the masks");
    size_t pixels = p->picture.width * p->picture.height;
    for (size_t i = 0; !status && i < masks.count; i++)
        found_from(&(*found)[(*count)++], &masks.item[i], pixels);
    found_masks_free(&masks);
    return status;
}

void voxpert_found_free(VoxpertFound *found, size_t count) {
    for (size_t i = 0; found && i < count; i++) memory_free(found[i].mask);
    memory_free(found);
}

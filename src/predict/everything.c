/* everything.c - a grid of points, three masks each, and what survives.
 *
 *     per crop:  points -> masks -> iou filter (>) -> stability filter (>=) -> threshold -> boxes
 *                -> drop boxes cut by the crop's edge -> NMS by predicted iou
 *     over all crops: NMS that prefers small crops
 *     if asked:  small holes and islands removed, then NMS that prefers unchanged masks
 */
#include "predict/everything.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "image/mask_clean.h"
#include "image/rle.h"
#include "predict/everything_crops.h"

enum {
    MOST_LAYERS = 4,
    MOST_POINTS_PER_SIDE = 1024,
    MOST_POINTS_PER_BATCH = 65536,
    LEAST_CROP_SIDE = 16,
    MOST_CROP_SIDE = 65536
};

static Status no_memory(Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the masks of everything");
}

static bool in_range(double value, double least, double most) {
    return value >= least && value <= most;
}

static Status options_check(const EverythingOptions *o, Error *error) {
    const char *what = NULL;
    if (!in_range(o->points_per_side, 1, MOST_POINTS_PER_SIDE)) what = "points_per_side";
    if (!in_range(o->points_per_batch, 1, MOST_POINTS_PER_BATCH)) what = "points_per_batch";
    if (!in_range(o->crop_n_layers, 0, MOST_LAYERS)) what = "crop_n_layers";
    if (!in_range(o->crop_n_points_downscale, 1, MOST_POINTS_PER_SIDE))
        what = "crop_n_points_downscale";
    if (!in_range(o->crop_overlap_ratio, 0.0, 1.0)) what = "crop_overlap_ratio";
    if (o->crop_side && !in_range(o->crop_side, LEAST_CROP_SIDE, MOST_CROP_SIDE))
        what = "crop_side";
    if (o->crop_side && o->crop_n_layers) what = "crop_n_layers beside crop_side";
    if (!what) return VOXPERT_OK;
    return error_set(
        error, VOXPERT_BAD_ARGUMENT,
        "everything: %s is out of range (1..%d points a side, 1..%d at once, 0..%d layers, an "
        "overlap of 0..1, crops of 0 or %d..%d pixels)",
        what, MOST_POINTS_PER_SIDE, MOST_POINTS_PER_BATCH, MOST_LAYERS, LEAST_CROP_SIDE,
        MOST_CROP_SIDE);
}

/* ---- One point's masks ------------------------------------------------------------------ */

typedef struct Search {
    Predictor *p;
    const EverythingOptions *o;
    FoundMasks *found;
    Crop crop;
    int batch, masks, side;
    float *point, *low_res, *iou; /* of a batch */
    float *logits;                /* of one mask on the crop */
    size_t work;                  /* bytes that the crop takes beside the masks found */
} Search;

/* Bounds of the mask, as the published batched_mask_to_box; an empty one's are the first pixel of
 * the frame that it was looked for in. */
static void set_box(FoundMask *m) {
    bool empty = !m->mask.count;
    m->box[0] = (float)m->x, m->box[1] = (float)m->y;
    m->box[2] = (float)(m->x + (empty ? 0 : m->mask.size.width - 1));
    m->box[3] = (float)(m->y + (empty ? 0 : m->mask.size.height - 1));
}

static const float published_edge = 20.0f, square_edge = 1.5f; /* pixels */

/* Within `tolerance` pixels of the crop's edge, where that is not the picture's edge too. */
static bool cut_by_crop(const float box[4], const Crop *c, const Picture *p, float tolerance) {
    float crop[4] = {(float)c->x, (float)c->y, (float)(c->x + c->width), (float)(c->y + c->height)};
    float whole[4] = {0.0f, 0.0f, (float)p->width, (float)p->height};
    for (int i = 0; i < 4; i++) {
        bool near_crop = fabsf(box[i] - crop[i]) <= tolerance;
        bool near_whole = fabsf(box[i] - whole[i]) <= tolerance;
        if (near_crop && !near_whole) return true;
    }
    return false;
}

static Extent crop_extent(const Crop *c) { return (Extent){(size_t)c->height, (size_t)c->width}; }

static Status add_found(Search *s, const FoundMask *m, Error *error) {
    FoundMasks *f = s->found;
    if (!memory_grow(&f->item, &f->capacity, f->count, sizeof *f->item)) return no_memory(error);
    f->item[f->count++] = *m;
    return VOXPERT_OK;
}

static Status consider(Search *s, const float *low_res, float iou, const float point[2],
                       uint8_t *mask, Error *error) {
    const EverythingOptions *o = s->o;
    if (o->pred_iou_thresh > 0.0f && !(iou > o->pred_iou_thresh)) return VOXPERT_OK;
    size_t pixels = (size_t)s->crop.width * (size_t)s->crop.height;
    Status status =
        view_logits(s->logits, &s->p->view, &s->p->model->preset, low_res, 1, s->side, error);
    if (status) return status;
    float stability = stability_score(
        stability_counts(s->logits, pixels, o->mask_threshold, o->stability_score_offset));
    if (o->stability_score_thresh > 0.0f && !(stability >= o->stability_score_thresh))
        return VOXPERT_OK;
    for (size_t i = 0; i < pixels; i++) mask[i] = s->logits[i] > o->mask_threshold;
    const Crop *c = &s->crop;
    FoundMask m = {
        .point = {point[0], point[1]},
        .predicted_iou = iou,
        .stability = stability,
        .crop = {(float)c->x, (float)c->y, (float)(c->x + c->width), (float)(c->y + c->height)}};
    status = found_mask_set(&m, mask, crop_extent(c), (size_t)c->x, (size_t)c->y, error);
    if (status) return status;
    set_box(&m);
    bool cut = cut_by_crop(m.box, c, &s->p->picture, o->crop_side ? square_edge : published_edge);
    if (!cut) status = add_found(s, &m, error);
    if (cut || status) rle_free(&m.mask);
    return status;
}

/* ---- One crop --------------------------------------------------------------------------- */

/* Bytes that a mask's logits take on their way to a crop's pixels. */
static size_t view_bytes(const Search *s) {
    size_t side = (size_t)s->p->model->system.sam.config.image;
    return s->p->model->preset.direct ? 0 : side * side * sizeof(float);
}

/* Beside the steps of the predictor, which keep the limit too. */
static Status check_memory(const Search *s, Error *error) {
    size_t most = s->p->max_memory, found = found_masks_bytes(s->found);
    size_t needs = s->work + found + s->p->steps.memory.capacity;
    if (!most || needs <= most) return VOXPERT_OK;
    return error_set_field(error, VOXPERT_OUT_OF_MEMORY, "max-memory",
                           "everything mode needs %zu KiB, %zu KiB of them for %zu masks found so "
                           "far: more than the limit of %zu KiB",
                           (needs + 1023) >> 10, (found + 1023) >> 10, s->found->count, most >> 10);
}

static Status search_batch(Search *s, int points, uint8_t *mask, Error *error) {
    Status status = predictor_decode_points(s->p, points, s->point, !s->o->single_mask, s->low_res,
                                            s->iou, error);
    size_t n = (size_t)s->side * (size_t)s->side;
    for (int i = 0; !status && i < points * s->masks; i++)
        status = consider(s, s->low_res + (size_t)i * n, s->iou[i], s->point + 2 * (i / s->masks),
                          mask, error);
    return status ? status : check_memory(s, error);
}

typedef struct Count {
    size_t done, total;
    EverythingProgress *progress;
    void *context;
} Count;

static Status search_points(Search *s, int per_side, uint8_t *mask, Count *count, Error *error) {
    int total = per_side * per_side;
    Status status = VOXPERT_OK;
    for (int first = 0; !status && first < total; first += s->batch) {
        int some = total - first < s->batch ? total - first : s->batch;
        for (int i = 0; i < some; i++) {
            int at = first + i;
            double u = (at % per_side + 0.5) / per_side, v = (at / per_side + 0.5) / per_side;
            s->point[2 * i] = (float)(u * s->crop.width + s->crop.x);
            s->point[2 * i + 1] = (float)(v * s->crop.height + s->crop.y);
        }
        status = search_batch(s, some, mask, error);
        count->done += (size_t)some;
        if (!status && count->progress &&
            count->progress(count->context, count->done, count->total))
            status = error_set(error, VOXPERT_INTERRUPTED, "stopped while looking for everything");
    }
    return status;
}

static Status score_suppress(FoundMasks *f, size_t first, bool with_stability, float threshold,
                             Error *error) {
    size_t n = f->count - first;
    float *score = memory_new((n + 1) * sizeof *score);
    if (!score) return no_memory(error);
    for (size_t i = 0; i < n; i++) {
        const FoundMask *m = &f->item[first + i];
        score[i] = m->predicted_iou * (with_stability ? m->stability : 1.0f);
    }
    Status status = found_masks_suppress(f, first, score, threshold, error);
    memory_free(score);
    return status;
}

static Status search_crop(Search *s, Crop crop, int per_side, Count *count, Error *error) {
    s->crop = crop;
    int most = s->o->points_per_batch;
    s->batch = per_side * per_side < most ? per_side * per_side : most;
    size_t first = s->found->count, pixels = (size_t)crop.width * (size_t)crop.height;
    size_t masks = (size_t)s->masks * (size_t)s->batch, n = (size_t)s->side * (size_t)s->side;
    s->work = pixels * (sizeof *s->logits + 1) + view_bytes(s) +
              masks * (n * sizeof *s->low_res + sizeof *s->iou) +
              2 * (size_t)s->batch * sizeof *s->point;
    Status status = check_memory(s, error);
    if (!status) status = predictor_encode(s->p, crop, error);
    if (status) return status;
    s->point = memory_new(2 * (size_t)s->batch * sizeof *s->point);
    s->low_res = memory_new(masks * n * sizeof *s->low_res);
    s->iou = memory_new(masks * sizeof *s->iou);
    s->logits = memory_new(pixels * sizeof *s->logits);
    uint8_t *mask = memory_new(pixels);
    if (!status && (!s->point || !s->low_res || !s->iou || !s->logits || !mask))
        status = no_memory(error);
    if (!status) status = search_points(s, per_side, mask, count, error);
    if (!status)
        status = score_suppress(s->found, first, s->o->crop_side != 0, s->o->box_nms_thresh, error);
    memory_free(mask);
    memory_free(s->logits);
    memory_free(s->iou);
    memory_free(s->low_res);
    memory_free(s->point);
    return status;
}

/* ---- All crops -------------------------------------------------------------------------- */

static int points_of(const EverythingOptions *o, int layer) {
    double n = o->points_per_side / pow(o->crop_n_points_downscale, layer);
    return n < 1.0 ? 1 : (int)n;
}

static Status prefer_small_crops(FoundMasks *f, float threshold, Error *error) {
    float *score = memory_new((f->count + 1) * sizeof *score);
    if (!score) return no_memory(error);
    for (size_t i = 0; i < f->count; i++) {
        const float *c = f->item[i].crop;
        score[i] = 1.0f / ((c[2] - c[0]) * (c[3] - c[1]));
    }
    Status status = found_masks_suppress(f, 0, score, threshold, error);
    memory_free(score);
    return status;
}

/* Small holes and islands are told from large ones in the whole picture.  `*changed`: there was a
 * small one. */
static Status clean_one(FoundMask *m, const Picture *p, size_t least, uint8_t *frame, bool *changed,
                        Error *error) {
    Extent size = {p->height, p->width};
    bool holes = false, islands = false;
    memset(frame, 0, p->width * p->height);
    found_mask_draw(m, frame, p->width);
    Status status = mask_remove_small_regions(frame, size, SMALL_HOLES, least, &holes, error);
    if (!status)
        status = mask_remove_small_regions(frame, size, SMALL_ISLANDS, least, &islands, error);
    *changed = holes || islands;
    if (!status && *changed) status = found_mask_set(m, frame, size, 0, 0, error);
    if (!status && *changed) set_box(m);
    return status;
}

/* Removes small holes and islands; masks that change lose to those that do not. */
static Status clean(FoundMasks *f, const Picture *p, const EverythingOptions *o, Error *error) {
    float *score = memory_new((f->count + 1) * sizeof *score);
    uint8_t *frame = memory_new(p->width * p->height);
    Status status = score && frame ? VOXPERT_OK : no_memory(error);
    for (size_t i = 0; !status && i < f->count; i++) {
        bool changed;
        status = clean_one(&f->item[i], p, o->min_mask_region_area, frame, &changed, error);
        score[i] = changed ? 0.0f : 1.0f;
    }
    float threshold = fmaxf(o->box_nms_thresh, o->crop_nms_thresh);
    if (!status) status = found_masks_suppress(f, 0, score, threshold, error);
    memory_free(frame);
    memory_free(score);
    return status;
}

Status everything_find(Predictor *p, const EverythingOptions *options, FoundMasks *out,
                       EverythingProgress *progress, void *context, Error *error) {
    *out = (FoundMasks){0};
    if (!p->picture.rgb) return error_set(error, VOXPERT_BAD_ARGUMENT, "no image was set");
    Status status = options_check(options, error);
    if (status) return status;
    EverythingCrops crops;
    status = everything_crops(&crops, &p->picture, options, error);
    Count count = {.progress = progress, .context = context};
    for (size_t i = 0; i < crops.count; i++) {
        int n = points_of(options, crops.item[i].layer);
        count.total += (size_t)n * (size_t)n;
    }
    Search s = {.p = p,
                .o = options,
                .found = out,
                .masks = options->single_mask ? 1 : p->model->system.sam.config.decoder.masks - 1,
                .side = 4 * sam_grid(&p->model->system.sam)};
    for (size_t i = 0; !status && i < crops.count; i++)
        status = search_crop(&s, crops.item[i].crop, points_of(options, crops.item[i].layer),
                             &count, error);
    if (!status && crops.count > 1)
        status = options->crop_side ? score_suppress(out, 0, true, options->crop_nms_thresh, error)
                                    : prefer_small_crops(out, options->crop_nms_thresh, error);
    if (!status && options->min_mask_region_area && out->count)
        status = clean(out, &p->picture, options, error);
    everything_crops_free(&crops);
    if (status) found_masks_free(out);
    return status;
}

#include "cli/segment/result.h"

#include <stdlib.h>
#include <string.h>

#include "cli/common/error.h"
#include "cli/segment/routing_text.h"

static size_t pixels_of(const Result *r) { return (size_t)r->width * (size_t)r->height; }

Result result_begin(const VoxpertImage *image) {
    Result r = {.width = image->width, .height = image->height, .objects = json_array()};
    r.labels = cli_new(pixels_of(&r), sizeof *r.labels);
    r.best = cli_new(pixels_of(&r), sizeof *r.best);
    return r;
}

void result_free(Result *r) {
    free(r->labels);
    free(r->best);
    free(r->logits);
    free(r->low_res);
    json_decref(r->objects);
    *r = (Result){0};
}

/* ---- Records ---------------------------------------------------------------------------- */

/* COCO's: x, y, width, height; zeros for an empty mask. */
static json_t *bounds(const uint8_t *mask, int width, int height) {
    int x0 = width, y0 = height, x1 = -1, y1 = -1;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            if (!mask[(size_t)y * (size_t)width + (size_t)x]) continue;
            x0 = x < x0 ? x : x0, x1 = x > x1 ? x : x1;
            y0 = y < y0 ? y : y0, y1 = y;
        }
    }
    if (x1 < 0) x0 = y0 = 0, x1 = y1 = -1;
    return json_pack("[i, i, i, i]", x0, y0, x1 - x0 + 1, y1 - y0 + 1);
}

static VoxpertStatus segmentation(json_t **out, const uint8_t *mask, int width, int height,
                                  VoxpertError *error) {
    char *counts = NULL;
    VoxpertStatus status = voxpert_mask_rle(mask, width, height, &counts, error);
    if (status) return status;
    *out = json_pack("{s:[i, i], s:s}", "size", height, width, "counts", counts);
    voxpert_free(counts);
    return VOXPERT_OK;
}

static size_t area_of(const uint8_t *mask, size_t pixels) {
    size_t area = 0;
    for (size_t i = 0; i < pixels; i++) area += mask[i] != 0;
    return area;
}

static json_t *candidates(const VoxpertMasks *masks, uint8_t *scratch) {
    json_t *list = json_array();
    for (int i = 0; i < masks->count; i++) {
        voxpert_masks_binary(masks, i, scratch);
        size_t area = area_of(scratch, (size_t)masks->width * (size_t)masks->height);
        json_array_append_new(list, json_pack("{s:f, s:I}", "score", (double)masks->iou[i], "area",
                                              (json_int_t)area));
    }
    return list;
}

static VoxpertStatus record(json_t **out, const Target *t, int value, const VoxpertMasks *masks,
                            const uint8_t *mask, VoxpertError *error) {
    json_t *code = NULL;
    VoxpertStatus status = segmentation(&code, mask, masks->width, masks->height, error);
    if (status) return status;
    size_t area = area_of(mask, (size_t)masks->width * (size_t)masks->height);
    *out = json_pack("{s:i, s:i, s:f, s:I, s:o, s:o}", "object", t->number, "value", value, "score",
                     (double)masks->iou[0], "area", (json_int_t)area, "bbox",
                     bounds(mask, masks->width, masks->height), "segmentation", code);
    const int *crop = masks->crop;
    json_object_set_new(*out, "crop_box",
                        json_pack("[i, i, i, i]", crop[0], crop[1], crop[2], crop[3]));
    if (t->label) json_object_set_new(*out, "label", json_string(t->label));
    if (masks->routing.layers) json_object_set_new(*out, "routing", routing_json(&masks->routing));
    return VOXPERT_OK;
}

/* ---- Objects ---------------------------------------------------------------------------- */

static void paint(Result *r, const uint8_t *mask, const float *logits, int value) {
    size_t pixels = pixels_of(r);
    for (size_t i = 0; i < pixels; i++) {
        if (!mask[i] || (r->labels[i] && !(logits[i] > r->best[i]))) continue;
        r->labels[i] = (uint16_t)value;
        r->best[i] = logits[i];
    }
}

static void keep(float **all, size_t planes, size_t at_most, const float *some, size_t count,
                 size_t plane) {
    if (!*all) *all = cli_new(at_most * plane, sizeof **all);
    memcpy(*all + planes * plane, some, count * plane * sizeof **all);
}

VoxpertStatus result_add(Result *r, const Target *target, int value, const VoxpertMasks *masks,
                         const ResultWants *wants, VoxpertError *error) {
    size_t pixels = pixels_of(r), count = (size_t)masks->count;
    size_t side = (size_t)masks->low_res_side;
    uint8_t *mask = cli_new(pixels, 1);
    json_t *entry = NULL;
    voxpert_masks_binary(masks, 0, mask);
    VoxpertStatus status =
        voxpert_mask_clean(mask, masks->width, masks->height, &wants->cleanup, error);
    if (!status) status = record(&entry, target, value, masks, mask, error);
    if (!status) {
        paint(r, mask, masks->logits, value);
        if (masks->count > 1) json_object_set_new(entry, "candidates", candidates(masks, mask));
        json_array_append_new(r->objects, entry);
        if (wants->logits)
            keep(&r->logits, r->planes, wants->planes_at_most, masks->logits, count, pixels);
        if (wants->low_res)
            keep(&r->low_res, r->planes, wants->planes_at_most, masks->low_res, count, side * side);
        r->planes += count;
        r->side = masks->low_res_side;
        r->encode_seconds += masks->encode_seconds;
        r->decode_seconds += masks->decode_seconds;
        r->cached |= masks->cached;
    }
    free(mask);
    return status;
}

/* ---- Everything ------------------------------------------------------------------------- */

static json_t *box_json(const float box[4]) {
    return json_pack("[f, f, f, f]", (double)box[0], (double)box[1], (double)box[2],
                     (double)box[3]);
}

/* As amg.py writes it, with our number and value. */
static VoxpertStatus found_record(json_t **out, const VoxpertFound *f, int value, const Result *r,
                                  VoxpertError *error) {
    char *counts = NULL;
    VoxpertStatus status = voxpert_found_rle(f, r->width, r->height, &counts, error);
    if (status) return status;
    json_t *code = json_pack("{s:[i, i], s:s}", "size", r->height, r->width, "counts", counts);
    voxpert_free(counts);
    *out = json_pack("{s:i, s:i, s:I, s:o, s:f, s:[[f, f]], s:f, s:o, s:o}", "object", value,
                     "value", value, "area", (json_int_t)f->area, "bbox", box_json(f->box_xywh),
                     "predicted_iou", (double)f->predicted_iou, "point_coords", (double)f->point[0],
                     (double)f->point[1], "stability_score", (double)f->stability_score, "crop_box",
                     box_json(f->crop_xywh), "segmentation", code);
    return VOXPERT_OK;
}

static void paint_found(Result *r, const VoxpertFound *f, uint16_t value) {
    size_t x = (size_t)f->box_xywh[0], y = (size_t)f->box_xywh[1];
    size_t columns = (size_t)f->box_xywh[2], rows = (size_t)f->box_xywh[3];
    for (size_t i = 0; i < rows * columns; i++) {
        size_t at = (y + i / columns) * (size_t)r->width + x + i % columns;
        if (f->mask[i]) r->labels[at] = value;
    }
}

typedef struct Ranked {
    const VoxpertFound *found;
    size_t index;
} Ranked;

static int larger_first(const void *a, const void *b) {
    const Ranked *x = a, *y = b;
    if (x->found->area != y->found->area) return x->found->area < y->found->area ? 1 : -1;
    return x->index < y->index ? -1 : x->index > y->index;
}

VoxpertStatus result_everything(Result *r, const VoxpertFound *found, size_t count,
                                VoxpertError *error) {
    if (count > TARGET_VALUE_MAX)
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "%zu masks were found, more than the 65535 that a label map can hold",
                         count);
    Ranked *order = cli_new(count, sizeof *order);
    VoxpertStatus status = VOXPERT_OK;
    for (size_t i = 0; i < count; i++) order[i] = (Ranked){&found[i], i};
    qsort(order, count, sizeof *order, larger_first);
    for (size_t n = 0; !status && n < count; n++) {
        json_t *entry = NULL;
        const VoxpertFound *f = order[n].found;
        status = found_record(&entry, f, (int)n + 1, r, error);
        if (!status) paint_found(r, f, (uint16_t)(n + 1));
        if (!status) json_array_append_new(r->objects, entry);
    }
    free(order);
    return status;
}

/* The masks of one image as one label map, with a record of each object. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "exchange/object_list.h"
#include "exchange/result.h"
#include "exchange/routing_json.h"

struct VoxpertResult {
    int width, height;
    uint16_t *labels; /* [height][width] */
    float *best;      /* [height][width] logit of the object that holds a pixel */
    json_t *objects;  /* a record of each */
    double encode_seconds, decode_seconds;
    bool cached;
    Warnings warnings;
};

static size_t pixels_of(const VoxpertResult *r) { return (size_t)r->width * (size_t)r->height; }

static Status no_memory(Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the result");
}

VoxpertStatus voxpert_result_open(VoxpertResult **out, int width, int height, VoxpertError *error) {
    size_t pixels, bytes;
    if (out) *out = NULL;
    if (!out || width < 1 || height < 1)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_result_open: an empty image");
    if (!size_multiply(&pixels, (size_t)width, (size_t)height) ||
        !size_multiply(&bytes, pixels, sizeof(float)))
        return no_memory(error);
    VoxpertResult *r = memory_new(sizeof *r);
    if (!r) return no_memory(error);
    *r = (VoxpertResult){.width = width, .height = height, .objects = json_array()};
    r->labels = memory_new(pixels * sizeof *r->labels);
    r->best = memory_new(bytes);
    if (r->labels && r->best && r->objects) {
        *out = r;
        return VOXPERT_OK;
    }
    voxpert_result_close(r);
    return no_memory(error);
}

void voxpert_result_close(VoxpertResult *r) {
    if (!r) return;
    memory_free(r->labels);
    memory_free(r->best);
    json_decref(r->objects);
    warnings_free(&r->warnings);
    memory_free(r);
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

static json_t *segmentation(char *counts, const VoxpertResult *r) {
    json_t *json = json_pack("{s:[i, i], s:s}", "size", r->height, r->width, "counts", counts);
    memory_free(counts);
    return json;
}

static size_t area_of(const uint8_t *mask, size_t pixels) {
    size_t area = 0;
    for (size_t i = 0; i < pixels; i++) area += mask[i] != 0;
    return area;
}

/* `scratch` [height][width] is written over. */
static json_t *candidates(const VoxpertMasks *masks, uint8_t *scratch) {
    json_t *list = json_array();
    bool failed = !list;
    for (int i = 0; i < masks->count; i++) {
        voxpert_masks_binary(masks, i, scratch);
        size_t area = area_of(scratch, (size_t)masks->width * (size_t)masks->height);
        failed |=
            json_array_append_new(list, json_pack("{s:f, s:I}", "score", (double)masks->iou[i],
                                                  "area", (json_int_t)area)) != 0;
    }
    if (!failed) return list;
    json_decref(list);
    return NULL;
}

/* The parts that an object may have. */
static bool add_parts(json_t *to, const VoxpertObject *o, const VoxpertMasks *masks,
                      uint8_t *scratch) {
    const int *crop = masks->crop;
    bool failed =
        json_object_set_new(to, "crop_box",
                            json_pack("[i, i, i, i]", crop[0], crop[1], crop[2], crop[3])) != 0;
    if (o->label) failed |= json_object_set_new(to, "label", json_text(o->label)) != 0;
    if (masks->routing.layers)
        failed |= json_object_set_new(to, "routing", routing_to_json(&masks->routing)) != 0;
    if (masks->count > 1)
        failed |= json_object_set_new(to, "candidates", candidates(masks, scratch)) != 0;
    return !failed;
}

/* `mask` is written over. */
static Status add_record(VoxpertResult *r, const VoxpertObject *o, int value,
                         const VoxpertMasks *masks, uint8_t *mask, Error *error) {
    char *counts = NULL;
    size_t area = area_of(mask, pixels_of(r));
    Status status = voxpert_mask_rle(mask, r->width, r->height, &counts, error);
    if (status) return status;
    json_t *json =
        json_pack("{s:i, s:i, s:f, s:I, s:o, s:o}", "object", o->number, "value", value, "score",
                  (double)masks->iou[0], "area", (json_int_t)area, "bbox",
                  bounds(mask, r->width, r->height), "segmentation", segmentation(counts, r));
    if (!json || !add_parts(json, o, masks, mask)) {
        json_decref(json);
        return no_memory(error);
    }
    if (!area)
        warnings_add(&r->warnings, "object %d: nothing was found, its mask has no pixel",
                     o->number);
    bool failed = json_array_append_new(r->objects, json) != 0 || r->warnings.lines.failed;
    return failed ? no_memory(error) : VOXPERT_OK;
}

/* ---- Objects ---------------------------------------------------------------------------- */

static void paint(VoxpertResult *r, const uint8_t *mask, const float *logits, int value) {
    size_t pixels = pixels_of(r);
    for (size_t i = 0; i < pixels; i++) {
        if (!mask[i] || (r->labels[i] && !(logits[i] > r->best[i]))) continue;
        r->labels[i] = (uint16_t)value;
        r->best[i] = logits[i];
    }
}

static Status check_masks(const VoxpertResult *r, int value, const VoxpertMasks *masks,
                          Error *error) {
    if (masks->count < 1 || !masks->logits || !masks->iou)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "a result is made of masks with logits");
    if (masks->width != r->width || masks->height != r->height)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "masks are %d x %d pixels, but the result is %d x %d", masks->width,
                         masks->height, r->width, r->height);
    if (value < 1 || value > VOXPERT_OBJECTS_MOST)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "value", "value %d: must be 1 to %d",
                               value, VOXPERT_OBJECTS_MOST);
    return VOXPERT_OK;
}

VoxpertStatus voxpert_result_add(VoxpertResult *r, const VoxpertObject *object, int value,
                                 const VoxpertMasks *masks, const VoxpertCleanup *cleanup,
                                 VoxpertError *error) {
    if (!r || !object || !masks) return null_argument("voxpert_result_add", error);
    Status status = check_masks(r, value, masks, error);
    if (status) return status;
    uint8_t *mask = memory_new(pixels_of(r));
    if (!mask) return no_memory(error);
    voxpert_masks_binary(masks, 0, mask);
    if (cleanup) status = voxpert_mask_clean(mask, r->width, r->height, cleanup, error);
    if (!status) paint(r, mask, masks->logits, value);
    if (!status) status = add_record(r, object, value, masks, mask, error);
    r->encode_seconds += masks->encode_seconds;
    r->decode_seconds += masks->decode_seconds;
    r->cached |= masks->cached;
    memory_free(mask);
    return status;
}

/* ---- Everything ------------------------------------------------------------------------- */

static json_t *box_json(const float box[4]) {
    return json_pack("[f, f, f, f]", (double)box[0], (double)box[1], (double)box[2],
                     (double)box[3]);
}

/* As amg.py of SAM writes it, with a number and a value of ours. */
static Status add_found_record(VoxpertResult *r, const VoxpertFound *f, int value, Error *error) {
    char *counts = NULL;
    Status status = voxpert_found_rle(f, r->width, r->height, &counts, error);
    if (status) return status;
    json_t *json =
        json_pack("{s:i, s:i, s:I, s:o, s:f, s:[[f, f]], s:f, s:o, s:o}", "object", value, "value",
                  value, "area", (json_int_t)f->area, "bbox", box_json(f->box_xywh),
                  "predicted_iou", (double)f->predicted_iou, "point_coords", (double)f->point[0],
                  (double)f->point[1], "stability_score", (double)f->stability_score, "crop_box",
                  box_json(f->crop_xywh), "segmentation", segmentation(counts, r));
    return json_array_append_new(r->objects, json) ? no_memory(error) : VOXPERT_OK;
}

/* voxpert_found_rle has checked that it lies on the image. */
static void paint_found(VoxpertResult *r, const VoxpertFound *f, uint16_t value) {
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

VoxpertStatus voxpert_result_add_found(VoxpertResult *r, const VoxpertFound *found, size_t count,
                                       VoxpertError *error) {
    if (!r || (!found && count)) return null_argument("voxpert_result_add_found", error);
    if (count > VOXPERT_OBJECTS_MOST)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%zu masks were found, more than the 65535 that a label map can hold",
                         count);
    Ranked *order = memory_new((count ? count : 1) * sizeof *order);
    if (!order) return no_memory(error);
    Status status = VOXPERT_OK;
    for (size_t i = 0; i < count; i++) order[i] = (Ranked){&found[i], i};
    qsort(order, count, sizeof *order, larger_first);
    for (size_t n = 0; !status && n < count; n++) {
        status = add_found_record(r, order[n].found, (int)n + 1, error);
        if (!status) paint_found(r, order[n].found, (uint16_t)(n + 1));
    }
    memory_free(order);
    return status;
}

/* ---- What is known ---------------------------------------------------------------------- */

const uint16_t *voxpert_result_labels(const VoxpertResult *r) { return r ? r->labels : NULL; }

double voxpert_result_encode_seconds(const VoxpertResult *r) { return r ? r->encode_seconds : 0.0; }

double voxpert_result_decode_seconds(const VoxpertResult *r) { return r ? r->decode_seconds : 0.0; }

bool voxpert_result_cached(const VoxpertResult *r) { return r && r->cached; }

const char *voxpert_result_warnings(const VoxpertResult *r) {
    return r ? warnings_lines(&r->warnings) : "";
}

json_t *result_records(const VoxpertResult *r) { return r->objects; }

VoxpertStatus voxpert_result_objects(const VoxpertResult *r, char **json, VoxpertError *error) {
    if (json) *json = NULL;
    if (!r || !json) return null_argument("voxpert_result_objects", error);
    return json_hand_over(json_incref(r->objects), "the objects", json, error);
}

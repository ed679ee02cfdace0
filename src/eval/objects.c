#include "eval/objects.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "image/regions.h"

enum { VALUES = 1 << 16 };

size_t objects_least(const size_t size[3]) {
    return (size[0] * size[1] * size[2] + 1999) / 2000; /* 0.05 % in whole voxels */
}

void objects_free(Objects *o) {
    memory_free(o->label);
    memory_free(o->object);
    *o = (Objects){0};
}

static bool counts(const ObjectRule *rule, uint16_t value) {
    return value != 0 && value >= rule->first && value <= rule->last;
}

/* ---- Connected pieces --------------------------------------------------------------------- */

typedef struct Search {
    const uint16_t *values;
    const size_t *size;
    size_t voxels;
    ObjectRule rule;
    Objects *out;
    size_t capacity;
} Search;

static bool object_add(Search *s, Object object) {
    if (!memory_grow(&s->out->object, &s->capacity, s->out->count, sizeof object)) return false;
    s->out->object[s->out->count++] = object;
    return true;
}

/* Appends the regions of `mask` that are large enough. */
static Status pieces_add(Search *s, const uint8_t *mask, uint16_t value, Error *error) {
    Regions r;
    Status status = regions_find(&r, mask, s->size, NEIGHBOURS_ALL, error);
    if (status) return status;
    uint32_t *number = memory_new((r.count + 1) * sizeof *number);
    bool ok = number;
    for (size_t i = 0; ok && i < r.count; i++) {
        const Region *region = &r.region[i];
        if (region->voxels < s->rule.least) continue;
        Object object = {.value = value, .voxels = region->voxels};
        memcpy(object.low, region->low, sizeof object.low);
        memcpy(object.high, region->high, sizeof object.high);
        ok = object_add(s, object);
        number[i + 1] = (uint32_t)s->out->count;
    }
    for (size_t i = 0; ok && i < s->voxels; i++) {
        if (r.label[i] && number[r.label[i]]) s->out->label[i] = number[r.label[i]];
    }
    memory_free(number);
    regions_free(&r);
    return ok ? VOXPERT_OK : VOXPERT_OUT_OF_MEMORY;
}

static Status components_find(Search *s, uint8_t *mask, const uint32_t *voxels_of, Error *error) {
    Status status = VOXPERT_OK;
    for (uint32_t value = 1; value < VALUES && !status; value++) {
        if (voxels_of[value] < s->rule.least || voxels_of[value] == 0) continue;
        for (size_t i = 0; i < s->voxels; i++) mask[i] = s->values[i] == value;
        status = pieces_add(s, mask, (uint16_t)value, error);
    }
    return status;
}

static Status merged_find(Search *s, uint8_t *mask, Error *error) {
    for (size_t i = 0; i < s->voxels; i++) mask[i] = counts(&s->rule, s->values[i]);
    return pieces_add(s, mask, s->rule.first ? s->rule.first : 1, error);
}

/* ---- Instances ---------------------------------------------------------------------------- */

static void object_widen(Object *o, const size_t at[3]) {
    for (int a = 0; a < 3; a++) {
        if (at[a] < o->low[a]) o->low[a] = at[a];
        if (at[a] > o->high[a]) o->high[a] = at[a];
    }
}

/* Turns counts by value into numbers of objects. */
static bool instances_number(Search *s, uint32_t *voxels_of) {
    for (uint32_t value = 1; value < VALUES; value++) {
        uint32_t voxels = voxels_of[value];
        bool enough = voxels > 0 && voxels >= s->rule.least;
        Object object = {
            .value = (uint16_t)value, .voxels = voxels, .low = {SIZE_MAX, SIZE_MAX, SIZE_MAX}};
        if (enough && !object_add(s, object)) return false;
        voxels_of[value] = enough ? (uint32_t)s->out->count : 0;
    }
    voxels_of[0] = 0;
    return true;
}

static Status instances_find(Search *s, uint32_t *voxels_of) {
    if (!instances_number(s, voxels_of)) return VOXPERT_OUT_OF_MEMORY;
    for (size_t i = 0; i < s->voxels; i++) {
        uint32_t number = voxels_of[s->values[i]];
        s->out->label[i] = number;
        if (number == 0) continue;
        size_t row = i / s->size[2], at[3] = {row / s->size[1], row % s->size[1], i % s->size[2]};
        object_widen(&s->out->object[number - 1], at);
    }
    return VOXPERT_OK;
}

/* ---- Calls -------------------------------------------------------------------------------- */

static Status search(Search *s, Error *error) {
    uint32_t *voxels_of = memory_new(VALUES * sizeof *voxels_of);
    uint8_t *mask = memory_aligned(s->voxels);
    s->out->label = memory_new(s->voxels * sizeof *s->out->label);
    Status status = VOXPERT_OUT_OF_MEMORY;
    if (voxels_of && mask && s->out->label) {
        for (size_t i = 0; i < s->voxels; i++)
            voxels_of[s->values[i]] += counts(&s->rule, s->values[i]);
        status = s->rule.kind == OBJECTS_MERGED      ? merged_find(s, mask, error)
                 : s->rule.kind == OBJECTS_INSTANCES ? instances_find(s, voxels_of)
                                                     : components_find(s, mask, voxels_of, error);
    }
    memory_free(voxels_of);
    memory_free(mask);
    return status;
}

Status objects_find(Objects *out, const uint16_t *values, const size_t size[3], ObjectRule rule,
                    Error *error) {
    *out = (Objects){0};
    if (rule.least == 0) rule.least = objects_least(size);
    Search s = {values, size, size[0] * size[1] * size[2], rule, out, 0};
    if (s.voxels > INT32_MAX)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "a label map of %zu x %zu x %zu voxels is too large (at most 2^31)",
                         size[0], size[1], size[2]);
    Status status = search(&s, error);
    if (status) objects_free(out);
    if (status == VOXPERT_OUT_OF_MEMORY)
        error_set(error, status, "no memory to find the objects of a label map");
    return status;
}

void objects_mask(const Objects *o, size_t index, size_t voxels, uint8_t *mask) {
    for (size_t i = 0; i < voxels; i++) mask[i] = o->label[i] == index + 1;
}

void object_box(const Object *o, double box[4]) {
    box[0] = (double)o->low[2];
    box[1] = (double)o->low[1];
    box[2] = (double)o->high[2];
    box[3] = (double)o->high[1];
}

/* ---- Boxes -------------------------------------------------------------------------------- */

static double moved(double side, double extent, double last, Random *random) {
    int64_t most = (int64_t)floor(extent / 20.0);
    return fmin(fmax(side + (double)random_integer(random, -most, most), 0.0), last);
}

void box_jitter(double box[4], Extent size, Random *random) {
    double width = box[2] - box[0] + 1.0, height = box[3] - box[1] + 1.0;
    double last_x = (double)size.width - 1.0, last_y = (double)size.height - 1.0;
    box[0] = moved(box[0], width, last_x, random);
    box[1] = moved(box[1], height, last_y, random);
    box[2] = moved(box[2], width, last_x, random);
    box[3] = moved(box[3], height, last_y, random);
}

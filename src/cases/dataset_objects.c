/* What counts as an object in a label map: see dataset.h, and eval/dataset_split.h for the rule. */
#include <string.h>

#include "base/memory.h"
#include "cases/dataset.h"

enum { SLICE_LEAST = 32 }; /* pixels: what a slice shows may be a speck of an organ's end */

static Status no_memory(const Dataset *d, int picture, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its objects",
                     d->picture[picture].name);
}

static Status keep_object(Dataset *d, int picture, const Objects *found, size_t index, bool outer,
                          Error *error) {
    const Object *from = &found->object[index];
    if (!memory_grow(&d->object, &d->object_capacity, d->objects, sizeof *d->object))
        return no_memory(d, picture, error);
    CaseObject o = {.picture = picture,
                    .label = from->value,
                    .x0 = (int)from->low[2],
                    .y0 = (int)from->low[1],
                    .x1 = (int)from->high[2],
                    .y1 = (int)from->high[1],
                    .area = from->voxels,
                    .outer = outer};
    size_t width = (size_t)d->picture[picture].width;
    Status status = store_new(&d->store, &o.mask, object_pixels(&o), error);
    if (status) return status;
    for (size_t y = from->low[1], i = 0; y <= from->high[1]; y++)
        for (size_t x = from->low[2]; x <= from->high[2]; x++, i++)
            o.mask[i] = found->label[y * width + x] == index + 1;
    d->object[d->objects++] = o;
    return VOXPERT_OK;
}

static Status add_by_rule(Dataset *d, int picture, const uint16_t *values, ObjectRule rule,
                          bool outer, Error *error) {
    const Case *p = &d->picture[picture];
    size_t size[3] = {1, (size_t)p->height, (size_t)p->width};
    if (d->set[p->set].slices) {
        rule.least = objects_least(size);
        if (rule.least < SLICE_LEAST) rule.least = SLICE_LEAST;
    }
    Objects found;
    Status status = objects_find(&found, values, size, rule, error);
    if (status) return status;
    for (size_t i = 0; !status && i < found.count; i++)
        status = keep_object(d, picture, &found, i, outer, error);
    objects_free(&found);
    return status;
}

/* The smallest value above `after`; 0 where there is none. */
static uint16_t next_value(const uint16_t *values, size_t n, uint16_t after) {
    uint16_t best = 0;
    for (size_t i = 0; i < n; i++) {
        if (values[i] > after && (best == 0 || values[i] < best)) best = values[i];
    }
    return best;
}

static Status add_nested(Dataset *d, int picture, const uint16_t *values, size_t n, Error *error) {
    Status status = VOXPERT_OK;
    for (uint16_t value = next_value(values, n, 0); !status && value;) {
        uint16_t following = next_value(values, n, value);
        ObjectRule rule = {.kind = OBJECTS_MERGED, .first = value, .last = UINT16_MAX};
        status = add_by_rule(d, picture, values, rule, following != 0, error);
        value = following;
    }
    return status;
}

Status dataset_add_objects(Dataset *d, const uint32_t *labels, int picture, Error *error) {
    const Case *p = &d->picture[picture];
    const CaseSet *set = &d->set[p->set];
    size_t n = (size_t)p->width * (size_t)p->height;
    uint16_t *values = memory_new(n * sizeof *values);
    Status status = values ? VOXPERT_OK : no_memory(d, picture, error);
    for (size_t i = 0; !status && i < n; i++) {
        values[i] = (uint16_t)labels[i];
        if (labels[i] > UINT16_MAX)
            status = error_set(error, VOXPERT_BAD_INPUT,
                               "%s: its mask holds the label %u; 65535 is the highest", p->name,
                               (unsigned)labels[i]);
    }
    ObjectRule rule = {.kind = set->instances || p->whole ? OBJECTS_INSTANCES : OBJECTS_COMPONENTS,
                       .first = 1,
                       .last = UINT16_MAX};
    if (!status)
        status = set->nested ? add_nested(d, picture, values, n, error)
                             : add_by_rule(d, picture, values, rule, false, error);
    memory_free(values);
    return status;
}

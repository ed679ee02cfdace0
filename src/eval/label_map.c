#include "eval/label_map.h"

#include <string.h>

#include "base/memory.h"
#include "base/size.h"

/* Where `value` is among the sorted, or belongs. */
static size_t place_of(const uint32_t *sorted, size_t count, uint32_t value) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool label_values_hold(const LabelValues *set, uint32_t value) {
    size_t at = place_of(set->value, set->count, value);
    return at < set->count && set->value[at] == value;
}

bool label_values_add(LabelValues *set, uint32_t value) {
    size_t at = place_of(set->value, set->count, value);
    if (at < set->count && set->value[at] == value) return true;
    if (!memory_grow(&set->value, &set->capacity, set->count, sizeof *set->value)) return false;
    memmove(set->value + at + 1, set->value + at, (set->count++ - at) * sizeof *set->value);
    set->value[at] = value;
    return true;
}

bool label_values_merge(LabelValues *to, const LabelValues *from) {
    bool ok = true;
    for (size_t i = 0; i < from->count && ok; i++) ok = label_values_add(to, from->value[i]);
    return ok;
}

void label_values_free(LabelValues *set) {
    memory_free(set->value);
    *set = (LabelValues){0};
}

Status label_values_find(LabelValues *set, const uint32_t *labels, size_t voxels, Error *error) {
    uint32_t last = 0; /* runs are long */
    for (size_t i = 0; i < voxels; i++) {
        if (labels[i] == last || labels[i] == 0) continue;
        last = labels[i];
        if (!label_values_add(set, last))
            return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a list of %zu labels",
                             set->count);
    }
    return VOXPERT_OK;
}

static void label_values_remove(LabelValues *set, uint32_t value) {
    size_t at = place_of(set->value, set->count, value);
    if (at == set->count || set->value[at] != value) return;
    set->count--;
    memmove(set->value + at, set->value + at + 1, (set->count - at) * sizeof *set->value);
}

Status label_values_of(LabelValues *set, const Volume *v, bool reference, uint32_t ignored,
                       bool *left_out, Error *error) {
    size_t voxels = volume_voxels(v);
    uint32_t *map = memory_aligned(voxels * sizeof *map);
    uint8_t *ignored_voxels = NULL;
    size_t none = 0;
    if (!map)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its labels",
                         volume_name(v));
    Status status = reference ? volume_labels_void(map, &ignored_voxels, &none, v, error)
                              : volume_labels(map, v, error);
    if (!status) status = label_values_find(set, map, voxels, error);
    *left_out |= none > 0;
    label_values_remove(set, ignored);
    memory_free(ignored_voxels);
    memory_free(map);
    return status;
}

/* ---- Places --------------------------------------------------------------------------------- */

void label_places_free(LabelPlaces *p) {
    memory_free(p->value);
    memory_free(p->bounds);
    *p = (LabelPlaces){0};
}

static void widen(LabelBounds *b, const LabelBounds *by) {
    for (int a = 0; a < 3; a++) {
        b->low[a] = size_min(b->low[a], by->low[a]);
        b->high[a] = size_max(b->high[a], by->high[a]);
    }
}

/* Run by run along a row. */
static void widen_by_row(LabelPlaces *p, const uint32_t *row, size_t z, size_t y) {
    size_t width = p->size[2], end;
    for (size_t x = 0; x < width; x = end) {
        for (end = x + 1; end < width && row[end] == row[x];) end++;
        if (row[x] == 0) continue;
        const LabelBounds run = {{z, y, x}, {z, y, end - 1}};
        widen(&p->bounds[place_of(p->value, p->count, row[x])], &run);
    }
}

Status label_places_find(LabelPlaces *out, const uint32_t *labels, const size_t size[3],
                         Error *error) {
    *out = (LabelPlaces){.size = {size[0], size[1], size[2]}};
    LabelValues found = {0};
    Status status = label_values_find(&found, labels, size[0] * size[1] * size[2], error);
    if (status) {
        label_values_free(&found);
        return status;
    }
    out->value = found.value, out->count = found.count;
    out->bounds = memory_new((out->count + 1) * sizeof *out->bounds);
    if (!out->bounds) {
        label_places_free(out);
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the places of labels");
    }
    for (size_t i = 0; i < out->count; i++)
        out->bounds[i] = (LabelBounds){{SIZE_MAX, SIZE_MAX, SIZE_MAX}, {0, 0, 0}};
    for (size_t z = 0; z < size[0]; z++) {
        for (size_t y = 0; y < size[1]; y++)
            widen_by_row(out, labels + (z * size[1] + y) * size[2], z, y);
    }
    return VOXPERT_OK;
}

bool label_places_widen(const LabelPlaces *p, const uint32_t *value, size_t values,
                        LabelBounds *bounds, bool any) {
    const LabelBounds all = {{0, 0, 0}, {p->size[0] - 1, p->size[1] - 1, p->size[2] - 1}};
    for (size_t i = 0; i < values; i++) {
        size_t at = place_of(p->value, p->count, value[i]);
        bool here = at < p->count && p->value[at] == value[i];
        const LabelBounds *place = value[i] == 0 ? &all : here ? &p->bounds[at] : NULL;
        if (!place) continue;
        if (any)
            widen(bounds, place);
        else
            *bounds = *place;
        any = true;
    }
    return any;
}

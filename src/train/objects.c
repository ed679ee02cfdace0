/* What counts as an object in a label map: see dataset.h. */
#include <string.h>

#include "base/memory.h"
#include "train/dataset.h"

/* One pass of a flood fill over 8 neighbours, with a stack of pixels. */
typedef struct Filler {
    const uint32_t *labels;
    uint8_t *seen;
    int *stack, *found; /* found: the pixels of the piece, in the order visited */
    int width, height;
    bool nested;
} Filler;

static bool same_object(const Filler *f, uint32_t label, int at) {
    return f->nested ? f->labels[at] >= label : f->labels[at] == label;
}

static int fill_from(Filler *f, int start, uint32_t label) {
    int waiting = 0, found = 0;
    f->stack[waiting++] = start;
    f->seen[start] = 1;
    while (waiting) {
        int at = f->stack[--waiting], x = at % f->width, y = at / f->width;
        f->found[found++] = at;
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++) {
                int u = x + dx, v = y + dy, next = v * f->width + u;
                if (u < 0 || v < 0 || u >= f->width || v >= f->height || f->seen[next]) continue;
                if (!same_object(f, label, next)) continue;
                f->seen[next] = 1;
                f->stack[waiting++] = next;
            }
    }
    return found;
}

/* All pixels of one value, joined or not. */
static int gather_value(Filler *f, int start, uint32_t label) {
    int found = 0;
    for (int i = start; i < f->width * f->height; i++) {
        if (f->seen[i] || !same_object(f, label, i)) continue;
        f->seen[i] = 1;
        f->found[found++] = i;
    }
    return found;
}

static void bound(CaseObject *o, const Filler *f, int count) {
    o->x0 = f->width, o->y0 = f->height, o->x1 = -1, o->y1 = -1;
    for (int i = 0; i < count; i++) {
        int x = f->found[i] % f->width, y = f->found[i] / f->width;
        if (x < o->x0) o->x0 = x;
        if (x > o->x1) o->x1 = x;
        if (y < o->y0) o->y0 = y;
        if (y > o->y1) o->y1 = y;
    }
}

static bool keep_object(Dataset *d, const Filler *f, int picture, uint32_t label, int count,
                        bool outer) {
    if (!memory_grow(&d->object, &d->object_capacity, d->objects, sizeof *d->object)) return false;
    CaseObject o = {.picture = picture, .label = label, .area = (size_t)count, .outer = outer};
    bound(&o, f, count);
    int width = o.x1 - o.x0 + 1, height = o.y1 - o.y0 + 1;
    o.mask = memory_new((size_t)width * (size_t)height);
    if (!o.mask) return false;
    for (int i = 0; i < count; i++) {
        int x = f->found[i] % f->width, y = f->found[i] / f->width;
        o.mask[(size_t)(y - o.y0) * (size_t)width + (size_t)(x - o.x0)] = 1;
    }
    d->object[d->objects++] = o;
    return true;
}

enum { SLICE_LEAST = 32 }; /* pixels */

static uint32_t next_label(const uint32_t *labels, int n, uint32_t after) {
    uint32_t best = 0;
    for (int i = 0; i < n; i++) {
        if (labels[i] > after && (best == 0 || labels[i] < best)) best = labels[i];
    }
    return best;
}

static bool add_label(Dataset *d, Filler *f, int picture, uint32_t label, bool outer) {
    const CaseSet *s = &d->set[d->picture[picture].set];
    int n = f->width * f->height;
    memset(f->seen, 0, (size_t)n);
    for (int i = 0; i < n; i++) {
        if (f->seen[i] || !same_object(f, label, i)) continue;
        int count = s->instances ? gather_value(f, i, label) : fill_from(f, i, label);
        /* 0.05 % of the picture; what a slice shows may be a speck of an organ's end */
        if ((size_t)count * 2000 < (size_t)n) continue;
        if (s->slices && count < SLICE_LEAST) continue;
        if (!keep_object(d, f, picture, label, count, outer)) return false;
    }
    return true;
}

Status dataset_add_objects(Dataset *d, const uint32_t *labels, int picture, Error *error) {
    const Case *p = &d->picture[picture];
    size_t n = (size_t)p->width * (size_t)p->height;
    Filler f = {.labels = labels,
                .seen = memory_new(n),
                .stack = memory_new(n * sizeof(int)),
                .found = memory_new(n * sizeof(int)),
                .width = p->width,
                .height = p->height,
                .nested = d->set[p->set].nested};
    bool ok = f.seen && f.stack && f.found;
    uint32_t label = ok ? next_label(labels, (int)n, 0) : 0;
    while (ok && label) {
        uint32_t following = next_label(labels, (int)n, label);
        ok = add_label(d, &f, picture, label, f.nested && following != 0);
        label = following;
    }
    memory_free(f.seen);
    memory_free(f.stack);
    memory_free(f.found);
    if (ok) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its objects", p->name);
}

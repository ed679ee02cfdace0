/* The points of a surface lie on a grid of their own, cut to the bounds of both masks: of corners,
 * one more than voxels along each axis, or of the voxels themselves.  A byte for each, its mark, is
 * 0 where there is no point, else it says what weight the point has. */
#include "eval/surface.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/size.h"
#include "eval/surface_element.h"
#include "image/distance.h"
#include "image/mask_clean.h"

/* ---- The part of the grid where something is ---------------------------------------------- */

typedef struct Part {
    size_t low[3], size[3]; /* in voxels */
    size_t row, plane;      /* strides of the whole mask */
    bool flat;              /* a picture */
} Part;

static bool part_find(Part *p, const uint8_t *truth, const uint8_t *prediction,
                      const size_t size[3]) {
    size_t low[2][3], high[2][3];
    bool first = mask_bounds(truth, size, low[0], high[0]);
    bool second = mask_bounds(prediction, size, low[1], high[1]);
    *p = (Part){.row = size[2], .plane = size[1] * size[2], .flat = size[0] == 1};
    for (int a = 0; a < 3 && (first || second); a++) {
        size_t from = first && second ? size_min(low[0][a], low[1][a]) : low[!first][a];
        size_t to = first && second ? size_max(high[0][a], high[1][a]) : high[!first][a];
        p->low[a] = from;
        p->size[a] = to - from + 1;
    }
    return first || second;
}

/* A row of the part; NULL where it lies outside. */
static const uint8_t *part_row(const Part *p, const uint8_t *mask, size_t z, size_t y) {
    if (z >= p->size[0] || y >= p->size[1]) return NULL; /* -1 is large, too */
    return mask + (p->low[0] + z) * p->plane + (p->low[1] + y) * p->row + p->low[2];
}

/* ---- Marks -------------------------------------------------------------------------------- */

typedef struct Marks {
    size_t size[3], count;
    double weight[SURFACE_CODES];
    uint8_t *of[2]; /* truth's, the prediction's */
    uint8_t *clear; /* scratch: 1 where the other mask has no point */
    double *squared;
} Marks;

static bool at(const uint8_t *row, size_t x) { return row && row[x]; }

/* Codes along a row of corners: of the voxels in the four rows around it, those ahead.  In a
 * picture the two rows of z - 1 are missing, which leaves the codes of a square. */
static void mark_corners(uint8_t *code, const uint8_t *const row[4], size_t width, unsigned full) {
    unsigned behind = 0;
    for (size_t x = 0; x <= width; x++) {
        unsigned ahead = 0;
        if (x < width)
            ahead = (unsigned)(at(row[0], x) << 6 | at(row[1], x) << 4 | at(row[2], x) << 2 |
                               at(row[3], x));
        unsigned both = behind << 1 | ahead;
        code[x] = both == full ? 0 : (uint8_t)both;
        behind = ahead;
    }
}

static void mark_elements(uint8_t *marks, const Part *p, const uint8_t *mask, const Marks *m) {
    for (size_t z = 0; z < m->size[0]; z++) {
        for (size_t y = 0; y < m->size[1]; y++, marks += m->size[2]) {
            const uint8_t *const row[4] = {
                p->flat ? NULL : part_row(p, mask, z - 1, y - 1),
                p->flat ? NULL : part_row(p, mask, z - 1, y),
                part_row(p, mask, z, y - 1),
                part_row(p, mask, z, y),
            };
            mark_corners(marks, row, p->size[2], p->flat ? CONTOUR_CODES - 1 : SURFACE_CODES - 1);
        }
    }
}

static void mark_borders(uint8_t *marks, const Part *p, const uint8_t *mask, const Marks *m) {
    for (size_t z = 0; z < m->size[0]; z++) {
        for (size_t y = 0; y < m->size[1]; y++, marks += m->size[2]) {
            const uint8_t *row = part_row(p, mask, z, y);
            const uint8_t *beside[4] = {part_row(p, mask, z, y - 1), part_row(p, mask, z, y + 1),
                                        p->flat ? row : part_row(p, mask, z - 1, y),
                                        p->flat ? row : part_row(p, mask, z + 1, y)};
            for (size_t x = 0; x < m->size[2]; x++) {
                bool inner = x > 0 && x + 1 < m->size[2] && row[x - 1] && row[x + 1];
                for (int i = 0; i < 4; i++) inner = inner && at(beside[i], x);
                marks[x] = row[x] && !inner;
            }
        }
    }
}

/* ---- Points ------------------------------------------------------------------------------- */

static int by_distance(const void *a, const void *b) {
    const SurfacePoint *p = a, *q = b;
    if (p->distance != q->distance) return p->distance < q->distance ? -1 : 1;
    return (p->weight > q->weight) - (p->weight < q->weight);
}

static Status no_memory(const Marks *m, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY,
                     "no memory for the surfaces in masks of %zu x %zu x %zu voxels", m->size[0],
                     m->size[1], m->size[2]);
}

static Status surface_make(Surface *s, const Marks *m, int which, const double spacing[3],
                           Error *error) {
    const uint8_t *own = m->of[which], *other = m->of[!which];
    for (size_t i = 0; i < m->count; i++) {
        m->clear[i] = !other[i];
        s->count += own[i] != 0;
    }
    Status status =
        distance_squared(m->squared, m->clear, m->size, spacing, DISTANCE_EDGE_OPEN, error);
    if (status || s->count == 0) return status;
    s->point = memory_new(s->count * sizeof *s->point);
    if (!s->point) return no_memory(m, error);
    SurfacePoint *next = s->point;
    for (size_t i = 0; i < m->count; i++) {
        if (own[i]) *next++ = (SurfacePoint){sqrt(m->squared[i]), m->weight[own[i]]};
    }
    qsort(s->point, s->count, sizeof *s->point, by_distance);
    for (size_t i = 0; i < s->count; i++) s->weight += s->point[i].weight;
    return VOXPERT_OK;
}

typedef void MarkFn(uint8_t *marks, const Part *p, const uint8_t *mask, const Marks *m);

static Status surfaces_make(Surfaces *out, Marks *m, const Part *p, MarkFn *mark,
                            const uint8_t *const mask[2], const double spacing[3], Error *error) {
    m->count = m->size[0] * m->size[1] * m->size[2];
    m->clear = memory_aligned(m->count);
    m->squared = memory_aligned(m->count * sizeof *m->squared);
    bool ok = m->clear && m->squared;
    for (int i = 0; i < 2 && ok; i++) {
        m->of[i] = memory_aligned(m->count);
        ok = m->of[i];
        if (ok) mark(m->of[i], p, mask[i], m);
    }
    Status status = ok ? surface_make(&out->truth, m, 0, spacing, error) : no_memory(m, error);
    if (!status) status = surface_make(&out->prediction, m, 1, spacing, error);
    if (status) surfaces_free(out);
    memory_free(m->clear);
    memory_free(m->squared);
    for (int i = 0; i < 2; i++) memory_free(m->of[i]);
    return status;
}

/* ---- Calls -------------------------------------------------------------------------------- */

void surfaces_free(Surfaces *s) {
    memory_free(s->truth.point);
    memory_free(s->prediction.point);
    *s = (Surfaces){0};
}

Status surfaces_of_elements(Surfaces *out, const uint8_t *truth, const uint8_t *prediction,
                            const size_t size[3], const double spacing[3], Error *error) {
    Part p;
    *out = (Surfaces){0};
    if (!part_find(&p, truth, prediction, size)) return VOXPERT_OK;
    Marks m = {.size = {p.size[0] + !p.flat, p.size[1] + 1, p.size[2] + 1}};
    if (p.flat)
        contour_lengths(m.weight, spacing + 1);
    else
        surface_areas(m.weight, spacing);
    return surfaces_make(out, &m, &p, mark_elements, (const uint8_t *[]){truth, prediction},
                         spacing, error);
}

Status surfaces_of_borders(Surfaces *out, const uint8_t *truth, const uint8_t *prediction,
                           const size_t size[3], const double spacing[3], Error *error) {
    Part p;
    *out = (Surfaces){0};
    if (!part_find(&p, truth, prediction, size)) return VOXPERT_OK;
    Marks m = {.size = {p.size[0], p.size[1], p.size[2]}, .weight = {0.0, 1.0}};
    return surfaces_make(out, &m, &p, mark_borders, (const uint8_t *[]){truth, prediction}, spacing,
                         error);
}

/* Separable resize of float planes and volumes.
 *
 * Rows that grow in number are stretched once each and kept in a ring, from which the output rows
 * are blended; where they shrink they are blended first.  Either way the long loops run along
 * contiguous rows, and the buffers are a few rows long. */
#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "image/resize.h"

/* ---- Tables in float ---------------------------------------------------------------------- */

typedef struct FloatTaps {
    Taps taps;
    size_t reach;   /* largest count that occurs; 1 means every weight is 1 */
    float *weight;  /* [outputs, most] */
    uint32_t *pair; /* [outputs, 2], where reach is 2: both indices, inside */
} FloatTaps;

static void float_taps_free(FloatTaps *f) {
    taps_free(&f->taps);
    memory_free(f->weight);
    memory_free(f->pair);
    *f = (FloatTaps){0};
}

static bool float_taps_make(FloatTaps *f, size_t from, size_t to, TapRule rule) {
    *f = (FloatTaps){0};
    if (!taps_make(&f->taps, from, to, rule)) return false;
    Taps *t = &f->taps;
    f->weight = memory_new(to * t->most * sizeof *f->weight);
    f->pair = memory_new(2 * to * sizeof *f->pair);
    if (!f->weight || !f->pair) {
        float_taps_free(f);
        return false;
    }
    for (size_t i = 0; i < to; i++) {
        f->reach = size_max(f->reach, t->count[i]);
        f->pair[2 * i] = (uint32_t)t->first[i];
        f->pair[2 * i + 1] = (uint32_t)(t->first[i] + (t->count[i] > 1));
    }
    for (size_t i = 0; i < to * t->most; i++) f->weight[i] = (float)t->weight[i];
    return true;
}

/* ---- Along a row -------------------------------------------------------------------------- */

static void stretch_pairs(float *out, const float *in, const FloatTaps *f) {
    const float *weight = f->weight;
    const uint32_t *pair = f->pair;
    for (size_t x = 0; x < f->taps.outputs; x++, weight += f->taps.most, pair += 2)
        out[x] = in[pair[0]] * weight[0] + in[pair[1]] * weight[1];
}

static void stretch(float *out, const float *in, const FloatTaps *f) {
    const Taps *t = &f->taps;
    if (f->reach == 1) {
        for (size_t x = 0; x < t->outputs; x++) out[x] = in[t->first[x]];
    } else if (f->reach == 2) {
        stretch_pairs(out, in, f);
    } else {
        for (size_t x = 0; x < t->outputs; x++) {
            const float *weight = f->weight + x * t->most, *from = in + t->first[x];
            float sum = 0.0f;
            for (size_t k = 0; k < t->count[x]; k++) sum += from[k] * weight[k];
            out[x] = sum;
        }
    }
}

/* ---- Across rows (or planes) -------------------------------------------------------------- */

/* out = sum of in[k] weight[k] over arrays of n floats. */
static void blend(float *restrict out, const float *const *in, const float *weight, size_t count,
                  size_t n) {
    const float *a = in[0];
    float wa = weight[0];
    if (count == 1) {
        memcpy(out, a, n * sizeof *out); /* a single weight is 1 */
        return;
    }
    const float *b = in[1];
    float wb = weight[1];
    for (size_t i = 0; i < n; i++) out[i] = a[i] * wa + b[i] * wb;
    for (size_t k = 2; k < count; k++) {
        const float *c = in[k];
        float wc = weight[k];
        for (size_t i = 0; i < n; i++) out[i] += c[i] * wc;
    }
}

/* The last few rows made, row r in slot r % slots: windows are contiguous, so none is overwritten
 * that is still wanted. */
typedef struct Ring {
    float *rows;
    const float **window; /* [slots] */
    size_t *held;         /* [slots]; SIZE_MAX: nothing */
    size_t slots, length;
} Ring;

static void ring_free(Ring *r) {
    memory_free(r->rows);
    memory_free(r->window);
    memory_free(r->held);
    *r = (Ring){0};
}

static bool ring_make(Ring *r, size_t slots, size_t length) {
    size_t count, bytes;
    *r = (Ring){.slots = slots, .length = length};
    if (!size_multiply(&count, slots, length) || !size_multiply(&bytes, count, sizeof *r->rows))
        return false;
    r->rows = memory_aligned(bytes);
    r->window = memory_new(slots * sizeof *r->window);
    r->held = memory_new(slots * sizeof *r->held);
    if (r->rows && r->window && r->held) return true;
    ring_free(r);
    return false;
}

static void ring_forget(Ring *r) {
    for (size_t i = 0; i < r->slots; i++) r->held[i] = SIZE_MAX;
}

/* The place of row `index`; `*fresh` where it has still to be made. */
static float *ring_row(Ring *r, size_t index, bool *fresh) {
    size_t slot = index % r->slots;
    *fresh = r->held[slot] != index;
    r->held[slot] = index;
    return r->rows + slot * r->length;
}

/* ---- A plane ------------------------------------------------------------------------------ */

typedef struct Resizer {
    FloatTaps column, row, depth;
    Ring rows, planes;
    bool blend_first; /* rows shrink in number */
    bool flat;        /* one plane to one plane */
} Resizer;

static void resizer_free(Resizer *r) {
    float_taps_free(&r->column);
    float_taps_free(&r->row);
    float_taps_free(&r->depth);
    ring_free(&r->rows);
    ring_free(&r->planes);
}

static bool resizer_make(Resizer *r, const size_t to[3], const FloatGrid *in, TapRule rule) {
    *r = (Resizer){.blend_first = to[1] < in->height, .flat = in->depth == 1 && to[0] == 1};
    bool ok = float_taps_make(&r->depth, in->depth, to[0], rule) &&
              float_taps_make(&r->row, in->height, to[1], rule) &&
              float_taps_make(&r->column, in->width, to[2], rule) &&
              ring_make(&r->rows, r->row.reach, r->blend_first ? in->width : to[2]) &&
              ring_make(&r->planes, r->depth.reach, r->flat ? 1 : to[1] * to[2]);
    if (!ok) resizer_free(r);
    return ok;
}

static void blend_then_stretch(Resizer *r, float *out, const float *in, size_t in_row) {
    const Taps *t = &r->row.taps;
    for (size_t y = 0; y < t->outputs; y++, out += r->column.taps.outputs) {
        for (size_t k = 0; k < t->count[y]; k++)
            r->rows.window[k] = in + (t->first[y] + k) * in_row;
        const float *blended = r->rows.window[0];
        if (t->count[y] > 1) {
            blend(r->rows.rows, r->rows.window, r->row.weight + y * t->most, t->count[y],
                  r->rows.length);
            blended = r->rows.rows;
        }
        stretch(out, blended, &r->column);
    }
}

static void stretch_then_blend(Resizer *r, float *out, const float *in, size_t in_row) {
    const Taps *t = &r->row.taps;
    ring_forget(&r->rows);
    for (size_t y = 0; y < t->outputs; y++, out += r->column.taps.outputs) {
        for (size_t k = 0; k < t->count[y]; k++) {
            bool fresh;
            float *row = ring_row(&r->rows, t->first[y] + k, &fresh);
            if (fresh) stretch(row, in + (t->first[y] + k) * in_row, &r->column);
            r->rows.window[k] = row;
        }
        blend(out, r->rows.window, r->row.weight + y * t->most, t->count[y], r->rows.length);
    }
}

static void resize_plane(Resizer *r, float *out, const float *in, size_t in_row) {
    if (r->blend_first)
        blend_then_stretch(r, out, in, in_row);
    else
        stretch_then_blend(r, out, in, in_row);
}

static void resize_volume(Resizer *r, float *out, const float *in, const FloatGrid *g) {
    const Taps *t = &r->depth.taps;
    ring_forget(&r->planes);
    for (size_t z = 0; z < t->outputs; z++, out += r->planes.length) {
        for (size_t k = 0; k < t->count[z]; k++) {
            bool fresh;
            float *plane = ring_row(&r->planes, t->first[z] + k, &fresh);
            if (fresh) resize_plane(r, plane, in + (t->first[z] + k) * g->plane, g->row);
            r->planes.window[k] = plane;
        }
        blend(out, r->planes.window, r->depth.weight + z * t->most, t->count[z], r->planes.length);
    }
}

/* ---- Calls -------------------------------------------------------------------------------- */

FloatGrid float_grid_planes(const float *at, size_t count, Extent size) {
    return (FloatGrid){at, count, 1, size.height, size.width, size.width, extent_pixels(size)};
}

FloatGrid float_grid_crop(FloatGrid planes, Extent size) {
    planes.height = size.height;
    planes.width = size.width;
    return planes;
}

/* Columns are indexed with 32 bits in the tables. */
static bool sizes_fit(const size_t to[3], const FloatGrid *in) {
    const size_t all[] = {to[0], to[1], to[2], in->depth, in->height, in->width};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i] == 0 || all[i] > INT32_MAX) return false;
    }
    size_t bytes;
    return size_multiply(&bytes, to[0], to[1]) && size_multiply(&bytes, bytes, to[2]) &&
           size_multiply(&bytes, bytes, sizeof(float));
}

Status resize_volumes(float *out, const size_t to_zyx[3], FloatGrid in, TapRule rule,
                      Error *error) {
    if (!sizes_fit(to_zyx, &in))
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "a grid of %zu x %zu x %zu cannot be resized to %zu x %zu x %zu (depth x "
                         "height x width): sizes must be at least 1 and fit memory",
                         in.depth, in.height, in.width, to_zyx[0], to_zyx[1], to_zyx[2]);
    Resizer r;
    if (!resizer_make(&r, to_zyx, &in, rule))
        return error_set(error, VOXPERT_OUT_OF_MEMORY,
                         "no memory to resize a grid to %zu x %zu x %zu (depth x height x width)",
                         to_zyx[0], to_zyx[1], to_zyx[2]);
    size_t stride = in.depth == 1 ? in.plane : in.depth * in.plane;
    size_t out_stride = to_zyx[0] * to_zyx[1] * to_zyx[2];
    for (size_t i = 0; i < in.count; i++) {
        if (r.flat)
            resize_plane(&r, out + i * out_stride, in.at + i * stride, in.row);
        else
            resize_volume(&r, out + i * out_stride, in.at + i * stride, &in);
    }
    resizer_free(&r);
    return VOXPERT_OK;
}

Status resize_planes(float *out, Extent to, FloatGrid in, TapRule rule, Error *error) {
    return resize_volumes(out, (size_t[]){1, to.height, to.width}, in, rule, error);
}

#include "image/distance.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "image/mask_clean.h"

enum { COLUMNS = 16, FAR = 1 << 29 };

/* The part of a grid in which all foreground lies, dense in `squared`. */
typedef struct Part {
    const uint8_t *mask;        /* first voxel of the part in the whole mask */
    size_t size[3], row, plane; /* strides of the whole mask */
    double weight[3];           /* squared spacing */
    bool closed;                /* what lies around the part is background */
    double *squared;
} Part;

/* ---- Along rows --------------------------------------------------------------------------- */

static void row_squares(double *out, const uint8_t *mask, size_t n, double weight, bool closed,
                        int32_t *steps) {
    int32_t d = closed ? 0 : FAR;
    for (size_t x = 0; x < n; x++) steps[x] = d = mask[x] ? d + 1 : 0;
    d = closed ? 0 : FAR;
    for (size_t x = n; x-- > 0;) {
        d = mask[x] ? d + 1 : 0;
        int32_t least = d < steps[x] ? d : steps[x];
        double far = least;
        out[x] = least >= FAR ? HUGE_VAL : far * far * weight;
    }
}

static void all_rows(const Part *p, int32_t *steps) {
    double *out = p->squared;
    for (size_t z = 0; z < p->size[0]; z++) {
        for (size_t y = 0; y < p->size[1]; y++, out += p->size[2])
            row_squares(out, p->mask + z * p->plane + y * p->row, p->size[2], p->weight[2],
                        p->closed, steps);
    }
}

/* ---- Along another axis ------------------------------------------------------------------- */

typedef struct Envelope {
    double *half_inverse; /* [n]: 1 / (2 k); no division in the loops below */
    double *height;       /* [n]: value / weight + position^2 */
    double *from;         /* [n]: where the k-th parabola of the envelope begins */
    double *value;        /* [n]: its lowest value */
    int32_t *at;          /* [n]: its position */
    double *columns;      /* [COLUMNS, n] */
} Envelope;

static void envelope_free(Envelope *e) {
    double *const held[] = {e->half_inverse, e->height, e->from, e->value, e->columns};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) memory_free(held[i]);
    memory_free(e->at);
}

static bool envelope_make(Envelope *e, size_t n) {
    *e = (Envelope){.half_inverse = memory_new(n * sizeof(double)),
                    .height = memory_new(n * sizeof(double)),
                    .from = memory_new(n * sizeof(double)),
                    .value = memory_new(n * sizeof(double)),
                    .at = memory_new(n * sizeof *e->at),
                    .columns = memory_new(COLUMNS * n * sizeof(double))};
    bool ok = e->half_inverse && e->height && e->from && e->value && e->at && e->columns;
    for (size_t k = 1; ok && k < n; k++) e->half_inverse[k] = 0.5 / (double)k;
    if (!ok) envelope_free(e);
    return ok;
}

/* Builds the lower envelope of the parabolas value + weight (x - position)^2; returns how many it
 * has.  Where two meet on a voxel both have the same value, so rounding of the meeting point does
 * not matter. */
static size_t envelope_build(Envelope *e, const double *column, size_t n, double weight) {
    const double inverse_weight = 1.0 / weight;
    size_t count = 0;
    for (size_t q = 0; q < n; q++) {
        if (column[q] >= HUGE_VAL) continue;
        double height = column[q] * inverse_weight + (double)q * (double)q, meet = -HUGE_VAL;
        while (count > 0) {
            meet = (height - e->height[count - 1]) * e->half_inverse[(int32_t)q - e->at[count - 1]];
            if (meet > e->from[count - 1]) break;
            count--;
            meet = -HUGE_VAL;
        }
        e->height[count] = height;
        e->from[count] = meet;
        e->value[count] = column[q];
        e->at[count++] = (int32_t)q;
    }
    return count;
}

static void envelope_read(const Envelope *e, size_t count, double *column, size_t n,
                          double weight) {
    size_t k = 0;
    for (size_t q = 0; count > 0 && q < n; q++) {
        while (k + 1 < count && e->from[k + 1] < (double)q) k++;
        double step = (double)((int32_t)q - e->at[k]);
        column[q] = e->value[k] + weight * step * step;
    }
}

/* A zero hides what lies behind it, so that each stretch between zeros stands alone. */
static void column_squares(Envelope *e, double *column, size_t n, double weight) {
    for (size_t q = 0; q < n;) {
        if (column[q] == 0.0) {
            q++;
            continue;
        }
        size_t start = q;
        while (q < n && column[q] != 0.0) q++;
        size_t low = start > 0 ? start - 1 : 0, length = (q < n ? q + 1 : n) - low;
        size_t count = envelope_build(e, column + low, length, weight);
        envelope_read(e, count, column + low, length, weight);
    }
}

/* Columns are taken out in groups, so that memory is read along rows. */
static void columns_move(double *grid, double *columns, size_t n, size_t inner, size_t width,
                         size_t stride, bool out) {
    for (size_t y = 0; y < n; y++) {
        double *row = grid + y * inner;
        for (size_t x = 0; x < width; x++) {
            if (out)
                columns[x * stride + y] = row[x];
            else
                row[x] = columns[x * stride + y];
        }
    }
}

static void axis_squares(double *grid, size_t n, size_t inner, double weight, size_t margin,
                         Envelope *e) {
    size_t stride = n + 2 * margin;
    for (size_t x = 0; x < inner; x += COLUMNS) {
        size_t width = size_min(COLUMNS, inner - x);
        columns_move(grid + x, e->columns + margin, n, inner, width, stride, true);
        for (size_t c = 0; c < width; c++) {
            double *column = e->columns + c * stride;
            if (margin) column[0] = column[stride - 1] = 0.0;
            column_squares(e, column, stride, weight);
        }
        columns_move(grid + x, e->columns + margin, n, inner, width, stride, false);
    }
}

static bool part_squares(const Part *p) {
    size_t margin = p->closed ? 1 : 0, area = p->size[1] * p->size[2];
    int32_t *steps = memory_new(p->size[2] * sizeof *steps);
    Envelope e;
    bool ok = steps && envelope_make(&e, size_max(p->size[0], p->size[1]) + 2 * margin);
    if (ok) {
        all_rows(p, steps);
        for (size_t z = 0; z < p->size[0]; z++)
            axis_squares(p->squared + z * area, p->size[1], p->size[2], p->weight[1], margin, &e);
        if (p->plane) axis_squares(p->squared, p->size[0], area, p->weight[0], margin, &e);
        envelope_free(&e);
    }
    memory_free(steps);
    return ok;
}

/* ---- Calls -------------------------------------------------------------------------------- */

/* Around the bounds of the foreground all is background, but for what lies outside the grid: there
 * an open edge must stay open, so that one layer of background is kept where there is one. */
static bool part_find(Part *p, size_t low[3], const uint8_t *mask, const size_t size[3],
                      const double *spacing, DistanceEdge edge) {
    size_t high[3];
    if (!mask_bounds(mask, size, low, high)) return false;
    *p = (Part){.row = size[2],
                .plane = size[0] == 1 ? 0 : size[1] * size[2],
                .closed = edge == DISTANCE_EDGE_BACKGROUND};
    for (int a = 0; a < 3; a++) {
        double s = spacing ? spacing[a] : 1.0;
        p->weight[a] = s * s;
        if (!p->closed && low[a] > 0) low[a]--;
        if (!p->closed && high[a] + 1 < size[a]) high[a]++;
        p->size[a] = high[a] - low[a] + 1;
    }
    p->mask = mask + (low[0] * size[1] + low[1]) * size[2] + low[2];
    return true;
}

static bool part_compute(Part *p) {
    p->squared = memory_aligned(p->size[0] * p->size[1] * p->size[2] * sizeof *p->squared);
    if (p->squared && part_squares(p)) return true;
    memory_free(p->squared);
    return false;
}

static Status no_memory(const size_t size[3], Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY,
                     "no memory for the distances in a mask of %zu x %zu x %zu voxels", size[0],
                     size[1], size[2]);
}

Status distance_squared(double *out, const uint8_t *mask, const size_t size[3],
                        const double *spacing, DistanceEdge edge, Error *error) {
    size_t low[3];
    Part p;
    for (size_t i = 0; i < size[0] * size[1] * size[2]; i++) out[i] = 0.0;
    if (!part_find(&p, low, mask, size, spacing, edge)) return VOXPERT_OK;
    if (!part_compute(&p)) return no_memory(size, error);
    for (size_t z = 0; z < p.size[0]; z++) {
        for (size_t y = 0; y < p.size[1]; y++)
            memcpy(out + ((low[0] + z) * size[1] + low[1] + y) * size[2] + low[2],
                   p.squared + (z * p.size[1] + y) * p.size[2], p.size[2] * sizeof *out);
    }
    memory_free(p.squared);
    return VOXPERT_OK;
}

static size_t peak_of(const double *squared, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++) {
        if (squared[i] > squared[best]) best = i;
    }
    return best;
}

Status distance_peak(DistancePeak *out, const uint8_t *mask, const size_t size[3],
                     const double *spacing, DistanceEdge edge, Error *error) {
    size_t low[3];
    Part p;
    *out = (DistancePeak){size[0] * size[1] * size[2], 0.0};
    if (!part_find(&p, low, mask, size, spacing, edge)) return VOXPERT_OK;
    if (!part_compute(&p)) return no_memory(size, error);
    size_t best = peak_of(p.squared, p.size[0] * p.size[1] * p.size[2]);
    size_t x = best % p.size[2], y = best / p.size[2] % p.size[1], z = best / p.size[2] / p.size[1];
    out->index = ((low[0] + z) * size[1] + low[1] + y) * size[2] + low[2] + x;
    out->squared = p.squared[best];
    memory_free(p.squared);
    return VOXPERT_OK;
}

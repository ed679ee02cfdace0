/* OpenCV's INTER_LINEAR on bytes: two neighbours along each axis with weights of 11 bits; the
 * columns are combined exactly, the rows with the truncations of its integer SIMD code.  Exactly
 * half the size in both directions means the mean of four pixels instead. */
#include <math.h>

#include "base/memory.h"
#include "image/resize_methods.h"

enum { ONE = 1 << 11 };

typedef struct Neighbour {
    size_t low, high; /* indices, already inside */
    int32_t low_weight, high_weight;
} Neighbour;

static size_t inside(ptrdiff_t i, size_t n) {
    return i < 0 ? 0 : i >= (ptrdiff_t)n ? n - 1 : (size_t)i;
}

/* The lower neighbour of output pixel i, and how far it lies behind it in *x. */
typedef ptrdiff_t Position(float *x, size_t i, size_t from, size_t to);

static ptrdiff_t position_linear(float *x, size_t i, size_t from, size_t to) {
    double step = 1.0 / ((double)to / (double)from);
    *x = (float)(((double)i + 0.5) * step - 0.5);
    ptrdiff_t low = (ptrdiff_t)floorf(*x);
    *x -= (float)low;
    return low;
}

/* Where a pixel that becomes larger ends, and not at its middle. */
static ptrdiff_t position_area(float *x, size_t i, size_t from, size_t to) {
    double inverse = (double)to / (double)from;
    ptrdiff_t low = (ptrdiff_t)floor((double)i * (1.0 / inverse));
    *x = (float)((double)(i + 1) - (double)(low + 1) * inverse);
    *x = *x <= 0.0f ? 0.0f : *x - floorf(*x);
    return low;
}

/* Columns outside take the edge pixel with weight 1; rows keep their weights and repeat the edge
 * row, which truncates differently: both are OpenCV's. */
static void neighbours(Neighbour *out, size_t from, size_t to, bool columns, Position *position) {
    for (size_t i = 0; i < to; i++) {
        float x;
        ptrdiff_t low = position(&x, i, from, to);
        if (columns && low < 0) low = 0, x = 0.0f;
        if (columns && low >= (ptrdiff_t)from - 1) low = (ptrdiff_t)from - 1, x = 0.0f;
        out[i] = (Neighbour){inside(low, from), inside(low + 1, from),
                             (int32_t)lrintf((1.0f - x) * ONE), (int32_t)lrintf(x * ONE)};
    }
}

static void across(int32_t *out, const uint8_t *in, const Neighbour *column, size_t width,
                   size_t channels) {
    for (size_t x = 0; x < width; x++) {
        const uint8_t *low = in + column[x].low * channels, *high = in + column[x].high * channels;
        for (size_t c = 0; c < channels; c++)
            *out++ = low[c] * column[x].low_weight + high[c] * column[x].high_weight;
    }
}

static void blend(uint8_t *out, const int32_t *low, const int32_t *high, Neighbour n,
                  size_t count) {
    for (size_t i = 0; i < count; i++) {
        int32_t sum =
            ((n.low_weight * (low[i] >> 4)) >> 16) + ((n.high_weight * (high[i] >> 4)) >> 16);
        out[i] = byte_clip((sum + 2) >> 2);
    }
}

/* The two rows of columns already combined are kept: each source row is combined once. */
static void linear(const ResizeJob *j, const Neighbour *column, const Neighbour *row,
                   int32_t *rows) {
    size_t count = j->to.width * j->channels, held[2] = {SIZE_MAX, SIZE_MAX};
    for (size_t y = 0; y < j->to.height; y++) {
        const size_t wanted[2] = {row[y].low, row[y].high};
        for (int k = 0; k < 2; k++) {
            size_t slot = wanted[k] % 2;
            if (held[slot] == wanted[k]) continue;
            across(rows + slot * count, j->in + wanted[k] * j->from.width * j->channels, column,
                   j->to.width, j->channels);
            held[slot] = wanted[k];
        }
        blend(j->out + y * count, rows + (wanted[0] % 2) * count, rows + (wanted[1] % 2) * count,
              row[y], count);
    }
}

static void halve(const ResizeJob *j) {
    size_t c = j->channels, row = j->from.width * c;
    for (size_t y = 0; y < j->to.height; y++) {
        const uint8_t *in = j->in + 2 * y * row;
        uint8_t *out = j->out + y * j->to.width * c;
        for (size_t x = 0; x < j->to.width; x++, in += 2 * c) {
            for (size_t k = 0; k < c; k++)
                *out++ = (uint8_t)((in[k] + in[k + c] + in[k + row] + in[k + c + row] + 2) >> 2);
        }
    }
}

static bool interpolate(const ResizeJob *j, Position *position) {
    Neighbour *column = memory_new(j->to.width * sizeof *column);
    Neighbour *row = memory_new(j->to.height * sizeof *row);
    int32_t *rows = memory_new(2 * j->to.width * j->channels * sizeof *rows);
    bool ok = column && row && rows;
    if (ok) {
        neighbours(column, j->from.width, j->to.width, true, position);
        neighbours(row, j->from.height, j->to.height, false, position);
        linear(j, column, row, rows);
    }
    memory_free(column);
    memory_free(row);
    memory_free(rows);
    return ok;
}

bool resize_opencv_linear(const ResizeJob *j) {
    if (j->from.width != 2 * j->to.width || j->from.height != 2 * j->to.height)
        return interpolate(j, position_linear);
    halve(j);
    return true;
}

bool resize_opencv_linear_area(const ResizeJob *j) { return interpolate(j, position_area); }

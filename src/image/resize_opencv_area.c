/* OpenCV's INTER_AREA on bytes: each pixel is the mean of what it covers.  Where the sizes divide,
 * whole numbers are added up; elsewhere weights and sums are floats, in OpenCV's order.  An image
 * that grows is interpolated instead, by resize_opencv_linear with the area's own positions. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "image/resize_methods.h"

/* A source pixel's share of an output pixel. */
typedef struct Share {
    size_t out, in;
    float weight;
} Share;

/* OpenCV computes the step from its inverse. */
static double step_of(size_t from, size_t to) { return 1.0 / ((double)to / (double)from); }

static bool divides(double step, size_t *whole) {
    *whole = (size_t)lrint(step);
    return fabs(step - (double)*whole) < DBL_EPSILON;
}

/* ---- Sizes that divide ------------------------------------------------------------------ */

static uint8_t mean(const uint8_t *in, size_t row, size_t channels, size_t wide, size_t high) {
    uint64_t sum = 0;
    for (size_t y = 0; y < high; y++) {
        for (size_t x = 0; x < wide; x++) sum += in[y * row + x * channels];
    }
    if (wide == 2 && high == 2) return (uint8_t)((sum + 2) >> 2);
    return byte_clip((int32_t)lrintf((float)sum * (1.0f / (float)(wide * high))));
}

static void add_up(const ResizeJob *j, size_t wide, size_t high) {
    size_t row = j->from.width * j->channels;
    uint8_t *out = j->out;
    for (size_t y = 0; y < j->to.height; y++) {
        for (size_t x = 0; x < j->to.width; x++) {
            const uint8_t *in = j->in + y * high * row + x * wide * j->channels;
            for (size_t c = 0; c < j->channels; c++)
                *out++ = mean(in + c, row, j->channels, wide, high);
        }
    }
}

/* ---- Other sizes ------------------------------------------------------------------------ */

static size_t shares_of(Share *out, size_t from, size_t to) {
    double step = step_of(from, to);
    size_t count = 0;
    for (size_t i = 0; i < to; i++) {
        double first = (double)i * step, last = first + step;
        double width = fmin(step, (double)from - first);
        size_t high = size_min((size_t)floor(last), from - 1);
        size_t low = size_min((size_t)ceil(first), high);
        if ((double)low - first > 1e-3)
            out[count++] = (Share){i, low - 1, (float)(((double)low - first) / width)};
        for (size_t k = low; k < high; k++) out[count++] = (Share){i, k, (float)(1.0 / width)};
        if (last - (double)high > 1e-3)
            out[count++] =
                (Share){i, high, (float)(fmin(fmin(last - (double)high, 1.0), width) / width)};
    }
    return count;
}

static void across(float *out, const uint8_t *in, const Share *share, size_t shares,
                   const ResizeJob *j) {
    size_t c = j->channels;
    memset(out, 0, j->to.width * c * sizeof *out);
    for (size_t k = 0; k < shares; k++) {
        const uint8_t *from = in + share[k].in * c;
        float *to = out + share[k].out * c;
        for (size_t i = 0; i < c; i++) to[i] += (float)from[i] * share[k].weight;
    }
}

static void round_row(uint8_t *out, const float *sum, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = byte_clip((int32_t)lrintf(sum[i]));
}

static void average(const ResizeJob *j, Share *column, Share *row, float *sums) {
    size_t columns = shares_of(column, j->from.width, j->to.width);
    size_t rows = shares_of(row, j->from.height, j->to.height);
    size_t count = j->to.width * j->channels;
    float *part = sums + count;
    for (size_t k = 0; k < rows; k++) {
        bool first = k == 0 || row[k].out != row[k - 1].out;
        across(part, j->in + row[k].in * j->from.width * j->channels, column, columns, j);
        for (size_t i = 0; i < count; i++)
            sums[i] = first ? row[k].weight * part[i] : sums[i] + row[k].weight * part[i];
        if (k + 1 == rows || row[k + 1].out != row[k].out)
            round_row(j->out + row[k].out * count, sums, count);
    }
}

static bool average_any(const ResizeJob *j) {
    /* at most two shares of each output pixel's ends, and one of each source pixel */
    Share *column = memory_new((j->from.width + 2 * j->to.width) * sizeof *column);
    Share *row = memory_new((j->from.height + 2 * j->to.height) * sizeof *row);
    float *sums = memory_new(2 * j->to.width * j->channels * sizeof *sums);
    bool ok = column && row && sums;
    if (ok) average(j, column, row, sums);
    memory_free(column);
    memory_free(row);
    memory_free(sums);
    return ok;
}

bool resize_opencv_area(const ResizeJob *j) {
    double across_step = step_of(j->from.width, j->to.width);
    double down_step = step_of(j->from.height, j->to.height);
    size_t wide, high;
    if (j->from.width == j->to.width && j->from.height == j->to.height) {
        memcpy(j->out, j->in, j->to.width * j->to.height * j->channels);
        return true;
    }
    if (across_step < 1.0 || down_step < 1.0) return resize_opencv_linear_area(j);
    bool whole = divides(across_step, &wide), tall = divides(down_step, &high);
    if (!whole || !tall) return average_any(j);
    add_up(j, wide, high);
    return true;
}

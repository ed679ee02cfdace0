#include "image/resize.h"

#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "image/resize_methods.h"

/* ---- Nearest ------------------------------------------------------------------------------ */

static void nearest_pillow(size_t *index, size_t from, size_t to) {
    double step = (double)from / (double)to, x = 0.5 * step;
    for (size_t i = 0; i < to; i++, x += step) index[i] = size_min((size_t)x, from - 1);
}

static void nearest_opencv(size_t *index, size_t from, size_t to) {
    double step = 1.0 / ((double)to / (double)from);
    for (size_t i = 0; i < to; i++) index[i] = size_min((size_t)((double)i * step), from - 1);
}

static void gather_row(uint8_t *out, const uint8_t *in, const size_t *index, size_t n,
                       size_t channels) {
    if (channels == 1) {
        for (size_t x = 0; x < n; x++) out[x] = in[index[x]];
    } else if (channels == 3) {
        for (size_t x = 0; x < n; x++) memcpy(out + 3 * x, in + 3 * index[x], 3);
    } else {
        for (size_t x = 0; x < n; x++)
            memcpy(out + x * channels, in + index[x] * channels, channels);
    }
}

static bool resize_nearest(const ResizeJob *j, void (*rule)(size_t *, size_t, size_t)) {
    size_t *columns = memory_new(j->to.width * sizeof *columns);
    size_t *rows = memory_new(j->to.height * sizeof *rows);
    if (columns && rows) {
        rule(columns, j->from.width, j->to.width);
        rule(rows, j->from.height, j->to.height);
        for (size_t y = 0; y < j->to.height; y++)
            gather_row(j->out + y * j->to.width * j->channels,
                       j->in + rows[y] * j->from.width * j->channels, columns, j->to.width,
                       j->channels);
    }
    bool ok = columns && rows;
    memory_free(columns);
    memory_free(rows);
    return ok;
}

/* ---- Dispatch ----------------------------------------------------------------------------- */

static bool extent_fits(Extent e, size_t channels) {
    size_t pixels, doubles;
    if (e.height == 0 || e.width == 0 || channels == 0) return false;
    return size_multiply(&pixels, e.height, e.width) && size_multiply(&pixels, pixels, channels) &&
           size_multiply(&doubles, pixels, 2 * sizeof(double));
}

static Status extents_check(Extent to, Extent from, size_t channels, Error *error) {
    if (extent_fits(to, channels) && extent_fits(from, channels)) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT,
                     "a picture of %zu x %zu cannot be resized to %zu x %zu (width x height, %zu "
                     "channels): sizes must be at least 1 and their product must fit memory",
                     from.width, from.height, to.width, to.height, channels);
}

static Status no_memory(Extent to, Extent from, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY,
                     "no memory to resize a picture of %zu x %zu to %zu x %zu", from.width,
                     from.height, to.width, to.height);
}

static bool resize_by(const ResizeJob *job, ResizeMethod method) {
    switch (method) {
    case RESIZE_PILLOW_NEAREST:
        return resize_nearest(job, nearest_pillow);
    case RESIZE_OPENCV_NEAREST:
        return resize_nearest(job, nearest_opencv);
    case RESIZE_PILLOW_BILINEAR:
        return resize_pillow(job, TAPS_LINEAR_ANTIALIASED);
    case RESIZE_PILLOW_BICUBIC:
        return resize_pillow(job, TAPS_CUBIC_ANTIALIASED);
    case RESIZE_OPENCV_LINEAR:
        return resize_opencv_linear(job);
    case RESIZE_OPENCV_AREA:
        return resize_opencv_area(job);
    case RESIZE_SKIMAGE_CUBIC:
        return resize_skimage_cubic(job, NULL);
    }
    return false;
}

Status resize_bytes(uint8_t *out, Extent to, const uint8_t *in, Extent from, size_t channels,
                    ResizeMethod method, Error *error) {
    Status status = extents_check(to, from, channels, error);
    if (status) return status;
    ResizeJob job = {out, to, in, from, channels};
    return resize_by(&job, method) ? VOXPERT_OK : no_memory(to, from, error);
}

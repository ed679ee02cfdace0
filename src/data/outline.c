#include "data/outline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "image/rle.h"

static Status no_memory(Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for an annotation");
}

/* ---- Polygons ----------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b) {
    const double *p = a, *q = b;
    return (*p > *q) - (*p < *q);
}

/* Where the line y crosses the sides; each side owns its lower end alone. */
static size_t crossings(double *at, const double *xy, size_t points, double y) {
    size_t n = 0;
    for (size_t i = 0; i < points; i++) {
        const double *p = xy + 2 * i, *q = xy + 2 * ((i + 1) % points);
        if ((p[1] <= y) == (q[1] <= y)) continue;
        at[n++] = p[0] + (y - p[1]) * (q[0] - p[0]) / (q[1] - p[1]);
    }
    qsort(at, n, sizeof *at, ascending);
    return n;
}

static size_t column_from(double x, size_t width) {
    double first = ceil(x - 0.5);
    return first <= 0.0 ? 0 : first >= (double)width ? width : (size_t)first;
}

Status outline_fill(uint8_t *mask, Extent size, const double *xy, size_t points, Error *error) {
    double *at = memory_new((points + 1) * sizeof *at);
    if (!at) return no_memory(error);
    for (size_t y = 0; y < size.height; y++) {
        size_t n = crossings(at, xy, points, (double)y + 0.5);
        for (size_t i = 0; i + 1 < n; i += 2) {
            size_t from = column_from(at[i], size.width), to = column_from(at[i + 1], size.width);
            if (to > from) memset(mask + y * size.width + from, 1, to - from);
        }
    }
    memory_free(at);
    return VOXPERT_OK;
}

/* Points as lists of two numbers, where COCO has x and y in turn. */
static bool is_pairs(json_t *list) {
    size_t i;
    json_t *point;
    json_array_foreach(list, i, point) {
        if (json_array_size(point) != 2 || !json_is_number(json_array_get(point, 0))) return false;
    }
    return json_array_size(list) >= 3;
}

/* Number `i` of an outline of either form. */
static json_t *number_at(json_t *polygon, bool pairs, size_t i) {
    return pairs ? json_array_get(json_array_get(polygon, i / 2), i % 2)
                 : json_array_get(polygon, i);
}

static Status polygon_mask(uint8_t *mask, Extent size, json_t *polygon, Error *error) {
    bool pairs = is_pairs(polygon);
    size_t n = json_array_size(polygon) * (pairs ? 2 : 1), i;
    if (n < 6 || n % 2)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "an outline has %zu numbers, but needs pairs of x and y of three points",
                         n);
    double *xy = memory_new(n * sizeof *xy);
    if (!xy) return no_memory(error);
    Status status = VOXPERT_OK;
    for (i = 0; !status && i < n; i++) {
        json_t *number = number_at(polygon, pairs, i);
        xy[i] = json_number_value(number);
        if (!json_is_number(number) || !(fabs(xy[i]) < 1e9))
            status = error_set(error, VOXPERT_BAD_INPUT, "a coordinate of an outline is no number");
    }
    if (!status) status = outline_fill(mask, size, xy, n / 2, error);
    memory_free(xy);
    return status;
}

/* ---- Run lengths -------------------------------------------------------------------------- */

static Status counts_read(Rle *out, json_t *counts, Extent size, Error *error) {
    size_t n = json_array_size(counts), i;
    uint32_t *list = memory_new((n + 1) * sizeof *list);
    if (!list) return no_memory(error);
    Status status = VOXPERT_OK;
    for (i = 0; !status && i < n; i++) {
        json_int_t count = json_integer_value(json_array_get(counts, i));
        list[i] = (uint32_t)count;
        if (!json_is_integer(json_array_get(counts, i)) || count < 0 || count > UINT32_MAX)
            status = error_set(error, VOXPERT_BAD_INPUT, "a run length is no whole number");
    }
    if (!status) status = rle_from_counts(out, list, n, size, error);
    memory_free(list);
    return status;
}

static Status runs_mask(uint8_t *mask, Extent size, json_t *runs, Error *error) {
    json_t *sides = json_object_get(runs, "size"), *counts = json_object_get(runs, "counts");
    json_int_t height = json_integer_value(json_array_get(sides, 0));
    json_int_t width = json_integer_value(json_array_get(sides, 1));
    if (height != (json_int_t)size.height || width != (json_int_t)size.width)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "run lengths are of %lld x %lld pixels, but their image has %zu x %zu",
                         (long long)width, (long long)height, size.width, size.height);
    Rle rle = {0};
    Status status = json_is_string(counts) ? rle_from_text(&rle, json_string_value(counts),
                                                           json_string_length(counts), size, error)
                                           : counts_read(&rle, counts, size, error);
    if (!status) rle_decode(&rle, mask);
    rle_free(&rle);
    return status;
}

/* One outline without the list that it belongs into. */
static bool is_bare(json_t *segmentation) {
    return json_is_number(json_array_get(segmentation, 0)) || is_pairs(segmentation);
}

const char *annotation_oddity(json_t *annotation) {
    json_t *segmentation = json_object_get(annotation, "segmentation");
    if (is_pairs(segmentation) || is_pairs(json_array_get(segmentation, 0)))
        return "an outline is a list of points [x, y], where COCO has x and y in turn";
    return is_bare(segmentation) ? "an outline is not in a list of outlines" : NULL;
}

Status annotation_mask(uint8_t *mask, Extent size, json_t *annotation, Error *error) {
    json_t *segmentation = json_object_get(annotation, "segmentation"), *polygon;
    Status status = VOXPERT_OK;
    size_t i;
    if (json_is_object(segmentation)) return runs_mask(mask, size, segmentation, error);
    if (!json_array_size(segmentation))
        return error_set(error, VOXPERT_BAD_INPUT, "there is no segmentation, only a box at most");
    if (is_bare(segmentation)) return polygon_mask(mask, size, segmentation, error);
    json_array_foreach(segmentation, i, polygon) {
        if (!status) status = polygon_mask(mask, size, polygon, error);
    }
    return status;
}

#include "data/outline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "image/rle.h"

static Status no_memory(Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for an annotation");
}

bool annotation_number(double *out, json_t *value, bool *text) {
    *out = json_number_value(value);
    if (!json_is_string(value)) return json_is_number(value);
    *text = text_to_double(out, json_string_value(value));
    return *text;
}

/* A whole number from 0 to `most`; -1: it is none. */
static int64_t whole_number(json_t *value, double most) {
    double number;
    bool text;
    if (!annotation_number(&number, value, &text)) return -1;
    bool whole = number >= 0.0 && number <= most && !(floor(number) < number);
    return whole ? (int64_t)number : -1;
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
        bool text;
        if (!annotation_number(&xy[i], number, &text) || !(fabs(xy[i]) < 1e9))
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
        int64_t count = whole_number(json_array_get(counts, i), UINT32_MAX);
        list[i] = (uint32_t)count;
        if (count < 0)
            status = error_set(error, VOXPERT_BAD_INPUT,
                               "the run length %zu is no whole number from 0", i);
    }
    if (!status) status = rle_from_counts(out, list, n, size, error);
    memory_free(list);
    return status;
}

static Status runs_mask(uint8_t *mask, Extent size, json_t *runs, Error *error) {
    json_t *sides = json_object_get(runs, "size"), *counts = json_object_get(runs, "counts");
    int64_t height = whole_number(json_array_get(sides, 0), 1e9);
    int64_t width = whole_number(json_array_get(sides, 1), 1e9);
    if (height < 0 || width < 0)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "run lengths need their \"size\": [height, width] in whole numbers");
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
    json_t *first = json_array_get(segmentation, 0);
    return json_is_number(first) || json_is_string(first) || is_pairs(segmentation);
}

/* ---- What is odd ---------------------------------------------------------------------------- */

const char *annotation_oddity(json_t *annotation) {
    json_t *segmentation = json_object_get(annotation, "segmentation");
    if (is_pairs(segmentation) || is_pairs(json_array_get(segmentation, 0)))
        return "an outline is a list of points [x, y], where COCO has x and y in turn";
    return is_bare(segmentation) ? "an outline is not in a list of outlines" : NULL;
}

/* In lists of lists, at most three deep. */
static bool array_has_texts(json_t *array, int depth) {
    json_t *value;
    size_t i;
    json_array_foreach(array, i, value) {
        if (json_is_string(value)) return true;
        if (depth < 3 && array_has_texts(value, depth + 1)) return true;
    }
    return false;
}

bool annotation_has_texts(json_t *annotation) {
    json_t *segmentation = json_object_get(annotation, "segmentation");
    return array_has_texts(segmentation, 1) ||
           array_has_texts(json_object_get(segmentation, "size"), 3) ||
           array_has_texts(json_object_get(segmentation, "counts"), 3);
}

static void polygon_farthest(double *most, double point[2], Extent size, json_t *polygon) {
    bool pairs = is_pairs(polygon), text;
    size_t numbers = json_array_size(polygon) * (pairs ? 2 : 1);
    for (size_t i = 0; i + 1 < numbers; i += 2) {
        double x, y;
        if (!annotation_number(&x, number_at(polygon, pairs, i), &text) ||
            !annotation_number(&y, number_at(polygon, pairs, i + 1), &text))
            continue;
        double out = fmax(fmax(-x, -y), fmax(x - (double)size.width, y - (double)size.height));
        if (!(out > *most)) continue;
        *most = out;
        point[0] = x, point[1] = y;
    }
}

bool annotation_reaches_out(double point[2], Extent size, json_t *annotation) {
    json_t *segmentation = json_object_get(annotation, "segmentation"), *polygon;
    double most = 1.0; /* COCO's coordinates may lie on the far side of the last pixel */
    size_t i;
    if (is_bare(segmentation))
        polygon_farthest(&most, point, size, segmentation);
    else
        json_array_foreach(segmentation, i, polygon) polygon_farthest(&most, point, size, polygon);
    return most > 1.0;
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

/* What an image file holds, in words for people and programs. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "api/internal.h"
#include "data/reader.h"

typedef struct Range {
    double low, high;
    size_t nonfinite;
} Range;

static void range_of(Range *out, const Volume *v) {
    enum { SOME = 4096 };
    float values[SOME];
    size_t total = volume_samples(v);
    *out = (Range){(double)INFINITY, -(double)INFINITY, 0};
    for (size_t first = 0; first < total; first += SOME) {
        size_t count = total - first < SOME ? total - first : SOME;
        volume_values(values, v, first, count);
        for (size_t i = 0; i < count; i++) {
            double value = (double)values[i];
            if (!isfinite(value)) {
                out->nonfinite++;
                continue;
            }
            out->low = fmin(out->low, value);
            out->high = fmax(out->high, value);
        }
    }
}

static json_t *sizes(const Volume *v, bool volume) {
    json_t *size = json_array();
    json_array_append_new(size, json_integer((json_int_t)v->width));
    json_array_append_new(size, json_integer((json_int_t)v->height));
    if (volume) json_array_append_new(size, json_integer((json_int_t)v->depth));
    return size;
}

static json_t *affine(const VolumeGrid *g) {
    json_t *rows = json_array();
    for (int r = 0; r < 3; r++) {
        json_t *row = json_array();
        for (int c = 0; c < 4; c++) json_array_append_new(row, json_real(g->affine_ras[r][c]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *describe(const Volume *v, const char *hash) {
    bool volume = v->depth * v->frames > 1 || v->header;
    const char *name = volume_name(v);
    Range range;
    range_of(&range, v);
    json_t *root = json_pack("{s:s?, s:s, s:s, s:o, s:s, s:I, s:I, s:s, s:b, s:s}", "file",
                             text_is_utf8(name, strlen(name)) ? name : NULL, "format", v->format,
                             "kind", volume ? "volume" : "picture", "size", sizes(v, volume),
                             "axes", volume ? "i, j, k as stored" : "x, y", "channels",
                             (json_int_t)v->channels, "frames", (json_int_t)v->frames, "type",
                             sample_name(v->type), "alpha", v->alpha, "sha256", hash);
    if (range.low <= range.high)
        json_object_set_new(root, "range", json_pack("[f, f]", range.low, range.high));
    if (range.nonfinite)
        json_object_set_new(root, "not_finite", json_integer((json_int_t)range.nonfinite));
    if (v->orientation) json_object_set_new(root, "orientation", json_integer(v->orientation));
    if (v->grid.source != GRID_UNKNOWN) {
        const double *mm = v->grid.spacing_xyz_mm;
        json_object_set_new(root, "spacing_mm", json_pack("[f, f, f]", mm[0], mm[1], mm[2]));
        json_object_set_new(root, "affine_ras", affine(&v->grid));
    }
    json_object_set_new(root, "warnings", reader_warnings(&v->warnings));
    return root;
}

VoxpertStatus voxpert_image_file_describe(const char *path, const VoxpertFileOptions *options,
                                          char **json, VoxpertError *error) {
    if (!path || !json)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_image_file_describe: NULL");
    *json = NULL;
    VoxpertFileOptions own;
    Status status = file_options_take(&own, options, error);
    if (status) return status;
    VolumeReadOptions read = {.ignore_exif = own.ignore_exif,
                              .max_bytes = own.max_bytes,
                              .page = own.page > 0 ? (size_t)own.page : 0};
    Volume *v = NULL;
    char hash[HASH_TEXT];
    status = volume_read(&v, path, &read, error);
    if (!status) status = volume_file_hash(hash, path, error);
    json_t *root = status ? NULL : describe(v, hash);
    *json = root ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    if (!status && !*json)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to describe it", path);
    json_decref(root);
    volume_free(v);
    return status;
}

#include "tests/golden/image_folders.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <jansson.h>

#include "base/files.h"
#include "base/memory.h"
#include "image/volume.h"
#include "tests/golden/canonical.h"

static const double affine_tolerance = 1e-5, spacing_tolerance = 1e-6;

/* One file, read in each way that its listing asks for. */
typedef struct Case {
    const char *path;
    json_t *entry;
    Volume *image, *labels; /* labels: read as a label map, when first needed */
    const Volume *compared; /* what `values` are of */
    float *values;
    Text wrong; /* what differs */
} Case;

static void differs(Case *c, const char *what, const char *detail) {
    text_add(&c->wrong, "%s%s%s%s", c->wrong.length ? "; " : "", what, *detail ? " " : "", detail);
}

static float *values_of(const Volume *v) {
    float *values = memory_new(volume_samples(v) * sizeof *values);
    if (!values) abort();
    volume_values(values, v, 0, volume_samples(v));
    return values;
}

/* ---- Values ------------------------------------------------------------------------------- */

static void check_crc(Case *c, const char *field, const float *values, size_t count,
                      const char *expected) {
    char got[16];
    snprintf(got, sizeof got, "%08lx",
             crc32(0, (const Bytef *)values, (unsigned)(count * sizeof *values)));
    if (strcmp(got, expected) != 0) differs(c, field, got);
}

static void check_sample(Case *c, const float *values, size_t count, json_t *sample) {
    size_t step = (size_t)json_integer_value(json_object_get(sample, "step")), i;
    json_t *value;
    bool same = true;
    json_array_foreach(json_object_get(sample, "values"), i, value) {
        same = same && i * step < count && values[i * step] == (float)json_number_value(value);
    }
    if (!same) differs(c, "sample", "");
}

/* The listing names components of a vector image first, as they lie in the file; memory has them
 * last. */
static float *components_first(const Volume *v, const float *values) {
    size_t voxels = volume_voxels(v);
    float *out = memory_new(volume_samples(v) * sizeof *out);
    if (!out) abort();
    for (size_t i = 0; i < voxels; i++) {
        for (size_t k = 0; k < v->channels; k++) out[k * voxels + i] = values[i * v->channels + k];
    }
    return out;
}

/* Every channel but the last. */
static void check_without_alpha(Case *c, const char *field, const char *expected) {
    const Volume *v = c->image;
    size_t kept = v->channels - 1, voxels = volume_voxels(v);
    float *opaque = memory_new(voxels * kept * sizeof *opaque);
    if (!opaque) abort();
    for (size_t i = 0; i < voxels * kept; i++)
        opaque[i] = c->values[i / kept * v->channels + i % kept];
    if (!v->alpha) differs(c, "alpha", "is missing");
    check_crc(c, field, opaque, voxels * kept, expected);
    memory_free(opaque);
}

static void check_shape(Case *c, const Volume *v, json_t *shape) {
    size_t rank = json_array_size(shape), got[6], n = 0, i;
    const size_t sizes[] = {v->frames, v->depth, v->height, v->width};
    if (rank == 5) got[n++] = v->channels;
    for (i = 0; i < 4; i++) got[n++] = sizes[i];
    if (rank < 5 && v->channels > 1) got[n++] = v->channels;
    bool same = true;
    for (i = 0; i < n; i++) {
        size_t want =
            i + rank < n ? 1 : (size_t)json_integer_value(json_array_get(shape, i + rank - n));
        same = same && got[i] == want;
    }
    if (!same) differs(c, "shape", "");
}

static void check_voxels(Case *c, const Volume *v, json_t *listing) {
    float *values = values_of(v), *turned = NULL;
    json_t *shape = json_object_get(listing, "shape"), *sample = json_object_get(listing, "sample");
    if (json_array_size(shape) == 5) turned = components_first(v, values);
    const float *compared = turned ? turned : values;
    const char *crc = json_string_value(json_object_get(listing, "crc32_f32"));
    check_shape(c, v, shape);
    if (crc) check_crc(c, "crc32_f32", compared, volume_samples(v), crc);
    if (sample) check_sample(c, compared, volume_samples(v), sample);
    memory_free(turned);
    memory_free(values);
}

static void check_crc_of_finite(Case *c, const char *field, const char *expected) {
    size_t count = volume_samples(c->image);
    float *finite = values_of(c->image);
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(finite[i])) finite[i] = 0.0f;
    }
    check_crc(c, field, finite, count, expected);
    memory_free(finite);
}

static void check_nonfinite(Case *c, const char *field, json_t *expected) {
    size_t nan = 0, positive = 0, negative = 0;
    for (size_t i = 0; i < volume_samples(c->image); i++) {
        float value = c->values[i];
        nan += isnan(value) != 0;
        positive += isinf(value) && value > 0.0f;
        negative += isinf(value) && value < 0.0f;
    }
    size_t got = strcmp(field, "n_nan") == 0      ? nan
                 : strcmp(field, "n_posinf") == 0 ? positive
                                                  : negative;
    if ((json_int_t)got != json_integer_value(expected)) differs(c, field, "");
}

static void check_mean(Case *c, json_t *expected) {
    size_t voxels = volume_voxels(c->image), channels = c->image->channels;
    for (size_t k = 0; k < channels; k++) {
        double sum = 0.0, want = json_number_value(json_array_get(expected, k));
        for (size_t i = 0; i < voxels; i++) sum += (double)c->values[i * channels + k];
        if (fabs(sum / (double)voxels - want) > 1e-9 * want) differs(c, "mean_rgb", "");
    }
}

/* ---- Other ways to read ------------------------------------------------------------------- */

static const Volume *labels_of(Case *c) {
    Error error;
    if (!c->labels &&
        volume_read(&c->labels, c->path, &(VolumeReadOptions){.labels = true}, &error))
        differs(c, "as labels:", error.message);
    return c->labels;
}

static void check_labels_crc(Case *c, const char *field, const char *expected) {
    const Volume *v = labels_of(c);
    if (!v) return;
    float *values = values_of(v);
    check_crc(c, field, values, volume_samples(v), expected);
    if (v->channels != 1 || v->indexed != (strcmp(field, "index_crc32_f32") == 0))
        differs(c, field, "(channels or kind)");
    memory_free(values);
}

static void check_label_counts(Case *c, const char *field, json_t *expected) {
    const Volume *v = labels_of(c);
    if (!v) return;
    Error error;
    size_t voxels = volume_voxels(v), counts[256] = {0}, largest = 0, i;
    uint32_t *labels = memory_new(voxels * sizeof *labels);
    if (!labels) abort();
    if (volume_labels(labels, v, &error)) differs(c, field, error.message);
    for (i = 0; i < voxels; i++) {
        counts[labels[i] & 255]++;
        if (labels[i] > largest) largest = labels[i];
    }
    memory_free(labels);
    if (json_is_integer(expected) && (json_int_t)largest != json_integer_value(expected))
        differs(c, field, "");
    json_t *want;
    json_array_foreach(expected, i, want) {
        if ((json_int_t)counts[i] != json_integer_value(want)) differs(c, field, "");
    }
}

static void check_turned(Case *c, json_t *expected) {
    Volume *v;
    Error error;
    if (volume_read(&v, c->path, NULL, &error))
        differs(c, "turned:", error.message);
    else
        check_voxels(c, v, expected);
    volume_free(v);
}

/* ---- Grids -------------------------------------------------------------------------------- */

static void check_affine(Case *c, const Volume *v, const char *field, json_t *expected) {
    bool same = true;
    for (size_t i = 0; i < 16; i++) {
        double want = json_number_value(json_array_get(json_array_get(expected, i / 4), i % 4));
        same = same && fabs(v->grid.affine_ras[i / 4][i % 4] - want) <= affine_tolerance;
    }
    if (!same) differs(c, field, "");
}

static void check_spacing(Case *c, json_t *expected) {
    bool same = true;
    for (size_t i = 0; i < 3; i++) {
        double want = json_number_value(json_array_get(expected, i));
        same = same && fabs(c->image->grid.spacing_xyz_mm[i] - want) <= spacing_tolerance;
    }
    if (!same) differs(c, "spacing_xyz", "");
}

static void check_canonical(Case *c, json_t *expected) {
    Volume *v = canonical_ras(c->image);
    json_t *voxels = json_object_get(expected, "voxels_zyx"), *value;
    size_t i;
    float *values = values_of(v);
    check_affine(c, v, "canonical affine_ras", json_object_get(expected, "affine_ras"));
    check_voxels(c, v, expected);
    json_array_foreach(voxels, i, value) {
        if (i >= volume_samples(v) || values[i] != (float)json_number_value(value)) {
            differs(c, "canonical voxels", "");
            break;
        }
    }
    memory_free(values);
    volume_free(v);
}

/* A header extension is kept as it is, names included. */
static void check_label_names(Case *c, json_t *expected) {
    const Volume *v = c->image;
    const char *value;
    json_t *name;
    json_object_foreach(expected, value, name) {
        const char *text = json_string_value(name);
        if (!v->header || !memmem(v->header, v->header_size, text, strlen(text)))
            differs(c, "labels", text);
    }
}

/* ---- Fields of the listing ---------------------------------------------------------------- */

/* What other programs make of the file, how far a different JPEG decoder may go, and fields that
 * are compared together with another. */
static bool field_is_remark(const char *field) {
    static const char *const remarks[] = {"note",
                                          "pillow",
                                          "opencv",
                                          "tifffile",
                                          "simpleitk",
                                          "shape",
                                          "sample",
                                          "tolerance_abs",
                                          "opencv_max_abs_difference",
                                          "axcodes",
                                          "cmyk_pillow_crc32_f32",
                                          "affine_nibabel",
                                          "qform_affine_ras",
                                          "crc32_f32"};
    for (size_t i = 0; i < sizeof remarks / sizeof *remarks; i++) {
        if (strcmp(field, remarks[i]) == 0) return true;
    }
    return false;
}

static void check_type(Case *c, const char *expected) {
    const Volume *v = c->image;
    bool colours = v->type == SAMPLE_U8 && v->channels == 3 && v->header;
    const char *got = colours ? "rgb24" : sample_name(v->type);
    if (strcmp(got, expected) != 0) differs(c, "dtype", got);
}

static void check_field(Case *c, const char *field, json_t *expected) {
    const char *text = json_string_value(expected);
    if (strcmp(field, "dtype") == 0)
        check_type(c, text);
    else if (strcmp(field, "affine_ras") == 0)
        check_affine(c, c->image, field, expected);
    else if (strcmp(field, "spacing_xyz") == 0)
        check_spacing(c, expected);
    else if (strcmp(field, "rgb_crc32_f32") == 0)
        check_without_alpha(c, field, text);
    else if (strcmp(field, "grey_crc32_f32") == 0)
        check_without_alpha(c, field, text);
    else if (strcmp(field, "index_crc32_f32") == 0)
        check_labels_crc(c, field, text);
    else if (strcmp(field, "stored_crc32_f32") == 0)
        check_labels_crc(c, field, text);
    else if (strcmp(field, "index_max") == 0)
        check_label_counts(c, field, expected);
    else if (strcmp(field, "index_counts") == 0)
        check_label_counts(c, field, expected);
    else if (strcmp(field, "turned") == 0)
        check_turned(c, expected);
    else if (strcmp(field, "mean_rgb") == 0)
        check_mean(c, expected);
    else if (strcmp(field, "canonical") == 0)
        check_canonical(c, expected);
    else if (strcmp(field, "labels") == 0)
        check_label_names(c, expected);
    else if (text_starts(field, "n_"))
        check_nonfinite(c, field, expected);
    else if (text_starts(field, "crc32_f32_with"))
        check_crc_of_finite(c, field, text);
    else if (!field_is_remark(field))
        differs(c, "unknown field", field);
}

/* The listing has the pixels of a JPEG as stored; `turned` is what an ordinary reading gives. */
static bool case_run(Case *c, json_t *canonical, const char *name, FILE *report) {
    Error error;
    VolumeReadOptions options = {.ignore_exif = json_object_get(c->entry, "turned") != NULL};
    Status status = volume_read(&c->image, c->path, &options, &error);
    if (status) {
        differs(c, error.message, "");
    } else {
        const char *field;
        json_t *expected;
        c->values = values_of(c->image);
        check_voxels(c, c->image, c->entry);
        json_object_foreach(c->entry, field, expected) check_field(c, field, expected);
        if (canonical && !json_object_get(c->entry, "canonical")) check_canonical(c, canonical);
    }
    bool ok = c->wrong.length == 0 && !c->wrong.failed;
    fprintf(report, "%-32s %s%s\n", name, ok ? "ok" : "FAIL: ", ok ? "" : c->wrong.chars);
    memory_free(c->values);
    volume_free(c->image);
    volume_free(c->labels);
    text_free(&c->wrong);
    return ok;
}

bool golden_image_folder(const char *folder, FILE *report) {
    char *path = path_join(folder, "expected.json");
    if (!path) abort();
    json_error_t reason;
    json_t *root = json_load_file(path, 0, &reason), *entry;
    json_t *files = json_object_get(root, "files");
    const char *name;
    bool ok = json_object_size(files) > 0;
    if (!ok) fprintf(report, "%s: FAIL: lists no files (%s)\n", path, reason.text);
    json_object_foreach(files, name, entry) {
        char *file = path_join(folder, name);
        if (!file) abort();
        Case c = {.path = file, .entry = entry};
        ok = case_run(&c, json_object_get(root, "canonical"), name, report) && ok;
        memory_free(file);
    }
    json_decref(root);
    memory_free(path);
    return ok;
}

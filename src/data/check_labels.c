/* The labels of a case against its image and against the data set's names; see check.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "data/challenge.h"
#include "data/check.h"
#include "data/csr.h"
#include "data/load.h"
#include "data/outline.h"
#include "data/plan.h"
#include "image/align.h"
#include "image/label_file.h"

/* ---- Values ------------------------------------------------------------------------------- */

static void count_value(ValueCounts *v, double value, size_t voxels) {
    size_t low = 0, high = v->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (v->item[middle].value < value)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < v->count && !(v->item[low].value > value)) {
        v->item[low].voxels += voxels;
        return;
    }
    v->more |= v->count == VALUES_MOST;
    if (v->count == VALUES_MOST) return;
    memmove(&v->item[low + 1], &v->item[low], (v->count - low) * sizeof *v->item);
    v->item[low] = (ValueCount){value, voxels};
    v->count++;
}

static void count_run(ValueCounts *v, float value, size_t run) {
    if (isnan(value))
        v->none += run;
    else if (run)
        count_value(v, (double)value, run);
}

void values_count(ValueCounts *out, const Volume *v) {
    enum { CHUNK = 4096 };
    float value[CHUNK];
    size_t samples = volume_samples(v), run = 0;
    float last = 0.0f;
    *out = (ValueCounts){.count = 0};
    for (size_t from = 0; from < samples; from += CHUNK) {
        size_t n = samples - from < CHUNK ? samples - from : CHUNK;
        volume_values(value, v, from, n);
        for (size_t i = 0; i < n; i++) {
            bool none = isnan(value[i]), none_before = isnan(last);
            if (value[i] < last || value[i] > last || none != none_before) {
                count_run(out, last, run);
                last = value[i];
                run = 0;
            }
            run++;
        }
    }
    count_run(out, last, run);
}

/* Reports LABEL_VOID and takes it out of the values; how many voxels have it. */
static size_t take_void(Catalog *c, const char *file, ValueCounts *v) {
    size_t at = 0;
    while (at < v->count && !(fabs(v->item[at].value - LABEL_VOID) <= LABEL_DRIFT)) at++;
    if (at == v->count) return 0;
    size_t voxels = v->item[at].voxels;
    memmove(&v->item[at], &v->item[at + 1], (--v->count - at) * sizeof *v->item);
    catalog_find(c, RULE_LABEL_INTEGER, file,
                 "holds -1 in %zu voxels, which are ignored: neither object nor background", voxels)
        ->warning = true;
    return voxels;
}

static bool is_ignored(const Catalog *c, double value) {
    for (size_t i = 0; i < c->labels; i++)
        for (size_t k = 0; c->label[i].ignored && k < c->label[i].values; k++)
            if (fabs((double)c->label[i].value[k] - value) < 0.5) return true;
    return false;
}

static bool is_known(const Catalog *c, double value) {
    for (size_t i = 0; i < c->labels; i++)
        for (size_t k = 0; k < c->label[i].values; k++)
            if (fabs((double)c->label[i].value[k] - value) < 0.5 && floor(value) >= value)
                return true;
    return value <= 0.0 && value >= 0.0;
}

static bool is_whole(double value) {
    return value >= 0.0 && value <= (double)UINT32_MAX && floor(value) >= value;
}

static void report_value(Catalog *c, DataRule rule, const char *file, ValueCount v,
                         const char *what) {
    Finding *f = catalog_find(c, rule, file, "holds %g in %zu voxels, %s", v.value, v.voxels, what);
    json_t *value = is_whole(v.value) ? json_integer((json_int_t)v.value) : json_real(v.value);
    catalog_facts(c, f, json_pack("{s:o, s:I}", "value", value, "voxels", (json_int_t)v.voxels));
}

/* A label map may be stored in three channels, if they are the same. */
static Status check_colours(Catalog *c, const char *file, const Volume *labels, Error *error) {
    if (labels->channels - (labels->alpha ? 1 : 0) < 2) return VOXPERT_OK;
    Error reason = {0};
    uint32_t *values = memory_new(volume_voxels(labels) * sizeof *values);
    uint8_t *ignored = NULL;
    size_t count;
    if (!values) return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to check it", file);
    if (volume_labels_void(values, &ignored, &count, labels, &reason))
        catalog_find(c, RULE_LABEL_INTEGER, file, "holds colours, no labels");
    memory_free(values);
    memory_free(ignored);
    return VOXPERT_OK;
}

static void check_map_values(Catalog *c, const char *file, const Volume *labels) {
    enum { REPORTED = 8 };
    ValueCounts values;
    bool named = c->format == DATA_NNUNET && c->labels > 0, foreground = false;
    size_t fractions = 0, unknown = 0;
    values_count(&values, labels);
    bool ignored = take_void(c, file, &values) > 0;
    if (values.none)
        catalog_find(c, RULE_LABEL_INTEGER, file, "holds NaN in %zu voxels", values.none);
    for (size_t i = 0; i < values.count; i++) {
        ValueCount v = values.item[i];
        foreground |= v.value > 0.0 && !is_ignored(c, v.value);
        ignored |= is_ignored(c, v.value);
        if (!is_whole(v.value) && fractions++ == 0)
            report_value(c, RULE_LABEL_INTEGER, file, v, "which is no label");
        if (named && !is_known(c, v.value) && unknown++ < REPORTED)
            report_value(c, RULE_LABEL_KNOWN, file, v, "which labels does not name");
    }
    if (!foreground)
        catalog_find(c, RULE_LABEL_FOREGROUND, file, "all voxels are 0%s",
                     ignored ? " or ignored" : "")
            ->warning = true;
}

/* ---- Grids -------------------------------------------------------------------------------- */

/* How labels lie in their image; whether they can be compared with it voxel by voxel. */
static bool check_grid(Catalog *c, DataRule size_rule, const char *file, const Volume *image,
                       const Volume *labels) {
    AxisMap map;
    Text how = {0};
    GridRelation relation = grids_relate(&map, image, labels);
    if (relation == GRIDS_SAME) return true;
    if (relation == GRIDS_REORDERED)
        axis_map_describe(&how, &map);
    else
        grids_describe(&how, image, labels);
    bool sizes = image->width == labels->width && image->height == labels->height &&
                 image->depth == labels->depth && image->frames == labels->frames;
    bool turned = volume_turn(image) > 4 && image->width == labels->height &&
                  image->height == labels->width && volume_turn(labels) < 2;
    DataRule rule = relation == GRIDS_REORDERED ? RULE_SAME_ORDER
                    : turned                    ? RULE_TURNED
                    : sizes                     ? RULE_SAME_AFFINE
                                                : size_rule;
    Finding *f =
        turned ? catalog_find(c, rule, file, "%s; the image is turned by its EXIF orientation %d",
                              how.chars, image->orientation)
               : catalog_find(c, rule, file, "%s", how.chars ? how.chars : "");
    f->warning = relation == GRIDS_REORDERED;
    f->field = relation == GRIDS_REORDERED || sizes ? "affine" : "shape";
    c->failed |= how.failed;
    text_free(&how);
    return false;
}

/* The sizes agree, but the image may be turned against what was drawn on it, or the other way. */
static void check_turned(Catalog *c, const char *file, const Volume *image, int labels) {
    int turn = volume_turn(image);
    if (!pair_may_be_turned(turn, labels, image->width, image->height)) return;
    catalog_find(c, RULE_TURNED, file,
                 turn > 1
                     ? "the image is turned by its EXIF orientation %d, what was drawn on it is not"
                     : "is turned by its EXIF orientation %d, its image is not",
                 turn > 1 ? turn : labels)
        ->warning = true;
}

/* What cannot be seen from grids that are the same. */
static void check_pair(Catalog *c, const char *file, const Volume *image, const Volume *labels) {
    check_turned(c, file, image, volume_turn(labels));
    if (!pair_lacks_position(image, labels)) return;
    Finding *f = catalog_find(c, RULE_SAME_AFFINE, file,
                              "of this file and its image only one has a position: their voxels "
                              "are paired as both are stored");
    f->field = "affine";
    f->warning = true;
}

/* ---- Maps --------------------------------------------------------------------------------- */

static Status read_labels(Volume **out, const char *file, Error *error) {
    return volume_read(out, file, &(VolumeReadOptions){.labels = true}, error);
}

static Status check_map(Catalog *c, const CatalogCase *item, const Volume *image, Error *error) {
    Volume *labels = NULL;
    Error reason = {0};
    const char *file = item->label[0];
    if (!file_exists(file)) return VOXPERT_OK;
    Status status = item->form == LABELS_ARRAY ? challenge_labels(&labels, file, &reason)
                                               : read_labels(&labels, file, &reason);
    if (status) {
        if (error) *error = reason;
        return check_readable(c, status, item, file, &reason);
    }
    if (image && check_grid(c, RULE_SAME_SHAPE, file, image, labels))
        check_pair(c, file, image, labels);
    check_warnings(c, file, labels);
    check_map_values(c, file, labels);
    status = check_colours(c, file, labels, error);
    volume_free(labels);
    return status;
}

/* ---- Masks -------------------------------------------------------------------------------- */

static void check_mask_values(Catalog *c, const char *file, const Volume *mask) {
    ValueCounts v;
    values_count(&v, mask);
    take_void(c, file, &v);
    double most = v.count ? v.item[v.count - 1].value : 0.0,
           least = v.count ? v.item[0].value : 0.0;
    if (v.count == 1 && most <= 0.0 && least >= 0.0) {
        catalog_find(c, RULE_MASK_FOREGROUND, file, "all pixels are 0")->warning = true;
        return;
    }
    bool usual = fabs(most - 1.0) < 0.5 || fabs(most - 255.0) < 0.5;
    if (usual && !v.more && (v.count == 1 || (v.count == 2 && least <= 0.0 && least >= 0.0)))
        return;
    json_t *list = json_array();
    for (size_t i = 0; i < v.count && i < 16; i++)
        json_array_append_new(list, is_whole(v.item[i].value)
                                        ? json_integer((json_int_t)v.item[i].value)
                                        : json_real(v.item[i].value));
    Finding *f = catalog_find(c, RULE_MASK_VALUES, file, "holds %s%zu values, the highest is %g",
                              v.more ? "more than " : "", v.count, most);
    catalog_facts(c, f, json_pack("{s:o}", "values", list));
}

static Status check_mask(Catalog *c, const CatalogCase *item, const char *file, const Volume *image,
                         Error *error) {
    Volume *mask = NULL;
    Error reason = {0};
    if (!file_exists(file)) return VOXPERT_OK;
    Status status = read_labels(&mask, file, &reason);
    if (status) {
        if (error) *error = reason;
        return check_readable(c, status, item, file, &reason);
    }
    bool fits = !image || check_grid(c, RULE_MASK_SIZE, file, image, mask);
    if (fits && image) check_pair(c, file, image, mask);
    check_warnings(c, file, mask);
    if (fits) check_mask_values(c, file, mask);
    volume_free(mask);
    return VOXPERT_OK;
}

/* ---- CSR ---------------------------------------------------------------------------------- */

static void check_name(Catalog *c, const char *file, const Csr *m, const Volume *image) {
    size_t says[4];
    if (!csr_name_shape(file, says)) {
        catalog_find(c, RULE_CSR_NAME, file, "its name tells no shape");
        return;
    }
    bool right = says[0] == m->classes && says[3] == 1 &&
                 (!image || (says[1] == image->height && says[2] == image->width));
    if (right) return;
    size_t height = image ? image->height : 0, width = image ? image->width : 0;
    Finding *f = catalog_find(c, RULE_CSR_NAME, file,
                              "the name says (%zu, %zu, %zu, %zu), but there are %zu classes and "
                              "the image is %zu high and %zu wide",
                              says[0], says[1], says[2], says[3], m->classes, height, width);
    catalog_facts(c, f,
                  json_pack("{s:[I,I,I,I], s:[I,I]}", "name_says", (json_int_t)says[0],
                            (json_int_t)says[1], (json_int_t)says[2], (json_int_t)says[3], "image",
                            (json_int_t)height, (json_int_t)width));
    const char *at = strrchr(file, '(');
    plan_rename(c, f, file,
                catalog_text(c, "%.*s(%zu, %zu, %zu, 1).npz", (int)(at - file), file, m->classes,
                             height, width));
}

static void check_classes(Catalog *c, const char *file, const Csr *m) {
    size_t named = 0;
    for (size_t i = 0; i < c->labels; i++)
        named += c->label[i].values == 1 && c->label[i].value[0] != 0;
    if (named == m->classes || !named) return;
    Finding *f = catalog_find(c, RULE_CSR_CHANNELS, file, "holds %zu classes, labels names %zu",
                              m->classes, named);
    catalog_facts(
        c, f,
        json_pack("{s:I, s:I}", "expected", (json_int_t)named, "found", (json_int_t)m->classes));
}

static Status check_rows(Catalog *c, const CatalogCase *item, const Csr *m, Error *error) {
    const char *file = item->label[0];
    size_t all = 0, count;
    uint8_t *mask = memory_new(m->pixels + 1);
    Error reason = {0};
    if (!mask) return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to check it", file);
    for (size_t k = 0; k < m->classes; k++) {
        Status status = csr_mask(m, k, mask, &count, &reason);
        if (status) {
            memory_free(mask);
            return check_readable(c, status, item, file, &reason);
        }
        all += count;
    }
    memory_free(mask);
    if (!all) catalog_find(c, RULE_LABEL_FOREGROUND, file, "all classes are empty")->warning = true;
    return VOXPERT_OK;
}

static Status check_csr(Catalog *c, const CatalogCase *item, const Volume *image, Error *error) {
    Csr m;
    Error reason = {0};
    const char *file = item->label[0];
    if (!file_exists(file)) return VOXPERT_OK;
    Status status = csr_open(&m, file, &reason);
    if (status) {
        if (error) *error = reason;
        return check_readable(c, status, item, file, &reason);
    }
    if (image && m.pixels != image->width * image->height)
        catalog_find(c, RULE_MASK_SIZE, file, "has %zu pixels, its image %zu", m.pixels,
                     image->width * image->height);
    else if (image)
        check_turned(c, file, image, 1);
    check_name(c, file, &m, image);
    check_classes(c, file, &m);
    status = check_rows(c, item, &m, error);
    csr_close(&m);
    return status;
}

/* Pseudo labels: [height, width, 1] or [height, width]. */
static Status check_regions(Catalog *c, const CatalogCase *item, const Volume *image,
                            Error *error) {
    const char *file = item->regions;
    FileMap map;
    NpyArray a;
    Error reason = {0};
    if (!file || !file_exists(file)) return VOXPERT_OK;
    Status status = file_map(&map, file, VOXPERT_BAD_INPUT, &reason);
    if (!status) status = npy_parse(&a, map.bytes, map.size, file, &reason);
    if (!status && image &&
        (a.rank < 2 || a.rank > 3 || a.dim[0] != image->height || a.dim[1] != image->width ||
         (a.rank == 3 && a.dim[2] != 1)))
        catalog_find(c, RULE_MASK_SIZE, file, "is not [%zu, %zu, 1], as its image is",
                     image->height, image->width);
    file_unmap(&map);
    if (status && error) *error = reason;
    return status ? check_readable(c, status, item, file, &reason) : VOXPERT_OK;
}

/* ---- Annotations -------------------------------------------------------------------------- */

static void check_list_size(Catalog *c, const CatalogCase *item, const Volume *image) {
    Text why = {0};
    if (case_size_holds(&why, item, image))
        check_turned(c, item->image[0], image, 1);
    else
        catalog_find(c, RULE_LIST_SIZE, item->image[0], "%s", why.chars ? why.chars : "")->field =
            "images";
    c->failed |= why.failed;
    text_free(&why);
}

/* Of an annotation that can be taken. */
static void check_odd_shape(Catalog *c, const CatalogCase *item, Extent size, size_t k) {
    double point[2];
    const char *odd = annotation_oddity(item->shape[k]);
    if (odd)
        catalog_find(c, RULE_SHAPES, item->image[0], "annotation %zu: %s", k, odd)->warning = true;
    if (annotation_has_texts(item->shape[k]))
        catalog_find(c, RULE_SHAPES, item->image[0],
                     "annotation %zu: numbers are texts; they are taken as numbers", k)
            ->warning = true;
    if (annotation_reaches_out(point, size, item->shape[k]))
        catalog_find(c, RULE_SHAPES, item->image[0],
                     "annotation %zu: the outline reaches to %g,%g, beyond the picture of %zu x "
                     "%zu pixels; what lies outside is cut off",
                     k, point[0], point[1], size.width, size.height)
            ->warning = true;
}

static Status check_shapes(Catalog *c, const CatalogCase *item, const Volume *image, Error *error) {
    if (!image) return VOXPERT_OK;
    Extent size = {image->height, image->width};
    uint8_t *mask = memory_new(extent_pixels(size));
    if (!mask)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to check it", item->name);
    check_list_size(c, item, image);
    Status status = VOXPERT_OK;
    for (size_t k = 0; !status && k < item->shapes; k++) {
        Error reason = {0};
        memset(mask, 0, extent_pixels(size));
        status = annotation_mask(mask, size, item->shape[k], &reason);
        if (!status) check_odd_shape(c, item, size, k);
        if (status == VOXPERT_BAD_INPUT) {
            catalog_find(c, RULE_SHAPES, item->image[0], "annotation %zu: %s", k, reason.message)
                ->field = "annotations";
            status = VOXPERT_OK;
        } else if (status) {
            if (error) *error = reason;
        } else if (!memchr(mask, 1, extent_pixels(size))) {
            catalog_find(c, RULE_MASK_FOREGROUND, item->image[0], "annotation %zu covers no pixel",
                         k)
                ->warning = true;
        }
    }
    memory_free(mask);
    return status;
}

Status check_case_labels(Catalog *c, const CatalogCase *item, const Volume *image, Error *error) {
    Status status = VOXPERT_OK;
    switch (item->form) {
    case LABELS_NONE:
        break;
    case LABELS_MAP:
    case LABELS_ARRAY:
        status = check_map(c, item, image, error);
        break;
    case LABELS_MASKS:
        for (size_t i = 0; !status && i < item->labels; i++)
            status = check_mask(c, item, item->label[i], image, error);
        break;
    case LABELS_CSR:
        status = check_csr(c, item, image, error);
        if (!status) status = check_regions(c, item, image, error);
        break;
    case LABELS_SHAPES:
        status = check_shapes(c, item, image, error);
        break;
    }
    return status;
}

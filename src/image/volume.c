#include "image/volume.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "image/label_file.h"

static const struct {
    size_t size;
    const char *name;
} sample_types[] = {
    [SAMPLE_U8] = {1, "uint8"},   [SAMPLE_I8] = {1, "int8"},    [SAMPLE_U16] = {2, "uint16"},
    [SAMPLE_I16] = {2, "int16"},  [SAMPLE_U32] = {4, "uint32"}, [SAMPLE_I32] = {4, "int32"},
    [SAMPLE_U64] = {8, "uint64"}, [SAMPLE_I64] = {8, "int64"},  [SAMPLE_F32] = {4, "float32"},
    [SAMPLE_F64] = {8, "float64"}};

size_t sample_size(SampleType type) { return sample_types[type].size; }
const char *sample_name(SampleType type) { return sample_types[type].name; }

/* ---- Life ------------------------------------------------------------------------------- */

static bool volume_allocate(Volume *v) {
    size_t count = sample_size(v->type);
    const size_t sizes[] = {v->frames, v->depth, v->height, v->width, v->channels};
    for (size_t i = 0; i < 5; i++) {
        if (!size_multiply(&count, count, sizes[i])) return false;
    }
    return (v->samples = memory_new(count)) != NULL;
}

Status volume_new(Volume **out, VolumeSize size, SampleType type, Error *error) {
    *out = NULL;
    if (!size.frames || !size.depth || !size.height || !size.width || !size.channels)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "a volume must not have a size of 0");
    Volume *v = memory_new(sizeof *v);
    if (!v) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a volume");
    *v = (Volume){.frames = size.frames,
                  .depth = size.depth,
                  .height = size.height,
                  .width = size.width,
                  .channels = size.channels,
                  .type = type,
                  .slope = 1.0,
                  .grid = {.spacing_xyz_mm = {1.0, 1.0, 1.0}}};
    for (int i = 0; i < 4; i++) v->grid.affine_ras[i][i] = 1.0;
    if (!volume_allocate(v)) {
        volume_free(v);
        return error_set(error, VOXPERT_OUT_OF_MEMORY,
                         "no memory for a volume of %zu x %zu x %zu voxels", size.width,
                         size.height, size.depth);
    }
    *out = v;
    return VOXPERT_OK;
}

Status volume_like(Volume **out, const Volume *v, SampleType type, Error *error) {
    VolumeSize size = {v->frames, v->depth, v->height, v->width, 1};
    Volume *copy;
    Status status = volume_new(&copy, size, type, error);
    *out = copy;
    if (!copy) return status;
    copy->labels = true;
    copy->grid = v->grid;
    copy->name = memory_text(v->name);
    bool ok = copy->name || !v->name;
    if (ok && v->header) {
        copy->header = memory_new(v->header_size);
        copy->header_size = v->header_size;
        if (copy->header) memcpy(copy->header, v->header, v->header_size);
        ok = copy->header != NULL;
    }
    if (ok) return VOXPERT_OK;
    volume_free(copy);
    *out = NULL;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a mask of %s", volume_name(v));
}

void volume_free(Volume *v) {
    if (!v) return;
    memory_free(v->samples);
    memory_free(v->header);
    memory_free(v->name);
    warnings_free(&v->warnings);
    memory_free(v);
}

size_t volume_voxels(const Volume *v) { return v->frames * v->depth * v->height * v->width; }
size_t volume_samples(const Volume *v) { return volume_voxels(v) * v->channels; }
const char *volume_name(const Volume *v) { return v->name ? v->name : "the volume"; }

void volume_warn(Volume *v, const char *format, ...) {
    char sentence[512];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    warnings_add(&v->warnings, "%s: %s", volume_name(v), sentence);
}

/* ---- Values ----------------------------------------------------------------------------- */

/* Without a scale a float32 passes as it is, and an integer is rounded once, from itself. */
#define VALUES(Type)                                                                               \
    do {                                                                                           \
        const Type *from = (const Type *)v->samples + first;                                       \
        if (v->slope == 1.0 && v->intercept == 0.0) {                                              \
            for (size_t i = 0; i < count; i++) out[i] = (float)from[i];                            \
        } else {                                                                                   \
            for (size_t i = 0; i < count; i++)                                                     \
                out[i] = (float)(v->slope * (double)from[i] + v->intercept);                       \
        }                                                                                          \
    } while (0)

void volume_values(float *out, const Volume *v, size_t first, size_t count) {
    assert(first <= volume_samples(v) && count <= volume_samples(v) - first);
    switch (v->type) {
    case SAMPLE_U8:
        VALUES(uint8_t);
        break;
    case SAMPLE_I8:
        VALUES(int8_t);
        break;
    case SAMPLE_U16:
        VALUES(uint16_t);
        break;
    case SAMPLE_I16:
        VALUES(int16_t);
        break;
    case SAMPLE_U32:
        VALUES(uint32_t);
        break;
    case SAMPLE_I32:
        VALUES(int32_t);
        break;
    case SAMPLE_U64:
        VALUES(uint64_t);
        break;
    case SAMPLE_I64:
        VALUES(int64_t);
        break;
    case SAMPLE_F32:
        VALUES(float);
        break;
    case SAMPLE_F64:
        VALUES(double);
        break;
    }
}

/* ---- Labels ----------------------------------------------------------------------------- */

static double sample_value(const Volume *v, size_t i) {
    double sample = 0.0;
    switch (v->type) {
    case SAMPLE_U8:
        sample = ((const uint8_t *)v->samples)[i];
        break;
    case SAMPLE_I8:
        sample = ((const int8_t *)v->samples)[i];
        break;
    case SAMPLE_U16:
        sample = ((const uint16_t *)v->samples)[i];
        break;
    case SAMPLE_I16:
        sample = ((const int16_t *)v->samples)[i];
        break;
    case SAMPLE_U32:
        sample = ((const uint32_t *)v->samples)[i];
        break;
    case SAMPLE_I32:
        sample = ((const int32_t *)v->samples)[i];
        break;
    case SAMPLE_U64:
        sample = (double)((const uint64_t *)v->samples)[i];
        break;
    case SAMPLE_I64:
        sample = (double)((const int64_t *)v->samples)[i];
        break;
    case SAMPLE_F32:
        sample = (double)((const float *)v->samples)[i];
        break;
    case SAMPLE_F64:
        sample = ((const double *)v->samples)[i];
        break;
    }
    return v->slope * sample + v->intercept;
}

/* The value of a voxel, which is the same in all its colours. */
static Status label_value(double *out, const Volume *v, size_t voxel, Error *error) {
    size_t colours = v->channels - (v->alpha ? 1 : 0), first = voxel * v->channels;
    *out = sample_value(v, first);
    for (size_t c = 1; c < colours; c++) {
        if (sample_value(v, first + c) != *out)
            return error_set(error, VOXPERT_BAD_INPUT,
                             "%s: holds colours where a label map was expected", volume_name(v));
    }
    return VOXPERT_OK;
}

static Status take_label(uint32_t *out, double value, const Volume *v, size_t voxel, Error *error) {
    double whole = floor(value + 0.5);
    *out = 0;
    if (!(whole >= 0.0 && whole <= (double)UINT32_MAX && fabs(value - whole) <= LABEL_DRIFT))
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: voxel %zu holds %.9g, but a label must be a whole number from 0%s",
                         volume_name(v), voxel, value,
                         value > 0.0 && value < whole + 1.0
                             ? "; if it is a probability or a smoothed edge, threshold the map or "
                               "resample the labels without interpolation"
                             : "");
    *out = (uint32_t)whole;
    return VOXPERT_OK;
}

static Status mark_ignored(uint8_t **ignored, size_t *count, const Volume *v, size_t voxel,
                           Error *error) {
    if (!*ignored && !(*ignored = memory_new(volume_voxels(v))))
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its labels",
                         volume_name(v));
    (*ignored)[voxel] = 1;
    ++*count;
    return VOXPERT_OK;
}

Status volume_labels(uint32_t *out, const Volume *v, Error *error) {
    size_t voxels = volume_voxels(v);
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < voxels; i++) {
        double value;
        status = label_value(&value, v, i, error);
        if (!status) status = take_label(&out[i], value, v, i, error);
    }
    return status;
}

Status volume_labels_void(uint32_t *out, uint8_t **ignored, size_t *count, const Volume *v,
                          Error *error) {
    size_t voxels = volume_voxels(v);
    Status status = VOXPERT_OK;
    *ignored = NULL, *count = 0;
    for (size_t i = 0; !status && i < voxels; i++) {
        double value;
        status = label_value(&value, v, i, error);
        bool none = !status && fabs(value - LABEL_VOID) <= LABEL_DRIFT;
        if (none) status = mark_ignored(ignored, count, v, i, error);
        if (!status) status = take_label(&out[i], none ? 0.0 : value, v, i, error);
    }
    if (!status) return VOXPERT_OK;
    memory_free(*ignored);
    *ignored = NULL;
    return status;
}

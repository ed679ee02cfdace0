#include "image/picture.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"

void picture_free(Picture *p) {
    memory_free(p->rgb);
    *p = (Picture){0};
}

Status picture_save(const Picture *p, const char *path, Error *error) {
    return picture_save_to(p, output_file(path), error);
}

Status picture_save_to(const Picture *p, Output to, Error *error) {
    Volume *v;
    Status status = volume_new(&v, (VolumeSize){1, 1, p->height, p->width, 3}, SAMPLE_U8, error);
    if (status) return status;
    memcpy(v->samples, p->rgb, 3 * p->width * p->height);
    status = volume_write_to(v, to, error);
    volume_free(v);
    return status;
}

/* ---- Where a slice lies ----------------------------------------------------------------- */

Status slice_find(SliceLayout *out, const Volume *v, VolumeSlice s, Error *error) {
    const size_t row = v->width, plane = v->width * v->height;
    size_t count; /* along the axis */
    *out = (SliceLayout){0};
    switch (s.axis) {
    case 'i':
        *out = (SliceLayout){v->height, v->depth, s.index, plane, row};
        count = v->width;
        break;
    case 'j':
        *out = (SliceLayout){v->width, v->depth, s.index * row, plane, 1};
        count = v->height;
        break;
    case 'k':
        *out = (SliceLayout){v->width, v->height, s.index * plane, row, 1};
        count = v->depth;
        break;
    default:
        return error_set(error, VOXPERT_BAD_ARGUMENT, "a slice is cut across i, j or k, not '%c'",
                         s.axis);
    }
    out->start += s.frame * plane * v->depth;
    if (s.index < count && s.frame < v->frames) return VOXPERT_OK;
    *out = (SliceLayout){0};
    return error_set(
        error, VOXPERT_BAD_ARGUMENT,
        "%s: slice %c:%zu of frame %zu does not exist: there are %zu slices (from 0) and "
        "%zu frames",
        volume_name(v), s.axis, s.index, s.frame, count, v->frames);
}

/* ---- Out -------------------------------------------------------------------------------- */

/* A scanner's values, whose contrast must not depend on the type that they are stored in: grey of
 * NIfTI, however many slices there are. */
static bool is_measured(const Volume *v) { return v->header != NULL && v->channels < 3; }

/* A slice of a stack of bytes is a picture; the same bytes in a larger type are the same picture.
 */
static bool is_stack_of_bytes(const Volume *v) {
    enum { PIECE = 1024 };
    float values[PIECE];
    size_t samples = volume_samples(v);
    bool stack = v->depth * v->frames > 1 && v->format && strcmp(v->format, "TIFF") == 0;
    for (size_t from = 0; stack && from < samples; from += PIECE) {
        size_t count = size_min(PIECE, samples - from);
        volume_values(values, v, from, count);
        for (size_t i = 0; i < count; i++)
            stack = stack && values[i] >= 0.0f && values[i] <= 255.0f &&
                    !(floorf(values[i]) < values[i]);
    }
    return stack && v->channels < 3;
}

static bool bytes_pass(const Volume *v) {
    if (is_measured(v)) return false;
    return (v->type == SAMPLE_U8 && v->slope == 1.0 && v->intercept == 0.0) || is_stack_of_bytes(v);
}

static bool upper_bytes_pass(const Volume *v) {
    return v->type == SAMPLE_U16 && v->channels >= 3 && v->slope == 1.0 && v->intercept == 0.0;
}

bool volume_is_windowed(const Volume *v) { return !bytes_pass(v) && !upper_bytes_pass(v); }

static void pixel_levels(uint8_t *levels, const Volume *v, size_t voxel, const Window *window) {
    size_t first = voxel * v->channels, colours = v->channels >= 3 ? 3 : 1;
    bool words = colours > 1 && v->type == SAMPLE_U16;
    float values[3];
    for (size_t c = 0; c < colours; c++) {
        if (!window && v->type == SAMPLE_U8) {
            levels[c] = ((const uint8_t *)v->samples)[first + c];
            continue;
        }
        volume_values(values + c, v, first + c, 1);
        if (!window) levels[c] = (uint8_t)(words ? values[c] / 256.0f : values[c]);
    }
    if (window) window_apply(levels, values, colours, window);
    if (colours == 1) levels[1] = levels[2] = levels[0];
}

static Status picture_new(Picture *out, const Volume *v, const SliceLayout *cut, Error *error) {
    size_t bytes;
    *out = (Picture){.width = cut->width, .height = cut->height};
    if (size_multiply(&bytes, cut->width, cut->height) && size_multiply(&bytes, bytes, 3))
        out->rgb = memory_new(bytes);
    if (out->rgb) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for a picture of %zu x %zu",
                     volume_name(v), cut->width, cut->height);
}

Status volume_slice(Picture *out, const Volume *v, VolumeSlice slice, const Window *window,
                    Error *error) {
    *out = (Picture){0};
    SliceLayout cut;
    Window found;
    Status status = slice_find(&cut, v, slice, error);
    if (status) return status;
    if (v->channels > 4 || (v->channels == 2 && !v->alpha))
        return error_set(error, VOXPERT_BAD_INPUT, "%s: %zu channels are neither grey nor colours",
                         volume_name(v), v->channels);
    if (!window && volume_is_windowed(v)) {
        status = window_default(&found, v, slice.frame, error);
        if (status) return status;
        window = &found;
    }
    status = picture_new(out, v, &cut, error);
    if (status) return status;
    out->remark = window ? window->remark : NULL;
    uint8_t *rgb = out->rgb;
    for (size_t y = 0; y < cut.height; y++) {
        for (size_t x = 0; x < cut.width; x++, rgb += 3)
            pixel_levels(rgb, v, cut.start + y * cut.down + x * cut.right, window);
    }
    return VOXPERT_OK;
}

Status volume_plane(Picture *out, const Volume *v, const Window *window, Error *error) {
    *out = (Picture){0};
    if (v->frames == 1 && v->depth == 1)
        return volume_slice(out, v, (VolumeSlice){'k', 0, 0}, window, error);
    if (v->depth == 1)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "slice",
                               "%s: is a series of %zu frames: choose one, such as k:0:1",
                               volume_name(v), v->frames);
    return error_set_field(error, VOXPERT_BAD_ARGUMENT, "slice",
                           "%s: is a volume of %zu slices%s: choose one", volume_name(v), v->depth,
                           v->frames > 1 ? ", in several frames" : "");
}

/* ---- Back ------------------------------------------------------------------------------- */

Status volume_put_slice(Volume *mask, VolumeSlice slice, const void *plane, Error *error) {
    assert(mask->channels == 1);
    SliceLayout cut;
    Status status = slice_find(&cut, mask, slice, error);
    if (status) return status;
    size_t sample = sample_size(mask->type);
    const uint8_t *from = plane;
    for (size_t y = 0; y < cut.height; y++) {
        for (size_t x = 0; x < cut.width; x++, from += sample)
            memcpy((uint8_t *)mask->samples + (cut.start + y * cut.down + x * cut.right) * sample,
                   from, sample);
    }
    return VOXPERT_OK;
}

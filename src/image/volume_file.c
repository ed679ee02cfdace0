#include "image/formats/format.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/file_kind.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/platform.h"
#include "base/size.h"
#include "image/formats/nifti.h"
#include "image/label_file.h"

static const ImageFormat *const formats[] = {
    &format_png, &format_jpeg, &format_tiff, &format_bmp, &format_nifti,
    /* most telling signature first */
};
enum { FORMATS = sizeof formats / sizeof *formats };

static const ImageFormat *format_by_name(const char *name) {
    for (size_t i = 0; i < FORMATS; i++) {
        for (const char *const *e = formats[i]->extensions; *e; e++) {
            if (text_ends(name, *e)) return formats[i];
        }
    }
    return NULL;
}

bool volume_name_is_image(const char *name) { return format_by_name(name) != NULL; }

/* Where the content is nothing known, the format that the name stands for reports what is wrong. */
static Status format_missing(const ImageFormat **out, const ImageSource *s, Error *error) {
    const FileKind *kind = file_kind(s->bytes, s->size);
    const ImageFormat *named = format_by_name(s->name);
    if (kind)
        return file_kind_refuse(error, VOXPERT_BAD_INPUT, s->name, kind,
                                named == &format_nifti
                                    ? "a NIfTI image (it has neither a NIfTI nor a gzip magic)"
                                    : "an image that is read (PNG, JPEG, TIFF, BMP, NIfTI)");
    *out = named;
    if (named) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s: is no image of a known format (PNG, JPEG, TIFF, BMP, NIfTI)", s->name);
}

/* The content decides; but the voxels in a .img may begin with anything, so there the name does. */
static Status format_choose(const ImageFormat **out, const ImageSource *s, Error *error) {
    *out = &format_nifti;
    if (text_ends(s->name, ".img") || text_ends(s->name, ".img.gz")) return VOXPERT_OK;
    for (size_t i = 0; i < FORMATS; i++) {
        *out = formats[i];
        if (formats[i]->recognizes(s->bytes, s->size)) return VOXPERT_OK;
    }
    return format_missing(out, s, error);
}

/* ---- Reading ---------------------------------------------------------------------------- */

static Status volume_begin(Volume **out, const ImageSource *s, const ImageFormat *format,
                           Error *error) {
    Volume *v = memory_new(sizeof *v);
    char *name = memory_text(s->name);
    if (!v || !name) {
        memory_free(v);
        memory_free(name);
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", s->name);
    }
    *v = (Volume){.name = name,
                  .format = format->name,
                  .frames = 1,
                  .depth = 1,
                  .channels = 1,
                  .slope = 1.0,
                  .labels = s->options.labels,
                  .as_stored = s->options.ignore_exif,
                  .grid.spacing_xyz_mm = {1.0, 1.0, 1.0}};
    for (int i = 0; i < 4; i++) v->grid.affine_ras[i][i] = 1.0;
    *out = v;
    return VOXPERT_OK;
}

static Status source_read(Volume **out, const ImageSource *s, Error *error) {
    if (s->size == 0)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: is empty or too short to be an image",
                         s->name);
    const ImageFormat *format;
    Status status = format_choose(&format, s, error);
    if (status) return status;
    Volume *v = NULL;
    status = volume_begin(&v, s, format, error);
    if (!v) return status;
    status = format->read(v, s, error);
    if (!status && v->labels) status = label_file_complete(v, error);
    if (!status && v->warnings.lines.failed)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", s->name);
    if (status)
        volume_free(v);
    else
        *out = v;
    return status;
}

static VolumeReadOptions options_complete(const VolumeReadOptions *given) {
    VolumeReadOptions options = given ? *given : (VolumeReadOptions){0};
    if (!options.max_bytes) options.max_bytes = system_total_memory() / 2;
    return options;
}

Status volume_read(Volume **out, const char *path, const VolumeReadOptions *options, Error *error) {
    *out = NULL;
    FileMap map;
    Status status = file_map(&map, path, VOXPERT_BAD_INPUT, error);
    if (status) return status;
    ImageSource source = {path, path, map.bytes, map.size, options_complete(options)};
    status = source_read(out, &source, error);
    file_unmap(&map);
    return status;
}

Status volume_read_memory(Volume **out, const void *bytes, size_t size, const char *name,
                          const VolumeReadOptions *options, Error *error) {
    *out = NULL;
    ImageSource source = {name, NULL, bytes, size, options_complete(options)};
    return source_read(out, &source, error);
}

/* ---- Contents --------------------------------------------------------------------------- */

Status volume_file_hash(char out[HASH_TEXT], const char *path, Error *error) {
    const char *extension = path_extension(path);
    bool header = strncasecmp(extension, ".hdr", 4) == 0;
    bool voxels = strncasecmp(extension, ".img", 4) == 0;
    char *partner = NULL;
    Status status = VOXPERT_OK;
    Hash h;
    if (header || voxels) status = nifti_partner(&partner, path, header ? ".img" : ".hdr", error);
    const char *const files[2] = {voxels ? partner : path, voxels ? path : partner};
    hash_begin(&h);
    for (int i = 0; !status && i < 2; i++)
        if (files[i]) status = file_hash_add(&h, files[i], VOXPERT_BAD_INPUT, error);
    if (!status) hash_end(&h, out);
    memory_free(partner);
    return status;
}

/* ---- Writing ---------------------------------------------------------------------------- */

Status volume_write_to(const Volume *v, Output to, Error *error) {
    const ImageFormat *format = format_by_name(to.name);
    if (!format || !format->write)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s: its extension must be .png, .tif, .tiff, .bmp, .nii or .nii.gz",
                         to.name);
    return format->write(v, to, error);
}

Status volume_write(const Volume *v, const char *path, Error *error) {
    return volume_write_to(v, output_file(path), error);
}

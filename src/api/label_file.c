/* Label maps and masks to and from files and memory. */
#include <string.h>

#include "api/internal.h"
#include "base/memory.h"
#include "image/align.h"

static Status labels_volume(Volume **out, const VoxpertImageFile *f, bool volume, SampleType type,
                            Error *error) {
    VolumeSize plane = {1, 1, f->picture.height, f->picture.width, 1};
    return volume ? volume_like(out, f->volume, type, error) : volume_new(out, plane, type, error);
}

static Status write_labels(const VoxpertImageFile *file, const uint16_t *labels, Output to,
                           Error *error) {
    const char *path = to.name;
    size_t pixels = file->picture.width * file->picture.height;
    uint16_t most = 0;
    for (size_t i = 0; i < pixels; i++) most = labels[i] > most ? labels[i] : most;
    SampleType type = most > 255 ? SAMPLE_U16 : SAMPLE_U8;
    bool nifti = text_ends(path, ".nii") || text_ends(path, ".nii.gz");
    Volume *mask = NULL;
    uint8_t *plane = memory_new(pixels * sizeof *labels);
    Status status = plane ? labels_volume(&mask, file, nifti, type, error)
                          : error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory", path);
    for (size_t i = 0; !status && i < pixels; i++) {
        if (type == SAMPLE_U16)
            memcpy(plane + i * sizeof *labels, &labels[i], sizeof *labels);
        else
            plane[i] = (uint8_t)labels[i];
    }
    VolumeSlice slice = nifti && file->sliced ? file->slice : (VolumeSlice){'k', 0, 0};
    if (!status) mask->labels = true;
    if (!status) status = volume_put_slice(mask, slice, plane, error);
    if (!status) status = volume_write_to(mask, to, error);
    volume_free(mask);
    memory_free(plane);
    return status;
}

VoxpertStatus voxpert_labels_write(const VoxpertImageFile *file, const uint16_t *labels,
                                   const char *path, VoxpertError *error) {
    if (!file || !labels || !path) return null_argument("voxpert_labels_write", error);
    return write_labels(file, labels, output_file(path), error);
}

VoxpertStatus voxpert_labels_write_memory(const VoxpertImageFile *file, const uint16_t *labels,
                                          const char *name, void **bytes, size_t *size,
                                          VoxpertError *error) {
    if (bytes) *bytes = NULL;
    if (!file || !labels || !name || !bytes || !size)
        return null_argument("voxpert_labels_write_memory", error);
    OutputBytes made = {0};
    return output_give(write_labels(file, labels, (Output){name, &made}, error), &made, bytes,
                       size);
}

static Status labels_of_slice(uint16_t *out, const Volume *v, const SliceLayout *cut,
                              Error *error) {
    uint32_t *all = memory_new(volume_voxels(v) * sizeof *all);
    if (!all) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the labels");
    Status status = volume_labels(all, v, error);
    for (size_t y = 0; !status && y < cut->height; y++) {
        for (size_t x = 0; !status && x < cut->width; x++) {
            uint32_t label = all[cut->start + y * cut->down + x * cut->right];
            if (label > UINT16_MAX)
                status = error_set(error, VOXPERT_BAD_INPUT, "%s: label %u is larger than 65535",
                                   volume_name(v), label);
            out[y * cut->width + x] = (uint16_t)label;
        }
    }
    memory_free(all);
    return status;
}

/* A mask of one frame fits every frame; a picture as a mask is of the size that the caller checks.
 */
static Status align_to(Volume *v, const VoxpertImageFile *image, bool slice, Error *error) {
    if (!slice) {
        if (v->width == image->picture.width && v->height == image->picture.height)
            pair_remarks(&v->warnings, image->sliced ? v : image->volume, v);
        return VOXPERT_OK;
    }
    Volume like = *image->volume; /* borrowed: only looked at */
    if (v->frames == 1) like.frames = 1;
    return volume_align(v, &like, error);
}

/* What a caller gets. */
typedef struct LabelsRead {
    uint16_t **labels;
    int *width, *height;
    char **warnings; /* or NULL */
} LabelsRead;

static Status read_labels(const LabelsRead *out, const Source *source,
                          const VoxpertImageFile *image, const VoxpertFileOptions *options,
                          Error *error) {
    VoxpertFileOptions own;
    const VoxpertFileOptions *o = &own;
    Status status = file_options_take(&own, options, error);
    if (status) return status;
    const char *path = source->name;
    uint16_t **labels = out->labels;
    *labels = NULL;
    Volume *v = NULL;
    VolumeReadOptions read = {
        .labels = true, .ignore_exif = o->ignore_exif, .max_bytes = o->max_bytes};
    VolumeSlice slice = {'k', 0, 0};
    SliceLayout cut = {0};
    status = o->slice_axis ? slice_of(&slice, o, error) : VOXPERT_OK;
    if (!status) status = source_read(&v, source, &read, error);
    if (!status && !o->slice_axis && v->depth * v->frames != 1)
        status =
            error_set(error, VOXPERT_BAD_INPUT, "%s: is a volume, not a mask of one picture", path);
    if (!status && image) status = align_to(v, image, o->slice_axis != 0, error);
    if (!status && image && o->slice_axis && v->frames == 1) slice.frame = 0;
    if (!status) status = slice_find(&cut, v, slice, error);
    if (!status && !(*labels = memory_new(cut.width * cut.height * sizeof **labels)))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", path);
    if (!status) status = labels_of_slice(*labels, v, &cut, error);
    if (!status && out->warnings && !(*out->warnings = memory_text(warnings_lines(&v->warnings))))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", path);
    volume_free(v);
    if (status) {
        memory_free(*labels);
        *labels = NULL;
    }
    *out->width = (int)cut.width, *out->height = (int)cut.height;
    return status;
}

VoxpertStatus voxpert_labels_read(uint16_t **labels, int *width, int *height, const char *path,
                                  const VoxpertFileOptions *options, char **warnings,
                                  VoxpertError *error) {
    return voxpert_labels_read_on(labels, width, height, path, NULL, options, warnings, error);
}

VoxpertStatus voxpert_labels_read_on(uint16_t **labels, int *width, int *height, const char *path,
                                     const VoxpertImageFile *image,
                                     const VoxpertFileOptions *options, char **warnings,
                                     VoxpertError *error) {
    if (warnings) *warnings = NULL;
    if (!labels || !width || !height || !path) return null_argument("voxpert_labels_read", error);
    LabelsRead out = {labels, width, height, warnings};
    return read_labels(&out, &(Source){.name = path}, image, options, error);
}

VoxpertStatus voxpert_labels_read_memory(uint16_t **labels, int *width, int *height,
                                         const void *bytes, size_t size, const char *name,
                                         const VoxpertImageFile *image,
                                         const VoxpertFileOptions *options, char **warnings,
                                         VoxpertError *error) {
    if (warnings) *warnings = NULL;
    if (!labels || !width || !height || !bytes)
        return null_argument("voxpert_labels_read_memory", error);
    LabelsRead out = {labels, width, height, warnings};
    Source source = source_memory(bytes, size, name);
    return read_labels(&out, &source, image, options, error);
}

/* Masks and logits that prompts name, from their files. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "exchange/object_list.h"

static bool is_logits(const VoxpertObject *o) {
    return o->mask_path && text_ends(o->mask_path, ".npy");
}

static bool is_nifti(const char *path) {
    return text_ends(path, ".nii") || text_ends(path, ".nii.gz") || text_ends(path, ".hdr");
}

/* How many values other than 0 there are; all of them are inside, which may not be meant. */
static int levels_of(const uint16_t *labels, size_t pixels, Error *error) {
    bool *seen = memory_new(65536);
    int levels = 0;
    if (!seen) {
        (void)error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a mask");
        return -1;
    }
    for (size_t i = 0; i < pixels; i++) {
        levels += labels[i] && !seen[labels[i]];
        seen[labels[i]] = true;
    }
    memory_free(seen);
    return levels;
}

static Status take_mask(VoxpertObject *o, const uint16_t *labels, size_t pixels, Warnings *warnings,
                        Error *error) {
    int levels = levels_of(labels, pixels, error);
    if (levels < 0) return VOXPERT_OUT_OF_MEMORY;
    if (levels == 0)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: is empty: no pixel differs from 0",
                         o->mask_path);
    if (levels > 1)
        warnings_add(warnings, "%s: holds %d values other than 0; all of them count as inside",
                     o->mask_path, levels);
    o->mask = memory_new(pixels);
    if (!o->mask) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a mask");
    for (size_t i = 0; i < pixels; i++) o->mask[i] = labels[i] != 0;
    return VOXPERT_OK;
}

static Status load_mask(VoxpertObject *o, const VoxpertImageFile *file,
                        const VoxpertFileOptions *options, Warnings *warnings, Error *error) {
    VoxpertFileOptions own = options ? *options : (VoxpertFileOptions){0};
    const VoxpertImage *image = voxpert_image_file_image(file);
    uint16_t *labels = NULL;
    char *lines = NULL;
    const char *next, *sentence;
    size_t length;
    int width, height;
    if (!is_nifti(o->mask_path)) own.slice_axis = 0; /* a picture of the slice */
    Status status =
        voxpert_labels_read_on(&labels, &width, &height, o->mask_path, file, &own, &lines, error);
    for (next = lines ? lines : ""; warnings_next(&next, &sentence, &length);)
        warnings_add(warnings, "%.*s", (int)length, sentence);
    memory_free(lines);
    if (!status && (width != image->width || height != image->height))
        status =
            error_set(error, VOXPERT_BAD_INPUT, "%s: is %d x %d pixels, but the image is %d x %d",
                      o->mask_path, width, height, image->width, image->height);
    if (!status) status = take_mask(o, labels, (size_t)width * (size_t)height, warnings, error);
    memory_free(labels);
    return status;
}

VoxpertStatus voxpert_objects_load_masks(VoxpertObjects *objects, const VoxpertImageFile *image,
                                         const VoxpertFileOptions *options, char **warnings,
                                         VoxpertError *error) {
    Error own;
    if (warnings) *warnings = NULL;
    if (!objects || !image || !warnings) return null_argument("voxpert_objects_load_masks", error);
    if (!error) error = &own;
    Warnings all = {0};
    Status status = VOXPERT_OK;
    for (int i = 0; !status && i < objects->count; i++) {
        VoxpertObject *o = &objects->item[i];
        Warnings odd = {0};
        if (!o->mask_path || o->mask || is_logits(o)) continue;
        status = load_mask(o, image, options, &odd, error);
        objects_warn(&all, objects, o, warnings_lines(&odd));
        all.lines.failed |= odd.lines.failed;
        warnings_free(&odd);
        if (status) status = voxpert_objects_blame(objects, o, error);
    }
    return warnings_hand_over(status, &all, warnings, error);
}

/* ---- Logits ----------------------------------------------------------------------------- */

static Status check_logits(const VoxpertObject *o, const float *values, int rank,
                           const size_t dim[4], size_t side, Error *error) {
    if (rank < 2 || rank > 3 || dim[rank - 1] != side || dim[rank - 2] != side || !dim[0])
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: is no [n, %zu, %zu] array of this model's low-res logits",
                         o->mask_path, side, side);
    for (size_t i = 0; i < side * side; i++)
        if (!isfinite(values[i]))
            return error_set(error, VOXPERT_BAD_INPUT, "%s: value %zu is not finite", o->mask_path,
                             i);
    return VOXPERT_OK;
}

static Status load_logits(VoxpertObject *o, size_t side, Warnings *warnings, Error *error) {
    size_t dim[4], bytes = side * side * sizeof *o->low_res;
    int rank;
    float *values = NULL;
    Status status = voxpert_npy_read(o->mask_path, &values, 4, &rank, dim, error);
    if (!status) status = check_logits(o, values, rank, dim, side, error);
    if (!status && rank == 3 && dim[0] > 1)
        warnings_add(warnings, "%s: holds %zu masks; the first is used", o->mask_path, dim[0]);
    if (!status && !(o->low_res = memory_new(bytes)))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a mask");
    if (!status) memcpy(o->low_res, values, bytes);
    memory_free(values);
    return status;
}

VoxpertStatus voxpert_objects_load_logits(VoxpertObjects *objects, int side, char **warnings,
                                          VoxpertError *error) {
    Error own;
    if (warnings) *warnings = NULL;
    if (!objects || !warnings || side < 1)
        return null_argument("voxpert_objects_load_logits", error);
    if (!error) error = &own;
    Warnings all = {0};
    Status status = VOXPERT_OK;
    for (int i = 0; !status && i < objects->count; i++) {
        VoxpertObject *o = &objects->item[i];
        if (!is_logits(o) || o->low_res) continue;
        status = load_logits(o, (size_t)side, &all, error);
        if (status) status = voxpert_objects_blame(objects, o, error);
    }
    return warnings_hand_over(status, &all, warnings, error);
}

#include <string.h>

#include "api/internal.h"
#include "base/files.h"
#include "base/memory.h"
#include "image/align.h"
#include "image/npy.h"
#include "image/overlay.h"

/* ---- Pictures --------------------------------------------------------------------------- */

static Status image_to_volume(Volume **out, const VoxpertImage *image, Error *error) {
    static const SampleType types[] = {SAMPLE_U8, SAMPLE_U16, SAMPLE_F32};
    if (image->width < 1 || image->height < 1 || (image->channels != 1 && image->channels != 3) ||
        image->type < VOXPERT_U8 || image->type > VOXPERT_F32)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "an image must have pixels, 1 or 3 channels, and a known type");
    VolumeSize size = {1, 1, (size_t)image->height, (size_t)image->width, (size_t)image->channels};
    Status status = volume_new(out, size, types[image->type], error);
    if (!status)
        memcpy((*out)->samples, image->pixels,
               volume_samples(*out) * sample_size(types[image->type]));
    return status;
}

static Status window_of(Window *out, double level, double width, bool *given, Error *error) {
    *given = width != 0.0;
    return *given ? window_level(out, level, width, error) : VOXPERT_OK;
}

Status image_to_picture(Picture *out, const VoxpertImage *image, Error *error) {
    Volume *v = NULL;
    Window window;
    bool given;
    Status status = window_of(&window, image->window_level, image->window_width, &given, error);
    if (!status) status = image_to_volume(&v, image, error);
    if (!status) status = volume_plane(out, v, given ? &window : NULL, error);
    volume_free(v);
    return status;
}

/* ---- Files ------------------------------------------------------------------------------ */

/* Of options with an axis. */
static Status slice_of(VolumeSlice *out, const VoxpertFileOptions *o, Error *error) {
    if (o->slice < 0)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "slice %d: must not be negative", o->slice);
    if (o->frame < 0)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "frame %d: must not be negative", o->frame);
    *out = (VolumeSlice){(char)o->slice_axis, (size_t)o->slice, (size_t)o->frame};
    return VOXPERT_OK;
}

static Status cut(VoxpertImageFile *f, const VoxpertFileOptions *o, Error *error) {
    Window window;
    bool given;
    Status status = window_of(&window, o->window_level, o->window_width, &given, error);
    if (status) return status;
    const Window *w = given ? &window : NULL;
    if (!o->slice_axis) return volume_plane(&f->picture, f->volume, w, error);
    f->sliced = true;
    status = slice_of(&f->slice, o, error);
    return status ? status : volume_slice(&f->picture, f->volume, f->slice, w, error);
}

static Status check_page(const Volume *v, const VoxpertFileOptions *o, Error *error) {
    if (o->page <= 0 || strcmp(v->format, "TIFF") == 0) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT,
                     "%s: is %s and has no pages, but page %d is asked for", volume_name(v),
                     v->format, o->page);
}

VoxpertStatus voxpert_image_file_open(VoxpertImageFile **out, const char *path,
                                      const VoxpertFileOptions *options, VoxpertError *error) {
    static const VoxpertFileOptions defaults;
    const VoxpertFileOptions *o = options ? options : &defaults;
    if (!out || !path)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_image_file_open: NULL");
    *out = NULL;
    VoxpertImageFile *f = memory_new(sizeof *f);
    if (!f) return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to open it", path);
    VolumeReadOptions read = {.ignore_exif = o->ignore_exif,
                              .max_bytes = o->max_bytes,
                              .page = o->page > 0 ? (size_t)o->page : 0};
    Status status = volume_read(&f->volume, path, &read, error);
    if (!status) status = check_page(f->volume, o, error);
    if (!status) status = cut(f, o, error);
    if (!status) status = volume_file_hash(f->hash, path, error);
    if (status) {
        voxpert_image_file_close(f);
        return status;
    }
    f->image = (VoxpertImage){.pixels = f->picture.rgb,
                              .type = VOXPERT_U8,
                              .width = (int)f->picture.width,
                              .height = (int)f->picture.height,
                              .channels = 3};
    if (f->picture.remark) volume_warn(f->volume, "%s", f->picture.remark);
    if (f->sliced && f->volume->frames > 1 && f->slice.frame == 0 && !o->frame_chosen)
        volume_warn(f->volume,
                    "has %zu frames (slice %c:%zu:1 is of the second); the first is used",
                    f->volume->frames, f->slice.axis, f->slice.index);
    *out = f;
    return VOXPERT_OK;
}

void voxpert_image_file_close(VoxpertImageFile *file) {
    if (!file) return;
    picture_free(&file->picture);
    volume_free(file->volume);
    memory_free(file);
}

const VoxpertImage *voxpert_image_file_image(const VoxpertImageFile *file) { return &file->image; }

const char *voxpert_image_file_hash(const VoxpertImageFile *file) { return file->hash; }

const char *voxpert_image_file_warnings(const VoxpertImageFile *file) {
    return warnings_lines(&file->volume->warnings);
}

VoxpertStatus voxpert_image_write(const VoxpertImage *image, const char *path,
                                  VoxpertError *error) {
    if (!image || !image->pixels || !path)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_image_write: NULL");
    if (image->type == VOXPERT_F32)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: only 8 and 16 bits can be written",
                         path);
    Volume *v = NULL;
    Status status = image_to_volume(&v, image, error);
    if (!status) status = volume_write(v, path, error);
    volume_free(v);
    return status;
}

/* ---- Labels ----------------------------------------------------------------------------- */

static Status labels_volume(Volume **out, const VoxpertImageFile *f, bool volume, SampleType type,
                            Error *error) {
    VolumeSize plane = {1, 1, f->picture.height, f->picture.width, 1};
    return volume ? volume_like(out, f->volume, type, error) : volume_new(out, plane, type, error);
}

VoxpertStatus voxpert_labels_write(const VoxpertImageFile *file, const uint16_t *labels,
                                   const char *path, VoxpertError *error) {
    if (!file || !labels || !path)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_labels_write: NULL");
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
    if (!status) status = volume_write(mask, path, error);
    volume_free(mask);
    memory_free(plane);
    return status;
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

VoxpertStatus voxpert_labels_read(uint16_t **labels, int *width, int *height, const char *path,
                                  const VoxpertFileOptions *options, char **warnings,
                                  VoxpertError *error) {
    return voxpert_labels_read_on(labels, width, height, path, NULL, options, warnings, error);
}

VoxpertStatus voxpert_labels_read_on(uint16_t **labels, int *width, int *height, const char *path,
                                     const VoxpertImageFile *image,
                                     const VoxpertFileOptions *options, char **warnings,
                                     VoxpertError *error) {
    static const VoxpertFileOptions defaults;
    const VoxpertFileOptions *o = options ? options : &defaults;
    if (warnings) *warnings = NULL;
    if (!labels || !width || !height || !path)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_labels_read: NULL");
    *labels = NULL;
    Volume *v = NULL;
    VolumeReadOptions read = {
        .labels = true, .ignore_exif = o->ignore_exif, .max_bytes = o->max_bytes};
    VolumeSlice slice = {'k', 0, 0};
    SliceLayout cut = {0};
    Status status = o->slice_axis ? slice_of(&slice, o, error) : VOXPERT_OK;
    if (!status) status = volume_read(&v, path, &read, error);
    if (!status && !o->slice_axis && v->depth * v->frames != 1)
        status =
            error_set(error, VOXPERT_BAD_INPUT, "%s: is a volume, not a mask of one picture", path);
    if (!status && image) status = align_to(v, image, o->slice_axis != 0, error);
    if (!status && image && o->slice_axis && v->frames == 1) slice.frame = 0;
    if (!status) status = slice_find(&cut, v, slice, error);
    if (!status && !(*labels = memory_new(cut.width * cut.height * sizeof **labels)))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", path);
    if (!status) status = labels_of_slice(*labels, v, &cut, error);
    if (!status && warnings && !(*warnings = memory_text(warnings_lines(&v->warnings))))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", path);
    volume_free(v);
    if (status) {
        memory_free(*labels);
        *labels = NULL;
    }
    *width = (int)cut.width, *height = (int)cut.height;
    return status;
}

/* ---- Overlays --------------------------------------------------------------------------- */

static void draw_prompt(Canvas c, const VoxpertPrompt *p, size_t object) {
    if (p->box) {
        double box[4] = {(double)p->box->x0, (double)p->box->y0, (double)p->box->x1,
                         (double)p->box->y1};
        overlay_box(c, box, overlay_colour(object));
    }
    for (int i = 0; i < p->point_count; i++)
        overlay_point(c, (double)p->points[i].x, (double)p->points[i].y, p->points[i].inside != 0);
}

VoxpertStatus voxpert_overlay_write(const VoxpertImage *image, const uint16_t *labels,
                                    const VoxpertPrompt *prompts, int prompt_count,
                                    const char *path, VoxpertError *error) {
    if (!image || !image->pixels || !path)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_overlay_write: NULL");
    Picture picture = {0};
    Status status = image_to_picture(&picture, image, error);
    if (status) return status;
    Canvas canvas = {picture.rgb, {picture.height, picture.width}};
    if (labels) overlay_labels(canvas, labels, 0.4);
    for (int i = 0; prompts && i < prompt_count; i++) draw_prompt(canvas, &prompts[i], (size_t)i);
    status = picture_save(&picture, path, error);
    picture_free(&picture);
    return status;
}

/* ---- Arrays ----------------------------------------------------------------------------- */

VoxpertStatus voxpert_npy_write(const char *path, const float *values, int rank, const size_t *dim,
                                VoxpertError *error) {
    if (!path || !values || !dim || rank < 1 || rank > NPY_MAX_RANK)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_npy_write: NULL or a bad rank");
    return npy_write(path, NPY_F32, rank, dim, values, error);
}

VoxpertStatus voxpert_npy_read(const char *path, float **values, int rank_max, int *rank,
                               size_t *dim, VoxpertError *error) {
    if (!path || !values || !rank || !dim)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_npy_read: NULL");
    *values = NULL;
    FileMap map;
    NpyArray array;
    Status status = file_map(&map, path, VOXPERT_BAD_INPUT, error);
    if (status) return status;
    status = npy_parse(&array, map.bytes, map.size, path, error);
    if (!status && array.rank > rank_max)
        status = error_set(error, VOXPERT_BAD_INPUT, "%s: has %d axes, more than %d", path,
                           array.rank, rank_max);
    if (!status && !(*values = memory_new((array.count + 1) * sizeof **values)))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", path);
    if (!status) {
        npy_read_floats(&array, *values);
        *rank = array.rank;
        memcpy(dim, array.dim, (size_t)array.rank * sizeof *dim);
    }
    file_unmap(&map);
    return status;
}

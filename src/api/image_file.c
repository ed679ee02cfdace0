#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/internal.h"
#include "base/files.h"
#include "base/memory.h"
#include "draw/annotate.h"
#include "draw/overlay.h"
#include "image/align.h"
#include "image/npy.h"

/* ---- Pictures --------------------------------------------------------------------------- */

static const SampleType types[] = {SAMPLE_U8, SAMPLE_U16, SAMPLE_F32};

/* Bytes from row to row.  VOXPERT_BAD_ARGUMENT for an image that is none. */
static Status image_check(size_t *step, const VoxpertImage *image, Error *error) {
    if (image->width < 1 || image->height < 1 || (image->channels != 1 && image->channels != 3) ||
        image->type < VOXPERT_U8 || image->type > VOXPERT_F32)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "an image must have pixels, 1 or 3 channels, and a known type");
    size_t row = (size_t)image->width * (size_t)image->channels * sample_size(types[image->type]);
    *step = image->row_bytes ? image->row_bytes : row;
    if (*step >= row) return VOXPERT_OK;
    return error_set_field(error, VOXPERT_BAD_ARGUMENT, "row_bytes",
                           "row_bytes is %zu, and a row of %d pixels has %zu bytes", *step,
                           image->width, row);
}

/* Pixels of 8 bits that pass as they are: the one copy that is made of them. */
static Status copy_pixels(Picture *out, const VoxpertImage *image, size_t step, Error *error) {
    size_t width = (size_t)image->width, height = (size_t)image->height;
    uint8_t *to = memory_new(3 * width * height);
    *out = (Picture){.rgb = to, .width = width, .height = height};
    if (!to) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the image");
    for (size_t y = 0; y < height; y++, to += 3 * width) {
        const uint8_t *row = (const uint8_t *)image->pixels + y * step;
        if (image->channels == 3) memcpy(to, row, 3 * width);
        for (size_t x = 0; image->channels == 1 && x < width; x++) memset(to + 3 * x, row[x], 3);
    }
    return VOXPERT_OK;
}

static Status image_to_volume(Volume **out, const VoxpertImage *image, size_t step, Error *error) {
    VolumeSize size = {1, 1, (size_t)image->height, (size_t)image->width, (size_t)image->channels};
    size_t row = size.width * size.channels * sample_size(types[image->type]);
    Status status = volume_new(out, size, types[image->type], error);
    for (size_t y = 0; !status && y < size.height; y++)
        memcpy((char *)(*out)->samples + y * row, (const char *)image->pixels + y * step, row);
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
    size_t step = 0;
    Status status = window_of(&window, image->window_level, image->window_width, &given, error);
    if (!status) status = image_check(&step, image, error);
    if (!status && image->type == VOXPERT_U8 && !given) return copy_pixels(out, image, step, error);
    if (!status) status = image_to_volume(&v, image, step, error);
    if (!status) status = volume_plane(out, v, given ? &window : NULL, error);
    volume_free(v);
    return status;
}

/* ---- Files ------------------------------------------------------------------------------ */

Status slice_of(VolumeSlice *out, const VoxpertFileOptions *o, Error *error) {
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

/* The letters of the ends of a file's axis: first where its index is 0. */
static void ends_of_axis(char ends[2], const VolumeGrid *g, int axis) {
    static const char names[3][2] = {{'L', 'R'}, {'P', 'A'}, {'I', 'S'}};
    int along = 0;
    for (int i = 1; i < 3; i++)
        if (fabs(g->affine_ras[i][axis]) > fabs(g->affine_ras[along][axis])) along = i;
    bool up = g->affine_ras[along][axis] > 0.0;
    ends[0] = names[along][!up], ends[1] = names[along][up];
}

/* Of a slice of a file that says how it lies. */
static void find_sides(VoxpertImageFile *f) {
    const VolumeGrid *g = &f->volume->grid;
    bool known = g->source == GRID_SFORM || g->source == GRID_QFORM;
    if (!known || !(f->sliced || f->volume->depth == 1)) return;
    char axis = f->sliced ? f->slice.axis : 'k', x[2], y[2];
    ends_of_axis(x, g, axis == 'i' ? 1 : 0);
    ends_of_axis(y, g, axis == 'k' ? 1 : 2);
    snprintf(f->sides, sizeof f->sides, "%c%c%c%c", x[0], x[1], y[0], y[1]);
}

static Status check_page(const Volume *v, const VoxpertFileOptions *o, Error *error) {
    if (o->page <= 0 || strcmp(v->format, "TIFF") == 0) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT,
                     "%s: is %s and has no pages, but page %d is asked for", volume_name(v),
                     v->format, o->page);
}

static Status open_source(VoxpertImageFile **out, const Source *source,
                          const VoxpertFileOptions *options, Error *error) {
    VoxpertFileOptions own;
    const VoxpertFileOptions *o = &own;
    Status status = file_options_take(&own, options, error);
    if (status) return status;
    VoxpertImageFile *f = memory_new(sizeof *f);
    if (!f)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to open it", source->name);
    VolumeReadOptions read = {.ignore_exif = o->ignore_exif,
                              .max_bytes = o->max_bytes,
                              .page = o->page > 0 ? (size_t)o->page : 0};
    status = source_read(&f->volume, source, &read, error);
    if (!status) status = check_page(f->volume, o, error);
    if (!status) status = cut(f, o, error);
    if (!status && !o->skip_hash) status = source_hash(f->hash, source, error);
    if (status) {
        voxpert_image_file_close(f);
        return status;
    }
    f->image = (VoxpertImage){.pixels = f->picture.rgb,
                              .type = VOXPERT_U8,
                              .width = (int)f->picture.width,
                              .height = (int)f->picture.height,
                              .channels = 3};
    find_sides(f);
    if (f->picture.remark) volume_warn(f->volume, "%s", f->picture.remark);
    if (f->sliced && f->volume->frames > 1 && f->slice.frame == 0 && !o->frame_chosen)
        volume_warn(f->volume,
                    "has %zu frames (slice %c:%zu:1 is of the second); the first is used",
                    f->volume->frames, f->slice.axis, f->slice.index);
    *out = f;
    return VOXPERT_OK;
}

VoxpertStatus voxpert_image_file_open(VoxpertImageFile **out, const char *path,
                                      const VoxpertFileOptions *options, VoxpertError *error) {
    if (out) *out = NULL;
    if (!out || !path) return null_argument("voxpert_image_file_open", error);
    return open_source(out, &(Source){.name = path}, options, error);
}

VoxpertStatus voxpert_image_file_open_memory(VoxpertImageFile **out, const void *bytes, size_t size,
                                             const char *name, const VoxpertFileOptions *options,
                                             VoxpertError *error) {
    if (out) *out = NULL;
    if (!out || !bytes) return null_argument("voxpert_image_file_open_memory", error);
    Source source = source_memory(bytes, size, name);
    return open_source(out, &source, options, error);
}

void voxpert_image_file_close(VoxpertImageFile *file) {
    if (!file) return;
    picture_free(&file->picture);
    volume_free(file->volume);
    memory_free(file);
}

const VoxpertImage *voxpert_image_file_image(const VoxpertImageFile *file) {
    return file ? &file->image : NULL;
}

const char *voxpert_image_file_hash(const VoxpertImageFile *file) {
    return file ? file->hash : NULL;
}

const char *voxpert_image_file_warnings(const VoxpertImageFile *file) {
    return file ? warnings_lines(&file->volume->warnings) : "";
}

static Status write_image(const VoxpertImage *image, Output to, Error *error) {
    if (image->type == VOXPERT_F32)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: only 8 and 16 bits can be written",
                         to.name);
    Volume *v = NULL;
    size_t step = 0;
    Status status = image_check(&step, image, error);
    if (!status) status = image_to_volume(&v, image, step, error);
    if (!status) status = volume_write_to(v, to, error);
    volume_free(v);
    return status;
}

VoxpertStatus voxpert_image_write(const VoxpertImage *image, const char *path,
                                  VoxpertError *error) {
    if (!image || !image->pixels || !path) return null_argument("voxpert_image_write", error);
    return write_image(image, output_file(path), error);
}

VoxpertStatus voxpert_image_write_memory(const VoxpertImage *image, const char *name, void **bytes,
                                         size_t *size, VoxpertError *error) {
    if (bytes) *bytes = NULL;
    if (!image || !image->pixels || !name || !bytes || !size)
        return null_argument("voxpert_image_write_memory", error);
    OutputBytes made = {0};
    return output_give(write_image(image, (Output){name, &made}, error), &made, bytes, size);
}

/* ---- Overlays --------------------------------------------------------------------------- */

/* A coordinate in an image that is `factor` times as large. */
static double enlarged(float v, size_t factor) { return ((double)v + 0.5) * (double)factor - 0.5; }

static void draw_prompt(Canvas c, const VoxpertPrompt *p, size_t object, size_t factor) {
    double half = 0.5 * (double)(factor - 1); /* a box holds its corner pixels whole */
    if (p->box) {
        double box[4] = {enlarged(p->box->x0, factor) - half, enlarged(p->box->y0, factor) - half,
                         enlarged(p->box->x1, factor) + half, enlarged(p->box->y1, factor) + half};
        overlay_box(c, box, overlay_colour(object));
    }
    for (int i = 0; p->points && i < p->point_count; i++)
        overlay_point(c, enlarged(p->points[i].x, factor), enlarged(p->points[i].y, factor),
                      p->points[i].inside != 0);
}

static Status draw_labels(const Picture *p, const uint16_t *labels, size_t factor, Error *error) {
    enum { PERCENT = 28 }; /* enough to see, and what lies below is seen too */
    uint16_t *large = factor > 1 ? memory_new(p->width * p->height * sizeof *large) : NULL;
    if (factor > 1 && !large)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to draw an overlay");
    if (large) labels_enlarge(large, labels, p->width / factor, p->height / factor, factor);
    overlay_labels((Canvas){p->rgb, {p->height, p->width}}, large ? large : labels,
                   PERCENT / 100.0);
    memory_free(large);
    return VOXPERT_OK;
}

static Status write_overlay(const VoxpertImage *image, const uint16_t *labels,
                            const VoxpertPrompt *prompts, int prompt_count,
                            const VoxpertOverlayOptions *o, Output to, Error *error) {
    Picture picture = {0};
    size_t factor = 1;
    Status status = image_to_picture(&picture, image, error);
    if (o->least_side > 0)
        factor = enlargement(picture.width, picture.height, (size_t)o->least_side);
    if (!status) status = picture_enlarge(&picture, factor, error);
    if (!status && labels) status = draw_labels(&picture, labels, factor, error);
    Canvas canvas = {picture.rgb, {picture.height, picture.width}};
    for (int i = 0; !status && prompts && i < prompt_count; i++) {
        VoxpertPrompt one;
        status = prompt_take(&one, prompt_at(prompts, i), error);
        if (!status) draw_prompt(canvas, &one, (size_t)i, factor);
    }
    if (!status && o->sides) sides_draw(&picture, o->sides);
    if (!status && o->legend)
        status = legend_add(&picture, o->legend, (size_t)o->legend_count, error);
    if (!status) status = picture_save_to(&picture, to, error);
    picture_free(&picture);
    return status;
}

VoxpertStatus voxpert_overlay_draw(const VoxpertImage *image, const uint16_t *labels,
                                   const VoxpertPrompt *prompts, int prompt_count,
                                   const VoxpertOverlayOptions *options, const char *path,
                                   VoxpertError *error) {
    VoxpertOverlayOptions own;
    if (!image || !image->pixels || !path) return null_argument("voxpert_overlay_draw", error);
    Status status = overlay_options_take(&own, options, error);
    if (!status && (own.legend_count < 0 || own.least_side < 0 || own.least_side > 4096))
        status = error_set(error, VOXPERT_BAD_ARGUMENT,
                           "an overlay has no legend of %d lines, or least side of %d pixels",
                           own.legend_count, own.least_side);
    if (own.legend_count > 0 && !own.legend) own.legend_count = 0;
    return status ? status
                  : write_overlay(image, labels, prompts, prompt_count, &own, output_file(path),
                                  error);
}

const char *voxpert_image_file_sides(const VoxpertImageFile *file) {
    return file ? file->sides : "";
}

VoxpertStatus voxpert_overlay_write(const VoxpertImage *image, const uint16_t *labels,
                                    const VoxpertPrompt *prompts, int prompt_count,
                                    const char *path, VoxpertError *error) {
    if (!image || !image->pixels || !path) return null_argument("voxpert_overlay_write", error);
    const VoxpertOverlayOptions plain = {.size = sizeof plain};
    return write_overlay(image, labels, prompts, prompt_count, &plain, output_file(path), error);
}

VoxpertStatus voxpert_overlay_write_memory(const VoxpertImage *image, const uint16_t *labels,
                                           const VoxpertPrompt *prompts, int prompt_count,
                                           void **bytes, size_t *size, VoxpertError *error) {
    if (bytes) *bytes = NULL;
    if (!image || !image->pixels || !bytes || !size)
        return null_argument("voxpert_overlay_write_memory", error);
    OutputBytes made = {0};
    Output to = {"overlay.png", &made};
    const VoxpertOverlayOptions plain = {.size = sizeof plain};
    return output_give(write_overlay(image, labels, prompts, prompt_count, &plain, to, error),
                       &made, bytes, size);
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

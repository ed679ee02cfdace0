#include "predict/view.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "image/resize.h"

/* ---- Geometry --------------------------------------------------------------------------- */

Crop crop_whole(const Picture *p) { return (Crop){0, 0, (int)p->width, (int)p->height}; }

bool crop_same(Crop a, Crop b) {
    return a.x == b.x && a.y == b.y && a.width == b.width && a.height == b.height;
}

/* First pixel of a range of `side` around `centre` that lies inside 0 .. length - 1. */
static int placed(double centre, int side, int length) {
    int first = (int)floor(centre - side / 2.0 + 0.5);
    if (first + side > length) first = length - side;
    return first < 0 ? 0 : first;
}

Crop crop_around(const Picture *p, const float box[4], double factor, int least) {
    double across = (double)box[2] - (double)box[0] + 1.0;
    double down = (double)box[3] - (double)box[1] + 1.0;
    double wanted = ceil(factor * fmax(across, down));
    int side = wanted < (double)least ? least : wanted > 1e6 ? 1000000 : (int)wanted;
    int width = (int)p->width, height = (int)p->height;
    int w = side < width ? side : width, h = side < height ? side : height;
    return (Crop){placed(((double)box[0] + (double)box[2] + 1.0) / 2.0, w, width),
                  placed(((double)box[1] + (double)box[3] + 1.0) / 2.0, h, height), w, h};
}

View view_of(const Preset *preset, Crop crop, int size) {
    View v = {.crop = crop, .size = size, .width = size, .height = size};
    bool area = preset->resize == RESIZE_LONGEST_SIDE_AREA;
    if (preset->resize == RESIZE_LONGEST_SIDE || area) {
        double scale = (double)size / (crop.width > crop.height ? crop.width : crop.height);
        v.scale = area ? scale : 0.0;
        v.width = (int)floor(crop.width * scale + 0.5);
        v.height = (int)floor(crop.height * scale + 0.5);
        if (v.width < 1) v.width = 1;
        if (v.height < 1) v.height = 1;
    } else if (preset->resize == RESIZE_PAD_OR_SQUARE && crop.width < size && crop.height < size) {
        v.width = crop.width;
        v.height = crop.height;
        v.left = (size - crop.width) / 2;
        v.top = (size - crop.height) / 2;
    }
    return v;
}

void view_point(const View *v, const float picture[2], float model[2]) {
    double sx = v->scale > 0.0 ? v->scale : (double)v->width / v->crop.width;
    double sy = v->scale > 0.0 ? v->scale : (double)v->height / v->crop.height;
    double x = (double)picture[0] - v->crop.x;
    if (v->mirrored) x = v->crop.width - 1 - x;
    model[0] = (float)(x * sx + v->left);
    model[1] = (float)(((double)picture[1] - v->crop.y) * sy + v->top);
}

/* ---- Picture to input ------------------------------------------------------------------- */

static ResizeMethod method_of(const Preset *preset) {
    switch (preset->resize) {
    case RESIZE_LONGEST_SIDE:
        return RESIZE_PILLOW_BILINEAR;
    case RESIZE_LONGEST_SIDE_AREA:
        return RESIZE_OPENCV_AREA;
    case RESIZE_SQUARE_CUBIC:
        return RESIZE_SKIMAGE_CUBIC;
    case RESIZE_SQUARE_PILLOW:
        return RESIZE_PILLOW_NEAREST;
    case RESIZE_SQUARE_NEAREST:
    case RESIZE_PAD_OR_SQUARE:
        break;
    }
    return RESIZE_OPENCV_NEAREST;
}

static Extent extent(int height, int width) { return (Extent){(size_t)height, (size_t)width}; }

Status view_resize(uint8_t *out, const View *v, const Preset *preset, const Picture *p,
                   Error *error) {
    const Crop *c = &v->crop;
    size_t row = 3 * (size_t)c->width, whole_row = 3 * p->width;
    const uint8_t *first = p->rgb + (size_t)c->y * whole_row + 3 * (size_t)c->x;
    uint8_t *cut = NULL; /* whole rows lie as they are wanted */
    if (row < whole_row) {
        cut = memory_new(row * (size_t)c->height);
        if (!cut) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to crop the image");
        for (size_t y = 0; y < (size_t)c->height; y++)
            memcpy(cut + y * row, first + y * whole_row, row);
    }
    Status status = resize_bytes(out, extent(v->height, v->width), cut ? cut : first,
                                 extent(c->height, c->width), 3, method_of(preset), error);
    memory_free(cut);
    return status;
}

typedef struct Scale {
    float subtract[3], divide[3];
} Scale;

static Scale scale_of(const Preset *preset, const uint8_t *resized, size_t bytes) {
    if (!preset->min_max) return (Scale){{123.675f, 116.28f, 103.53f}, {58.395f, 57.12f, 57.375f}};
    uint8_t least = 255, most = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (resized[i] < least) least = resized[i];
        if (resized[i] > most) most = resized[i];
    }
    float low = (float)least, range = most > least ? (float)(most - least) : 1e-8f;
    return (Scale){{low, low, low}, {range, range, range}};
}

void view_normalize(float *input, const View *v, const Preset *preset, const uint8_t *resized) {
    size_t bytes = 3 * (size_t)v->width * (size_t)v->height;
    Scale s = scale_of(preset, resized, bytes);
    memset(input, 0, 3 * (size_t)v->size * (size_t)v->size * sizeof *input);
    for (int y = 0; y < v->height; y++) {
        float *to = input + 3 * ((size_t)(v->top + y) * (size_t)v->size + (size_t)v->left);
        if (v->mirrored) to += 3 * (v->width - 1);
        for (int x = 0; x < v->width; x++, to += v->mirrored ? -3 : 3, resized += 3) {
            for (int c = 0; c < 3; c++) {
                uint8_t value = resized[preset->blue_first ? 2 - c : c];
                to[c] = ((float)value - s.subtract[c]) / s.divide[c];
            }
        }
    }
}

/* ---- Logits to picture ------------------------------------------------------------------ */

static Status direct_logits(float *out, const View *v, const float *low_res, int count, int side,
                            Error *error) {
    size_t n = (size_t)count * (size_t)side * (size_t)side;
    float *p = memory_new(n * sizeof *p);
    if (!p) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the mask");
    for (size_t i = 0; i < n; i++) p[i] = 1.0f / (1.0f + expf(-low_res[i]));
    Status status =
        resize_planes(out, extent(v->crop.height, v->crop.width),
                      float_grid_planes(p, (size_t)count, extent(side, side)), TAPS_LINEAR, error);
    memory_free(p);
    size_t pixels = (size_t)count * (size_t)v->crop.height * (size_t)v->crop.width;
    for (size_t i = 0; !status && i < pixels; i++) {
        double q = (double)out[i];
        q = q < 1e-7 ? 1e-7 : q > 1.0 - 1e-7 ? 1.0 - 1e-7 : q;
        out[i] = (float)log(q / (1.0 - q));
    }
    return status;
}

Status view_logits(float *out, const View *v, const Preset *preset, const float *low_res, int count,
                   int side, Error *error) {
    if (preset->direct) return direct_logits(out, v, low_res, count, side, error);
    size_t planes = (size_t)count, size = (size_t)v->size;
    float *square = memory_new(planes * size * size * sizeof *square);
    if (!square) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the mask");
    Status status =
        resize_planes(square, extent(v->size, v->size),
                      float_grid_planes(low_res, planes, extent(side, side)), TAPS_LINEAR, error);
    FloatGrid inside = float_grid_planes(square, planes, extent(v->size, v->size));
    inside.at += (size_t)v->top * size + (size_t)v->left;
    inside = float_grid_crop(inside, extent(v->height, v->width));
    if (!status)
        status =
            resize_planes(out, extent(v->crop.height, v->crop.width), inside, TAPS_LINEAR, error);
    memory_free(square);
    return status;
}

/* ---- Left to right ---------------------------------------------------------------------- */

/* Between the values at cells a and a + 1, if these are in the row. */
static float between(const float *row, int side, double at) {
    double x = fmin(fmax(at, 0.0), side - 1.0);
    int a = (int)x, b = a + (a + 1 < side);
    return (float)((double)row[a] + ((double)row[b] - (double)row[a]) * (x - a));
}

void view_mirror(float *out, const View *v, const float *grid, int count, int side, float outside) {
    double cell = (double)v->size / side, across = (2.0 * v->left + v->width) / cell;
    for (int row = 0; row < count * side; row++, grid += side)
        for (int i = 0; i < side; i++) {
            double at = across - (i + 0.5); /* in cells */
            *out++ = at < 0.0 || at > side ? outside : between(grid, side, at - 0.5);
        }
}

/* ---- Mask to prompt --------------------------------------------------------------------- */

/* Share of a low-res cell that the mask covers, sampled at the mask's pixels. */
static float covered(const View *v, const uint8_t *mask, int picture_width, int side, int row,
                     int col) {
    double cell = (double)v->size / side, sum = 0.0;
    enum { SAMPLES = 4 };
    for (int i = 0; i < SAMPLES * SAMPLES; i++) {
        double mx = (col + (i % SAMPLES + 0.5) / SAMPLES) * cell - v->left;
        double my = (row + (floor((double)i / SAMPLES) + 0.5) / SAMPLES) * cell - v->top;
        if (mx < 0.0 || my < 0.0 || mx >= v->width || my >= v->height) continue;
        int x = (int)(mx * v->crop.width / v->width), y = (int)(my * v->crop.height / v->height);
        size_t at = (size_t)(v->crop.y + y) * (size_t)picture_width + (size_t)(v->crop.x + x);
        sum += mask[at] != 0;
    }
    return (float)(sum / (SAMPLES * SAMPLES));
}

Status view_mask(float *prompt, const View *v, const Preset *preset, const uint8_t *mask,
                 int picture_width, int side, Error *error) {
    bool any = false;
    for (int row = 0; row < side; row++) {
        for (int col = 0; col < side; col++) {
            float share = covered(v, mask, picture_width, side, row, col);
            any |= share > 0.0f;
            *prompt++ = preset->mask_probability ? share : 12.0f * share - 6.0f;
        }
    }
    if (any) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT, "the mask prompt is empty");
}

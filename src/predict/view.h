/* view.h - what the model sees of an image, and how its answer is brought back.
 *
 * A view is a crop of the picture, resized to (part of) the model's square input.  Coordinates are
 * pixels, x to the right. */
#ifndef PREDICT_VIEW_H
#define PREDICT_VIEW_H

#include <stdint.h>

#include "base/status.h"
#include "image/picture.h"
#include "predict/preset.h"

/* Of the picture, inside of it. */
typedef struct Crop {
    int x, y, width, height;
} Crop;

typedef struct View {
    Crop crop;
    int size;          /* side of the model's input */
    int width, height; /* of the crop's image inside the input */
    int left, top;     /* where it begins */
    double scale;      /* of coordinates, before sizes are rounded; 0: by the rounded sizes */
    bool mirrored;     /* left to right, inside the input */
} View;

Crop crop_whole(const Picture *p);
bool crop_same(Crop a, Crop b);

/* A square of `factor` times the larger side of the box (inclusive corners), at least `least`
 * pixels, around its centre, moved and cut to lie inside the picture. */
Crop crop_around(const Picture *p, const float box[4], double factor, int least);

View view_of(const Preset *preset, Crop crop, int size);

/* The crop at the view's size: bytes [view.height][view.width][3], before any normalization. */
MUST_CHECK Status view_resize(uint8_t *out, const View *v, const Preset *preset, const Picture *p,
                              Error *error);

/* Resized bytes to the model's input [size][size][3]: normalized, mirrored where the view is, then
 * padded with zeros. */
void view_normalize(float *input, const View *v, const Preset *preset, const uint8_t *resized);

/* A coordinate of the picture in the model's input, mirrored where the view is. */
void view_point(const View *v, const float picture[2], float model[2]);

/* Between the grids [count][side][side] of a view and of its mirror image, either way: logits, or a
 * mask prompt.  What has no counterpart becomes `outside`. */
void view_mirror(float *out, const View *v, const float *grid, int count, int side, float outside);

/* Logits of the model, [count][side][side], to the crop's own pixels, [count][height][width], by
 * the preset's rule.  For a `direct` preset they are the logits of the interpolated probability. */
MUST_CHECK Status view_logits(float *out, const View *v, const Preset *preset, const float *low_res,
                              int count, int side, Error *error);

/* A coarse mask of the picture (0 = outside) as the model's mask prompt [side][side]: logits of -6
 * and 6, or probabilities of 0 and 1, by the preset; padding is outside. */
MUST_CHECK Status view_mask(float *prompt, const View *v, const Preset *preset, const uint8_t *mask,
                            int picture_width, int side, Error *error);

#endif

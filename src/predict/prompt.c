#include "predict/prompt.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "image/box.h"

/* ---- Sense ------------------------------------------------------------------------------ */

/* Pixel centres lie at whole numbers. */
static bool inside(const Picture *p, float x, float y) {
    return x >= -0.5f && y >= -0.5f && x <= (float)p->width - 0.5f && y <= (float)p->height - 0.5f;
}

static Status point_check(const Picture *p, const float at[2], int label, int number,
                          Error *error) {
    if (!isfinite(at[0]) || !isfinite(at[1]))
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "point %d: a coordinate is not a finite number", number);
    if (!inside(p, at[0], at[1]))
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "point %g,%g lies outside the image of %zu x %zu pixels", (double)at[0],
                         (double)at[1], p->width, p->height);
    if (label != 0 && label != 1)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "point %d: its label must be 0 or 1, not %d",
                         number, label);
    return VOXPERT_OK;
}

static Status box_check(const Picture *p, const float b[4], Error *error) {
    for (int i = 0; i < 4; i++) {
        if (!isfinite(b[i]))
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "box: a coordinate is not a finite number");
    }
    if (b[2] < b[0] || b[3] < b[1])
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "box %g,%g,%g,%g is empty: x0 <= x1 and y0 <= y1 must hold", (double)b[0],
                         (double)b[1], (double)b[2], (double)b[3]);
    if (!inside(p, b[0], b[1]) || !inside(p, b[2], b[3]))
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "box %g,%g,%g,%g reaches outside the image of %zu x %zu pixels%s",
                         (double)b[0], (double)b[1], (double)b[2], (double)b[3], p->width,
                         p->height,
                         box_fits_exchanged(b, p->width, p->height)
                             ? "; with x and y exchanged it would lie inside"
                             : "");
    return VOXPERT_OK;
}

Status prompt_check(const Picture *picture, const ObjectPrompt *prompt, Error *error) {
    if (!prompt->points && !prompt->box && !prompt->mask && !prompt->low_res && !prompt->text &&
        !prompt->prompt_free)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "a prompt needs a point, a box, a mask or a text");
    for (int i = 0; i < prompt->points; i++) {
        Status status = point_check(picture, prompt->point + 2 * i, prompt->label[i], i + 1, error);
        if (status) return status;
    }
    return prompt->box ? box_check(picture, prompt->box, error) : VOXPERT_OK;
}

/* ---- For the model ---------------------------------------------------------------------- */

Status prompt_to_model(Compute *cx, const View *v, const ObjectPrompt *from, Prompts *to,
                       Error *error) {
    float *point = arena_alloc(cx->records, (2 * (size_t)from->points + 4) * sizeof *point);
    if (!point) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the prompts");
    float *box = point + 2 * from->points;
    for (int i = 0; i < from->points; i++) view_point(v, from->point + 2 * i, point + 2 * i);
    *to = (Prompts){.batch = 1, .points = from->points, .point = point, .label = from->label};
    if (!from->box) return VOXPERT_OK;
    view_point(v, from->box, box);
    view_point(v, from->box + 2, box + 2);
    if (v->mirrored) { /* left is right */
        float x = box[0];
        box[0] = box[2], box[2] = x;
    }
    to->boxes = 1;
    to->box = box;
    return VOXPERT_OK;
}

/* [side][side] as the model reads them, of the plain view. */
static Status plain_mask(float *out, const View *v, const Preset *preset, const ObjectPrompt *from,
                         int picture_width, int side, Error *error) {
    if (!from->low_res) return view_mask(out, v, preset, from->mask, picture_width, side, error);
    for (int i = 0; i < side * side; i++) {
        float logit = from->low_res[i];
        out[i] = preset->mask_probability ? 1.0f / (1.0f + expf(-logit)) : logit;
    }
    return VOXPERT_OK;
}

Status prompt_mask(float *out, const View *v, const Preset *preset, const ObjectPrompt *from,
                   int picture_width, int side, Error *error) {
    Status status = plain_mask(out, v, preset, from, picture_width, side, error);
    if (status || !v->mirrored) return status;
    size_t bytes = (size_t)side * (size_t)side * sizeof *out;
    float *plain = memory_new(bytes);
    if (!plain) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the mask prompt");
    memcpy(plain, out, bytes);
    view_mirror(out, v, plain, 1, side, preset->mask_probability ? 0.0f : -6.0f);
    memory_free(plain);
    return VOXPERT_OK;
}

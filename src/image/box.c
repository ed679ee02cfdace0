#include "image/box.h"

#include <math.h>
#include <stdio.h>

enum { BOX_TEXT = 96 };

static const char *text_of(char out[BOX_TEXT], const float box[4]) {
    snprintf(out, BOX_TEXT, "%g,%g,%g,%g", (double)box[0], (double)box[1], (double)box[2],
             (double)box[3]);
    return out;
}

static bool all_finite(const float *at, int count) {
    for (int i = 0; i < count; i++)
        if (!isfinite(at[i])) return false;
    return true;
}

/* ---- Edges ------------------------------------------------------------------------------ */

/* The first or the last pixel, where `at` lies less than one outside the edges of the image, which
 * are half a pixel from their centres. */
static float onto(float at, size_t pixels) {
    float last = (float)pixels - 1.0f;
    if (at < -0.5f && at > -1.5f) return 0.0f;
    return at > last + 0.5f && at < last + 1.5f ? last : at;
}

/* Each coordinate lies on a pixel, or less than half of one outside its centre. */
static bool lies_on(const float *at, int count, size_t width, size_t height) {
    for (int i = 0; i < count; i++) {
        float last = (float)(i % 2 ? height : width) - 1.0f;
        if (!(at[i] >= -0.5f && at[i] <= last + 0.5f)) return false;
    }
    return true;
}

/* Nothing is moved where a coordinate lies farther outside: the prompt is refused then. */
static bool move_onto(float *at, int count, size_t width, size_t height) {
    float to[4];
    bool moved = false;
    for (int i = 0; i < count; i++) {
        to[i] = onto(at[i], i % 2 ? height : width);
        moved |= to[i] != at[i];
    }
    if (!moved || !lies_on(to, count, width, height)) return false;
    for (int i = 0; i < count; i++) at[i] = to[i];
    return true;
}

/* ---- Readings --------------------------------------------------------------------------- */

/* The corners that x, y, width and height mean; false where they do not lie in the image. */
static bool corners_of_sizes(float corners[4], const float box[4], size_t width, size_t height) {
    for (int i = 0; i < 2; i++) {
        corners[i] = box[i];
        corners[i + 2] = box[i] + box[i + 2] - 1.0f;
    }
    return box[2] > 1.0f && box[3] > 1.0f && corners[2] <= (float)width &&
           corners[3] <= (float)height;
}

static bool are_fractions(const float *at, int count) {
    bool any = false;
    for (int i = 0; i < count; i++) {
        if (!(at[i] >= 0.0f && at[i] <= 1.0f)) return false;
        any |= at[i] > 0.0f && at[i] < 1.0f;
    }
    return any;
}

bool box_fits_exchanged(const float box[4], size_t width, size_t height) {
    for (int i = 0; i < 4; i++) {
        float last = (float)(i % 2 ? width : height) - 0.5f;
        if (!(box[i] >= -0.5f && box[i] <= last)) return false;
    }
    return true;
}

/* ---- Boxes ------------------------------------------------------------------------------ */

static void order(float box[4], size_t width, size_t height, Warnings *warnings) {
    char given[BOX_TEXT], taken[BOX_TEXT], meant[BOX_TEXT], other[BOX_TEXT + 48] = "";
    float sizes[4];
    text_of(given, box);
    if (corners_of_sizes(sizes, box, width, height))
        snprintf(other, sizeof other, "; as x, y, width and height it would be %s",
                 text_of(meant, sizes));
    for (int i = 0; i < 2; i++) {
        float low = fminf(box[i], box[i + 2]), high = fmaxf(box[i], box[i + 2]);
        box[i] = low, box[i + 2] = high;
    }
    warnings_add(warnings, "box %s: its corners are swapped; %s is taken%s", given,
                 text_of(taken, box), other);
}

static void warn_of_size(const float box[4], size_t width, size_t height, Warnings *warnings) {
    char given[BOX_TEXT], meant[BOX_TEXT];
    float sizes[4];
    text_of(given, box);
    if (are_fractions(box, 4))
        warnings_add(warnings,
                     "box %s: is smaller than two pixels: coordinates are pixels, not fractions of "
                     "the image",
                     given);
    else if (corners_of_sizes(sizes, box, width, height) &&
             (sizes[2] != box[2] || sizes[3] != box[3]))
        warnings_add(warnings,
                     "box %s: is smaller than two pixels; if x, y, width and height are meant, its "
                     "corners are %s",
                     given, text_of(meant, sizes));
    else
        warnings_add(warnings, "box %s: is smaller than two pixels", given);
}

void box_fit(float box[4], size_t width, size_t height, Warnings *warnings) {
    char given[BOX_TEXT], taken[BOX_TEXT];
    if (!all_finite(box, 4)) return;
    if (box[2] < box[0] || box[3] < box[1]) order(box, width, height, warnings);
    if (box[2] - box[0] < 2.0f || box[3] - box[1] < 2.0f)
        warn_of_size(box, width, height, warnings);
    text_of(given, box);
    if (move_onto(box, 4, width, height))
        warnings_add(warnings,
                     "box %s: passes the edge of the image of %zu x %zu pixels by less than a "
                     "pixel; %s is taken",
                     given, width, height, text_of(taken, box));
}

/* ---- Points ----------------------------------------------------------------------------- */

void point_fit(float point[2], size_t width, size_t height, Warnings *warnings) {
    float given[2] = {point[0], point[1]};
    if (!all_finite(point, 2)) return;
    if (are_fractions(point, 2))
        warnings_add(warnings, "point %g,%g: coordinates are pixels, not fractions of the image",
                     (double)given[0], (double)given[1]);
    if (move_onto(point, 2, width, height))
        warnings_add(warnings,
                     "point %g,%g: lies less than a pixel outside the image of %zu x %zu pixels; "
                     "%g,%g is taken",
                     (double)given[0], (double)given[1], width, height, (double)point[0],
                     (double)point[1]);
}

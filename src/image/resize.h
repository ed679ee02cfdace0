/* resize.h - pictures of bytes and planes of floats at another size, as the published codes do it.
 *
 * The models were trained on the pictures of particular libraries, whose resizes differ by grey
 * levels and whole pixels; each is reproduced here, to the byte where that library's arithmetic is
 * fixed.  A picture is [height, width, channels]; all sizes are at least 1. */
#ifndef IMAGE_RESIZE_H
#define IMAGE_RESIZE_H

#include <stdint.h>

#include "base/status.h"
#include "image/extent.h"
#include "image/taps.h"

typedef enum ResizeMethod {
    RESIZE_PILLOW_NEAREST,  /* the index is accumulated in double: off by one where it is a tie */
    RESIZE_PILLOW_BILINEAR, /* antialiased; horizontal pass first, 22-bit weights, bytes between */
    RESIZE_PILLOW_BICUBIC,  /* the same with a = -0.5; both as Pillow before version 13 */
    RESIZE_OPENCV_NEAREST,  /* floor(i in/out) */
    RESIZE_OPENCV_LINEAR,   /* two neighbours, 11-bit weights; halving takes the mean of four */
    RESIZE_OPENCV_AREA,     /* means of what a pixel covers; linear where the picture grows */
    RESIZE_SKIMAGE_CUBIC    /* scikit-image's, then truncated to bytes: MedSAM */
} ResizeMethod;

/* `out` holds to.height * to.width * channels bytes.  Errors: VOXPERT_OUT_OF_MEMORY,
 * VOXPERT_BAD_ARGUMENT (a size of 0, or one that overflows). */
MUST_CHECK Status resize_bytes(uint8_t *out, Extent to, const uint8_t *in, Extent from,
                               size_t channels, ResizeMethod method, Error *error);

/* `count` grids of floats, [count, depth, height, width] in memory, `row` floats from one row to
 * the next and `plane` from one depth to the next, so that a crop needs no copy. */
typedef struct FloatGrid {
    const float *at;
    size_t count, depth, height, width;
    size_t row, plane;
} FloatGrid;

FloatGrid float_grid_planes(const float *at, size_t count, Extent size); /* dense, depth 1 */
FloatGrid float_grid_crop(FloatGrid planes, Extent size);                /* its top left corner */

/* Each plane of `in` at size `to`: `out` is dense, [count, to.height, to.width].  In: depth 1. */
MUST_CHECK Status resize_planes(float *out, Extent to, FloatGrid in, TapRule rule, Error *error);

/* Each volume of `in` at size `to_zyx`: TAPS_LINEAR is PyTorch's "trilinear". */
MUST_CHECK Status resize_volumes(float *out, const size_t to_zyx[3], FloatGrid in, TapRule rule,
                                 Error *error);

#endif

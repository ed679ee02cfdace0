/* box.h - boxes and points as people and other tools give them, brought onto an image.
 *
 * Coordinates are pixels, x to the right, y down; pixel centres lie at whole numbers, and the
 * corners of a box are inclusive.  COCO's x + width and min(x1, width) name the edge behind the
 * last pixel instead, and rounding passes an edge by less than a pixel: either is cut, with a
 * warning. */
#ifndef IMAGE_BOX_H
#define IMAGE_BOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/warnings.h"

/* x0, y0, x1, y1.  Swapped corners are put in order; corners outside by less than a pixel (above
 * -1.5 and below width + 0.5) are moved to the first or last pixel.  A box of fewer than two pixels
 * from corner to corner stays as it is, with a warning that says what else may have been meant:
 * fractions of the image, or x, y, width and height.  Anything else outside, and what is not
 * finite, is left to the check of the prompt. */
void box_fit(float box[4], size_t width, size_t height, Warnings *warnings);

/* x, y: the same rules. */
void point_fit(float point[2], size_t width, size_t height, Warnings *warnings);

/* Whether all of the box lies in the image once x and y change places. */
bool box_fits_exchanged(const float box[4], size_t width, size_t height);

#endif

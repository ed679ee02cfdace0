/* annotate.h - what a person needs beside an overlay: size, the sides of the body, and a legend. */
#ifndef DRAW_ANNOTATE_H
#define DRAW_ANNOTATE_H

#include "image/picture.h"

/* Whole factor by which an image is enlarged so that its longer side has at least `least` pixels.
 */
size_t enlargement(size_t width, size_t height, size_t least);

/* The image enlarged, smooth between its pixels.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status picture_enlarge(Picture *p, size_t factor, Error *error);

/* Labels [height, width] enlarged as they are, into `out` [factor height, factor width]. */
void labels_enlarge(uint16_t *out, const uint16_t *labels, size_t width, size_t height,
                    size_t factor);

/* Letters "LRTB" at the left, right, top and bottom edge, white with a dark line around them. */
void sides_draw(const Picture *p, const char *sides);

/* A line for each label 1, 2, ... [count] below the image: its colour and words; NULL: no line.
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status legend_add(Picture *p, const char *const *line, size_t count, Error *error);

#endif

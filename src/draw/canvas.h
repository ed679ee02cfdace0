/* canvas.h - the few shapes that overlays and sheets are drawn with, smooth at their edges.
 *
 * Coordinates are pixels, x first; the centre of the top left pixel is (0, 0).  What lies outside
 * the canvas is left out. */
#ifndef DRAW_CANVAS_H
#define DRAW_CANVAS_H

#include <stdint.h>

#include "image/extent.h"

typedef struct Canvas {
    uint8_t *rgb; /* [height, width, 3], borrowed */
    Extent size;
} Canvas;

typedef struct Colour {
    uint8_t red, green, blue;
} Colour;

/* The rest of the colours of a picture: `share` 0 leaves the pixel, 1 replaces it. */
void canvas_mix(Canvas c, size_t pixel, Colour colour, double share);

void canvas_fill(Canvas c, Colour colour);
void canvas_disc(Canvas c, double x, double y, double radius, Colour colour, double share);
void canvas_line(Canvas c, double x0, double y0, double x1, double y1, double width, Colour colour,
                 double share);

/* The frame of a rectangle of whole pixels, both corners inside it, `width` pixels inwards. */
void canvas_frame(Canvas c, long x0, long y0, long x1, long y1, long width, Colour colour,
                  double share);

void canvas_picture(Canvas c, const uint8_t *rgb, Extent size, size_t x, size_t y); /* must fit */

#endif

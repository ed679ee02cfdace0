/* heat.h - how strong something is in each pixel of a picture, as a glow over it. */
#ifndef DRAW_HEAT_H
#define DRAW_HEAT_H

#include "draw/canvas.h"

/* From dark violet over red to pale yellow, of even steps in brightness: value 0 to 1. */
Colour heat_colour(double value);

/* Draws values [height, width] of 0 to 1 over the picture: 0 leaves a pixel as it is. */
void heat_draw(Canvas c, const float *values);

/* 0 to 1 from left to right, at (x, y). */
void heat_bar(Canvas c, size_t x, size_t y, Extent size);

#endif

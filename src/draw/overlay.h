/* overlay.h - what was asked and what was found, drawn over the picture.
 *
 * Regions get a translucent fill and a crisp contour inside their edge, with a darker line outside
 * it, so that both dark and bright pictures show it.  Colours are those of Okabe and Ito (2008),
 * which people with any common colour vision tell apart; marks of points also differ by shape. */
#ifndef DRAW_OVERLAY_H
#define DRAW_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "draw/canvas.h"

Colour overlay_colour(size_t object); /* object 0, 1, ... = label 1, 2, ... */

/* Width of contours and frames in pixels: 1 below 450 pixels of the shorter side, then growing. */
size_t overlay_line_width(Extent size);

/* `labels` [height, width]: 0 nothing, n = object n - 1.  `opacity` of the fill, 0 to 1. */
void overlay_labels(Canvas c, const uint16_t *labels, double opacity);

/* The outline of a mask [height, width] of 0 and not 0, inside its edge, with a dark line outside.
 */
void overlay_contour(Canvas c, const uint8_t *mask, Colour colour);

/* Inclusive pixel corners, the frame lies just outside; fractions are rounded to whole pixels. */
void overlay_box(Canvas c, const double box_xyxy[4], Colour colour);

/* A green disc with a plus, or a red one with a minus. */
void overlay_point(Canvas c, double x, double y, bool positive);

#endif

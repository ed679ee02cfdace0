/* baseline.h - what a user has without a model: the box, and the ellipse inscribed in it. */
#ifndef EVAL_BASELINE_H
#define EVAL_BASELINE_H

#include <stdint.h>

#include "image/extent.h"

/* `mask` [height, width] becomes 1 inside and 0 outside; the box has inclusive pixel corners.
 * Ellipse: ((x - cx) / rx)^2 + ((y - cy) / ry)^2 <= 1, cx = (x0 + x1) / 2, rx = (x1 - x0 + 1) / 2.
 */
void baseline_box(uint8_t *mask, Extent size, const double box_xyxy[4]);
void baseline_ellipse(uint8_t *mask, Extent size, const double box_xyxy[4]);

#endif

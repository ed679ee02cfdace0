/* outline.h - COCO annotations as masks. */
#ifndef DATA_OUTLINE_H
#define DATA_OUTLINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "image/extent.h"

/* Fills a closed polygon: a pixel is inside where its centre (x + 1/2, y + 1/2) is, by the even-odd
 * rule.  `xy` [2 * points]; `mask` [height, width] gets 1 and keeps what it has.
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status outline_fill(uint8_t *mask, Extent size, const double *xy, size_t points,
                               Error *error);

/* The segmentation of an annotation: polygons, all of them together (a single one may lack its
 * list, and points may be pairs [x, y]), or run lengths as text or counts.  `mask` is all 0 before.
 * VOXPERT_BAD_INPUT with what is wrong, VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status annotation_mask(uint8_t *mask, Extent size, json_t *annotation, Error *error);

/* How its segmentation, which can be read, is not as COCO writes it; NULL: it is. */
const char *annotation_oddity(json_t *annotation);

/* A number of a list, or a text that is nothing but one ("96", "72.0"): then *text becomes true.
 * False where it is neither, or not finite. */
bool annotation_number(double *out, json_t *value, bool *text);

/* Whether a number of its segmentation is a text. */
bool annotation_has_texts(json_t *annotation);

/* Whether its polygons reach more than a pixel beyond the picture; then the point farthest out. */
bool annotation_reaches_out(double point[2], Extent size, json_t *annotation);

#endif

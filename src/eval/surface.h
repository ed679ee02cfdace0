/* surface.h - how far the surfaces of two masks lie apart.
 *
 * A surface is a set of points with weights, each with its distance to the nearest point of the
 * other mask's surface, in mm.  There are two ways to make them, and they give different numbers
 * under the same names, so that a report names the one it took:
 *
 *   elements  corners between voxels, weighted by the area of surface there (surface_element.h);
 *             as DeepMind's surface-distance (Nikolov et al. 2018)
 *   borders   centres of the voxels that have a face neighbour outside the mask, or outside the
 *             image, each of weight 1; as MedPy and MONAI
 *
 * Both count what lies outside the image as outside of the mask.  A grid (z, y, x) with z = 1 is a
 * picture: its surface is a contour, its weights are lengths. */
#ifndef EVAL_SURFACE_H
#define EVAL_SURFACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct SurfacePoint {
    double distance; /* infinite where the other mask is empty */
    double weight;
} SurfacePoint;

typedef struct Surface {
    SurfacePoint *point; /* by distance, then by weight */
    size_t count;
    double weight; /* of all points */
} Surface;

typedef struct Surfaces {
    Surface truth, prediction;
} Surfaces;

/* Masks are [z, y, x], not 0 = inside.  Errors: VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status surfaces_of_elements(Surfaces *out, const uint8_t *truth,
                                       const uint8_t *prediction, const size_t size_zyx[3],
                                       const double spacing_zyx_mm[3], Error *error);
MUST_CHECK Status surfaces_of_borders(Surfaces *out, const uint8_t *truth,
                                      const uint8_t *prediction, const size_t size_zyx[3],
                                      const double spacing_zyx_mm[3], Error *error);
void surfaces_free(Surfaces *s); /* a zeroed one is fine */

/* ---- Measures ------------------------------------------------------------------------------ */

/* Mean distance of one surface (ASD), weighted; NaN where it is empty. */
double surface_mean(const Surface *s);

/* Two ways to the mean of both (ASSD): the mean of the two means, or that of all points. */
double surfaces_mean_of_two(const Surfaces *s);
double surfaces_mean_pooled(const Surfaces *s);

/* The share of one surface that lies within the tolerance of the other; NaN where it is empty. */
double surface_within(const Surface *s, double tolerance_mm);

/* The same of both surfaces together: normalised surface Dice (NSD). */
double surfaces_dice(const Surfaces *s, double tolerance_mm);

/* Three kinds of Hausdorff distance at a percentage; at 100 they agree, being the largest distance.
 *
 *   by weight  for each surface the distance within which lie so many percent of its weight; the
 *              larger of both.  Infinite where a mask is empty, and where both are.
 *   pooled     the percentile of the distances of both, interpolated, weights aside (MedPy, which
 *              refuses empty masks).  NaN where a mask is empty.
 *   of two     the percentile of the distances of each, interpolated, weights aside; the larger of
 *              both (MONAI).  Where a mask is empty, infinite at 100 and otherwise NaN, since it
 *              interpolates between infinities; NaN where both are. */
double surfaces_hausdorff(const Surfaces *s, double percent);
double surfaces_hausdorff_pooled(const Surfaces *s, double percent);
double surfaces_hausdorff_of_two(const Surfaces *s, double percent);

#endif

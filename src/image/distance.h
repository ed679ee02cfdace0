/* distance.h - exact Euclidean distance to the background.
 *
 * For each foreground voxel of a mask the squared distance between its centre and that of the
 * nearest background voxel (Felzenszwalb and Huttenlocher 2012: a lower envelope of parabolas along
 * one axis after the other); 0 on the background.  With spacing 1 the squares are exact integers.
 * Grids are (z, y, x); a picture has z = 1 and nothing outside along z. */
#ifndef IMAGE_DISTANCE_H
#define IMAGE_DISTANCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef enum DistanceEdge {
    DISTANCE_EDGE_OPEN,      /* what lies outside the grid is not known and not counted */
    DISTANCE_EDGE_BACKGROUND /* outside is background: a voxel at the edge has distance 1 */
} DistanceEdge;

/* `out` [z, y, x] squared, in units of spacing; INFINITY everywhere where there is no background.
 * `spacing_zyx` NULL means 1.  Errors: VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status distance_squared(double *out, const uint8_t *mask, const size_t size_zyx[3],
                                   const double *spacing_zyx, DistanceEdge edge, Error *error);

typedef struct DistancePeak {
    size_t index;   /* the lowest index that has it; the number of voxels where all is background */
    double squared; /* 0 where all is background */
} DistancePeak;

/* The voxel deepest inside: cheaper than the whole map, since only the bounds are looked at. */
MUST_CHECK Status distance_peak(DistancePeak *out, const uint8_t *mask, const size_t size_zyx[3],
                                const double *spacing_zyx, DistanceEdge edge, Error *error);

#endif

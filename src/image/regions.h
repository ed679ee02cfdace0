/* regions.h - connected pieces of binary masks, and the clean-up that is built on them.
 *
 * A mask is dense bytes, 0 = background, anything else = foreground.  A grid is given by its size
 * (z, y, x); a picture has z = 1. */
#ifndef IMAGE_REGIONS_H
#define IMAGE_REGIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "image/extent.h"

typedef enum Neighbours {
    NEIGHBOURS_FACES, /* 4 in a picture, 6 in a volume */
    NEIGHBOURS_EDGES, /* 18 in a volume, 8 in a picture */
    NEIGHBOURS_ALL    /* 8 in a picture, 26 in a volume */
} Neighbours;

typedef struct Region {
    size_t voxels;
    size_t first;           /* lowest index of its voxels */
    size_t low[3], high[3]; /* z, y, x, both inclusive */
} Region;

typedef struct Regions {
    uint32_t *label; /* one for each voxel: 0 background, i + 1 for region[i] */
    Region *region;  /* in the order of their first voxel */
    size_t count;
} Regions;

/* Errors: VOXPERT_OUT_OF_MEMORY; VOXPERT_BAD_ARGUMENT for more than 2^31 voxels. */
MUST_CHECK Status regions_find(Regions *out, const uint8_t *mask, const size_t size_zyx[3],
                               Neighbours neighbours, Error *error);
void regions_free(Regions *r); /* a zeroed one is fine */

/* Index of the largest region, the first of equal ones; r->count where there is none. */
size_t regions_largest(const Regions *r);

#endif

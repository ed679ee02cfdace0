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

/* The next four change `mask` in place; foreground that they add is 1. */

/* Keeps the largest region, the first of equal ones. */
MUST_CHECK Status mask_keep_largest(uint8_t *mask, const size_t size_zyx[3], Neighbours neighbours,
                                    Error *error);

/* Removes regions of fewer than `least` voxels. */
MUST_CHECK Status mask_remove_small(uint8_t *mask, const size_t size_zyx[3], Neighbours neighbours,
                                    size_t least, Error *error);

/* Fills background from which no path over faces leads to the border. */
MUST_CHECK Status mask_fill_holes(uint8_t *mask, const size_t size_zyx[3], Error *error);

/* What segment_anything's remove_small_regions does: over 8 neighbours, regions of fewer than
 * `least` pixels are filled (SMALL_HOLES: of the background, at the border too) or removed
 * (SMALL_ISLANDS: unless all are small; then the largest stays, the first of equal ones by OpenCV's
 * numbering).  `*changed` (NULL accepted) says whether there was a small one. */
typedef enum SmallRegions { SMALL_HOLES, SMALL_ISLANDS } SmallRegions;
MUST_CHECK Status mask_remove_small_regions(uint8_t *mask, Extent size, SmallRegions what,
                                            size_t least, bool *changed, Error *error);

/* Bounds of the foreground, inclusive; false where there is none. */
bool mask_bounds(const uint8_t *mask, const size_t size_zyx[3], size_t low[3], size_t high[3]);

size_t mask_count(const uint8_t *mask, size_t voxels); /* foreground voxels */

#endif

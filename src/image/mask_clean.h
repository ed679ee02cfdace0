/* mask_clean.h - clean-up of masks by their connected regions (regions.h). */
#ifndef IMAGE_MASK_CLEAN_H
#define IMAGE_MASK_CLEAN_H

#include "image/regions.h"

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

/* canonical.h - a volume with its axes in RAS+ order: i to the right, j to the front, k upwards.
 *
 * As nibabel's as_closest_canonical: axes are exchanged and flipped, voxels are never resampled. */
#ifndef TESTS_GOLDEN_CANONICAL_H
#define TESTS_GOLDEN_CANONICAL_H

#include "image/volume.h"

Volume *canonical_ras(const Volume *v); /* one frame and one channel; the caller frees */

#endif

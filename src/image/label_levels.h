/* label_levels.h - masks of two levels whose edges are ramps: smoothed, resampled, or through JPEG.
 *
 * The values of a label map are names, those of a ramp are amounts.  Told apart by where a value
 * lies: an instance is one compact thing of any value; each value of a ramp occurs in many places
 * along a contour, between a pixel of 0 and one of the upper level, and values go up and down to
 * them in small steps or within few pixels.  In 8000 drawn instance maps (grids, cells, stripes,
 * void borders) and 4000 drawn masks (supersampled, blurred, resized, rotated, JPEG) no instances
 * were taken as ramps and 1 % of the masks were missed. */
#ifndef IMAGE_LABEL_LEVELS_H
#define IMAGE_LABEL_LEVELS_H

#include "image/volume.h"

/* Of a label map whose values are whole numbers up to 65535, however they are stored: ramps become
 * 0 and the upper level, 255 or 65535, split at half of the range, with a warning.  Of lossless
 * files only where the largest value is the full scale, and both levels are commoner than any
 * between; what looks like ramps but has not that scale, or smoothed edges of three to 16 levels,
 * keeps its values, with a warning.  Values of a grey palette (grey_palette) are its greys; they
 * are split only where each index is its own grey.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status label_levels_find(Volume *v, Error *error);

#endif

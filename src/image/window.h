/* window.h - from voxel values to the grey levels of a picture.
 *
 * low and below is black, high and above is white; between them floor(255 (value - low) / (high -
 * low)), as the published preprocessing truncates it.  NaN is black. */
#ifndef IMAGE_WINDOW_H
#define IMAGE_WINDOW_H

#include "image/volume.h"

typedef struct Window {
    double low, high;   /* low < high, but for a constant image */
    size_t nonfinite;   /* voxels that are NaN or infinite; 0 for a window that was given */
    const char *remark; /* static: why the picture may be odd, or NULL */
} Window;

/* As radiologists give it: `width` around `level`.  VOXPERT_BAD_ARGUMENT: width not above 0, or not
 * finite. */
MUST_CHECK Status window_level(Window *out, double level, double width, Error *error);

/* The rule of MedSAM for images that are neither 8 bits nor CT: the 0.5th to the 99.5th percentile
 * of the finite voxels that are not 0 (numpy's linear interpolation), over the whole frame (from 0)
 * of the volume, every channel but opacity: frames may be of different kinds.  Where these two are
 * equal (masks, nearly empty images): smallest to largest finite value.  A constant image becomes
 * black.  VOXPERT_BAD_INPUT: no voxel is finite. */
MUST_CHECK Status window_default(Window *out, const Volume *v, size_t frame, Error *error);

void window_apply(uint8_t *out, const float *values, size_t count, const Window *window);

#endif

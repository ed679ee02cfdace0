/* resize_methods.h - the parts of resize.c.  All return false when out of memory. */
#ifndef IMAGE_RESIZE_METHODS_H
#define IMAGE_RESIZE_METHODS_H

#include <stdbool.h>
#include <stdint.h>

#include "image/extent.h"
#include "image/taps.h"

/* One picture to be resized; `out` and `in` are dense [height, width, channels]. */
typedef struct ResizeJob {
    uint8_t *out;
    Extent to;
    const uint8_t *in;
    Extent from;
    size_t channels;
} ResizeJob;

bool resize_pillow(const ResizeJob *job, TapRule rule);
bool resize_opencv_linear(const ResizeJob *job);
bool resize_opencv_linear_area(const ResizeJob *job); /* INTER_AREA of an image that grows */
bool resize_opencv_area(const ResizeJob *job);

/* scikit-image 0.26 resize(order=3, anti_aliasing=True, preserve_range=True), in double: Gaussian
 * blur with sigma = (in/out - 1)/2 along each axis that shrinks, cubic B-spline interpolation with
 * mirrored edges (which, with several channels, also runs along the channels), clipped to the
 * input's range over all channels.  `exact` is before it is cut to bytes; either output may be
 * NULL.
 */
bool resize_skimage_cubic(const ResizeJob *job, double *exact);

static inline uint8_t byte_clip(int value) {
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

#endif

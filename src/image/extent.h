/* extent.h - how large a picture is.  Pictures are dense and row-major: [height, width, channel].
 */
#ifndef IMAGE_EXTENT_H
#define IMAGE_EXTENT_H

#include <stddef.h>

typedef struct Extent {
    size_t height, width;
} Extent;

static inline size_t extent_pixels(Extent e) { return e.height * e.width; }

#endif

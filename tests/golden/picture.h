/* picture.h - PNG and JPEG files as RGB bytes, for tests of what works on plain arrays. */
#ifndef TESTS_GOLDEN_PICTURE_H
#define TESTS_GOLDEN_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "image/extent.h"

/* [height, width, 3], the caller frees; NULL: the file cannot be read. */
uint8_t *picture_read(const char *path, Extent *size);
uint16_t *picture_read_labels(const char *path, Extent *size); /* stored values of a grey PNG */

bool picture_write(const char *path, const uint8_t *rgb, Extent size); /* PNG */

#endif

/* format.h - what each image format gives to the table in volume_file.c, and what they share. */
#ifndef IMAGE_FORMATS_FORMAT_H
#define IMAGE_FORMATS_FORMAT_H

#include "image/volume.h"

/* A file to be read, whole in memory or mapped. */
typedef struct ImageSource {
    const char *name; /* for messages */
    const char *path; /* NULL where the bytes come from memory */
    const uint8_t *bytes;
    size_t size;
    VolumeReadOptions options; /* max_bytes is set */
} ImageSource;

typedef struct ImageFormat {
    const char *name;
    const char *const *extensions; /* ended by NULL; the first is the usual one */
    bool (*recognizes)(const uint8_t *bytes, size_t size);

    /* `v` comes zeroed but for its name, format and identity grid; the caller frees it on failure.
     */
    Status (*read)(Volume *v, const ImageSource *source, Error *error);
    Status (*write)(const Volume *v, Output to, Error *error); /* NULL: read only */
} ImageFormat;

extern const ImageFormat format_png, format_jpeg, format_tiff, format_bmp, format_nifti;

/* Samples for the sizes and type that `v` has by now, zeroed; VOXPERT_OUT_OF_MEMORY over
 * max_bytes, with `besides` bytes counted too. */
MUST_CHECK Status image_reserve(Volume *v, const ImageSource *source, size_t besides, Error *error);

/* "NAME: FORMAT ...": VOXPERT_BAD_INPUT. */
Status image_refuse(const ImageSource *source, Error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* More pixels than the bytes of the file can hold even at the best compression there is: found
 * before anything is allocated.  `most` bytes come out of one byte of the file at most. */
MUST_CHECK Status image_plausible(const ImageSource *source, const char *format, size_t width,
                                  size_t height, size_t row_bytes, size_t most, Error *error);

/* Grey of 1, 2 or 4 bits, most significant first, one byte a sample; `scale` to 0..255 or not. */
void image_unpack_bits(uint8_t *out, const uint8_t *in, size_t count, unsigned bits, bool scale);

/* Turns every plane of `v` as EXIF orientation 1..8 asks; other numbers change nothing. */
MUST_CHECK Status image_turn(Volume *v, int orientation, Error *error);

/* Tag 0x0112 of the first directory of a TIFF structure, as EXIF carries it; 0 where absent. */
int exif_orientation(const uint8_t *bytes, size_t size);

void bytes_swap(void *bytes, size_t count, size_t size); /* `count` samples of `size` bytes */

#endif

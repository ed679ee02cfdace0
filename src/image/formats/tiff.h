/* tiff.h - the parts of the TIFF format: tiff.c opens and reads pages, tiff_imagej.c reads what
 * ImageJ adds, tiff_page.c decodes a page, tiff_samples.c makes samples of what a page stores,
 * tiff_write.c writes. */
#ifndef IMAGE_FORMATS_TIFF_H
#define IMAGE_FORMATS_TIFF_H

#include <tiffio.h>

#include "image/formats/format.h"

typedef struct TiffFile {
    TIFF *tiff;
    const ImageSource *source;
    size_t at;           /* where libtiff reads */
    bool complained;     /* libtiff found an error */
    char complaint[256]; /* its first words */
    bool decoding;       /* what libtiff warns of is about pixels, not about tags */
    char remark[256];    /* its first warning about pixels */
} TiffFile;

/* What a directory says of its pixels; all checked. */
typedef struct TiffPage {
    uint32_t width, height;
    uint16_t samples, bits, format, photometric, planar, compression, orientation;
    uint32_t block_width, block_height;   /* of a tile, or of a strip */
    uint16_t chroma_width, chroma_height; /* pixels that share a colour; 1 but for plain YCbCr */
    bool tiled, alpha;
    bool unspecified; /* the last channel is an extra sample that the file does not explain */
    bool aside;       /* a reduced copy of another page, or its mask */
} TiffPage;

/* What a page stores may differ from its samples in `Volume`: packed bits, half floats, a palette,
 * CMYK, YCbCr. */
typedef struct TiffSamples {
    const TiffPage *page;
    const Volume *v;
    const uint16_t *red, *green, *blue; /* a palette to apply, or NULL */
    double luma[3], reference[6];       /* of YCbCr: TIFF 6.0, section 21 */
} TiffSamples;

/* The current directory of the file.  VOXPERT_BAD_INPUT where it cannot be read. */
MUST_CHECK Status tiff_page_describe(TiffPage *out, const TiffFile *file, Error *error);

/* Whether the current directory says that it is a reduced copy or a mask of another page. */
bool tiff_page_is_aside(TIFF *tiff);

/* Channels and type that the page's samples will have, as an image or as a label map. */
void tiff_page_layout(Volume *v, const TiffPage *page);

/* Decodes the current directory into `out`, of width * height * v->channels samples. */
MUST_CHECK Status tiff_page_read(void *out, TiffFile *file, const TiffPage *page, const Volume *v,
                                 Error *error);

/* Bits of the page's samples that do not fill bytes: 1 to 7, 9 to 15. */
bool tiff_bits_packed(const TiffPage *page);

/* Whether the page's pixels become RGB in images: CMYK or YCbCr. */
bool tiff_is_cmyk(const TiffPage *page);
bool tiff_is_ycbcr(const TiffPage *page);

/* Takes colour map and coefficients from the current directory.  VOXPERT_BAD_INPUT where the colour
 * map is missing. */
MUST_CHECK Status tiff_samples_open(TiffSamples *out, const TiffFile *file, const TiffPage *page,
                                    const Volume *v, Error *error);

/* `count` stored samples of one row, 1 to 15 bits each or half floats, as the volume's type; other
 * samples are returned as they are.  `scratch` holds `count` samples of 4 bytes. */
const uint8_t *tiff_row_unpack(const TiffSamples *s, uint8_t *scratch, const uint8_t *in,
                               size_t count);

/* `count` pixels that were unpacked, to pixels of the volume: all channels of a pixel side by side.
 */
void tiff_row_convert(const TiffSamples *s, uint8_t *out, const uint8_t *in, size_t count);

/* Bytes of `rows` rows of a block of plain YCbCr, and their pixels as RGB, rows `down` bytes apart.
 */
size_t tiff_ycbcr_size(const TiffPage *page, uint32_t width, uint32_t rows);
void tiff_ycbcr_convert(const TiffSamples *s, uint8_t *out, size_t down, const uint8_t *in,
                        uint32_t block_width, uint32_t width, uint32_t rows);

/* Whole numbers, white is zero: the largest becomes the smallest. */
void tiff_invert(void *samples, const TiffPage *page, const Volume *v);

/* What ImageJ writes into the description; 0 where it says nothing. */
typedef struct ImageJ {
    bool present;
    double spacing, frames, images, channels;
    double millimetres; /* in one of its units; 0 where unknown */
} ImageJ;

ImageJ imagej_read(TIFF *tiff);
void imagej_grid(Volume *v, TIFF *tiff, const ImageJ *j);
void imagej_frames(Volume *v, const ImageJ *j); /* slices into frames; warnings go to `v` */

/* ImageJ writes stacks of over 4 GB, and some programs all stacks, with one directory: the planes
 * follow each other.  Their number where the file holds them all, else 1. */
size_t imagej_planes(const TiffFile *file, const TiffPage *page, const ImageJ *j);

/* Plane `index`, from 1 on, as the volume's samples. */
void imagej_plane_read(void *out, const TiffFile *file, const TiffPage *page, const Volume *v,
                       size_t index);

Status tiff_write(const Volume *v, Output to, Error *error);

#endif

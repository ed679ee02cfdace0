/* tiff.h - the parts of the TIFF format: tiff.c opens and reads pages, tiff_page.c decodes one,
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
} TiffFile;

/* What a directory says of its pixels; all checked. */
typedef struct TiffPage {
    uint32_t width, height;
    uint16_t samples, bits, format, photometric, planar, compression, orientation;
    uint32_t block_width, block_height; /* of a tile, or of a strip */
    bool tiled, alpha;
} TiffPage;

/* The current directory of the file.  VOXPERT_BAD_INPUT where it cannot be read. */
MUST_CHECK Status tiff_page_describe(TiffPage *out, const TiffFile *file, Error *error);

/* Channels and type that the page's samples will have, as an image or as a label map. */
void tiff_page_layout(Volume *v, const TiffPage *page);

/* Decodes the current directory into `out`, of width * height * v->channels samples. */
MUST_CHECK Status tiff_page_read(void *out, TiffFile *file, const TiffPage *page, const Volume *v,
                                 Error *error);

Status tiff_write(const Volume *v, const char *path, Error *error);

#endif

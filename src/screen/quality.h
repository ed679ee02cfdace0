/* quality.h - is a picture with its mask fit to train on?  Five measures, each with a limit.
 *
 * SegMoTE's data set MedSeg-HQ was picked for clarity, contrast, entropy, the share of foreground
 * and the number of pieces, without published formulas; these are ours. */
#ifndef SCREEN_QUALITY_H
#define SCREEN_QUALITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "image/extent.h"

typedef struct PixelBox {
    size_t x0, y0, x1, y1; /* inclusive */
} PixelBox;

typedef struct Quality {
    /* Variance over all pixels of L = g(y-1,x) + g(y+1,x) + g(y,x-1) + g(y,x+1) - 4 g(y,x), the
     * picture mirrored at its border without repeating the edge; sums of L and of its squares. */
    double laplacian_variance;
    int64_t laplacian_sum, laplacian_squares;

    /* Inside `dilated`: deviation / mean of all grey values; and |F - B| / (F + B) of the means of
     * foreground and background.  Ignored pixels are in neither measure.  NaN where there is
     * nothing to divide. */
    double rms_contrast, michelson_contrast;

    double entropy_bits; /* of the histogram of 256 grey values */

    size_t foreground, pieces; /* pixels; pieces over 8 neighbours */
    double foreground_ratio;   /* of the pixels that are not ignored */
    double smallest_ratio;     /* the smallest piece, of the same; 0 where there is none */

    /* Around the foreground; grown on all sides by a tenth of the longer one, at least 1 pixel,
     * inside the picture.  Zeroed where there is none. */
    PixelBox box, dilated;
} Quality;

/* `mask` [height, width]: not 0 is foreground, all objects together; `ignored` (NULL: nothing) of
 * the same size: not 0 is neither foreground nor background, and 0 in `mask`.  Errors: those of
 * regions_find(). */
MUST_CHECK Status quality_measure(Quality *out, const uint8_t *grey, const uint8_t *mask,
                                  const uint8_t *ignored, Extent size, Error *error);

/* (19595 R + 38470 G + 7471 B + 32768) / 65536 in integers: grey stays as it is.  `rgb` is
 * [pixels, 3]. */
void grey_of_rgb(uint8_t *grey, const uint8_t *rgb, size_t pixels);

/* ---- Limits -------------------------------------------------------------------------------- */

typedef enum QualityFault {
    FAULT_LAPLACIAN, /* blurred */
    FAULT_CONTRAST,
    FAULT_ENTROPY,
    FAULT_RATIO,    /* too little foreground, or too much */
    FAULT_PIECES,   /* too many */
    FAULT_SMALLEST, /* a piece that is too small */
    QUALITY_FAULTS
} QualityFault;

typedef struct QualityLimits {
    double laplacian_variance, rms_contrast, entropy_bits, least_ratio, most_ratio, smallest_ratio;
    size_t pieces;
} QualityLimits;

/* For one object in each picture: a field of many cells needs another limit of pieces. */
QualityLimits quality_limits_default(void);

/* Bit 1 << f for each fault f. */
unsigned quality_faults(const Quality *q, const QualityLimits *limits);
const char *quality_fault_name(QualityFault f); /* "laplacian_variance", ... */

#endif

/* label_file.h - what label maps and masks look like in files of pictures, and what is made of it
 * when a file is read as a label map. */
#ifndef IMAGE_LABEL_FILE_H
#define IMAGE_LABEL_FILE_H

#include "image/volume.h"

/* How far a label may lie from a whole number and still be it: resampling and float32 arithmetic
 * leave such remains. */
#define LABEL_DRIFT 1e-3

/* Completes a volume that was read as a label map, with a warning for each thing that it did:
 *
 * - a mask that only the opacity shows (all colours equal) becomes a map of the opacity;
 * - floating-point values within LABEL_DRIFT of a whole number become it;
 * - masks of two levels with ramps between them are split (label_levels.h).
 *
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status label_file_complete(Volume *v, Error *error);

/* `rgb` [colours][3] is the palette of a label map: keeps it where all its colours are grey, and
 * warns where a label other than 0 is drawn in the colour of a background, which covers most of the
 * border: (nearly) black where entry 0 is not, or white where entry 0 is a colour. */
void label_file_check_palette(Volume *v, const uint8_t *rgb, size_t colours);

/* Whether values other than 0 cover more than half of the border of a picture of 1-byte samples or
 * larger, without scale. */
bool label_file_border_covered(const Volume *v);

#endif

/* slices.h - from a picture, or the slices of a volume, with its label map to cases. */
#ifndef CASES_SLICES_H
#define CASES_SLICES_H

#include "cases/dataset.h"
#include "image/volume.h"

/* Adds what `set` asks for of one image and its labels (of the same size): a flat one whole; of a
 * volume `slices` slices across each of its axes (all where there are fewer), evenly spaced, those
 * that show an object.  Pixels are those of volume_slice(), through the set's window or one default
 * for the whole volume.  `name` is the case's, `part` its own.  Errors: VOXPERT_BAD_INPUT (a volume
 * where no slices are asked for, channels that are no picture), VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status dataset_add_layers(Dataset *d, int set, const Volume *image,
                                     const LabelLayers *layers, const char *name, SplitPart part,
                                     Error *error);

#endif

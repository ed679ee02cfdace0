/* everything.h - masks for all that is in a picture: the published automatic mask generator
 * (segment_anything, automatic_mask_generator.py; docs/spec/sam.md, 11). */
#ifndef PREDICT_EVERYTHING_H
#define PREDICT_EVERYTHING_H

#include "predict/everything_options.h"
#include "predict/found_masks.h"
#include "predict/predictor.h"

/* Called with the share of points done; true stops the work (VOXPERT_INTERRUPTED). */
typedef bool EverythingProgress(void *context, size_t done, size_t total);

/* `out` is overwritten, and empty on failure.  Errors: VOXPERT_BAD_ARGUMENT (no picture, an option
 * out of range), VOXPERT_INTERRUPTED, VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status everything_find(Predictor *p, const EverythingOptions *options, FoundMasks *out,
                                  EverythingProgress *progress, void *context, Error *error);

#endif

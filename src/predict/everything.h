/* everything.h - masks for all that is in a picture: the published automatic mask generator
 * (segment_anything, automatic_mask_generator.py; details in models.md, correction 7 of A). */
#ifndef PREDICT_EVERYTHING_H
#define PREDICT_EVERYTHING_H

#include "predict/found_masks.h"
#include "predict/predictor.h"

typedef struct EverythingOptions {
    int points_per_side;
    int points_per_batch; /* decoded at once: memory, and how often progress is told */
    float pred_iou_thresh, stability_score_thresh, stability_score_offset;
    float box_nms_thresh, crop_nms_thresh;
    int crop_n_layers, crop_n_points_downscale;
    double crop_overlap_ratio;
    size_t min_mask_region_area; /* pixels; 0: no clean-up */
    float mask_threshold;
} EverythingOptions;

EverythingOptions everything_defaults(void);

/* Called with the share of points done; true stops the work (VOXPERT_INTERRUPTED). */
typedef bool EverythingProgress(void *context, size_t done, size_t total);

/* `out` is overwritten, and empty on failure.  Errors: VOXPERT_BAD_ARGUMENT (no picture, an option
 * out of range), VOXPERT_INTERRUPTED, VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status everything_find(Predictor *p, const EverythingOptions *options, FoundMasks *out,
                                  EverythingProgress *progress, void *context, Error *error);

#endif

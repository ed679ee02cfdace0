/* everything_options.h - how everything in a picture is looked for. */
#ifndef PREDICT_EVERYTHING_OPTIONS_H
#define PREDICT_EVERYTHING_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct EverythingOptions {
    int points_per_side;  /* of each crop */
    bool single_mask;     /* mask 0 of each point, not the ambiguous masks 1.. */
    int points_per_batch; /* decoded at once: memory, and how often progress is reported */
    float pred_iou_thresh, stability_score_thresh, stability_score_offset;
    float box_nms_thresh, crop_nms_thresh;
    int crop_n_layers, crop_n_points_downscale;
    double crop_overlap_ratio;
    int crop_side; /* pixels: square crops of this side, of twice it and so on, where a mask that
                      touches its crop's edge is dropped and of several the best wins by predicted
                      iou times stability; 0: the published layers, which divide the picture's sides
                      by 2, 4, ..., drop within 20 pixels and let the smallest crop win */
    size_t min_mask_region_area; /* pixels; 0: no clean-up */
    float mask_threshold;
} EverythingOptions;

#endif

#include "predict/preset.h"

#include <stddef.h>
#include <string.h>

EverythingOptions everything_defaults(void) {
    return (EverythingOptions){
        .points_per_side = 32,
        .points_per_batch = 16,
        .pred_iou_thresh = 0.88f,
        .stability_score_thresh = 0.95f,
        .stability_score_offset = 1.0f,
        .box_nms_thresh = 0.7f,
        .crop_nms_thresh = 0.7f,
        .crop_n_points_downscale = 1,
        .crop_overlap_ratio = 512.0 / 1500.0,
    };
}

/* The model learned from crops around its objects, so it finds small ones only in small crops; its
 * scores are lower and its edges softer than those of the published models. */
static const EverythingOptions voxpert_everything = {
    .points_per_side = 6,
    .single_mask = true,
    .points_per_batch = 16,
    .pred_iou_thresh = 0.4f,
    .stability_score_thresh = 0.55f,
    .stability_score_offset = 1.0f,
    .box_nms_thresh = 0.3f,
    .crop_nms_thresh = 0.3f,
    .crop_n_points_downscale = 1,
    .crop_overlap_ratio = 512.0 / 1500.0,
    .crop_side = 48,
};

static const Preset presets[] = {
    {.name = "sam",
     .summary = "Segment Anything and MobileSAM: longest side to the model's size",
     .resize = RESIZE_LONGEST_SIDE},
    {.name = "sam-med2d",
     .summary = "SAM-Med2D's predictor: nearest to a square, best of three masks",
     .resize = RESIZE_SQUARE_NEAREST,
     .best_of_all = true,
     .mask_probability = true},
    {.name = "sam-med2d-test",
     .summary = "SAM-Med2D's test script: blue first, small images padded at the centre",
     .resize = RESIZE_PAD_OR_SQUARE,
     .blue_first = true,
     .best_of_all = true,
     .mask_probability = true},
    {.name = "medsam",
     .summary = "MedSAM: cubic to a square, 0 to 1, box prompts",
     .resize = RESIZE_SQUARE_CUBIC,
     .min_max = true,
     .direct = true},
    {.name = "litemedsam",
     .summary = "LiteMedSAM: longest side by area means, 0 to 1, box prompts alone",
     .resize = RESIZE_LONGEST_SIDE_AREA,
     .boxes_alone = true,
     .min_max = true},
    {.name = "imis",
     .summary = "IMIS-Net and SegMoTE as released: nearest to a square",
     .resize = RESIZE_SQUARE_PILLOW},
    {.name = "voxpert",
     .summary = "our own models: as sam, with a zoom on the prompt",
     .resize = RESIZE_LONGEST_SIDE,
     .zoom = 2.0,
     .mirror = true,
     .everything = &voxpert_everything},
};

const Preset *preset_at(int index) {
    return index >= 0 && (size_t)index < sizeof presets / sizeof *presets ? &presets[index] : NULL;
}

const Preset *preset_find(const char *name) {
    for (int i = 0; preset_at(i); i++) {
        if (strcmp(preset_at(i)->name, name) == 0) return preset_at(i);
    }
    return NULL;
}

EverythingOptions preset_everything(const Preset *preset) {
    return preset->everything ? *preset->everything : everything_defaults();
}

#include "tests/golden/kinds.h"

#include <stddef.h>

const GoldenKind golden_kinds[] = {
    {"sam.encoder", golden_sam_forward},
    {"sam.prompt_decoder", golden_sam_forward},
    {"sam.dense_pe", golden_sam_forward},
    {"sam.whole", golden_sam_forward},
    {"sam.full", golden_sam_forward},
    {"sam.gradient", golden_sam_gradient},
    {"sam-med2d.whole", golden_sam_forward},
    {"sam-med2d.full", golden_sam_forward},
    {"sam-med2d.forward", golden_sam_choosing},
    {"sam-med2d.gradient", golden_sam_gradient},
    {"mobile-sam.full", golden_sam_forward},
    {"sam.predictor", golden_sam_predictor},
    {"sam-med2d.predictor", golden_sam_med2d_predictor},
    {"medsam.predictor", golden_medsam_predictor},
    {"sam.automask", golden_sam_automask},
    {"segmote.forward", golden_segmote_forward},
    {"segmote.training", golden_segmote_training},
    {"segmote.round", golden_segmote_training},
    {"segmote-paper.forward", golden_segmote_forward},
    {"segmote-paper.training", golden_segmote_training},
    {"timm-samvit.encoder", golden_timm_encoder},
    {"tinyvit.unit", golden_tiny_vit_unit},
    {"resample", golden_resample},
    {NULL, NULL},
};

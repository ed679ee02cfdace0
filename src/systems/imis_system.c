/* IMIS-Net as a row of the list of systems. */
#include "systems/system_prompt.h"
#include "systems/systems.h"

static Status declare(System *s, const Checkpoint *c, Error *error) {
    ImisConfig config;
    Status status = imis_config_infer(&config, c, &s->sam.config, error);
    if (status) return status;
    s->ops = &imis_system;
    imis_declare(&s->imis, &s->sam.params, &s->sam, &config);
    return VOXPERT_OK;
}

static SystemOutput decode(Compute *cx, const System *s, const SystemImage *image,
                           const Prompts *prompts, const DecodeOptions *options) {
    PromptTokens tokens = system_prompt_tokens(cx, s, prompts, options);
    Tensor *text = system_prompt_text(cx, s, options);
    MaskOutput found = imis_decode_tokens(cx, &s->imis, &s->sam, image->embedding, &tokens, text,
                                          options->multimask);
    return (SystemOutput){.masks = found.masks, .iou = found.iou};
}

static MaskOutput decode_image(Compute *cx, const System *s, const DecoderImage *image,
                               const Prompts *prompts, Tensor *text, bool multimask) {
    return imis_decode_image(cx, &s->imis, &s->sam, image, prompts, text, multimask);
}

const SystemOps imis_system = {
    .name = "imis-net",
    .base_only = "IMIS-Net",
    .incomplete = true,
    .best_of_all = true,
    .recognizes = imis_config_is_there,
    .declare = declare,
    .decode = decode,
    .decode_image = decode_image,
};

/* A SAM by itself, as a row of the list of systems: any checkpoint is one until more is found in
 * it. */
#include "systems/system_prompt.h"
#include "systems/systems.h"

static bool recognizes(const Checkpoint *c) {
    (void)c;
    return true;
}

static Status declare(System *s, const Checkpoint *c, Error *error) {
    SamConfig config;
    Status status = sam_config_infer(&config, c, error);
    if (!status) system_declare_sam(s, &config);
    return status;
}

void system_declare_sam(System *s, const SamConfig *config) {
    s->ops = &sam_system;
    sam_declare(&s->sam, config);
}

static SystemOutput decode(Compute *cx, const System *s, const SystemImage *image,
                           const Prompts *prompts, const DecodeOptions *options) {
    PromptTokens tokens = system_prompt_tokens(cx, s, prompts, options);
    MaskOutput found = mask_decoder_forward(cx, &s->sam.decoder, image->embedding,
                                            prompt_encoder_positions(cx, &s->sam.prompt), &tokens,
                                            options->multimask);
    return (SystemOutput){.masks = found.masks, .iou = found.iou};
}

static MaskOutput decode_image(Compute *cx, const System *s, const DecoderImage *image,
                               const Prompts *prompts, Tensor *text, bool multimask) {
    (void)text;
    return sam_decode_image(cx, &s->sam, image, prompts, multimask);
}

const SystemOps sam_system = {
    .name = "sam",
    .ambiguous = true,
    .mirrors = true,
    .recognizes = recognizes,
    .declare = declare,
    .decode = decode,
    .decode_image = decode_image,
};

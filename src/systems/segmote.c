#include "systems/segmote.h"

const char *const segmote_trained[] = {
    "mask_decoder.expert_tokens.*",
    "mask_decoder.transformer.layers.*.w_gate_token",
    "mask_decoder.transformer.layers.*.w_noise_token",
    "mask_decoder.transformer.layers.*.experts_token.*",
    "mask_decoder.transformer.layers.*.norm_token.*",
    "mask_decoder.expert_output_mlps.*",
    "mask_decoder.img_prompt_pool.*",
    NULL,
};

ExpertDecoderConfig segmote_experts(const SamConfig *sam) {
    int dim = sam->decoder.transformer.dim;
    return (ExpertDecoderConfig){
        .experts = {.dim = dim, .tokens = 4, .experts = 4, .kept = 1, .rank = 64},
        .pool = {.dim = dim, .heads = 8, .tokens = 2, .hidden = 4 * dim}};
}

void segmote_declare(Segmote *s, const SegmoteConfig *c) {
    sam_declare(&s->sam, &c->sam);
    Params *p = &s->sam.params;
    size_t outer = params_enter(p, "mask_decoder");
    expert_decoder_declare(&s->experts, p, &s->sam.decoder, &c->experts);
    params_leave(p, outer);
}

void segmote_free(Segmote *s) { sam_free(&s->sam); }

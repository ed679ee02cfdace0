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
    s->feature_block = c->feature_block;
    if (c->text) linear_declare(&s->text_out, p, "text_out_dim", c->text, c->experts.experts.dim);
}

SegmoteImage segmote_encode(Compute *cx, const Segmote *s, Tensor *image) {
    SegmoteImage out = {0};
    if (expert_decoder_published(&s->experts))
        out.embedding =
            image_encoder_features(cx, &s->sam.vit, image, s->feature_block, &out.block);
    else
        out.embedding = sam_encode(cx, &s->sam, image);
    return out;
}

void segmote_free(Segmote *s) { sam_free(&s->sam); }

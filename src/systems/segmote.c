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

void segmote_declare(Segmote *s, Params *p, const Sam *sam, const SegmoteConfig *c) {
    *s = (Segmote){.config = *c};
    size_t outer = params_enter(p, "mask_decoder");
    expert_decoder_declare(&s->experts, p, &sam->decoder, &c->experts);
    params_leave(p, outer);
    if (c->text) linear_declare(&s->text_out, p, "text_out_dim", c->text, c->experts.experts.dim);
}

SegmoteImage segmote_encode(Compute *cx, const Segmote *s, const Sam *sam, Tensor *image) {
    SegmoteImage out = {0};
    if (!expert_decoder_published(&s->experts)) {
        out.embedding = sam_encode(cx, sam, image);
        return out;
    }
    out.embedding =
        image_encoder_features(cx, &sam->vit, image, s->config.feature_block, &out.block);
    compute_observe(cx, out.embedding, "embedding");
    compute_observe(cx, out.block, "block_feature");
    return out;
}

Tensor *segmote_features(Compute *cx, const Segmote *s, const SegmoteImage *image) {
    if (!expert_decoder_published(&s->experts)) return NULL;
    return expert_features_forward(cx, &s->experts.features, image->embedding, image->block);
}

#include "systems/segmote.h"

#define EXPERTS                                                                                    \
    "mask_decoder.expert_tokens.*", "mask_decoder.transformer.layers.*.w_gate_token",              \
        "mask_decoder.transformer.layers.*.w_noise_token",                                         \
        "mask_decoder.transformer.layers.*.experts_token.*", "mask_decoder.expert_output_mlps.*",  \
        "mask_decoder.img_prompt_pool.*"

static const char *const paper_trained[] = {EXPERTS,
                                            "mask_decoder.transformer.layers.*.norm_token.*", NULL};

/* The encoder's Fourier matrix, a buffer, stays the base's. */
static const char *const published_trained[] = {EXPERTS,
                                                "mask_decoder.transformer.layers.*.dte_token.*",
                                                "mask_decoder.transformer.layers.*.dteall_token.*",
                                                "mask_decoder.transformer.layers.*.proj_token.*",
                                                "mask_decoder.compress_vit_feat.*",
                                                "mask_decoder.expert_embedding_encoder.*",
                                                "mask_decoder.expert_feature_fusion.*",
                                                "prompt_encoder.point_embeddings.*",
                                                "prompt_encoder.not_a_point_embed.*",
                                                "prompt_encoder.no_mask_embed.*",
                                                "prompt_encoder.mask_downscaling.*",
                                                "text_out_dim.*",
                                                NULL};

const char *const *segmote_trained(const Segmote *s) {
    return expert_decoder_published(&s->experts) ? published_trained : paper_trained;
}

void segmote_declare(Segmote *s, Params *p, const Sam *sam, const Imis *imis,
                     const SegmoteConfig *c) {
    *s = (Segmote){.config = *c};
    bool published = c->semantic_tokens > 0;
    size_t outer = params_enter(p, "mask_decoder");
    expert_decoder_declare(&s->experts, p, &sam->decoder, published ? &imis->decoder : NULL,
                           &c->experts);
    params_leave(p, outer);
}

Tensor *segmote_features(Compute *cx, const Segmote *s, Tensor *embedding, Tensor *block) {
    if (!expert_decoder_published(&s->experts)) return NULL;
    return expert_features_forward(cx, &s->experts.features, embedding, block);
}

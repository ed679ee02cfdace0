#include "moe/expert_features.h"

static void upscaling_declare(Upscaling *u, Params *p, const char *name, int in, int middle,
                              int out) {
    size_t outer = params_enter(p, "%s", name);
    transposed_declare(&u->first, p, "0", in, middle, 2, 2, 0, true);
    layer_norm_declare(&u->norm, p, "1", middle, 1e-6f);
    transposed_declare(&u->second, p, "3", middle, out, 2, 2, 0, true);
    params_leave(p, outer);
}

static Tensor *upscaling_forward(Compute *cx, const Upscaling *u, Tensor *x) {
    x = layer_norm_forward(cx, &u->norm, convolution_forward(cx, &u->first, x));
    return convolution_forward(cx, &u->second, op_activation(cx, x, ACTIVATION_GELU));
}

void expert_features_declare(ExpertFeatures *f, Params *p, int feature, int dim) {
    int narrow = dim / 8, wide = dim / 4;
    upscaling_declare(&f->block, p, "compress_vit_feat", feature, dim, narrow);
    upscaling_declare(&f->embedding, p, "expert_embedding_encoder", dim, wide, narrow);
    size_t outer = params_enter(p, "expert_feature_fusion");
    convolution_declare(&f->fusion1, p, "0", narrow, wide, 3, 1, 1, true);
    layer_norm_declare(&f->fusion_norm, p, "1", wide, 1e-6f);
    convolution_declare(&f->fusion2, p, "3", wide, narrow, 3, 1, 1, true);
    params_leave(p, outer);
}

Tensor *expert_features_forward(Compute *cx, const ExpertFeatures *f, Tensor *embedding,
                                Tensor *block) {
    Tensor *fine = upscaling_forward(cx, &f->embedding, embedding);
    compute_observe(cx, fine, "expert_embedding_encoder");
    Tensor *early = upscaling_forward(cx, &f->block, block);
    compute_observe(cx, early, "compress_vit_feat");
    Tensor *sum = op_add(cx, fine, early);
    compute_observe(cx, sum, "F_img");
    return sum;
}

Tensor *expert_features_fuse(Compute *cx, const ExpertFeatures *f, Tensor *upscaled,
                             Tensor *features) {
    Tensor *x =
        layer_norm_forward(cx, &f->fusion_norm, convolution_forward(cx, &f->fusion1, upscaled));
    x = convolution_forward(cx, &f->fusion2, op_activation(cx, x, ACTIVATION_GELU));
    compute_observe(cx, x, "fusion");
    return op_add(cx, x, features);
}

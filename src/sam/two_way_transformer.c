/* two_way_transformer.c - SAM's decoder body.
 *
 * Positions are added to what is compared (q and k), never to what is carried (v).  The tokens'
 * positions are the tokens as they came in.  The first layer's self-attention has neither
 * positions nor a residual. */
#include "sam/two_way_transformer.h"

static void attention_declare(DecoderAttention *a, Params *p, const char *name, int dim, int inner,
                              int heads) {
    size_t outer = params_enter(p, "%s", name);
    linear_declare(&a->q, p, "q_proj", dim, inner);
    linear_declare(&a->k, p, "k_proj", dim, inner);
    linear_declare(&a->v, p, "v_proj", dim, inner);
    linear_declare(&a->out, p, "out_proj", inner, dim);
    a->heads = heads;
    params_leave(p, outer);
}

static void layer_declare(TwoWayLayer *l, Params *p, const TwoWayConfig *c, int index) {
    float eps = c->eps > 0.0f ? c->eps : 1e-5f;
    size_t outer = params_enter(p, "layers.%d", index);
    attention_declare(&l->self, p, "self_attn", c->dim, c->dim, c->heads);
    layer_norm_declare(&l->norm1, p, "norm1", c->dim, eps);
    attention_declare(&l->token_to_image, p, "cross_attn_token_to_image", c->dim, c->dim / 2,
                      c->heads);
    layer_norm_declare(&l->norm2, p, "norm2", c->dim, eps);
    mlp_declare(&l->mlp, p, "mlp.lin1", "mlp.lin2", c->dim, c->hidden, ACTIVATION_RELU);
    layer_norm_declare(&l->norm3, p, "norm3", c->dim, eps);
    layer_norm_declare(&l->norm4, p, "norm4", c->dim, eps);
    attention_declare(&l->image_to_token, p, "cross_attn_image_to_token", c->dim, c->dim / 2,
                      c->heads);
    params_leave(p, outer);
}

void two_way_declare(TwoWayTransformer *t, Params *p, const TwoWayConfig *c) {
    *t = (TwoWayTransformer){.config = *c};
    for (int i = 0; i < c->depth; i++) layer_declare(&t->layer[i], p, c, i);
    attention_declare(&t->final, p, "final_attn_token_to_image", c->dim, c->dim / 2, c->heads);
    layer_norm_declare(&t->norm_final, p, "norm_final_attn", c->dim, 1e-5f);
}

/* ---- Forward ---------------------------------------------------------------------------- */

static Tensor *attend_projected(Compute *cx, const DecoderAttention *a, Tensor *q, Tensor *k,
                                Tensor *v, Tensor *residual) {
    return linear_fused(cx, &a->out, op_attention(cx, q, k, v, a->heads), ACTIVATION_NONE,
                        residual);
}

static Tensor *attend(Compute *cx, const DecoderAttention *a, Tensor *q, Tensor *k, Tensor *v,
                      Tensor *residual) {
    q = linear_forward(cx, &a->q, q);
    k = linear_forward(cx, &a->k, k);
    v = linear_forward(cx, &a->v, v);
    return attend_projected(cx, a, q, k, v, residual);
}

static TwoWayImage image_of(Compute *cx, const TwoWayLayer *l, Tensor *keys, Tensor *positions) {
    Tensor *placed = op_add(cx, keys, positions);
    return (TwoWayImage){
        .keys = keys,
        .k = linear_forward(cx, &l->token_to_image.k, placed),
        .v = linear_forward(cx, &l->token_to_image.v, keys),
        .q = linear_forward(cx, &l->image_to_token.q, placed),
    };
}

Tensor *two_way_mlp(Compute *cx, const TwoWayLayer *l, Tensor *x) {
    return layer_norm_forward(cx, &l->norm3, mlp_forward(cx, &l->mlp, x, x));
}

static TwoWay layer_forward(Compute *cx, const TwoWayLayer *l, Tensor *queries,
                            const TwoWayImage *image, Tensor *tokens, int index,
                            const TwoWayMiddle *middle) {
    if (index == 0) {
        queries = attend(cx, &l->self, queries, queries, queries, NULL);
    } else {
        Tensor *q = op_add(cx, queries, tokens);
        queries = attend(cx, &l->self, q, q, queries, queries);
    }
    queries = layer_norm_forward(cx, &l->norm1, queries);
    compute_observe(cx, queries, "twoway.layer%d.after_norm1", index);

    Tensor *q = linear_forward(cx, &l->token_to_image.q, op_add(cx, queries, tokens));
    compute_observe(cx, q, "twoway.layer%d.image_q", index);
    compute_observe(cx, image->k, "twoway.layer%d.image_k", index);
    queries = attend_projected(cx, &l->token_to_image, q, image->k, image->v, queries);
    queries = layer_norm_forward(cx, &l->norm2, queries);
    compute_observe(cx, queries, "twoway.layer%d.after_norm2", index);

    queries = middle ? middle->forward(cx, l, index, queries, middle->context)
                     : two_way_mlp(cx, l, queries);
    compute_observe(cx, queries, "twoway.layer%d.after_norm3", index);

    Tensor *k = linear_forward(cx, &l->image_to_token.k, op_add(cx, queries, tokens));
    Tensor *v = linear_forward(cx, &l->image_to_token.v, queries);
    Tensor *keys = attend_projected(cx, &l->image_to_token, image->q, k, v, image->keys);
    keys = layer_norm_forward(cx, &l->norm4, keys);
    compute_observe(cx, keys, "twoway.layer%d.after_norm4", index);
    compute_observe(cx, queries, "twoway.layer%d.queries", index);
    compute_observe(cx, keys, "twoway.layer%d.keys", index);
    return (TwoWay){queries, keys};
}

TwoWayImage two_way_image(Compute *cx, const TwoWayTransformer *t, Tensor *image,
                          Tensor *positions) {
    return image_of(cx, &t->layer[0], image, positions);
}

TwoWay two_way_forward(Compute *cx, const TwoWayTransformer *t, Tensor *tokens,
                       const TwoWayImage *image, Tensor *positions, const TwoWayMiddle *middle) {
    TwoWay x = layer_forward(cx, &t->layer[0], tokens, image, tokens, 0, middle);
    for (int i = 1; i < t->config.depth; i++) {
        TwoWayImage next = image_of(cx, &t->layer[i], x.keys, positions);
        x = layer_forward(cx, &t->layer[i], x.queries, &next, tokens, i, middle);
    }
    Tensor *q = op_add(cx, x.queries, tokens), *k = op_add(cx, x.keys, positions);
    x.queries = attend(cx, &t->final, q, k, x.keys, x.queries);
    x.queries = layer_norm_forward(cx, &t->norm_final, x.queries);
    compute_observe(cx, x.queries, "twoway.queries");
    return x;
}

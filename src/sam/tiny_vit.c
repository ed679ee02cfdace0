/* tiny_vit.c - the encoder of MobileSAM and LiteMedSAM.
 *
 *     bottleneck:  gelu(x + conv3(gelu(conv2(gelu(conv1 x)))));  a merge has neither sum nor last
 *                  gelu, and a stride in conv2
 *     block:       x = local(x + attention(norm x));  x += mlp(mlp_norm x)
 *
 * local is a depthwise convolution, and it replaces the stream: there is no sum around it. */
#include "sam/tiny_vit.h"

/* ---- Stem ------------------------------------------------------------------------------- */

void tiny_vit_stem_declare(TinyVitStem *s, Params *p, const TinyVitConfig *c) {
    int kernel = c->pointwise_stem ? 1 : 3, stride = c->pointwise_stem ? 1 : 2;
    conv_norm_declare(&s->conv1, p, "seq.0", c->channels, c->stem, kernel, stride);
    conv_norm_declare(&s->conv2, p, "seq.2", c->stem, c->stage[0].dim, kernel, stride);
}

void tiny_vit_stem_prepare(TinyVitStem *s, Params *p) {
    conv_norm_fold(&s->conv1, p);
    conv_norm_fold(&s->conv2, p);
}

Tensor *tiny_vit_stem_forward(Compute *cx, const TinyVitStem *s, Tensor *image) {
    Scope scope = scope_begin(cx);
    Tensor *x = conv_norm_forward(cx, &s->conv1, image, ACTIVATION_NONE, NULL);
    compute_observe(cx, x, "stem0");
    x = op_activation(cx, x, ACTIVATION_GELU);
    x = conv_norm_forward(cx, &s->conv2, x, ACTIVATION_NONE, NULL);
    compute_observe(cx, x, "stem");
    return scope_return(cx, scope, x);
}

/* ---- Bottlenecks ------------------------------------------------------------------------ */

void bottleneck_declare(Bottleneck *m, Params *p, int in, int hidden, int out, int stride) {
    conv_norm_declare(&m->conv1, p, "conv1", in, hidden, 1, 1);
    conv_norm_declare_depthwise(&m->conv2, p, "conv2", hidden, stride);
    conv_norm_declare(&m->conv3, p, "conv3", hidden, out, 1, 1);
}

void bottleneck_prepare(Bottleneck *m, Params *p) {
    conv_norm_fold(&m->conv1, p);
    conv_norm_fold(&m->conv2, p);
    conv_norm_fold(&m->conv3, p);
}

static Tensor *widen(Compute *cx, const Bottleneck *m, Tensor *x) {
    x = conv_norm_forward(cx, &m->conv1, x, ACTIVATION_GELU, NULL);
    return conv_norm_forward(cx, &m->conv2, x, ACTIVATION_GELU, NULL);
}

Tensor *bottleneck_forward(Compute *cx, const Bottleneck *m, Tensor *x) {
    Scope s = scope_begin(cx);
    Tensor *y = conv_norm_forward(cx, &m->conv3, widen(cx, m, x), ACTIVATION_NONE, x);
    return scope_end(cx, s, x, op_activation(cx, y, ACTIVATION_GELU));
}

Tensor *bottleneck_merge_forward(Compute *cx, const Bottleneck *m, Tensor *x) {
    return conv_norm_forward(cx, &m->conv3, widen(cx, m, x), ACTIVATION_NONE, NULL);
}

/* ---- Blocks with attention -------------------------------------------------------------- */

void tiny_vit_block_declare(TinyVitBlock *b, Params *p, const TinyVitStageConfig *c) {
    *b = (TinyVitBlock){0};
    size_t outer = params_enter(p, "attn");
    b->biases = params_declare(p, "attention_biases", LAYOUT_PLAIN, 2,
                               (int[]){c->heads, c->window * c->window}, INITIAL_ZERO, 0);
    layer_norm_declare(&b->norm, p, "norm", c->dim, 1e-5f);
    linear_declare(&b->qkv, p, "qkv", c->dim, 3 * c->dim);
    linear_declare(&b->proj, p, "proj", c->dim, c->dim);
    params_leave(p, outer);
    conv_norm_declare_depthwise(&b->local, p, "local_conv", c->dim, 1);
    layer_norm_declare(&b->mlp_norm, p, "mlp.norm", c->dim, 1e-5f);
    mlp_declare(&b->mlp, p, "mlp.fc1", "mlp.fc2", c->dim, c->hidden, ACTIVATION_GELU);
}

/* A padded token is zero before the normalization inside the attention, which makes it beta; so
 * its q, k and v are W beta + b, the same for all. */
void tiny_vit_block_prepare(TinyVitBlock *b, Params *p) {
    conv_norm_fold(&b->local, p);
    int rows = b->qkv.bias->dim[0], dim = b->norm.beta->dim[0];
    if (!b->padding) b->padding = params_derive(p, 1, &rows);
    if (p->failed) return;
    const float *weight = b->qkv.weight->tensor.data, *beta = b->norm.beta->tensor.data;
    for (int r = 0; r < rows; r++, weight += dim) {
        double sum = (double)b->qkv.bias->tensor.data[r];
        for (int i = 0; i < dim; i++) sum += (double)weight[i] * (double)beta[i];
        b->padding->owned[r] = (float)sum;
    }
}

Tensor *tiny_vit_attention(Compute *cx, const TinyVitBlock *b, const TinyVitStageConfig *c,
                           Tensor *x, Tensor *residual) {
    Tensor *qkv = linear_forward(cx, &b->qkv, layer_norm_forward(cx, &b->norm, x));
    GridAttention how = {
        .heads = c->heads,
        .head_dim = c->dim / c->heads,
        .interleaved = true,
        .position = POSITION_TABLE,
        .grid = {x->dim[1], x->dim[2]},
        .window = c->window,
        .table_h = &b->biases->tensor,
    };
    Tensor *mixed = op_grid_attention(cx, qkv, &b->padding->tensor, &how);
    return linear_fused(cx, &b->proj, mixed, ACTIVATION_NONE, residual);
}

static Tensor *attention_forward(Compute *cx, const TinyVitBlock *b, const TinyVitStageConfig *c,
                                 Tensor *x, int stage, int index) {
    if (!cx->observe) return tiny_vit_attention(cx, b, c, x, x);
    Tensor *y = tiny_vit_attention(cx, b, c, x, NULL);
    compute_observe(cx, y, "layer%d.block%d.attn", stage, index);
    return op_add(cx, y, x);
}

Tensor *tiny_vit_block_forward(Compute *cx, const TinyVitBlock *b, const TinyVitStageConfig *c,
                               Tensor *x, int stage, int index) {
    Scope s = scope_begin(cx);
    Tensor *y = attention_forward(cx, b, c, x, stage, index);
    y = conv_norm_forward(cx, &b->local, y, ACTIVATION_NONE, NULL);
    compute_observe(cx, y, "layer%d.block%d.local_conv", stage, index);
    y = mlp_forward(cx, &b->mlp, layer_norm_forward(cx, &b->mlp_norm, y), y);
    return scope_end(cx, s, x, y);
}

/* ---- Stages ----------------------------------------------------------------------------- */

static void stage_declare(TinyVitStage *s, Params *p, const TinyVitStageConfig *c, int index,
                          bool last) {
    for (int i = 0; i < c->depth; i++) {
        size_t outer = params_enter(p, "layers.%d.blocks.%d", index, i);
        if (c->heads)
            tiny_vit_block_declare(&s->block[i], p, c);
        else
            bottleneck_declare(&s->conv[i], p, c->dim, c->hidden, c->dim, 1);
        params_leave(p, outer);
    }
    if (last) return;
    size_t outer = params_enter(p, "layers.%d.downsample", index);
    bottleneck_declare(&s->merge, p, c->dim, c[1].dim, c[1].dim, c->stride);
    params_leave(p, outer);
}

static void stage_prepare(TinyVitStage *s, Params *p, const TinyVitStageConfig *c, bool last) {
    for (int i = 0; i < c->depth; i++) {
        if (c->heads)
            tiny_vit_block_prepare(&s->block[i], p);
        else
            bottleneck_prepare(&s->conv[i], p);
    }
    if (!last) bottleneck_prepare(&s->merge, p);
}

static Tensor *stage_forward(Compute *cx, const TinyVitStage *s, const TinyVitStageConfig *c,
                             Tensor *x, int index) {
    for (int i = 0; i < c->depth; i++) {
        x = c->heads ? tiny_vit_block_forward(cx, &s->block[i], c, x, index, i)
                     : bottleneck_forward(cx, &s->conv[i], x);
        compute_observe(cx, x, "layer%d.block%d", index, i);
    }
    return x;
}

/* ---- The whole -------------------------------------------------------------------------- */

static int halved(int side) { return (side - 1) / 2 + 1; }

int tiny_vit_grid(const TinyVitConfig *c) {
    int side = c->pointwise_stem ? c->image : halved(halved(c->image));
    for (int i = 0; i + 1 < c->stages; i++) {
        if (c->stage[i].stride == 2) side = halved(side);
    }
    return side;
}

void tiny_vit_declare(TinyVit *t, Params *p, const TinyVitConfig *c) {
    *t = (TinyVit){.config = *c};
    size_t first = p->count;
    size_t outer = params_enter(p, "patch_embed");
    tiny_vit_stem_declare(&t->stem, p, c);
    params_leave(p, outer);
    for (int i = 0; i < c->stages; i++)
        stage_declare(&t->stage[i], p, &c->stage[i], i, i + 1 == c->stages);
    neck_declare(&t->neck, p, c->stage[c->stages - 1].dim, c->out);
    params_ignore(p, "*.num_batches_tracked");
    params_ignore(p, "norm_head.*");
    params_ignore(p, "head.*");
    for (size_t i = first; i < p->count; i++) p->item[i]->buffer = true;
}

void tiny_vit_prepare(TinyVit *t, Params *p) {
    const TinyVitConfig *c = &t->config;
    tiny_vit_stem_prepare(&t->stem, p);
    for (int i = 0; i < c->stages; i++)
        stage_prepare(&t->stage[i], p, &c->stage[i], i + 1 == c->stages);
}

Tensor *tiny_vit_forward(Compute *cx, const TinyVit *t, Tensor *image) {
    const TinyVitConfig *c = &t->config;
    if (!compute_ok(cx)) return &cx->dummy;
    if (image->rank != 4 || image->dim[1] != c->image || image->dim[2] != c->image ||
        image->dim[3] != c->channels)
        return compute_fail(cx, "tiny vit: image size");
    Scope s = scope_begin(cx);
    Tensor *x = tiny_vit_stem_forward(cx, &t->stem, image);
    for (int i = 0; i < c->stages; i++) {
        compute_progress(cx, (size_t)i, (size_t)c->stages);
        x = stage_forward(cx, &t->stage[i], &c->stage[i], x, i);
        if (i + 1 == c->stages) break;
        x = scope_return(cx, s, bottleneck_merge_forward(cx, &t->stage[i].merge, x));
        compute_observe(cx, x, "layer%d.downsample", i);
    }
    compute_progress(cx, (size_t)c->stages, (size_t)c->stages);
    return scope_return(cx, s, neck_forward(cx, &t->neck, x));
}

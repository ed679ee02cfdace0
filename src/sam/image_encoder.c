/* image_encoder.c - SAM's vision transformer.
 *
 *     image -> patches -> + position -> depth x block -> neck -> embedding
 *     block:  x += attention(norm1(x));  n = norm2(x);  x += mlp(n) (+ adapter(n))
 *
 * Most blocks attend inside windows, a few over the whole grid; all add decomposed relative
 * positions, one table per axis (Li et al. 2022, ViTDet; Kirillov et al. 2023, SAM). */
#include "sam/image_encoder.h"

#include <string.h>

#include "sam/resample.h"

/* ---- Parameters ------------------------------------------------------------------------- */

static int block_side(const ImageEncoderConfig *c, const EncoderBlock *b, int grid) {
    return b->global ? grid : c->window;
}

static void attention_declare(EncoderBlock *b, Params *p, const ImageEncoderConfig *c) {
    int table[] = {2 * block_side(c, b, c->side) - 1, c->dim / c->heads};
    size_t outer = params_enter(p, "attn");
    if (c->relative) {
        b->rel_pos_h = params_declare(p, "rel_pos_h", LAYOUT_PLAIN, 2, table, INITIAL_ZERO, 0);
        b->rel_pos_w = params_declare(p, "rel_pos_w", LAYOUT_PLAIN, 2, table, INITIAL_ZERO, 0);
    }
    linear_declare(&b->qkv, p, "qkv", c->dim, 3 * c->dim);
    linear_declare(&b->proj, p, "proj", c->dim, c->dim);
    params_leave(p, outer);
}

static void block_declare(EncoderBlock *b, Params *p, const ImageEncoderConfig *c, int index) {
    b->global = c->global >> index & 1;
    b->has_adapter = c->adapters;
    size_t outer = params_enter(p, "blocks.%d", index);
    layer_norm_declare(&b->norm1, p, "norm1", c->dim, c->eps);
    attention_declare(b, p, c);
    layer_norm_declare(&b->norm2, p, "norm2", c->dim, c->eps);
    mlp_declare(&b->mlp, p, c->timm ? "mlp.fc1" : "mlp.lin1", c->timm ? "mlp.fc2" : "mlp.lin2",
                c->dim, c->hidden, ACTIVATION_GELU);
    if (c->adapters) adapter_declare(&b->adapter, p, c->dim);
    params_leave(p, outer);
}

void image_encoder_declare(ImageEncoder *e, Params *p, const ImageEncoderConfig *c) {
    *e = (ImageEncoder){.config = *c};
    size_t outer = strlen(p->prefix);
    if (c->nested) params_enter(p, "sam_encoder");
    e->pos_embed = params_declare(p, "pos_embed", LAYOUT_PLAIN, 4,
                                  (int[]){1, c->side, c->side, c->dim}, INITIAL_ZERO, 0);
    convolution_declare(&e->patch_embed, p, "patch_embed.proj", c->channels, c->dim, c->patch,
                        c->patch, 0, true);
    for (int i = 0; i < c->depth; i++) block_declare(&e->block[i], p, c, i);
    if (c->nested) params_ignore(p, "neck.*"); /* timm's own, which nobody asks */
    params_leave(p, outer);
    neck_declare(&e->neck, p, c->dim, c->out);
}

/* ---- Positions for the grid in use ------------------------------------------------------ */

static Tensor *relative_for(Params *p, Param *stored, int side) {
    int rows = 2 * side - 1, hd = stored->dim[1];
    if (stored->dim[0] == rows) return &stored->tensor;
    Param *table = params_derive(p, 2, (int[]){rows, hd});
    if (!p->failed) relative_resample(table->owned, stored->tensor.data, stored->dim[0], rows, hd);
    return &table->tensor;
}

Status image_encoder_set_grid(ImageEncoder *e, Params *p, int grid, Error *error) {
    const ImageEncoderConfig *c = &e->config;
    if (grid < 1 || (grid != c->side && c->positions == POSITIONS_FIXED))
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "the image size must be %d pixels for this model, not %d",
                         c->side * c->patch, grid * c->patch);
    if (c->adapters && grid % 2)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "a model with adapters needs an even grid of patches, not %d", grid);
    e->grid = grid;
    e->positions = &e->pos_embed->tensor;
    if (grid != c->side) {
        Param *derived = params_derive(p, 4, (int[]){1, grid, grid, c->dim});
        if (!p->failed)
            positions_resample(derived->owned, e->pos_embed->tensor.data, c->side, grid, c->dim,
                               c->positions == POSITIONS_BICUBIC);
        e->positions = &derived->tensor;
    }
    for (int i = 0; c->relative && i < c->depth; i++) {
        EncoderBlock *b = &e->block[i];
        b->table_h = relative_for(p, b->rel_pos_h, block_side(c, b, grid));
        b->table_w = relative_for(p, b->rel_pos_w, block_side(c, b, grid));
    }
    if (!p->failed) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the tables of positions");
}

/* ---- Forward ---------------------------------------------------------------------------- */

typedef struct BlockCall {
    const ImageEncoder *encoder;
    int index;
} BlockCall;

static Tensor *attention_forward(Compute *cx, const ImageEncoder *e, const EncoderBlock *b,
                                 Tensor *x, int index) {
    const ImageEncoderConfig *c = &e->config;
    Tensor *n = layer_norm_forward(cx, &b->norm1, x);
    compute_observe(cx, n, "block%d.norm1", index);
    Tensor *qkv = linear_forward(cx, &b->qkv, n);
    GridAttention how = {
        .heads = c->heads,
        .head_dim = c->dim / c->heads,
        .position = c->relative ? POSITION_DECOMPOSED : POSITION_NONE,
        .grid = {e->grid, e->grid},
        .window = b->global ? 0 : c->window,
        .table_h = b->table_h,
        .table_w = b->table_w,
    };
    /* SAM pads the normalized grid before it projects: a padded token is zero, so its q, k and v
     * are the bias.  Padded keys are attended to, not masked. */
    Tensor *mixed = op_grid_attention(cx, qkv, &b->qkv.bias->tensor, &how);
    if (!cx->observe) return linear_fused(cx, &b->proj, mixed, ACTIVATION_NONE, x);
    Tensor *out = linear_forward(cx, &b->proj, mixed);
    compute_observe(cx, out, "block%d.attn", index);
    return op_add(cx, out, x);
}

static Tensor *block_forward(Compute *cx, Tensor *const *in, const void *how) {
    const BlockCall *call = how;
    const EncoderBlock *b = &call->encoder->block[call->index];
    Tensor *x = in[0];
    Scope s = scope_begin(cx);
    Tensor *y = attention_forward(cx, call->encoder, b, x, call->index);
    Tensor *n = layer_norm_forward(cx, &b->norm2, y);
    compute_observe(cx, n, "block%d.norm2", call->index);
    y = mlp_forward(cx, &b->mlp, n, y);
    if (b->has_adapter) {
        Tensor *adapted = adapter_forward(cx, &b->adapter, n);
        compute_observe(cx, adapted, "block%d.adapter", call->index);
        y = op_add(cx, y, adapted);
    }
    compute_observe(cx, y, "block%d", call->index);
    return scope_end(cx, s, x, y); /* the stream of tokens lives in one buffer */
}

static Tensor *embed_patches(Compute *cx, const ImageEncoder *e, Tensor *image) {
    Scope s = scope_begin(cx);
    Tensor *x = convolution_forward(cx, &e->patch_embed, image);
    compute_observe(cx, x, "patch");
    x = op_add(cx, x, e->positions);
    compute_observe(cx, x, "embedded");
    return scope_return(cx, s, x);
}

static void copy_feature(Compute *cx, Tensor *into, const Tensor *x) {
    if (compute_ok(cx)) cx->kernels->copy(cx->worker, into->data, x->data, tensor_size(x));
}

Tensor *image_encoder_features(Compute *cx, const ImageEncoder *e, Tensor *image, int block,
                               Tensor **feature) {
    int size = e->grid * e->config.patch;
    if (feature) *feature = &cx->dummy;
    if (!compute_ok(cx)) return &cx->dummy;
    if (image->rank != 4 || image->dim[1] != size || image->dim[2] != size ||
        image->dim[3] != e->config.channels)
        return compute_fail(cx, "image encoder: image size");
    if (feature)
        *feature = tensor_new(cx, 4, (int[]){image->dim[0], e->grid, e->grid, e->config.dim});
    Scope s = scope_begin(cx);
    Tensor *x = embed_patches(cx, e, image);
    size_t depth = (size_t)e->config.depth;
    for (int i = 0; i < e->config.depth; i++) {
        compute_progress(cx, (size_t)i, depth);
        BlockCall call = {e, i};
        x = e->config.recompute ? recompute(cx, block_forward, 1, &x, &call, sizeof call)
                                : block_forward(cx, &x, &call);
        if (feature && i == block) copy_feature(cx, *feature, x);
    }
    compute_progress(cx, depth, depth);
    x = neck_forward(cx, &e->neck, x);
    return scope_return(cx, s, x);
}

Tensor *image_encoder_forward(Compute *cx, const ImageEncoder *e, Tensor *image) {
    return image_encoder_features(cx, e, image, -1, NULL);
}

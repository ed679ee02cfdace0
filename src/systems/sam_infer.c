/* What kind of SAM a checkpoint is, from names and shapes. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "systems/sam_config.h"

typedef struct Reader {
    const Checkpoint *c;
    char missing[160]; /* the first name that had to be there and was not */
} Reader;

static const StoredTensor *look(const Reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static const StoredTensor *look(const Reader *r, const char *format, ...) {
    char name[160];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    return checkpoint_find(r->c, name);
}

/* Length of an axis of a tensor that must be there with that rank; 0 and a note if it is not. */
static int axis(Reader *r, int rank, int which, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int axis(Reader *r, int rank, int which, const char *format, ...) {
    char name[160];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    const StoredTensor *t = checkpoint_find(r->c, name);
    if (t && t->rank == rank && t->dim[which] > 0 && t->dim[which] < 1 << 20)
        return (int)t->dim[which];
    if (!*r->missing) memcpy(r->missing, name, sizeof name);
    return 0;
}

/* ---- Encoders --------------------------------------------------------------------------- */

/* IMIS-Net keeps timm's trunk under a name of its own. */
static const char *trunk(const Reader *r) {
    return look(r, "image_encoder.sam_encoder.pos_embed") ? "image_encoder.sam_encoder"
                                                          : "image_encoder";
}

static void infer_windows(Reader *r, ImageEncoderConfig *e) {
    int whole = 2 * e->side - 1;
    for (int i = 0; i < e->depth; i++) {
        const StoredTensor *t = look(r, "%s.blocks.%d.attn.rel_pos_h", trunk(r), i);
        int rows = t && t->rank == 2 && t->dim[0] < 1 << 20 ? (int)t->dim[0] : whole;
        if (rows == whole)
            e->global |= (uint64_t)1 << i;
        else
            e->window = (rows + 1) / 2;
    }
}

static int infer_heads(const Reader *r, ImageEncoderConfig *e) {
    const StoredTensor *rel = look(r, "%s.blocks.0.attn.rel_pos_h", trunk(r));
    e->relative = rel && rel->rank == 2 && rel->dim[1] > 0 && rel->dim[1] < 1 << 20;
    int head_dim = e->relative ? (int)rel->dim[1] : 64;
    return e->dim % head_dim == 0 ? e->dim / head_dim : 0;
}

static void infer_vit(Reader *r, ImageEncoderConfig *e) {
    const char *at = trunk(r);
    e->nested = strcmp(at, "image_encoder") != 0;
    e->side = axis(r, 4, 1, "%s.pos_embed", at);
    e->patch = axis(r, 4, 2, "%s.patch_embed.proj.weight", at);
    e->channels = axis(r, 4, 1, "%s.patch_embed.proj.weight", at);
    e->dim = axis(r, 4, 0, "%s.patch_embed.proj.weight", at);
    while (e->depth < ENCODER_MAX_DEPTH && look(r, "%s.blocks.%d.norm1.weight", at, e->depth))
        e->depth++;
    e->timm = look(r, "%s.blocks.0.mlp.fc1.weight", at) != NULL;
    e->hidden = axis(r, 2, 0, "%s.blocks.0.mlp.%s.weight", at, e->timm ? "fc1" : "lin1");
    e->out = axis(r, 4, 0, "image_encoder.neck.0.weight");
    e->adapters = look(r, "image_encoder.blocks.0.Adapter.norm.weight") != NULL;
    e->heads = infer_heads(r, e);
    e->eps = e->timm ? 1e-5f : 1e-6f;
    e->positions = e->timm ? POSITIONS_BICUBIC : e->adapters ? POSITIONS_BILINEAR : POSITIONS_FIXED;
    infer_windows(r, e);
}

static void infer_attention_stage(Reader *r, TinyVitStageConfig *s, int index) {
    s->dim = axis(r, 1, 0, "image_encoder.layers.%d.blocks.0.attn.norm.weight", index);
    s->heads = axis(r, 2, 0, "image_encoder.layers.%d.blocks.0.attn.attention_biases", index);
    s->hidden = axis(r, 2, 0, "image_encoder.layers.%d.blocks.0.mlp.fc1.weight", index);
    int keys = axis(r, 2, 1, "image_encoder.layers.%d.blocks.0.attn.attention_biases", index);
    s->window = (int)lround(sqrt(keys));
    while (s->depth < TINY_VIT_MAX_DEPTH &&
           look(r, "image_encoder.layers.%d.blocks.%d.attn.norm.weight", index, s->depth))
        s->depth++;
}

static void infer_convolution_stage(Reader *r, TinyVitStageConfig *s, int index) {
    s->dim = axis(r, 4, 1, "image_encoder.layers.%d.blocks.0.conv1.c.weight", index);
    s->hidden = axis(r, 4, 0, "image_encoder.layers.%d.blocks.0.conv1.c.weight", index);
    while (s->depth < TINY_VIT_MAX_DEPTH &&
           look(r, "image_encoder.layers.%d.blocks.%d.conv1.c.weight", index, s->depth))
        s->depth++;
}

/* MobileSAM's merges halve the grid, but for those that lead to one of these widths. */
static int published_stride(int width) {
    return width == 320 || width == 448 || width == 576 ? 1 : 2;
}

static void infer_tiny(Reader *r, TinyVitConfig *t) {
    t->pointwise_stem = axis(r, 4, 2, "image_encoder.patch_embed.seq.0.c.weight") == 1;
    t->image = t->pointwise_stem ? 256 : 1024;
    t->channels = axis(r, 4, 1, "image_encoder.patch_embed.seq.0.c.weight");
    t->stem = axis(r, 4, 0, "image_encoder.patch_embed.seq.0.c.weight");
    t->out = axis(r, 4, 0, "image_encoder.neck.0.weight");
    bool more = true;
    while (more && t->stages < TINY_VIT_MAX_STAGES) {
        int i = t->stages++;
        if (look(r, "image_encoder.layers.%d.blocks.0.conv1.c.weight", i))
            infer_convolution_stage(r, &t->stage[i], i);
        else
            infer_attention_stage(r, &t->stage[i], i);
        more = look(r, "image_encoder.layers.%d.downsample.conv1.c.weight", i) != NULL;
    }
    for (int i = 0; i + 1 < t->stages; i++)
        t->stage[i].stride = published_stride(t->stage[i + 1].dim);
}

/* ---- The rest, and the whole ------------------------------------------------------------ */

static void infer_prompt(Reader *r, PromptEncoderConfig *p) {
    p->dim = axis(r, 2, 1, "prompt_encoder.no_mask_embed.weight");
    p->mask_width = axis(r, 4, 0, "prompt_encoder.mask_downscaling.3.weight");
}

static void infer_decoder(Reader *r, MaskDecoderConfig *d) {
    TwoWayConfig *t = &d->transformer;
    t->dim = axis(r, 2, 1, "mask_decoder.iou_token.weight");
    while (t->depth < TWO_WAY_MAX_DEPTH &&
           look(r, "mask_decoder.transformer.layers.%d.norm1.weight", t->depth))
        t->depth++;
    t->heads = 8;
    t->hidden = axis(r, 2, 0, "mask_decoder.transformer.layers.0.mlp.lin1.weight");
    d->masks = axis(r, 2, 0, "mask_decoder.mask_tokens.weight");
    d->iou_hidden = axis(r, 2, 0, "mask_decoder.iou_prediction_head.layers.0.weight");
    while (d->iou_depth < HEAD_MAX_DEPTH &&
           look(r, "mask_decoder.iou_prediction_head.layers.%d.weight", d->iou_depth))
        d->iou_depth++;
}

Status sam_config_infer(SamConfig *out, const Checkpoint *c, Error *error) {
    *out = (SamConfig){0};
    const char *config = checkpoint_metadata(c, "config");
    if (config) return sam_config_parse(out, config, checkpoint_path(c), error);

    Reader r = {.c = c};
    if (look(&r, "image_encoder.patch_embed.seq.0.c.weight")) {
        out->encoder = ENCODER_TINY_VIT;
        infer_tiny(&r, &out->tiny);
        out->image = out->tiny.image;
    } else {
        infer_vit(&r, &out->vit);
        /* IMIS-Net and SegMoTE are run at half the size that their positions are stored for. */
        out->image = out->vit.side * out->vit.patch / (out->vit.nested ? 2 : 1);
    }
    infer_prompt(&r, &out->prompt);
    infer_decoder(&r, &out->decoder);
    if (*r.missing)
        return error_set(error, VOXPERT_BAD_MODEL,
                         "%s: is no SAM checkpoint: tensor %s is missing or misshapen",
                         checkpoint_path(c), r.missing);
    Status status = VOXPERT_OK;
    if (strcmp(checkpoint_dialect(c), "transformers") == 0)
        status = sam_config_take_transformers(out, checkpoint_config_beside(c),
                                              checkpoint_config_path(c), error);
    return status ? status : sam_config_complete(out, checkpoint_path(c), error);
}

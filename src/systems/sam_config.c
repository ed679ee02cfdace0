/* What kind of SAM a checkpoint is. */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "systems/sam.h"

/* ---- From names and shapes -------------------------------------------------------------- */

typedef struct Reader {
    const Checkpoint *c;
    const char *missing; /* the first name that had to be there and was not */
    char name[160];
} Reader;

static const StoredTensor *look(Reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static const StoredTensor *look(Reader *r, const char *format, ...) {
    char name[160];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    return checkpoint_find(r->c, name);
}

/* Length of an axis of a tensor that must be there with that rank; 0 and a note if it is not. */
static int axis(Reader *r, const char *name, int rank, int which) {
    const StoredTensor *t = checkpoint_find(r->c, name);
    if (t && t->rank == rank && t->dim[which] > 0 && t->dim[which] < 1 << 20)
        return (int)t->dim[which];
    if (!r->missing) {
        snprintf(r->name, sizeof r->name, "%s", name);
        r->missing = r->name;
    }
    return 0;
}

static int count_layers(Reader *r, const char *prefix, int most) {
    int n = 0;
    while (n < most && look(r, "%s.%d.norm1.weight", prefix, n)) n++;
    return n;
}

static void infer_windows(Reader *r, ImageEncoderConfig *e) {
    int whole = 2 * e->side - 1;
    for (int i = 0; i < e->depth; i++) {
        const StoredTensor *t = look(r, "image_encoder.blocks.%d.attn.rel_pos_h", i);
        int rows = t && t->rank == 2 ? (int)t->dim[0] : whole;
        if (rows == whole)
            e->global |= (uint64_t)1 << i;
        else
            e->window = (rows + 1) / 2;
    }
}

static void infer_encoder(Reader *r, ImageEncoderConfig *e) {
    const char *patch = "image_encoder.patch_embed.proj.weight";
    e->side = axis(r, "image_encoder.pos_embed", 4, 1);
    e->patch = axis(r, patch, 4, 2);
    e->channels = axis(r, patch, 4, 1);
    e->dim = axis(r, patch, 4, 0);
    e->depth = count_layers(r, "image_encoder.blocks", ENCODER_MAX_DEPTH);
    e->timm = look(r, "image_encoder.blocks.0.mlp.fc1.weight") != NULL;
    e->hidden = axis(r,
                     e->timm ? "image_encoder.blocks.0.mlp.fc1.weight"
                             : "image_encoder.blocks.0.mlp.lin1.weight",
                     2, 0);
    e->out = axis(r, "image_encoder.neck.0.weight", 4, 0);
    e->adapters = look(r, "image_encoder.blocks.0.Adapter.norm.weight") != NULL;
    const StoredTensor *rel = look(r, "image_encoder.blocks.0.attn.rel_pos_h");
    e->relative = rel && rel->rank == 2 && rel->dim[1] > 0;
    int head_dim = e->relative ? (int)rel->dim[1] : 64;
    e->heads = head_dim && e->dim % head_dim == 0 ? e->dim / head_dim : 0;
    e->eps = e->timm ? 1e-5f : 1e-6f;
    e->positions = e->timm ? POSITIONS_BICUBIC : e->adapters ? POSITIONS_BILINEAR : POSITIONS_FIXED;
    infer_windows(r, e);
}

static void infer_prompt(Reader *r, PromptEncoderConfig *p) {
    p->dim = axis(r, "prompt_encoder.no_mask_embed.weight", 2, 1);
    p->mask_width = axis(r, "prompt_encoder.mask_downscaling.3.weight", 4, 0);
}

static void infer_decoder(Reader *r, MaskDecoderConfig *d) {
    d->transformer.dim = axis(r, "mask_decoder.iou_token.weight", 2, 1);
    d->transformer.depth = count_layers(r, "mask_decoder.transformer.layers", TWO_WAY_MAX_DEPTH);
    d->transformer.heads = 8;
    d->transformer.hidden = axis(r, "mask_decoder.transformer.layers.0.mlp.lin1.weight", 2, 0);
    d->masks = axis(r, "mask_decoder.mask_tokens.weight", 2, 0);
    d->iou_hidden = axis(r, "mask_decoder.iou_prediction_head.layers.0.weight", 2, 0);
    while (d->iou_depth < 4 &&
           look(r, "mask_decoder.iou_prediction_head.layers.%d.weight", d->iou_depth))
        d->iou_depth++;
}

/* Numbers that no model of the family has, so that a hostile file cannot ask for the moon. */
static const char *unreasonable(const SamConfig *c) {
    const ImageEncoderConfig *e = &c->vit;
    if (e->heads < 1 || e->dim % e->heads) return "its attention heads do not divide its width";
    if (e->patch > 64 || e->side > 512) return "its patches or positions are too large";
    if (e->depth < 1) return "it has no encoder blocks";
    if (e->out != c->prompt.dim) return "its encoder and prompt encoder differ in width";
    if (c->prompt.dim != c->decoder.transformer.dim)
        return "its prompt encoder and mask decoder differ in width";
    if (c->prompt.dim % 8 || c->prompt.dim > 4096) return "its width is no multiple of 8";
    if (c->decoder.masks < 2 || c->decoder.masks > MASK_TOKENS_MAX)
        return "its number of mask tokens is not supported";
    if (c->decoder.transformer.heads < 1 || (c->prompt.dim / 2) % c->decoder.transformer.heads)
        return "its decoder heads do not divide its width";
    return NULL;
}

static void complete(SamConfig *c) {
    c->prompt.image = c->image;
    c->prompt.grid = c->vit.patch ? c->image / c->vit.patch : 0;
}

static Status checked(const SamConfig *c, const char *file, Error *error) {
    const char *why = unreasonable(c);
    if (!why) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_MODEL, "%s: is no SAM that can be run: %s", file, why);
}

Status sam_config_infer(SamConfig *out, const Checkpoint *c, Error *error) {
    *out = (SamConfig){0};
    const char *config = checkpoint_metadata(c, "config");
    if (config) return sam_config_parse(out, config, checkpoint_path(c), error);

    Reader r = {.c = c};
    infer_encoder(&r, &out->vit);
    infer_prompt(&r, &out->prompt);
    infer_decoder(&r, &out->decoder);
    if (r.missing)
        return error_set(error, VOXPERT_BAD_MODEL,
                         "%s: is no SAM checkpoint: tensor %s is missing or misshapen",
                         checkpoint_path(c), r.missing);
    out->image = out->vit.side * out->vit.patch;
    complete(out);
    return checked(out, checkpoint_path(c), error);
}

/* ---- As JSON ---------------------------------------------------------------------------- */

typedef struct Field {
    const char *name;
    size_t offset;
} Field;

#define FIELD(path)                                                                                \
    { #path, offsetof(SamConfig, path) }

static const Field fields[] = {
    FIELD(image),
    FIELD(vit.side),
    FIELD(vit.patch),
    FIELD(vit.channels),
    FIELD(vit.dim),
    FIELD(vit.depth),
    FIELD(vit.heads),
    FIELD(vit.window),
    FIELD(vit.hidden),
    FIELD(vit.out),
    FIELD(prompt.dim),
    FIELD(prompt.mask_width),
    FIELD(decoder.transformer.dim),
    FIELD(decoder.transformer.depth),
    FIELD(decoder.transformer.heads),
    FIELD(decoder.transformer.hidden),
    FIELD(decoder.masks),
    FIELD(decoder.iou_hidden),
    FIELD(decoder.iou_depth),
};

static const Field flags[] = {FIELD(vit.relative), FIELD(vit.adapters), FIELD(vit.timm)};

static const char *const rules[] = {"fixed", "bilinear", "bicubic"};

char *sam_config_write(const SamConfig *c) {
    Text t = {0};
    text_add(&t, "{\"system\": \"sam\"");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        int value;
        memcpy(&value, (const char *)c + fields[i].offset, sizeof value);
        text_add(&t, ", \"%s\": %d", fields[i].name, value);
    }
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        bool value;
        memcpy(&value, (const char *)c + flags[i].offset, sizeof value);
        text_add(&t, ", \"%s\": %s", flags[i].name, value ? "true" : "false");
    }
    text_add(&t, ", \"vit.eps\": %g, \"vit.positions\": \"%s\", \"vit.global\": [",
             (double)c->vit.eps, rules[c->vit.positions]);
    bool first = true;
    for (int i = 0; i < c->vit.depth; i++) {
        if (!(c->vit.global >> i & 1)) continue;
        text_add(&t, first ? "%d" : ", %d", i);
        first = false;
    }
    text_add(&t, "]}");
    if (!t.failed) return t.chars;
    text_free(&t);
    return NULL;
}

static const char *take_fields(SamConfig *c, const json_t *json) {
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const json_t *v = json_object_get(json, fields[i].name);
        json_int_t number = json_integer_value(v);
        if (!json_is_integer(v) || number < 0 || number > 1 << 20) return fields[i].name;
        int value = (int)number;
        memcpy((char *)c + fields[i].offset, &value, sizeof value);
    }
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        const json_t *v = json_object_get(json, flags[i].name);
        if (!json_is_boolean(v)) return flags[i].name;
        bool value = json_is_true(v);
        memcpy((char *)c + flags[i].offset, &value, sizeof value);
    }
    return NULL;
}

static const char *take_rest(SamConfig *c, const json_t *json) {
    const json_t *eps = json_object_get(json, "vit.eps");
    double value = json_number_value(eps);
    if (!json_is_number(eps) || !(value > 0.0 && value < 1.0)) return "vit.eps";
    c->vit.eps = (float)value;
    const char *rule = json_string_value(json_object_get(json, "vit.positions"));
    int found = -1;
    for (int i = 0; rule && i < 3; i++) {
        if (strcmp(rule, rules[i]) == 0) found = i;
    }
    if (found < 0) return "vit.positions";
    c->vit.positions = (PositionRule)found;
    const json_t *global = json_object_get(json, "vit.global");
    if (!json_is_array(global) || c->vit.depth > ENCODER_MAX_DEPTH) return "vit.global";
    for (size_t i = 0; i < json_array_size(global); i++) {
        json_int_t block = json_integer_value(json_array_get(global, i));
        if (block < 0 || block >= c->vit.depth) return "vit.global";
        c->vit.global |= (uint64_t)1 << block;
    }
    return NULL;
}

Status sam_config_parse(SamConfig *out, const char *json, const char *file, Error *error) {
    *out = (SamConfig){0};
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root)) {
        json_decref(root);
        return error_set(error, VOXPERT_BAD_MODEL, "%s: its config is no JSON object", file);
    }
    const char *wrong = take_fields(out, root);
    if (!wrong) wrong = take_rest(out, root);
    json_decref(root);
    if (wrong)
        return error_set(error, VOXPERT_BAD_MODEL,
                         "%s: field \"%s\" of its config is missing or out of range", file, wrong);
    if (out->vit.patch == 0 || out->image % out->vit.patch || out->decoder.iou_depth > 4 ||
        out->decoder.transformer.depth > TWO_WAY_MAX_DEPTH || out->image > 8192)
        return error_set(error, VOXPERT_BAD_MODEL, "%s: its config is out of range", file);
    complete(out);
    return checked(out, file, error);
}

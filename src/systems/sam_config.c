/* The configuration of a SAM: its limits, and how our own files write it. */
#include "systems/sam_config.h"

#include <string.h>

#include "base/text.h"

/* ---- Limits ----------------------------------------------------------------------------- */

enum { WIDTH_MAX = 1 << 14, HIDDEN_MAX = 1 << 16, IMAGE_MAX = 8192 };

static bool within(int value, int least, int most) { return value >= least && value <= most; }

static const char *vit_fault(const ImageEncoderConfig *e) {
    uint64_t all = e->depth < 64 ? ((uint64_t)1 << e->depth) - 1 : UINT64_MAX;
    if (!within(e->depth, 1, ENCODER_MAX_DEPTH)) return "its encoder has no blocks, or too many";
    if (!within(e->dim, 1, WIDTH_MAX) || !within(e->hidden, 1, HIDDEN_MAX) ||
        !within(e->channels, 1, 64))
        return "its encoder is too wide";
    if (e->heads < 1 || e->dim % e->heads) return "its attention heads do not divide its width";
    if (!within(e->patch, 1, 64) || !within(e->side, 1, 512))
        return "its patches or positions are too large";
    if ((e->global & all) != all && !within(e->window, 1, 512))
        return "its windows have no size that can be run";
    return NULL;
}

static const char *stage_fault(const TinyVitStageConfig *s) {
    if (!within(s->depth, 1, TINY_VIT_MAX_DEPTH)) return "a stage has no blocks, or too many";
    if (!within(s->dim, 1, WIDTH_MAX) || !within(s->hidden, 1, HIDDEN_MAX))
        return "its encoder is too wide";
    if (s->heads && (s->heads < 0 || s->dim % s->heads || !within(s->window, 1, 64)))
        return "a stage has heads or windows that do not fit";
    return NULL;
}

static const char *tiny_fault(const TinyVitConfig *t) {
    if (!within(t->channels, 1, 64) || !within(t->stem, 1, WIDTH_MAX))
        return "its stem is too wide";
    if (!within(t->stages, 1, TINY_VIT_MAX_STAGES)) return "it has no stages, or too many";
    for (int i = 0; i < t->stages; i++) {
        const char *fault = stage_fault(&t->stage[i]);
        if (fault) return fault;
        if (i + 1 < t->stages && !within(t->stage[i].stride, 1, 2))
            return "a stage has a stride that is not 1 or 2";
    }
    return NULL;
}

static const char *decoder_fault(const MaskDecoderConfig *d) {
    const TwoWayConfig *t = &d->transformer;
    if (t->dim % 8 || !within(t->dim, 8, 4096)) return "its width is no multiple of 8";
    if (t->heads < 1 || (t->dim / 2) % t->heads) return "its decoder heads do not divide its width";
    if (!within(t->depth, 1, TWO_WAY_MAX_DEPTH) || !within(t->hidden, 1, HIDDEN_MAX))
        return "its decoder is too deep or too wide";
    if (!within(d->masks, 2, MASK_TOKENS_MAX)) return "its number of mask tokens is not supported";
    if (!within(d->iou_depth, 1, HEAD_MAX_DEPTH) || !within(d->iou_hidden, 1, HIDDEN_MAX))
        return "the head that predicts its quality is not supported";
    return NULL;
}

static const char *fault_of(const SamConfig *c) {
    bool tiny = c->encoder == ENCODER_TINY_VIT;
    const char *fault = tiny ? tiny_fault(&c->tiny) : vit_fault(&c->vit);
    if (!fault) fault = decoder_fault(&c->decoder);
    if (fault) return fault;
    if (!within(c->image, 1, IMAGE_MAX)) return "its images are too large";
    if (!tiny && c->image % c->vit.patch) return "its image is no multiple of its patch";
    if (!tiny && c->vit.positions == POSITIONS_FIXED && c->image != c->vit.side * c->vit.patch)
        return "its image is not of the size that its positions are for";
    if (!tiny && c->vit.adapters && c->image / c->vit.patch % 2)
        return "its adapters need an even number of patches on a side";
    if (c->prompt.dim != (tiny ? c->tiny.out : c->vit.out))
        return "its encoder and prompt encoder differ in width";
    if (c->prompt.dim != c->decoder.transformer.dim)
        return "its prompt encoder and mask decoder differ in width";
    if (c->prompt.mask_width % 4 || !within(c->prompt.mask_width, 4, 1024))
        return "its mask branch has a width that is no multiple of 4";
    return NULL;
}

Status sam_config_complete(SamConfig *c, const char *file, Error *error) {
    c->tiny.image = c->encoder == ENCODER_TINY_VIT ? c->image : 0;
    const char *fault = fault_of(c);
    if (fault)
        return error_set(error, VOXPERT_BAD_MODEL, "%s: is no SAM that can be run: %s", file,
                         fault);
    c->prompt.image = c->image;
    c->prompt.grid =
        c->encoder == ENCODER_TINY_VIT ? tiny_vit_grid(&c->tiny) : c->image / c->vit.patch;
    return VOXPERT_OK;
}

/* ---- As JSON ---------------------------------------------------------------------------- */

#define FIELD(path)                                                                                \
    { #path, offsetof(SamConfig, path) }

static const ConfigField common_fields[] = {
    FIELD(image),
    FIELD(prompt.dim),
    FIELD(prompt.mask_width),
    FIELD(decoder.transformer.dim),
    FIELD(decoder.transformer.depth),
    FIELD(decoder.transformer.heads),
    FIELD(decoder.transformer.hidden),
    FIELD(decoder.masks),
    FIELD(decoder.iou_hidden),
    FIELD(decoder.iou_depth),
    {0},
};

static const ConfigField vit_fields[] = {
    FIELD(vit.side),  FIELD(vit.patch),  FIELD(vit.channels), FIELD(vit.dim), FIELD(vit.depth),
    FIELD(vit.heads), FIELD(vit.window), FIELD(vit.hidden),   FIELD(vit.out), {0},
};

static const ConfigField vit_flags[] = {
    FIELD(vit.relative), FIELD(vit.adapters), FIELD(vit.timm), {0}};

static const ConfigField tiny_fields[] = {
    FIELD(tiny.channels), FIELD(tiny.stem), FIELD(tiny.out), {0}};

#define STAGE_FIELD(name)                                                                          \
    { "tiny." #name, offsetof(TinyVitStageConfig, name) }

static const ConfigField stage_fields[] = {
    STAGE_FIELD(dim),
    STAGE_FIELD(depth),
    STAGE_FIELD(heads),
    STAGE_FIELD(window),
    STAGE_FIELD(hidden),
    STAGE_FIELD(stride),
    {0},
};

static const char *const rules[] = {"fixed", "bilinear", "bicubic", NULL};
static const char *const encoders[] = {"vit", "tiny_vit", NULL};

static int integer_at(const void *config, const ConfigField *field) {
    int value;
    memcpy(&value, (const char *)config + field->offset, sizeof value);
    return value;
}

void config_write_fields(Text *t, const void *config, const ConfigField *table) {
    for (const ConfigField *f = table; f->name; f++)
        text_add(t, ", \"%s\": %d", f->name, integer_at(config, f));
}

static void write_vit(Text *t, const SamConfig *c) {
    config_write_fields(t, c, vit_fields);
    for (const ConfigField *f = vit_flags; f->name; f++) {
        bool value;
        memcpy(&value, (const char *)c + f->offset, sizeof value);
        text_add(t, ", \"%s\": %s", f->name, value ? "true" : "false");
    }
    if (c->vit.nested) text_add(t, ", \"vit.nested\": true"); /* younger than the other fields */
    text_add(t, ", \"vit.eps\": %g, \"vit.positions\": \"%s\", \"vit.global\": [",
             (double)c->vit.eps, rules[c->vit.positions]);
    bool first = true;
    for (int i = 0; i < c->vit.depth; i++) {
        if (!(c->vit.global >> i & 1)) continue;
        text_add(t, first ? "%d" : ", %d", i);
        first = false;
    }
    text_add(t, "]");
}

static void write_tiny(Text *t, const SamConfig *c) {
    config_write_fields(t, c, tiny_fields);
    if (c->tiny.pointwise_stem) /* younger than the other fields */
        text_add(t, ", \"tiny.pointwise_stem\": true");
    for (const ConfigField *f = stage_fields; f->name; f++) {
        text_add(t, ", \"%s\": [", f->name);
        for (int j = 0; j < c->tiny.stages; j++)
            text_add(t, j ? ", %d" : "%d", integer_at(&c->tiny.stage[j], f));
        text_add(t, "]");
    }
}

char *sam_config_write(const SamConfig *c) {
    Text t = {0};
    text_add(&t, "{\"system\": \"sam\", \"encoder\": \"%s\"", encoders[c->encoder]);
    config_write_fields(&t, c, common_fields);
    if (c->decoder.transformer.eps > 0.0f) /* younger than the other fields */
        text_add(&t, ", \"decoder.transformer.eps\": %g", (double)c->decoder.transformer.eps);
    if (c->encoder == ENCODER_TINY_VIT)
        write_tiny(&t, c);
    else
        write_vit(&t, c);
    text_add(&t, "}");
    if (!t.failed) return t.chars;
    text_free(&t);
    return NULL;
}

/* ---- And back: each returns the name of the field that is wrong, or NULL ---------------- */

static bool take_integer(void *config, const ConfigField *field, const json_t *value) {
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || number > 1 << 20) return false;
    int whole = (int)number;
    memcpy((char *)config + field->offset, &whole, sizeof whole);
    return true;
}

const char *config_take_fields(void *config, const ConfigField *table, const json_t *json) {
    const ConfigField *f = table;
    while (f->name && take_integer(config, f, json_object_get(json, f->name))) f++;
    return f->name;
}

int config_take_word(const json_t *json, const char *name, const char *const *words) {
    const char *word = json_string_value(json_object_get(json, name));
    for (int i = 0; word && words[i]; i++)
        if (strcmp(word, words[i]) == 0) return i;
    return -1;
}

/* An optional epsilon, between 0 and 1. */
static bool take_epsilon(float *out, const json_t *eps) {
    double value = json_number_value(eps);
    if (!eps) return true;
    *out = (float)value;
    return json_is_number(eps) && value > 0.0 && value < 1.0;
}

static const char *take_vit(SamConfig *c, const json_t *json) {
    const char *wrong = config_take_fields(c, vit_fields, json);
    if (wrong) return wrong;
    for (const ConfigField *f = vit_flags; f->name; f++) {
        const json_t *v = json_object_get(json, f->name);
        if (!json_is_boolean(v)) return f->name;
        bool value = json_is_true(v);
        memcpy((char *)c + f->offset, &value, sizeof value);
    }
    c->vit.nested = json_is_true(json_object_get(json, "vit.nested"));
    const json_t *eps = json_object_get(json, "vit.eps");
    if (!eps || !take_epsilon(&c->vit.eps, eps)) return "vit.eps";
    int rule = config_take_word(json, "vit.positions", rules);
    if (rule < 0) return "vit.positions";
    c->vit.positions = (PositionRule)rule;
    const json_t *global = json_object_get(json, "vit.global");
    if (!json_is_array(global) || c->vit.depth > ENCODER_MAX_DEPTH) return "vit.global";
    for (size_t i = 0; i < json_array_size(global); i++) {
        const json_t *block = json_array_get(global, i);
        json_int_t index = json_integer_value(block);
        if (!json_is_integer(block) || index < 0 || index >= c->vit.depth) return "vit.global";
        c->vit.global |= (uint64_t)1 << index;
    }
    return NULL;
}

static const char *take_tiny(SamConfig *c, const json_t *json) {
    const char *wrong = config_take_fields(c, tiny_fields, json);
    if (wrong) return wrong;
    size_t stages = json_array_size(json_object_get(json, stage_fields[0].name));
    if (stages > TINY_VIT_MAX_STAGES) return stage_fields[0].name;
    c->tiny.stages = (int)stages;
    const json_t *stem = json_object_get(json, "tiny.pointwise_stem");
    if (stem && !json_is_boolean(stem)) return "tiny.pointwise_stem";
    c->tiny.pointwise_stem = json_is_true(stem);
    for (const ConfigField *f = stage_fields; f->name; f++) {
        const json_t *list = json_object_get(json, f->name);
        if (!json_is_array(list) || json_array_size(list) != stages) return f->name;
        for (size_t j = 0; j < stages; j++)
            if (!take_integer(&c->tiny.stage[j], f, json_array_get(list, j))) return f->name;
    }
    return NULL;
}

static const char *take_all(void *config, const json_t *json) {
    SamConfig *c = config;
    const char *wrong = config_take_fields(c, common_fields, json);
    if (wrong) return wrong;
    if (!take_epsilon(&c->decoder.transformer.eps,
                      json_object_get(json, "decoder.transformer.eps")))
        return "decoder.transformer.eps";
    bool said = json_object_get(json, "encoder") != NULL; /* a ViT need not say so */
    int encoder = said ? config_take_word(json, "encoder", encoders) : ENCODER_VIT;
    if (encoder < 0) return "encoder";
    c->encoder = (EncoderKind)encoder;
    return c->encoder == ENCODER_TINY_VIT ? take_tiny(c, json) : take_vit(c, json);
}

Status config_parse(void *config, ConfigTake *take, const char *json, const char *file,
                    Error *error) {
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    bool object = json_is_object(root);
    const char *wrong = object ? take(config, root) : NULL;
    json_decref(root);
    if (!object)
        return error_set(error, VOXPERT_BAD_MODEL, "%s: its config is no JSON object", file);
    if (!wrong) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_MODEL,
                     "%s: field \"%s\" of its config is missing or out of range", file, wrong);
}

Status sam_config_parse(SamConfig *out, const char *json, const char *file, Error *error) {
    *out = (SamConfig){0};
    Status status = config_parse(out, take_all, json, file, error);
    return status ? status : sam_config_complete(out, file, error);
}

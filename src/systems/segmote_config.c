/* The configuration of SegMoTE: from names and shapes, and as our own files write it. */
#include <stdio.h>
#include <string.h>

#include "base/quote.h"
#include "systems/sam_config.h"
#include "systems/segmote.h"

/* ---- Limits ----------------------------------------------------------------------------- */

enum { RANK_MAX = 4096, POOL_TOKENS_MAX = 64 };

static bool within(int value, int least, int most) { return value >= least && value <= most; }

static const char *fault_of(const SegmoteConfig *c, const SamConfig *sam, const ImisConfig *imis) {
    const TokenExpertsConfig *e = &c->experts.experts;
    const PromptPoolConfig *p = &c->experts.pool;
    if (!within(e->tokens, 1, EXPERT_TOKENS_MAX)) return "it has no expert tokens, or too many";
    if (!within(e->experts, 1, EXPERTS_MAX)) return "it has no experts, or too many";
    if (!within(e->kept, 1, e->experts)) return "it keeps more experts of a token than there are";
    if (e->kept > route_open(e->held_back, e->experts))
        return "it keeps more experts of a token than are enabled";
    if (!within(e->rank, 1, RANK_MAX)) return "its experts are too wide";
    if (!within(p->tokens, 0, POOL_TOKENS_MAX)) return "it makes too many prompt tokens";
    if (p->tokens && (p->heads < 1 || p->dim % p->heads))
        return "the heads of its prompt tokens do not divide their width";
    if (c->experts.ppt == PPT_ALWAYS && !p->tokens)
        return "its prompt tokens act always, and it makes none";
    if (c->semantic_tokens && (c->experts.ppt == PPT_ALWAYS || e->unweighted))
        return "ppt and confidence are of the paper's mode, and it is the published one";
    if (p->classes && !p->tokens)
        return "it has classes of prompt tokens, and makes no such tokens";
    if (c->semantic_tokens && !imis) return "it stands on an IMIS-Net, and its base is none";
    if (c->semantic_tokens &&
        (c->semantic_tokens != imis->semantic.tokens || c->text != imis->text))
        return "its semantic tokens or text vectors are not those of its base";
    if (c->semantic_tokens && !within(c->feature_block, 0, sam->vit.depth - 1))
        return "its encoder has no such block of features";
    return NULL;
}

static Status check(const SegmoteConfig *c, const SamConfig *sam, const ImisConfig *imis,
                    const char *file, Error *error) {
    const char *fault = fault_of(c, sam, imis);
    if (!fault) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_MODEL, "%s: is no SegMoTE that can be run: %s", file,
                     fault);
}

SegmoteConfig segmote_config_paper(const SamConfig *sam) {
    int dim = sam->decoder.transformer.dim;
    return (SegmoteConfig){
        .experts = {.experts = {.dim = dim, .tokens = 4, .experts = 4, .kept = 1, .rank = 64},
                    .pool = {.dim = dim, .heads = 8, .tokens = 2, .hidden = 4 * dim}}};
}

/* Blocks 2, 5, 8 and 11 of 12 are given out, and the first of them is used. */
static int published_block(int depth) { return depth / 4 > 0 ? depth / 4 - 1 : 0; }

SegmoteConfig segmote_config_published(const SamConfig *sam, const ImisConfig *imis) {
    SegmoteConfig c = segmote_config_paper(sam);
    c.experts.experts.update = EXPERT_PUBLISHED;
    c.experts.experts.rule = ROUTE_STRAIGHT_THROUGH;
    c.experts.feature = sam->vit.dim;
    c.semantic_tokens = imis->semantic.tokens;
    c.semantic_dim = imis->semantic.classes;
    c.feature_block = published_block(sam->vit.depth);
    c.text = imis->text;
    return c;
}

/* ---- From names and shapes -------------------------------------------------------------- */

/* Length of an axis, 0 where there is no such tensor. */
static int axis(const Checkpoint *c, const char *name, int which) {
    const StoredTensor *t = checkpoint_find(c, name);
    return t && which < t->rank && t->dim[which] < 1 << 20 ? (int)t->dim[which] : 0;
}

bool segmote_config_is_there(const Checkpoint *c) {
    return checkpoint_find(c, "mask_decoder.expert_tokens.weight") != NULL;
}

static void infer(SegmoteConfig *out, const Checkpoint *c, const SamConfig *sam,
                  const ImisConfig *imis) {
    /* Only the published mode has this branch. */
    bool published = checkpoint_find(c, "mask_decoder.compress_vit_feat.0.weight") != NULL;
    *out = published && imis ? segmote_config_published(sam, imis) : segmote_config_paper(sam);
    TokenExpertsConfig *e = &out->experts.experts;
    e->tokens = axis(c, "mask_decoder.expert_tokens.weight", 0);
    e->experts = axis(c, "mask_decoder.transformer.layers.0.w_gate_token", 1);
    e->rank = axis(c, "mask_decoder.transformer.layers.0.experts_token.0.lin1.weight", 0);
    out->experts.pool.tokens = axis(c, "mask_decoder.img_prompt_pool.query", 0);
}

/* The config of a whole file is SAM's. */
static bool is_ours(const char *config) {
    json_t *root = json_loads(config, 0, NULL);
    const char *system = json_string_value(json_object_get(root, "system"));
    bool ours = system && strcmp(system, "segmote") == 0;
    json_decref(root);
    return ours;
}

Status segmote_config_infer(SegmoteConfig *out, const Checkpoint *c, const SamConfig *sam,
                            const ImisConfig *imis, Error *error) {
    const char *config = checkpoint_metadata(c, "config");
    if (config && is_ours(config))
        return segmote_config_parse(out, config, checkpoint_path(c), sam, imis, error);
    infer(out, c, sam, imis);
    return check(out, sam, imis, checkpoint_path(c), error);
}

/* ---- Names of experts ------------------------------------------------------------------- */

bool expert_name_is_good(const char *name) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static const char more[] = "0123456789_-.";
    size_t length = 0;
    for (; name[length]; length++)
        if (!strchr(letters, name[length]) && (length == 0 || !strchr(more, name[length])))
            return false;
    return length > 0 && length < EXPERT_NAME && strcmp(name, "auto") != 0;
}

int segmote_expert(const SegmoteConfig *c, const char *word) {
    int experts = c->experts.experts.experts;
    long number;
    if (text_to_long(&number, word)) return number >= 1 && number <= experts ? (int)number - 1 : -1;
    for (int i = 0; *word && i < experts; i++)
        if (strcmp(c->name[i], word) == 0) return i;
    return -1;
}

/* ---- Names of classes ------------------------------------------------------------------- */

bool class_name_is_good(const char *name) {
    size_t length = strlen(name);
    if (!length || length >= CLASS_NAME || !text_is_utf8(name, length)) return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 127 || name[i] == ',') return false;
    return name[0] != ' ' && name[length - 1] != ' ' && strcmp(name, "all") != 0;
}

int segmote_class(const SegmoteConfig *c, const char *name) {
    for (int i = 0; i < c->experts.pool.classes; i++)
        if (strcmp(c->class_name[i], name) == 0) return i;
    return -1;
}

/* ---- As JSON ---------------------------------------------------------------------------- */

static const char *const updates[] = {"residual", "replace", "published", NULL};
static const char *const uses[] = {"prompt-free", "always", NULL};
static const char *const rules[] = {"softmax", "constant", "straight-through", NULL};

#define FIELD(name, path)                                                                          \
    { name, offsetof(SegmoteConfig, path) }

static const ConfigField fields[] = {
    FIELD("tokens", experts.experts.tokens),
    FIELD("experts", experts.experts.experts),
    FIELD("kept", experts.experts.kept),
    FIELD("rank", experts.experts.rank),
    FIELD("pool.tokens", experts.pool.tokens),
    FIELD("pool.heads", experts.pool.heads),
    FIELD("semantic_tokens", semantic_tokens),
    FIELD("semantic_dim", semantic_dim),
    FIELD("feature_block", feature_block),
    FIELD("text", text),
    {0},
};

/* Files without are as they were before there was such a thing. */
static void write_choices(Text *t, const SegmoteConfig *c) {
    if (c->experts.ppt != PPT_PROMPT_FREE) text_add(t, ", \"ppt\": \"%s\"", uses[c->experts.ppt]);
    if (c->quiet) text_add(t, ", \"noise\": false");
    if (c->experts.experts.unweighted) text_add(t, ", \"confidence\": false");
}

static void write_held_back(Text *t, const TokenExpertsConfig *e) {
    const char *before = ", \"held_back\": [";
    for (int i = 0; i < e->experts; i++) {
        if (!route_holds_back(e->held_back, i)) continue;
        text_add(t, "%s%d", before, i);
        before = ", ";
    }
    if (e->held_back) text_add(t, "]");
}

static void write_names(Text *t, const SegmoteConfig *c) {
    int experts = c->experts.experts.experts;
    bool any = false;
    for (int i = 0; i < experts; i++) any |= c->name[i][0] != '\0';
    for (int i = 0; any && i < experts; i++)
        text_add(t, "%s\"%s\"", i ? ", " : ", \"names\": [", c->name[i]);
    if (any) text_add(t, "]");
}

static void write_classes(Text *t, const SegmoteConfig *c) {
    int classes = c->experts.pool.classes;
    for (int i = 0; i < classes; i++) {
        text_add(t, i ? ", " : ", \"prompt_classes\": [");
        text_add_quoted(t, c->class_name[i]);
    }
    if (classes) text_add(t, "]");
}

char *segmote_config_write(const SegmoteConfig *c) {
    const TokenExpertsConfig *e = &c->experts.experts;
    Text t = {0};
    text_add(&t, "{\"system\": \"segmote\", \"mode\": \"%s\", \"update\": \"%s\", \"gate\": \"%s\"",
             c->semantic_tokens ? "published" : "paper", updates[e->update], rules[e->rule]);
    config_write_fields(&t, c, fields);
    write_choices(&t, c);
    write_held_back(&t, e);
    write_names(&t, c);
    write_classes(&t, c);
    text_add(&t, "}");
    if (!t.failed) return t.chars;
    text_free(&t);
    return NULL;
}

/* A flag that is true where nothing is said, as `off`. */
static bool take_off(bool *off, const json_t *value) {
    if (!value) return true;
    *off = json_is_false(value);
    return json_is_boolean(value);
}

static bool take_use(PptUse *use, const json_t *value) {
    const char *word = json_string_value(value);
    for (int i = 0; word && uses[i]; i++) {
        if (strcmp(word, uses[i]) != 0) continue;
        *use = (PptUse)i;
        return true;
    }
    return !value;
}

static bool take_held_back(TokenExpertsConfig *e, const json_t *list) {
    size_t index;
    const json_t *number;
    if (!list) return true;
    json_array_foreach(list, index, number) {
        json_int_t i = json_integer_value(number);
        if (!json_is_integer(number) || i < 0 || i >= e->experts || i >= EXPERTS_MAX) return false;
        e->held_back |= UINT64_C(1) << i;
    }
    return json_is_array(list);
}

static bool take_names(SegmoteConfig *c, const json_t *list) {
    size_t index, experts = (size_t)c->experts.experts.experts;
    const json_t *name;
    if (!list) return true;
    if (json_array_size(list) != experts || experts > EXPERTS_MAX) return false;
    json_array_foreach(list, index, name) {
        const char *word = json_string_value(name);
        if (!word || (*word && (!expert_name_is_good(word) || segmote_expert(c, word) >= 0)))
            return false;
        snprintf(c->name[index], EXPERT_NAME, "%s", word);
    }
    return true;
}

static bool take_classes(SegmoteConfig *c, const json_t *list) {
    size_t index, classes = json_array_size(list);
    const json_t *name;
    if (!list) return true;
    if (!classes || classes > CLASSES_MAX) return false;
    json_array_foreach(list, index, name) {
        const char *word = json_string_value(name);
        if (!word || !class_name_is_good(word) || segmote_class(c, word) >= 0) return false;
        snprintf(c->class_name[index], CLASS_NAME, "%s", word);
        c->experts.pool.classes = (int)index + 1;
    }
    return true;
}

/* The name of the field that is wrong, or NULL. */
static const char *take(void *config, const json_t *root) {
    SegmoteConfig *c = config;
    const char *wrong = config_take_fields(c, fields, root);
    if (wrong) return wrong;
    int update = config_take_word(root, "update", updates);
    int rule = config_take_word(root, "gate", rules);
    if (update < 0) return "update";
    if (rule < 0) return "gate";
    if (!take_use(&c->experts.ppt, json_object_get(root, "ppt"))) return "ppt";
    if (!take_off(&c->quiet, json_object_get(root, "noise"))) return "noise";
    if (!take_off(&c->experts.experts.unweighted, json_object_get(root, "confidence")))
        return "confidence";
    if (!take_held_back(&c->experts.experts, json_object_get(root, "held_back")))
        return "held_back";
    if (!take_names(c, json_object_get(root, "names"))) return "names";
    if (!take_classes(c, json_object_get(root, "prompt_classes"))) return "prompt_classes";
    c->experts.experts.update = (ExpertUpdate)update;
    c->experts.experts.rule = (RouteRule)rule;
    return NULL;
}

Status segmote_config_parse(SegmoteConfig *out, const char *json, const char *file,
                            const SamConfig *sam, const ImisConfig *imis, Error *error) {
    *out = segmote_config_paper(sam);
    Status status = config_parse(out, take, json, file, error);
    if (status) return status;
    out->experts.feature = out->semantic_tokens ? sam->vit.dim : 0;
    return check(out, sam, imis, file, error);
}

#include "tests/golden/segmote_model.h"

#include <string.h>

#include "base/memory.h"
#include "tests/golden/model.h"

static int number(GoldenRun *run, const char *key) {
    return golden_number(run, golden_metadata(run, "config"), key);
}

static bool is_word(GoldenRun *run, const char *key, const char *word) {
    const char *value = json_string_value(json_object_get(golden_metadata(run, "config"), key));
    return value && strcmp(value, word) == 0;
}

/* Cases that are given an embedding have no encoder; ours then is one that nobody asks. */
static void encoder_config(GoldenRun *run, SamConfig *c, bool *absent) {
    json_t *j = golden_metadata(run, "config");
    ImageEncoderConfig *e = &c->vit;
    bool published = is_word(run, "mode", "published");
    *absent = number(run, "depth") == 0;
    *e = (ImageEncoderConfig){.patch = number(run, "patch"),
                              .channels = 3,
                              .dim = *absent ? 16 : number(run, "embed_dim"),
                              .depth = *absent ? 1 : number(run, "depth"),
                              .heads = number(run, "num_heads"),
                              .window = number(run, "window"),
                              .out = number(run, "decoder_dim"),
                              .eps = (float)json_number_value(json_object_get(j, "encoder_ln_eps")),
                              .relative = true,
                              .timm = published,
                              .nested = published,
                              .positions = published ? POSITIONS_BICUBIC : POSITIONS_FIXED};
    int stored = published ? number(run, "pretrain_size") : c->image;
    e->side = e->patch ? stored / e->patch : 0;
    e->hidden = (int)((double)e->dim * json_number_value(json_object_get(j, "mlp_ratio")) + 0.5);
    json_t *global = json_object_get(j, "global_blocks");
    for (size_t i = 0; !*absent && i < json_array_size(global); i++)
        e->global |= (uint64_t)1 << json_integer_value(json_array_get(global, i));
}

static void published_config(GoldenRun *run, SamConfig *sam, SegmoteConfig *c) {
    const char *version = json_string_value(golden_metadata(run, "version"));
    json_t *blocks = json_object_get(golden_metadata(run, "config"), "feature_blocks");
    sam->decoder.masks = number(run, "num_mask_tokens");
    c->experts.experts.update = EXPERT_PUBLISHED;
    c->experts.experts.rule =
        version && strcmp(version, "77668f0") == 0 ? ROUTE_CONSTANT : ROUTE_STRAIGHT_THROUGH;
    c->semantic_tokens = number(run, "num_semantic_tokens");
    c->semantic_dim = number(run, "semantic_dim");
    c->experts.feature = number(run, "embed_dim");
    c->feature_block = (int)json_integer_value(json_array_get(blocks, 0));
    c->text = number(run, "text_dim");
}

static bool read_config(GoldenRun *run, SamConfig *c, SegmoteConfig *out, bool *absent) {
    *c = (SamConfig){.image = number(run, "image_size")};
    *out = (SegmoteConfig){0};
    encoder_config(run, c, absent);
    int dim = c->prompt.dim = number(run, "decoder_dim");
    c->prompt.mask_width = number(run, "mask_in_chans");
    c->decoder = (MaskDecoderConfig){.transformer = {.dim = dim,
                                                     .depth = number(run, "decoder_depth"),
                                                     .heads = number(run, "decoder_heads"),
                                                     .hidden = number(run, "decoder_mlp")},
                                     .masks = 4,
                                     .iou_hidden = number(run, "iou_hidden"),
                                     .iou_depth = 3};
    out->experts.experts = (TokenExpertsConfig){
        .dim = dim,
        .tokens = number(run, "num_expert_tokens"),
        .experts = number(run, "num_experts"),
        .kept = number(run, "top_k"),
        .rank = number(run, "rank"),
        .update = is_word(run, "update", "replace") ? EXPERT_REPLACE : EXPERT_RESIDUAL};
    out->experts.pool = (PromptPoolConfig){.dim = dim,
                                           .heads = number(run, "ppt_heads"),
                                           .tokens = number(run, "ppt_tokens"),
                                           .hidden = 4 * dim};
    if (is_word(run, "mode", "published")) published_config(run, c, out);
    char *json = sam_config_write(c); /* checked as any user's is */
    Error error;
    bool ok = json && golden_check(run, sam_config_parse(c, json, "config", &error), &error);
    memory_free(json);
    return ok;
}

static void let_encoder_lack(Params *p) {
    for (size_t i = 0; i < p->count; i++) {
        Param *q = p->item[i];
        if (q->name && strncmp(q->name, "image_encoder.", 14) == 0) q->optional = true;
    }
}

bool golden_segmote_open(GoldenSegmote *g, GoldenRun *run) {
    *g = (GoldenSegmote){0};
    SamConfig sam;
    SegmoteConfig config;
    bool absent;
    Error error;
    if (!read_config(run, &sam, &config, &absent) || !golden_weights_open(&g->weights, run))
        return false;
    sam_declare(&g->sam, &sam);
    Params *p = &g->sam.params;
    ImisConfig imis = {.semantic = {config.semantic_tokens, config.semantic_dim},
                       .text = config.text};
    if (config.semantic_tokens) imis_declare(&g->imis, p, &g->sam, &imis);
    segmote_declare(&g->model, p, &g->sam, &g->imis, &config);
    if (absent) let_encoder_lack(p);
    return golden_check(run, params_bind(p, g->weights.checkpoint, true, NULL, 0, &error),
                        &error) &&
           golden_check(run, params_initialize(p, 0, &error), &error) &&
           golden_check(run, sam_prepare(&g->sam, &error), &error);
}

void golden_segmote_close(GoldenSegmote *g) {
    sam_free(&g->sam);
    golden_weights_close(&g->weights);
}

/* Training SegMoTE: expert tokens and a router beside a frozen base (docs/spec/segmote.md). */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "systems/systems.h"
#include "train/recipe_segmote.h"
#include "train/settings_rows.h"

/* ---- Settings --------------------------------------------------------------------------- */

static const SettingRow rows[] = {
    {{"tokens", "expert tokens of a mask", NULL}, KIND_INT, AT(experts.tokens), 1, 32},
    {{"experts", "experts of a layer that the router chooses from", NULL},
     KIND_INT,
     AT(experts.experts),
     1,
     64},
    {{"kept", "experts that a token is sent to", NULL}, KIND_INT, AT(experts.kept), 1, 64},
    {{"rank", "hidden width of an expert", NULL}, KIND_INT, AT(experts.rank), 1, 4096},
    {{"prompt-tokens", "prompt tokens made from the image (PPT); 0: none", NULL},
     KIND_INT,
     AT(experts.pool),
     0,
     64},
    {{"prompt-free", "share of batches that have no prompt", NULL},
     KIND_DOUBLE,
     AT(experts.rule.prompt_free),
     0,
     1},
    {{"guided", "share of those that have a second pass, guided by the mask of the first", NULL},
     KIND_DOUBLE,
     AT(experts.rule.guided),
     0,
     1},
    {{"ppt", "where prompt tokens act: without a prompt, or in place of every prompt's",
      "prompt-free|always"},
     KIND_WORD,
     AT(experts.ppt),
     .given = GIVEN_PPT},
    {{"balance", "weight of the experts' balance loss", NULL},
     KIND_FLOAT,
     AT(experts.rule.balance),
     0,
     1e6},
    {{"router-noise", "noise of the routers in training: 0, 1", NULL},
     KIND_FLAG,
     AT(experts.rule.noise),
     0,
     1,
     .given = GIVEN_NOISE},
    {{"confidence", "experts' outputs are multiplied by the router's confidence: 0, 1", NULL},
     KIND_FLAG,
     AT(experts.confidence),
     0,
     1,
     .given = GIVEN_CONFIDENCE},
    {{"expert-update", "the token: added to and normalized, or replaced", "residual|replace"},
     KIND_WORD,
     AT(experts.update),
     .given = GIVEN_UPDATE},
};

/* The paper's simple scheme (docs/spec/segmote.md, 6): Dice and 0.01 balance, 1e-4, one prompt a
 * step. */
static void apply(TrainOptions *o) {
    o->loss = (MaskLoss){.rule = MASK_LOSS_FOCAL_DICE_IOU, .dice = 1.0f, .per_sample = true};
    o->optimizer.lr = 1e-4;
    o->optimizer.decay = 1e-5;
    o->prompts.rounds = 1;
    o->prompts.multimask = 0.0;
    o->batch = 10;
}

static Status check(const TrainOptions *o, Error *error) {
    const ExpertOptions *e = &o->experts;
    if (e->kept > e->experts)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "kept",
                               "kept %d is more than experts %d", e->kept, e->experts);
    if (e->ppt == PPT_ALWAYS && !e->pool)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "ppt",
                               "ppt always needs prompt tokens, and prompt-tokens is 0");
    return VOXPERT_OK;
}

static void terms(const TrainOptions *o, float term[SYSTEM_TERMS_MAX]) {
    term[SEGMOTE_BALANCE] = o->experts.rule.balance;
}

/* ---- New experts, or the base's ----------------------------------------------------------- */

typedef struct OtherNumber {
    const char *setting; /* NULL: there is none */
    int asked, there;
} OtherNumber;

/* The first number of the experts' settings that was asked for and is not that of the experts that
 * are there; the default asks for nothing. */
static OtherNumber other_number(const TrainOptions *o, const ExpertDecoderConfig *there) {
    const ExpertOptions *asked = &o->experts, usual = train_options_default().experts;
    const TokenExpertsConfig *e = &there->experts;
    const struct {
        const char *setting;
        int asked, usual, there;
    } number[] = {{"tokens", asked->tokens, usual.tokens, e->tokens},
                  {"experts", asked->experts, usual.experts, e->experts},
                  {"kept", asked->kept, usual.kept, e->kept},
                  {"rank", asked->rank, usual.rank, e->rank},
                  {"prompt-tokens", asked->pool, usual.pool, there->pool.tokens}};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        if (number[i].asked != number[i].usual && number[i].asked != number[i].there)
            return (OtherNumber){number[i].setting, number[i].asked, number[i].there};
    return (OtherNumber){0};
}

/* Puts where prompt tokens act, confidence, update and noise into a configuration: those of the
 * settings GIVEN_... in `which`. */
static void choose_ways(const TrainOptions *o, SegmoteConfig *c, unsigned which) {
    TokenExpertsConfig *e = &c->experts.experts;
    if (which & GIVEN_PPT) c->experts.ppt = o->experts.ppt;
    if (which & GIVEN_CONFIDENCE) e->unweighted = !o->experts.confidence;
    if (which & GIVEN_UPDATE && e->update != EXPERT_PUBLISHED) e->update = o->experts.update;
    if (which & GIVEN_NOISE) c->quiet = !o->experts.rule.noise;
}

/* The default, or what the experts of the base are. */
static Status keep_experts(const Run *r, Error *error) {
    if (r->options->prompt_classes)
        return error_set_field(
            error, VOXPERT_BAD_ARGUMENT, "prompt-classes",
            "prompt-classes: the base has experts of its own; classes are trained "
            "by new ones, or by those of an adapter");
    if (r->options->given & (GIVEN_PPT | GIVEN_CONFIDENCE | GIVEN_UPDATE))
        return error_set(
            error, VOXPERT_BAD_ARGUMENT,
            "ppt, confidence and expert-update are of new experts or an adapter's; the "
            "base has experts of its own, which stay as they are");
    OtherNumber n = other_number(r->options, &r->system.segmote.config.experts);
    if (!n.setting) return VOXPERT_OK;
    return error_set_field(error, VOXPERT_BAD_ARGUMENT, n.setting,
                           "%s %d: the experts of the base have %d", n.setting, n.asked, n.there);
}

static void report_disabled(Run *r, const TokenExpertsConfig *e) {
    int held = e->experts - route_open(e->held_back, e->experts);
    char sentence[160];
    if (!held) return;
    snprintf(
        sentence, sizeof sentence,
        "%d of %d experts are disabled in the router, and are not trained: release-experts enables "
        "them",
        held, e->experts);
    run_say(r, true, sentence);
}

/* Of a base that is an IMIS-Net, which makes the experts' mode the published one; else NULL. */
static const ImisConfig *imis_of_base(const System *s) {
    return s->ops == &imis_system ? &s->imis.config : NULL;
}

static Status declare_adapter(Run *r, Error *error) {
    System *s = &r->system;
    const ImisConfig *imis = imis_of_base(s);
    SegmoteConfig c;
    Status status = system_check_base(s, r->adapter, r->base, error);
    if (!status) status = segmote_config_infer(&c, r->adapter, &s->sam.config, imis, error);
    if (status) return status;
    const char *other = other_number(r->options, &c.experts).setting;
    if (other)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, other,
                               "%s: has its experts already, and %s asks for others",
                               checkpoint_path(r->adapter), other);
    choose_ways(r->options, &c, r->options->given);
    if (r->options->release_experts) c.experts.experts.held_back = 0;
    bool had = c.experts.pool.classes > 0;
    status = segmote_choose_classes(r, &c, error);
    if (status) return status;
    s->adapter = true;
    r->chosen.experts.rule.noise = !c.quiet;
    system_declare_segmote(s, &c);
    if (c.experts.pool.classes && !had) /* they begin where the query is */
        s->segmote.experts.pool.class_query->optional = true;
    report_disabled(r, &c.experts.experts);
    char surplus[256];
    return params_bind(&s->sam.params, r->adapter, true, surplus, sizeof surplus, error);
}

/* Beside the frozen base: published mode on an IMIS-Net, paper mode on any other SAM; the base's
 * own experts where it has some. */
static Status declare(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    System *s = &r->system;
    const ImisConfig *imis = imis_of_base(s);
    if (!r->base)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "SegMoTE is trained on a frozen base, not on a new model");
    if (o->scheme == &scheme_sam_med2d)
        return error_set(
            error, VOXPERT_BAD_ARGUMENT,
            "the scheme sam-med2d trains what the recipe segmote keeps frozen: take one of "
            "the two");
    memcpy(s->parent, r->parent, sizeof s->parent);
    if (r->adapter) return declare_adapter(r, error);
    s->adapter = true;
    if (s->ops == &segmote_system) return keep_experts(r, error);
    SegmoteConfig c = imis ? segmote_config_published(&s->sam.config, imis)
                           : segmote_config_paper(&s->sam.config);
    c.experts.experts.tokens = o->experts.tokens;
    c.experts.experts.experts = o->experts.experts;
    c.experts.experts.kept = o->experts.kept;
    c.experts.experts.rank = o->experts.rank;
    c.experts.pool.tokens = o->experts.pool;
    choose_ways(o, &c, ~0u);
    Status status = segmote_choose_classes(r, &c, error);
    if (status) return status;
    char *config = segmote_config_write(&c); /* checked as a file's is */
    if (!config) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for experts");
    status = segmote_config_parse(&c, config, "the new experts", &s->sam.config, imis, error);
    memory_free(config);
    if (status) return status;
    system_declare_segmote(s, &c);
    r->chosen.experts.rule.noise = !c.quiet;
    return VOXPERT_OK;
}

const Recipe recipe_segmote = {
    .name = "segmote",
    .identity = 1,
    .frozen_base = true,
    .settings = rows,
    .in_every_identity = true,
    .settings_count = sizeof rows / sizeof *rows,
    .apply = apply,
    .check = check,
    .declare = declare,
    .prepare_data = segmote_give_classes,
    .terms = terms,
};

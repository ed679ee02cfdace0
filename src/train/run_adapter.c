#include "train/run_adapter.h"

#include <stdio.h>

#include "train/run_classes.h"

static Status open_base(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    if (o->parent) return checkpoint_open(&r->base, o->parent, error);
    return checkpoint_open_memory(&r->base, o->embedded, o->embedded_size, "built-in model", error);
}

Status run_open_adapter(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    bool adapter = r->base && system_needs_base(r->base);
    const char *path = r->base ? checkpoint_path(r->base) : "the new model";
    if (!adapter && o->parent)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: is no adapter, so it has no --base",
                         path);
    if (!adapter && o->release_experts)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s: is no adapter, so it has no experts to release", path);
    if (!adapter) return VOXPERT_OK;
    if (o->recipe != RECIPE_SEGMOTE)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s: is an adapter, which goes on with --recipe segmote", path);
    r->adapter = r->base;
    r->base = NULL;
    return open_base(r, error);
}

OtherNumber run_other_number(const TrainOptions *o, const ExpertDecoderConfig *there) {
    const ExpertOptions *asked = &o->experts, usual = train_options_default().experts;
    const TokenExpertsConfig *e = &there->experts;
    const struct {
        const char *flag;
        int asked, usual, there;
    } number[] = {{"--tokens", asked->tokens, usual.tokens, e->tokens},
                  {"--experts", asked->experts, usual.experts, e->experts},
                  {"--kept", asked->kept, usual.kept, e->kept},
                  {"--rank", asked->rank, usual.rank, e->rank},
                  {"--prompt-tokens", asked->pool, usual.pool, there->pool.tokens}};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        if (number[i].asked != number[i].usual && number[i].asked != number[i].there)
            return (OtherNumber){number[i].flag, number[i].asked, number[i].there};
    return (OtherNumber){0};
}

void run_choose_ways(const TrainOptions *o, SegmoteConfig *c, unsigned which) {
    TokenExpertsConfig *e = &c->experts.experts;
    if (which & GIVEN_PPT) c->experts.ppt = o->experts.ppt;
    if (which & GIVEN_CONFIDENCE) e->unweighted = !o->experts.confidence;
    if (which & GIVEN_UPDATE && e->update != EXPERT_PUBLISHED) e->update = o->experts.update;
    if (which & GIVEN_NOISE) c->quiet = !o->experts.rule.noise;
}

static void say_held_back(Run *r, const TokenExpertsConfig *e) {
    int held = e->experts - route_open(e->held_back, e->experts);
    char sentence[160];
    if (!held) return;
    snprintf(sentence, sizeof sentence,
             "%d of %d experts are held back, and learn nothing: --release-experts lets the router "
             "know them",
             held, e->experts);
    run_say(r, true, sentence);
}

Status run_declare_adapter(Run *r, Error *error) {
    System *s = &r->system;
    const ImisConfig *imis = s->kind == SYSTEM_IMIS ? &s->imis.config : NULL;
    SegmoteConfig c;
    Status status = system_check_base(s, r->adapter, r->base, error);
    if (!status) status = segmote_config_infer(&c, r->adapter, &s->sam.config, imis, error);
    if (status) return status;
    const char *other = run_other_number(r->options, &c.experts).flag;
    if (other)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s: has its experts already, and %s asks for others",
                         checkpoint_path(r->adapter), other);
    run_choose_ways(r->options, &c, r->options->given);
    if (r->options->release_experts) c.experts.experts.held_back = 0;
    bool had = c.experts.pool.classes > 0;
    status = run_choose_classes(r, &c, error);
    if (status) return status;
    s->kind = SYSTEM_SEGMOTE;
    s->adapter = true;
    r->chosen.experts.rule.noise = !c.quiet;
    segmote_declare(&s->segmote, &s->sam.params, &s->sam, &s->imis, &c);
    if (c.experts.pool.classes && !had) /* they begin where the query is */
        s->segmote.experts.pool.class_query->optional = true;
    say_held_back(r, &c.experts.experts);
    char surplus[256];
    return params_bind(&s->sam.params, r->adapter, true, surplus, sizeof surplus, error);
}

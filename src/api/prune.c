/* As few expert tokens and experts as it takes. */
#include <voxpert/experts.h>

#include <jansson.h>

#include "api/internal.h"
#include "assess/prune.h"
#include "data/reader.h"
#include "systems/experts.h"

/* ---- In words --------------------------------------------------------------------------- */

static json_t *state_json(const PruneState *s, unsigned asks) {
    static const char *const names[PRUNE_ASKS] = {"box", "clicks", "prompt_free"};
    json_t *dice = json_object();
    for (int a = 0; a < PRUNE_ASKS; a++)
        if (asks >> a & 1) json_object_set_new(dice, names[a], json_real(s->dice[a]));
    return json_pack("{s:i, s:i, s:I, s:f, s:o}", "tokens", s->tokens, "experts", s->experts,
                     "parameters", (json_int_t)s->parameters, "score", s->score, "Dice", dice);
}

static json_t *step_json(const PruneStep *s, const System *system) {
    const char *name = s->token ? "" : system_expert_name(system, s->index);
    return json_pack("{s:s, s:i, s:s?, s:f, s:f, s:f, s:b}", "what", s->token ? "token" : "expert",
                     "number", s->index + 1, "name", name[0] ? name : NULL, "load", s->load,
                     "before", s->before, "after", s->after, "removed", (int)s->removed);
}

static char *pruning_json(const Pruning *p, const System *s, const PruneRule *rule,
                          const char *part) {
    json_t *steps = json_array();
    for (int i = 0; i < p->steps; i++) json_array_append_new(steps, step_json(&p->step[i], s));
    json_t *root =
        json_pack("{s:s, s:i, s:i, s:i, s:f, s:o, s:o, s:o, s:o}", "part", part, "sets",
                  (int)p->sets, "objects", (int)p->objects, "clicks", rule->clicks, "tolerance",
                  rule->tolerance, "start", state_json(&p->start, p->asks), "steps", steps, "end",
                  state_json(&p->end, p->asks), "warnings", reader_warnings(&p->warnings));
    char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(root);
    return text;
}

/* ---- Work ------------------------------------------------------------------------------- */

static Status rule_take(PruneRule *rule, const VoxpertPruneOptions *o, const VoxpertModel *owner,
                        const char *part, Error *error) {
    *rule = (PruneRule){.asks = o->ask,
                        .clicks = o->clicks ? o->clicks : 1,
                        .part = click_part(part),
                        .most = o->most > 0 ? (size_t)o->most : 0,
                        .tolerance = o->tolerance,
                        .min_tokens = o->min_tokens,
                        .min_experts = o->min_experts,
                        .cache = o->cache,
                        .cache_half = o->cache_half,
                        .max_memory = owner->max_memory};
    Status status = click_question_check(rule->clicks, part, error);
    if (status) return status;
    if (rule->asks >> PRUNE_ASKS)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%u is no way of asking", rule->asks);
    if (!(rule->tolerance >= 0.0 && rule->tolerance <= 1.0))
        return error_set(error, VOXPERT_BAD_ARGUMENT, "tolerance %g: must be from 0 to 1",
                         rule->tolerance);
    if (rule->min_tokens < 0 || rule->min_experts < 0)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "fewer than no experts cannot be left");
    return VOXPERT_OK;
}

VoxpertStatus voxpert_experts_prune(const VoxpertModel *model, const VoxpertPruneOptions *options,
                                    const char *path, VoxpertCaseDone *done, void *context,
                                    char **json, VoxpertError *error) {
    if (!model || !options || !options->data || !options->data_count || !path || !json)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "pruning needs a model, a data folder and a place for what is left");
    const Model *m = model->model;
    const char *part = options->part ? options->part : "validation";
    const ClickListener listener = {done, context};
    PruneRule rule;
    Pruning found = {0};
    *json = NULL;
    Status status = need_experts(m, error);
    if (!status) status = rule_take(&rule, options, model, part, error);
    if (!status)
        status =
            prune_experts(&found, m, options->data, options->data_count, &rule, &listener, error);
    if (status) {
        pruning_free(&found);
        return status;
    }
    *json = pruning_json(&found, &m->system, &rule, part);
    if (!*json)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to describe what was pruned");
    if (!status)
        status = expert_change_write(&m->system, &found.change, m->file, m->base, path, error);
    pruning_free(&found);
    if (status) {
        voxpert_free(*json);
        *json = NULL;
    }
    return status;
}

#include "systems/experts.h"

#include "base/memory.h"
#include "moe/router_rows.h"

static const TokenExperts *layer_of(const System *s, int layer) {
    return &s->segmote.experts.layer[layer];
}

const TokenExpertsConfig *system_token_experts(const System *s) {
    return s->ops->routes ? &s->segmote.config.experts.experts : NULL;
}

int system_experts(const System *s) {
    return s->ops->routes ? system_token_experts(s)->experts : 0;
}

int system_expert_layers(const System *s) {
    return s->ops->routes ? s->sam.config.decoder.transformer.depth : 0;
}

int system_expert_first_token(const System *s) {
    return expert_decoder_first_token(&s->segmote.experts);
}

const char *system_expert_name(const System *s, int expert) {
    return s->segmote.config.name[expert];
}

int system_expert_find(const System *s, const char *word) {
    return segmote_expert(&s->segmote.config, word) + 1;
}

int system_image_prompt_tokens(const System *s) {
    return s->ops->routes ? s->segmote.config.experts.pool.tokens : 0;
}

bool system_experts_are_published(const System *s) {
    return s->ops->routes && expert_decoder_published(&s->segmote.experts);
}

static size_t elements(const Param *p) { return p ? tensor_size(&p->tensor) : 0; }

size_t system_expert_parameters(const System *s, int layer, int expert) {
    const Mlp *e = &layer_of(s, layer)->expert[expert];
    return elements(e->first.weight) + elements(e->first.bias) + elements(e->second.weight) +
           elements(e->second.bias);
}

Status system_router_is_degenerate(const System *s, int layer, bool *out, Error *error) {
    const TokenExperts *t = layer_of(s, layer);
    const Param *gate = t->gate.weight;
    float *weights = memory_new(elements(gate) * sizeof *weights);
    if (!weights)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to look at %s", gate->name);
    param_read(gate, weights);
    *out = !router_weights_used(weights, t->config.dim, t->config.experts, t->config.held_back);
    memory_free(weights);
    return VOXPERT_OK;
}

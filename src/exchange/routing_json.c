/* What routers did, as JSON. */
#include <math.h>
#include <voxpert/experts.h>

#include "exchange/object_list.h"
#include "exchange/routing_json.h"

/* JSON has no infinity: the logit of a disabled expert is null. */
static json_t *numbers(const float *x, int n) {
    json_t *list = json_array();
    bool failed = !list;
    for (int i = 0; i < n; i++)
        failed |= json_array_append_new(list, isfinite(x[i]) ? json_real((double)x[i])
                                                             : json_null()) != 0;
    if (!failed) return list;
    json_decref(list);
    return NULL;
}

static json_t *token_json(const VoxpertRouting *r, int at, double *sum) {
    const float *logits = r->logits + at * r->experts;
    double entropy = voxpert_routing_entropy(logits, r->experts);
    *sum += entropy;
    return json_pack("{s:o, s:o, s:f, s:f}", "logits", numbers(logits, r->experts), "gates",
                     numbers(r->gates + at * r->experts, r->experts), "confidence",
                     (double)r->confidence[at], "entropy", entropy);
}

static json_t *layer_json(const VoxpertRouting *r, int layer, double *sum) {
    json_t *tokens = json_array();
    bool failed = !tokens;
    for (int t = 0; t < r->tokens; t++)
        failed |= json_array_append_new(tokens, token_json(r, layer * r->tokens + t, sum)) != 0;
    if (!failed) return tokens;
    json_decref(tokens);
    return NULL;
}

json_t *routing_to_json(const VoxpertRouting *r) {
    json_t *layers = json_array();
    double sum = 0.0;
    bool failed = !layers;
    for (int l = 0; l < r->layers; l++)
        failed |= json_array_append_new(layers, layer_json(r, l, &sum)) != 0;
    if (!failed)
        return json_pack("{s:i, s:f, s:o}", "chosen_token", r->chosen + 1, "entropy",
                         sum / (r->layers * r->tokens), "layers", layers);
    json_decref(layers);
    return NULL;
}

VoxpertStatus voxpert_routing_json(const VoxpertRouting *routing, char **json,
                                   VoxpertError *error) {
    if (json) *json = NULL;
    if (!routing || !json) return null_argument("voxpert_routing_json", error);
    if (routing->layers < 1 || routing->tokens < 1 || !routing->logits || !routing->gates ||
        !routing->confidence)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_routing_json: nothing was routed");
    return json_hand_over(routing_to_json(routing), "the routing", json, error);
}

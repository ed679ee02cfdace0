#include <voxpert/experts.h>

#include <jansson.h>

#include "api/internal.h"
#include "base/memory.h"
#include "moe/router_rows.h"
#include "systems/expert_change.h"
#include "systems/experts.h"

Status need_experts(const Model *m, Error *error) {
    if (system_experts(&m->system)) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: has no experts", checkpoint_path(m->file));
}

/* ---- In words --------------------------------------------------------------------------- */

static json_t *expert_json(const System *s, int layer, int e) {
    const char *name = system_expert_name(s, e);
    return json_pack("{s:i, s:s?, s:I, s:b}", "expert", e + 1, "name", name[0] ? name : NULL,
                     "parameters", (json_int_t)system_expert_parameters(s, layer, e), "held_back",
                     (int)route_holds_back(system_token_experts(s)->held_back, e));
}

static Status layer_json(json_t **out, const System *s, int layer, Error *error) {
    bool degenerate;
    Status status = system_router_is_degenerate(s, layer, &degenerate, error);
    if (status) return status;
    json_t *experts = json_array();
    for (int e = 0; e < system_experts(s); e++)
        json_array_append_new(experts, expert_json(s, layer, e));
    *out = json_pack("{s:i, s:b, s:o}", "layer", layer + 1, "degenerate", degenerate, "experts",
                     experts);
    return VOXPERT_OK;
}

/* Base and configuration as the file states them. */
static json_t *summary_json(const Model *m) {
    const TokenExpertsConfig *e = system_token_experts(&m->system);
    char *text = m->system.ops->write_config(&m->system);
    json_t *config = text ? json_loads(text, 0, NULL) : NULL;
    memory_free(text);
    json_t *json = json_pack(
        "{s:s, s:O, s:i, s:i, s:i, s:i, s:O, s:O, s:i, s:s?, s:s?}", "system", m->system.ops->name,
        "mode", json_object_get(config, "mode"), "tokens", e->tokens, "experts", e->experts, "kept",
        e->kept, "rank", e->rank, "update", json_object_get(config, "update"), "gate",
        json_object_get(config, "gate"), "prompt_tokens", system_image_prompt_tokens(&m->system),
        "base", m->base ? checkpoint_path(m->base) : NULL, "base_identity",
        model_metadata(m, "parent_sha256"));
    json_t *classes = json_object_get(config, "prompt_classes");
    if (classes) json_object_set(json, "prompt_classes", classes);
    json_decref(config);
    return json;
}

VoxpertStatus voxpert_experts_describe(const VoxpertModel *model, char **json,
                                       VoxpertError *error) {
    if (!model || !json)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_experts_describe: NULL");
    *json = NULL;
    const System *s = &model->model->system;
    Status status = need_experts(model->model, error);
    if (status) return status;
    json_t *root = summary_json(model->model), *layers = json_array();
    for (int i = 0; !status && i < system_expert_layers(s); i++) {
        json_t *layer = NULL;
        status = layer_json(&layer, s, i, error);
        if (!status) json_array_append_new(layers, layer);
    }
    if (!status && json_object_set(root, "layers", layers) == 0)
        *json = json_dumps(root, JSON_INDENT(2));
    if (!status && !*json)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to describe the experts");
    json_decref(layers);
    json_decref(root);
    return status;
}

VoxpertStatus voxpert_expert_find(const VoxpertModel *model, const char *word, int *expert,
                                  VoxpertError *error) {
    if (!model || !word || !expert)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_expert_find: NULL");
    const Model *m = model->model;
    Status status = need_experts(m, error);
    if (status) return status;
    *expert = system_expert_find(&m->system, word);
    if (*expert) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT,
                     "expert \"%s\": %s has %d experts, and none of that name or number", word,
                     checkpoint_path(m->file), system_experts(&m->system));
}

/* ---- Classes of prompt tokens ----------------------------------------------------------- */

const char *voxpert_class_name(const VoxpertModel *model, int prompt_class) {
    return model ? system_class_name(&model->model->system, prompt_class - 1) : NULL;
}

VoxpertStatus voxpert_class_find(const VoxpertModel *model, const char *name, int *prompt_class,
                                 VoxpertError *error) {
    if (!model || !name || !prompt_class)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_class_find: NULL");
    const Model *m = model->model;
    const System *s = &m->system;
    Text known = {0};
    *prompt_class = system_class_find(s, name);
    if (*prompt_class) return VOXPERT_OK;
    if (!system_classes(s))
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "class \"%.60s\": the prompt tokens of %s have no classes", name,
                         checkpoint_path(m->file));
    for (int i = 0; i < system_classes(s); i++)
        text_add(&known, i ? ", %s" : "%s", system_class_name(s, i));
    error_set(error, VOXPERT_BAD_ARGUMENT, "class \"%.60s\" is none of %s", name,
              known.failed ? "those of the model" : known.chars);
    text_free(&known);
    return VOXPERT_BAD_ARGUMENT;
}

double voxpert_routing_entropy(const float *logits, int experts) {
    return logits && experts > 0 ? routing_entropy(logits, experts) : 0.0;
}

/* ---- More of them, or fewer ------------------------------------------------------------- */

static Status change(const Model *m, const ExpertChange *c, int which, const char *path,
                     Error *error) {
    Status status = need_experts(m, error);
    if (!status && (which < 0 || which > system_experts(&m->system)))
        status = error_set(error, VOXPERT_BAD_ARGUMENT, "%s: has no expert %d",
                           checkpoint_path(m->file), which);
    return status ? status : expert_change_write(&m->system, c, m->file, m->base, path, error);
}

VoxpertStatus voxpert_expert_add(const VoxpertModel *model, const VoxpertExpertAdd *how,
                                 const char *path, VoxpertError *error) {
    if (!model || !how || !how->name || !path)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_expert_add: NULL");
    ExpertChange c = {.name = how->name, .of = how->copy - 1, .seed = how->seed};
    return change(model->model, &c, how->copy, path, error);
}

VoxpertStatus voxpert_expert_remove(const VoxpertModel *model, int expert, const char *path,
                                    VoxpertError *error) {
    if (!model || !path || expert < 1)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_expert_remove: NULL, or no expert");
    if (expert > EXPERTS_MAX) /* no bit stands for it */
        return change(model->model, NULL, expert, path, error);
    ExpertChange c = {.lost_experts = UINT64_C(1) << (expert - 1)};
    return change(model->model, &c, expert, path, error);
}

#include <stdio.h>
#include <string.h>

#include "api/internal.h"
#include "base/memory.h"
#include "systems/experts.h"

/* The built-in model has a name, for those who must give one. */
static const char *path_of(const char *name) {
    return name && strcmp(name, "built-in") != 0 ? name : NULL;
}

static Status open_model(VoxpertModel **out, const char *path, const void *bytes, size_t size,
                         const VoxpertOptions *options, Error *error) {
    VoxpertOptions own;
    const VoxpertOptions *o = &own;
    Status status = options_take(&own, options, error);
    if (status) return status;
    ModelOptions inner = {.threads = o->threads,
                          .cpu = o->cpu,
                          .preset = o->preset,
                          .precision = o->precision,
                          .base = path_of(o->base),
                          .vocab = o->vocab,
                          .strict = o->strict,
                          .bytes = bytes,
                          .size = size,
                          .log = o->log,
                          .log_context = o->log_context};
    inner.embedded = builtin_model(&inner.embedded_size);
    VoxpertModel *m = memory_new(sizeof *m);
    if (!m) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a model");
    m->max_memory = o->max_memory;
    status = model_open(&m->model, path, &inner, error);
    if (status) {
        memory_free(m);
        return status;
    }
    if (o->log && m->model->warning[0]) {
        char sentence[640];
        snprintf(sentence, sizeof sentence, "%s: surplus tensors are ignored: %s",
                 path ? path : "built-in model", m->model->warning);
        o->log(o->log_context, sentence);
    }
    *out = m;
    return VOXPERT_OK;
}

VoxpertStatus voxpert_model_open(VoxpertModel **out, const char *path,
                                 const VoxpertOptions *options, VoxpertError *error) {
    if (!out) return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_model_open: out is NULL");
    *out = NULL;
    return open_model(out, path_of(path), NULL, 0, options, error);
}

VoxpertStatus voxpert_model_open_memory(VoxpertModel **out, const void *bytes, size_t size,
                                        const char *name, const VoxpertOptions *options,
                                        VoxpertError *error) {
    if (out) *out = NULL;
    if (!out || !bytes)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "voxpert_model_open_memory: a pointer that must be given is NULL");
    return open_model(out, name ? name : "memory", bytes, size, options, error);
}

void voxpert_model_close(VoxpertModel *model) {
    if (!model) return;
    model_close(model->model);
    memory_free(model);
}

VoxpertStatus voxpert_model_describe(const VoxpertModel *model, char **json, VoxpertError *error) {
    if (!model || !json)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_model_describe: NULL");
    *json = model_describe(model->model);
    if (*json) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to describe the model");
}

VoxpertStatus voxpert_model_identity(const VoxpertModel *model, const char **identity,
                                     VoxpertError *error) {
    if (!model || !identity)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_model_identity: NULL");
    return model_identity(model->model, identity, error);
}

Status model_element_type(ElementType *out, const char *type, Error *error) {
    static const struct {
        const char *name;
        ElementType type;
    } types[] = {{"f32", ELEMENT_F32}, {"f16", ELEMENT_F16}, {"bf16", ELEMENT_BF16}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        *out = types[i].type;
        if (strcmp(type, types[i].name) == 0) return VOXPERT_OK;
    }
    return error_set(error, VOXPERT_BAD_ARGUMENT, "type \"%s\" is unknown; f32, f16 or bf16", type);
}

VoxpertStatus voxpert_model_save(const VoxpertModel *model, const char *path, const char *type,
                                 VoxpertError *error) {
    if (!model || !path || !type)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_model_save: NULL");
    ElementType element;
    Status status = model_element_type(&element, type, error);
    return status ? status : model_save(model->model, path, element, error);
}

VoxpertStatus voxpert_model_info(const VoxpertModel *model, VoxpertModelInfo *out,
                                 VoxpertError *error) {
    if (!model || !out)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "voxpert_model_info: a pointer that must be given is NULL");
    const Model *m = model->model;
    const System *s = &m->system;
    const TokenExpertsConfig *e = system_token_experts(s);
    VoxpertModelInfo own = {.system = s->ops->name,
                            .preset = m->preset.name,
                            .kernels = m->kernels->name,
                            .precision = precision_name(s->sam.params.precision),
                            .parameters = params_elements(&s->sam.params),
                            .input_side = s->sam.config.image,
                            .low_res_side = voxpert_model_low_res_side(model),
                            .masks = e ? e->tokens : s->sam.config.decoder.masks - 1,
                            .experts = system_experts(s),
                            .expert_layers = system_expert_layers(s),
                            .expert_tokens = e ? e->tokens : 0,
                            .classes = system_classes(s),
                            .zoom = m->preset.zoom,
                            .boxes_alone = m->preset.boxes_alone,
                            .needs_prompt = !system_answers_unprompted(s),
                            .reads_text = system_text_width(s) && m->texts.bpe.vocabulary,
                            .everything = s->ops->decode_image != NULL,
                            .adapter = s->adapter};
    model_info_give(out, &own);
    return VOXPERT_OK;
}

int voxpert_model_low_res_side(const VoxpertModel *model) {
    return model ? 4 * sam_grid(&model->model->system.sam) : 0;
}

const char *voxpert_preset(int index, const char **summary) {
    const Preset *preset = preset_at(index);
    if (preset && summary) *summary = preset->summary;
    return preset ? preset->name : NULL;
}

void voxpert_free(void *memory) { memory_free(memory); }

const char *voxpert_version(void) { return VOXPERT_VERSION; }
int voxpert_version_number(void) { return VOXPERT_VERSION_NUMBER; }

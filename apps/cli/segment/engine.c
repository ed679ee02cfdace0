#include "cli/segment/engine.h"

#include <stdio.h>
#include <string.h>

#include "cli/common/error.h"

VoxpertStatus engine_flags(EngineOptions *out, const Options *options, VoxpertError *error) {
    out->model = options_value(options, "--model");
    if (out->model && strcmp(out->model, "built-in") == 0) out->model = NULL; /* its name */
    out->base = options_value(options, "--base");
    out->preset = options_value(options, "--preset");
    out->vocab = options_value(options, "--vocab");
    out->strict = options_has(options, "--strict");
    if (!out->preset) return VOXPERT_OK;
    char known[256] = "";
    const char *name;
    for (int i = 0; (name = voxpert_preset(i, NULL)); i++) {
        if (strcmp(name, out->preset) == 0) return VOXPERT_OK;
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", name);
    }
    return error_say(error, VOXPERT_BAD_ARGUMENT, "--preset %s: must be one of %s", out->preset,
                     known);
}

VoxpertStatus session_flags(EngineOptions *out, const Options *options, VoxpertError *error) {
    out->cache = options_value(options, "--cache");
    out->cache_half = options_has(options, "--cache-half");
    out->expert = options_value(options, "--expert");
    if (!out->cache_half || out->cache) return VOXPERT_OK;
    return error_say(error, VOXPERT_BAD_ARGUMENT, "--cache-half needs --cache");
}

VoxpertStatus zoom_flags(int *zoom, const Options *options, VoxpertError *error) {
    bool yes = options_has(options, "--zoom"), no = options_has(options, "--no-zoom");
    *zoom = yes - no;
    if (!yes || !no) return VOXPERT_OK;
    return error_say(error, VOXPERT_BAD_ARGUMENT, "--zoom and --no-zoom exclude each other");
}

static json_t *about(const VoxpertModel *model) {
    char *text = NULL;
    if (voxpert_report_model(model, &text, NULL)) return json_object();
    json_t *json = json_loads(text, 0, NULL);
    voxpert_free(text);
    return json;
}

VoxpertStatus engine_model(Listener *listener, VoxpertModel **out, const EngineOptions *o,
                           VoxpertError *error) {
    const VoxpertOptions options = {
        .preset = o->preset, .base = o->base, .vocab = o->vocab, .strict = o->strict};
    return common_model(listener, out, o->model, &options, error);
}

static void count_experts(Engine *e) {
    char *text = NULL;
    if (voxpert_experts_describe(e->model, &text, NULL)) return;
    json_t *about = json_loads(text, 0, NULL);
    e->experts = (int)json_integer_value(json_object_get(about, "experts"));
    e->prompt_tokens = (int)json_integer_value(json_object_get(about, "prompt_tokens"));
    json_decref(about);
    voxpert_free(text);
}

VoxpertStatus engine_open(Engine *e, const Common *common, const EngineOptions *options,
                          VoxpertError *error) {
    if (e->session) return VOXPERT_OK;
    double start = seconds_now();
    e->warnings = json_array();
    e->listener = (Listener){common, e->warnings};
    VoxpertStatus status = engine_model(&e->listener, &e->model, options, error);
    if (!status) status = voxpert_session_open(&e->session, e->model, error);
    if (!status && options->cache)
        status = voxpert_session_cache(e->session, options->cache, options->cache_half, error);
    if (!status) count_experts(e);
    if (!status && options->expert && strcmp(options->expert, "auto") != 0)
        status = voxpert_expert_find(e->model, options->expert, &e->expert, error);
    e->load_seconds = seconds_now() - start;
    e->opening = json_array_size(e->warnings);
    return status;
}

void engine_take_warnings(Engine *e, json_t *into) {
    json_array_extend(into, e->warnings);
    while (json_array_size(e->warnings) > e->opening) json_array_remove(e->warnings, e->opening);
}

json_t *engine_about(Engine *e) {
    if (!e->about) e->about = about(e->model);
    return e->about;
}

void engine_close(Engine *e) {
    voxpert_session_close(e->session);
    voxpert_model_close(e->model);
    json_decref(e->about);
    json_decref(e->warnings);
    *e = (Engine){0};
}

#include "cli/experts/route_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/common/error.h"

char *route_figure(const char *figure, int object) {
    return cli_text("%s_object%d.png", figure, object);
}

/* Each line with the image's name; NULL is none.  Frees `lines`. */
static void warn_lines(const Common *common, const char *image, char *lines) {
    for (char *line = lines, *rest; line && (rest = strchr(line, '\n')); line = rest + 1) {
        *rest = '\0';
        common_warn(common, "%s: %s", image, line);
    }
    free(lines);
}

static VoxpertStatus prepare(const Common *common, const EngineOptions *options, Engine *engine,
                             const RouteCase *c, const VoxpertImageFile *file,
                             VoxpertError *error) {
    const VoxpertImage *image = voxpert_image_file_image(file);
    VoxpertObjects *objects = c->objects;
    char *fit = NULL, *masks = NULL, *logits = NULL;
    VoxpertStatus status = voxpert_objects_fit(objects, image, &fit, error);
    warn_lines(common, c->image, fit);
    if (!status) status = voxpert_objects_load_masks(objects, file, &c->file, &masks, error);
    warn_lines(common, c->image, masks);
    if (!status) status = voxpert_objects_check(objects, image, c->segment.prompt_free, error);
    if (!status) status = engine_open(engine, common, options, error);
    int side = status ? 0 : voxpert_model_low_res_side(engine->model);
    if (!status) status = voxpert_objects_load_logits(objects, side, &logits, error);
    warn_lines(common, c->image, logits);
    return status ? status : voxpert_set_image(engine->session, image, error);
}

static json_t *object_record(const VoxpertObject *t, const VoxpertExpertMaps *maps) {
    char *text = NULL;
    if (voxpert_routing_json(&maps->routing, &text, NULL)) return NULL;
    json_t *object =
        json_pack("{s:i, s:o}", "object", t->number, "routing", json_loads(text, 0, NULL));
    voxpert_free(text);
    if (t->label) json_object_set_new(object, "label", json_string(t->label));
    return object;
}

static VoxpertStatus route_object(Engine *engine, const RouteCase *c, const VoxpertObject *t,
                                  json_t *record, VoxpertError *error) {
    VoxpertSegmentOptions options = c->segment;
    VoxpertPrompt prompt = voxpert_object_prompt(t);
    VoxpertExpertMaps maps = {0};
    options.expert = engine->expert;
    VoxpertStatus status = voxpert_object_options(engine->model, c->objects, t, &options, error);
    if (status) return status;
    status = voxpert_expert_maps(engine->session, &prompt, &options, &maps, error);
    char *path = c->figure ? route_figure(c->figure, t->number) : NULL;
    if (!status && path) status = voxpert_expert_maps_write(engine->session, &maps, path, error);
    if (!status &&
        json_array_append_new(json_object_get(record, "objects"), object_record(t, &maps)))
        status = error_say(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to report it", c->image);
    if (!status && path)
        json_array_append_new(json_object_get(record, "figures"), json_words(path));
    free(path);
    voxpert_expert_maps_free(&maps);
    return status;
}

/* The figures of objects before the one that failed. */
static void take_back(const json_t *record) {
    size_t index;
    const json_t *path;
    json_array_foreach(json_object_get(record, "figures"), index, path)
        unlink(json_string_value(path));
}

VoxpertStatus route_case_run(const Common *common, const EngineOptions *options, Engine *engine,
                             const RouteCase *c, json_t **record, VoxpertError *error) {
    VoxpertImageFile *file = NULL;
    VoxpertStatus status = voxpert_image_file_open(&file, c->image, &c->file, error);
    if (!status) common_warn_lines(common, voxpert_image_file_warnings(file));
    if (!status) status = prepare(common, options, engine, c, file, error);
    *record = json_pack("{s:o, s:[], s:[]}", "image", json_words(c->image), "objects", "figures");
    for (int i = 0; !status && i < c->objects->count; i++)
        status = route_object(engine, c, &c->objects->item[i], *record, error);
    json_t *objects = json_object_get(*record, "objects");
    if (!status) {
        json_object_set_new(*record, "entropy", json_real(routing_entropy_of(objects)));
    } else {
        take_back(*record);
        json_decref(*record);
        *record = NULL;
    }
    voxpert_objects_unload(c->objects);
    voxpert_image_file_close(file);
    return status;
}

/* What is known of a result, for people and programs. */
#include "exchange/object_list.h"
#include "exchange/result.h"

static json_t *sentences(const char *lines) {
    const char *sentence;
    size_t length;
    json_t *list = json_array();
    bool failed = !list;
    while (warnings_next(&lines, &sentence, &length)) {
        Text copy = warnings_sentence(sentence, length);
        failed |= json_array_append_new(list, copy.chars ? json_text(copy.chars) : NULL) != 0;
        text_free(&copy);
    }
    if (!failed) return list;
    json_decref(list);
    return NULL;
}

static json_t *image_json(const VoxpertResultReport *r) {
    const VoxpertImage *image = voxpert_image_file_image(r->file);
    char slice[40];
    voxpert_slice_text(slice, r->options);
    return json_pack("{s:o*, s:s, s:i, s:i, s:s*}", "file", json_text(r->name), "sha256",
                     voxpert_image_file_hash(r->file), "width", image->width, "height",
                     image->height, "slice", slice[0] ? slice : NULL);
}

static json_t *outputs_json(const VoxpertResultReport *r) {
    json_t *json = json_object();
    bool failed = !json;
    for (int i = 0; i < r->output_count; i++)
        failed |=
            json_object_set_new(json, r->outputs[2 * i], json_text(r->outputs[2 * i + 1])) != 0;
    if (!failed) return json;
    json_decref(json);
    return NULL;
}

/* ---- Models ----------------------------------------------------------------------------- */

static Status model_json(json_t **out, const VoxpertModel *model, Error *error) {
    static const char *const fields[] = {
        "file", "arch", "preset", "identity", "configuration_sha256", "licence", "kernels"};
    char *text = NULL;
    *out = NULL;
    Status status = voxpert_model_describe(model, &text, error);
    if (status) return status;
    json_t *all = json_loads(text, 0, NULL), *some = json_object();
    bool failed = !all || !some;
    voxpert_free(text);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        json_t *value = json_object_get(all, fields[i]);
        if (value) failed |= json_object_set(some, fields[i], value) != 0;
    }
    json_decref(all);
    if (failed) json_decref(some);
    *out = failed ? NULL : some;
    return failed ? error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the report")
                  : VOXPERT_OK;
}

VoxpertStatus voxpert_report_model(const VoxpertModel *model, char **json, VoxpertError *error) {
    json_t *about;
    if (json) *json = NULL;
    if (!model || !json) return null_argument("voxpert_report_model", error);
    Status status = model_json(&about, model, error);
    return status ? status : json_hand_over(about, "the report", json, error);
}

/* ---- The report ------------------------------------------------------------------------- */

VoxpertStatus voxpert_result_report(const VoxpertResultReport *r, char **json,
                                    VoxpertError *error) {
    if (json) *json = NULL;
    if (!r || !json || !r->file || !r->result || r->output_count < 0 ||
        (r->output_count && !r->outputs))
        return error_set(
            error, VOXPERT_BAD_ARGUMENT,
            "voxpert_result_report: an argument is NULL: a report needs a file and a result");
    json_t *model = NULL;
    Status status = r->model ? model_json(&model, r->model, error) : VOXPERT_OK;
    if (status) return status;
    json_t *report = json_pack("{s:s, s:s, s:o, s:s, s:O, s:o, s:o, s:o*, s:o*}", "status", "done",
                               "version", VOXPERT_VERSION, "image", image_json(r), "coordinates",
                               "pixels of the image as read, x to the right, y down, from 0",
                               "objects", result_records(r->result), "outputs", outputs_json(r),
                               "warnings", sentences(r->warnings ? r->warnings : ""), "prompts",
                               r->prompts ? objects_to_json(r->prompts) : NULL, "model", model);
    return json_hand_over(report, "the report", json, error);
}

/* json_request - what a server does with a request: prompts as JSON in, a label map and a report as
 * JSON out, as the command line reads and writes them.
 *
 *     json_request IMAGE MASK.png '{"objects": [{"label": "lesion", "boxes": [[40, 52, 120,
 * 131]]}]}'
 */
#include <stdio.h>
#include <string.h>

#ifndef VOXPERT_UNSTABLE
#define VOXPERT_UNSTABLE /* exchange.h may change in every minor version */
#endif
#include <voxpert/exchange.h>

typedef struct Request {
    VoxpertImageFile *file;
    VoxpertPrompts *prompts;
    VoxpertResult *result;
} Request;

/* Prompts are checked against the image before anything is computed. */
static VoxpertStatus prepare(Request *r, const char *path, const char *json, VoxpertError *error) {
    char *warnings = NULL;
    VoxpertStatus status = voxpert_image_file_open(&r->file, path, NULL, error);
    if (!status)
        status = voxpert_prompts_open_memory(&r->prompts, json, strlen(json), "request", error);
    if (status) return status;
    const VoxpertImage *image = voxpert_image_file_image(r->file);
    VoxpertObjects *objects = &voxpert_prompts_entry(r->prompts, 0)->objects;
    status = voxpert_objects_fit(objects, image, &warnings, error);
    if (!status) fputs(warnings, stderr);
    voxpert_free(warnings);
    if (!status) status = voxpert_objects_check(objects, image, false, error);
    return status ? status : voxpert_result_open(&r->result, image->width, image->height, error);
}

static VoxpertStatus segment(Request *r, VoxpertSession *session, VoxpertError *error) {
    const VoxpertObjects *objects = &voxpert_prompts_entry(r->prompts, 0)->objects;
    VoxpertStatus status = voxpert_set_image(session, voxpert_image_file_image(r->file), error);
    return status ? status : voxpert_segment_objects(session, objects, NULL, r->result, error);
}

static VoxpertStatus answer(const Request *r, const char *mask, VoxpertError *error) {
    const char *const outputs[] = {"mask", mask};
    const VoxpertResultReport report = {
        .file = r->file, .result = r->result, .outputs = outputs, .output_count = 1};
    char *json = NULL;
    VoxpertStatus status =
        voxpert_labels_write(r->file, voxpert_result_labels(r->result), mask, error);
    if (!status) status = voxpert_result_report(&report, &json, error);
    if (!status) puts(json);
    voxpert_free(json);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: %s IMAGE MASK.png PROMPTS\n", argv[0]);
        return VOXPERT_BAD_ARGUMENT;
    }
    VoxpertModel *model = NULL;
    VoxpertSession *session = NULL;
    VoxpertError error;
    Request request = {0};
    VoxpertStatus status = prepare(&request, argv[1], argv[3], &error);
    if (!status) status = voxpert_model_open(&model, NULL, NULL, &error); /* the built-in one */
    if (!status) status = voxpert_session_open(&session, model, &error);
    if (!status) status = segment(&request, session, &error);
    if (!status) status = answer(&request, argv[2], &error);
    if (status) fprintf(stderr, "%s\n", error.message);
    voxpert_session_close(session);
    voxpert_model_close(model);
    voxpert_result_close(request.result);
    voxpert_prompts_close(request.prompts);
    voxpert_image_file_close(request.file);
    return (int)status;
}

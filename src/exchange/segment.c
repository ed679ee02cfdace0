/* From prompts to a result: each object of the session's image. */
#include <string.h>
#include <voxpert/experts.h>

#include "api/internal.h"
#include "base/memory.h"
#include "exchange/object_list.h"

typedef struct Work {
    VoxpertSession *session;
    const VoxpertObjects *objects;
    const VoxpertRequest *request;
    VoxpertResult *result;
} Work;

VoxpertStatus voxpert_object_options(const VoxpertModel *model, const VoxpertObjects *objects,
                                     const VoxpertObject *o, VoxpertSegmentOptions *options,
                                     VoxpertError *error) {
    Error own;
    if (!model || !objects || !o || !options) return null_argument("voxpert_object_options", error);
    if (!error) error = &own;
    Status status = VOXPERT_OK;
    if (o->expert) status = voxpert_expert_find(model, o->expert, &options->expert, error);
    if (!status && o->class_name)
        status = voxpert_class_find(model, o->class_name, &options->prompt_class, error);
    return status && objects->file ? voxpert_objects_blame(objects, o, error) : status;
}

static Status segment_one(const Work *w, int index, int value, Error *error) {
    const VoxpertObject *o = &w->objects->item[index];
    const VoxpertRequest *request = w->request;
    VoxpertSegmentOptions options = request->segment;
    VoxpertPrompt prompt = voxpert_object_prompt(o);
    VoxpertMasks masks = {0};
    options.masks = VOXPERT_MASK_LOGITS;
    Status status = voxpert_object_options(w->session->model, w->objects, o, &options, error);
    if (status) return status;
    status = voxpert_segment(w->session, &prompt, &options, &masks, error);
    if (status == VOXPERT_BAD_ARGUMENT && strcmp(error->field, "text") == 0)
        status = voxpert_objects_blame(w->objects, o, error);
    if (!status) status = voxpert_result_add(w->result, o, value, &masks, &request->cleanup, error);
    if (!status && request->done) status = request->done(request->context, index, &masks, error);
    voxpert_masks_free(&masks);
    return status;
}

VoxpertStatus voxpert_segment_objects(VoxpertSession *session, const VoxpertObjects *objects,
                                      const VoxpertRequest *request, VoxpertResult *result,
                                      VoxpertError *error) {
    static const VoxpertRequest none;
    Error own;
    if (!session || !objects || !result) return null_argument("voxpert_segment_objects", error);
    if (!error) error = &own;
    Work w = {session, objects, request ? request : &none, result};
    size_t count = objects->count > 0 ? (size_t)objects->count : 1;
    int *values = memory_new(count * sizeof *values);
    if (!values) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the result");
    Status status = voxpert_objects_values(objects, w.request->value, values, error);
    for (int i = 0; !status && i < objects->count; i++)
        status = segment_one(&w, i, values[i], error);
    memory_free(values);
    return status;
}

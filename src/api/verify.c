/* Reading back what was written: every tensor, to the last bit. */
#include <string.h>

#include "api/internal.h"
#include "base/memory.h"
#include "weights/checkpoint_elements.h"

static void round_to(float *values, size_t count, ElementType type) {
    for (size_t i = 0; i < count && type != ELEMENT_F32; i++)
        values[i] = type == ELEMENT_F16 ? float_from_f16(f16_from_float(values[i]))
                                        : float_from_bf16(bf16_from_float(values[i]));
}

static bool same_shape(const StoredTensor *t, const Param *p) {
    bool same = t->rank == p->rank;
    for (int i = 0; same && i < p->rank; i++) same = t->dim[i] == (size_t)p->dim[i];
    return same;
}

static Status compare(const StoredTensor *t, const Param *p, ElementType type, const char *path,
                      Error *error) {
    if (!t || !same_shape(t, p) || t->type != type)
        return error_set(error, VOXPERT_BAD_OUTPUT, "%s: tensor %s is %s", path, p->name,
                         t ? "not of the shape and type that were written" : "missing");
    float *read = memory_new(2 * (t->count + 1) * sizeof *read);
    if (!read) return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to check it", path);
    float *want = read + t->count;
    stored_tensor_read(t, read);
    param_read(p, want);
    round_to(want, t->count, type);
    bool same = memcmp(read, want, t->count * sizeof *read) == 0;
    memory_free(read);
    if (same) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_OUTPUT, "%s: tensor %s differs from what was written", path,
                     p->name);
}

/* What model_save() writes. */
static Status compare_all(const System *system, const Checkpoint *c, ElementType type,
                          const char *path, Error *error) {
    const Params *params = &system->sam.params;
    size_t named = 0;
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < params->count; i++) {
        const Param *p = params->item[i];
        if (!p->name || !param_matches(p, system_owned(system))) continue;
        named++;
        status = compare(checkpoint_find(c, p->name), p, type, path, error);
    }
    if (!status && checkpoint_count(c) != named)
        status = error_set(error, VOXPERT_BAD_OUTPUT, "%s: holds %zu tensors, not %zu", path,
                           checkpoint_count(c), named);
    return status;
}

VoxpertStatus voxpert_model_verify(const VoxpertModel *model, const char *path, const char *type,
                                   VoxpertError *error) {
    ElementType element;
    if (!model || !path || !type)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_model_verify: NULL");
    Status status = model_element_type(&element, type, error);
    Checkpoint *c = NULL;
    if (!status) status = checkpoint_open(&c, path, error);
    if (status == VOXPERT_BAD_MODEL) { /* it is an output here */
        status = VOXPERT_BAD_OUTPUT;
        if (error) error->status = status;
    }
    if (!status) status = compare_all(&model->model->system, c, element, path, error);
    checkpoint_close(c);
    return status;
}

/* Filling a checkpoint, whatever its container. */
#include "weights/container.h"

#include <string.h>

#include "base/memory.h"
#include "base/size.h"

Status checkpoint_no_memory(const Checkpoint *c, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to open it", c->path);
}

Status checkpoint_add(Checkpoint *c, const StoredTensor *t, const char *name, size_t length,
                      Error *error) {
    if (!memory_grow(&c->tensor, &c->tensor_capacity, c->count, sizeof *c->tensor))
        return checkpoint_no_memory(c, error);
    StoredTensor *to = &c->tensor[c->count++];
    char *own = memory_new(length + 1), *stored = memory_new(length + 1);
    *to = *t;
    to->name = own;
    to->stored_name = stored;
    if (!own || !stored) return checkpoint_no_memory(c, error);
    memcpy(own, name, length);
    memcpy(stored, name, length);
    return VOXPERT_OK;
}

Status checkpoint_add_metadata(Checkpoint *c, const char *key, const char *value, Error *error) {
    if (!memory_grow(&c->metadata, &c->pair_capacity, c->pairs, sizeof *c->metadata))
        return checkpoint_no_memory(c, error);
    CheckpointPair *pair = &c->metadata[c->pairs++];
    *pair = (CheckpointPair){memory_text(key), memory_text(value)};
    return pair->key && pair->value ? VOXPERT_OK : checkpoint_no_memory(c, error);
}

void *checkpoint_own(Checkpoint *c, size_t bytes) {
    if (!memory_grow(&c->owned, &c->owner_capacity, c->owners, sizeof *c->owned)) return NULL;
    void *memory = memory_new(bytes);
    if (memory) c->owned[c->owners++] = memory;
    return memory;
}

bool stored_tensor_shape(StoredTensor *t) {
    t->count = 1;
    t->contiguous = true;
    size_t step = 1; /* of a dense tensor whose empty sides are counted as 1 */
    for (int i = t->rank; i-- > 0;) {
        t->stride[i] = step;
        if (!size_multiply(&step, step, size_max(t->dim[i], 1))) return false;
        t->count *= t->dim[i];
    }
    return true;
}

/* Names of tensors as files have them -> canonical ones, and the index of these. */
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/size.h"
#include "base/text.h"
#include "weights/container.h"
#include "weights/dialects.h"

/* ---- Wrappers --------------------------------------------------------------------------- */

static void unwrap_all(Checkpoint *c) {
    for (size_t i = 0; i < c->count; i++) dialect_unwrap((char *)(uintptr_t)c->tensor[i].name);
}

static void strip(Checkpoint *c, const char *prefix, size_t length) {
    for (size_t i = 0; i < c->count; i++) {
        char *name = (char *)(uintptr_t)c->tensor[i].name; /* ours; const for others */
        if (strncmp(name, prefix, length) == 0)
            memmove(name, name + length, strlen(name + length) + 1);
    }
}

/* Without a part of a SAM to go by: DataParallel wraps everything or nothing. */
static size_t shared_module(const Checkpoint *c) {
    for (size_t i = 0; i < c->count; i++) {
        if (!text_starts(c->tensor[i].name, "module.")) return 0;
    }
    return c->count ? strlen("module.") : 0;
}

static Status two_places(const Checkpoint *c, const char *a, const char *b, Error *error) {
    return error_set(
        error, VOXPERT_BAD_MODEL,
        "%s: has parts of a model in two places, '%.200s' and '%.200s': which of them is "
        "meant cannot be seen",
        c->path, a, b);
}

/* What nobody is known to put before parts of a SAM, where all tensors have it; 0: they do not. */
static size_t other_wrapper(const Checkpoint *c) {
    const char *first = NULL;
    size_t length = 0;
    for (size_t i = 0; i < c->count && !first; i++) {
        length = dialect_any_wrapper(c->tensor[i].name);
        if (length != SIZE_MAX) first = c->tensor[i].name;
    }
    for (size_t i = 0; i < c->count && first; i++)
        if (strncmp(c->tensor[i].name, first, length) != 0) return 0;
    return first ? length : 0;
}

static size_t wrapper_without_parts(Checkpoint *c) {
    size_t length = other_wrapper(c);
    if (!length) return shared_module(c);
    warnings_add(&c->warnings, "%s: '%.*s' before the names of its tensors is passed over", c->path,
                 (int)size_min(length, 100), c->tensor[0].name);
    return length;
}

/* What parts of a SAM have before them in *of, its bytes in *length; two different things are an
 * error. */
static Status find_wrapper(Checkpoint *c, const char **of, size_t *length, Error *error) {
    bool found = false;
    *of = c->count ? c->tensor[0].name : "";
    *length = 0;
    for (size_t i = 0; i < c->count; i++) {
        const char *name = c->tensor[i].name;
        size_t wrapped = dialect_wrapper(name);
        if (!dialect_is_part(name + wrapped)) continue;
        if (found && (wrapped != *length || strncmp(name, *of, wrapped) != 0))
            return two_places(c, *of, name, error);
        found = true;
        *of = name;
        *length = wrapped;
    }
    if (!found) *length = wrapper_without_parts(c);
    return VOXPERT_OK;
}

static Status remove_wrapper(Checkpoint *c, Error *error) {
    const char *of;
    size_t length;
    Status status = find_wrapper(c, &of, &length, error);
    if (status || !length) return status;
    c->wrapper = memory_new(length + 1);
    if (!c->wrapper) return checkpoint_no_memory(c, error);
    memcpy(c->wrapper, of, length);
    strip(c, c->wrapper, length);
    return VOXPERT_OK;
}

/* ---- Dialects --------------------------------------------------------------------------- */

static Status rename_all(Checkpoint *c, Error *error) {
    bool transformers = false;
    for (size_t i = 0; i < c->count; i++)
        transformers |= dialect_is_transformers(c->tensor[i].name);
    c->dialect = transformers ? "transformers" : "published";
    for (size_t i = 0; i < c->count; i++) {
        char *old = (char *)(uintptr_t)c->tensor[i].name;
        char *name = transformers ? dialect_from_transformers(old) : dialect_name(old, strlen(old));
        if (!name) return checkpoint_no_memory(c, error);
        memory_free(old);
        c->tensor[i].name = name;
    }
    return VOXPERT_OK;
}

/* ---- Index ------------------------------------------------------------------------------ */

/* The slot of a name, or the empty one where it would go. */
static uint32_t *slot_of(const Checkpoint *c, const char *name) {
    size_t mask = c->slots - 1, at = (size_t)hash_fnv1a(name, strlen(name)) & mask;
    while (c->slot[at] && strcmp(c->tensor[c->slot[at] - 1].name, name) != 0) at = (at + 1) & mask;
    return &c->slot[at];
}

const StoredTensor *checkpoint_find(const Checkpoint *c, const char *name) {
    uint32_t found = *slot_of(c, name);
    return found ? &c->tensor[found - 1] : NULL;
}

static bool same_shape(const StoredTensor *a, const StoredTensor *b) {
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}

/* transformers stores one matrix under two names. */
static Status check_equal(const Checkpoint *c, const StoredTensor *a, const StoredTensor *b,
                          Error *error) {
    bool equal = same_shape(a, b);
    float *values = equal ? memory_new((2 * a->count + 1) * sizeof *values) : NULL;
    if (equal && !values) return checkpoint_no_memory(c, error);
    if (equal) {
        stored_tensor_read(a, values);
        stored_tensor_read(b, values + a->count);
        equal = memcmp(values, values + a->count, a->count * sizeof *values) == 0;
    }
    memory_free(values);
    if (equal) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_MODEL,
                     "%s: tensor '%.200s' is there twice with different values, as '%.150s' and as "
                     "'%.150s'",
                     c->path, a->name, a->stored_name, b->stored_name);
}

static void tensor_names_free(StoredTensor *t) {
    memory_free((void *)(uintptr_t)t->name);
    memory_free((void *)(uintptr_t)t->stored_name);
}

Status names_index(Checkpoint *c, Error *error) {
    for (c->slots = 16; c->slots < 2 * c->count;) c->slots *= 2;
    c->slot = memory_new(c->slots * sizeof *c->slot);
    if (!c->slot) return checkpoint_no_memory(c, error);
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i++) {
        uint32_t *slot = slot_of(c, c->tensor[i].name);
        if (*slot) {
            Status status = check_equal(c, &c->tensor[*slot - 1], &c->tensor[i], error);
            if (status) return status;
            tensor_names_free(&c->tensor[i]);
            c->tensor[i] = (StoredTensor){0}; /* freed with the others, should that be next */
            continue;
        }
        StoredTensor t = c->tensor[i];
        c->tensor[i] = (StoredTensor){0};
        c->tensor[kept++] = t;
        *slot = (uint32_t)kept;
    }
    c->count = kept;
    return VOXPERT_OK;
}

Status names_make_canonical(Checkpoint *c, Error *error) {
    unwrap_all(c);
    Status status = remove_wrapper(c, error);
    return status ? status : rename_all(c, error);
}

/* Opening, finding and closing; the containers have files of their own. */
#include "weights/checkpoint.h"

#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/size.h"
#include "base/text.h"
#include "weights/container.h"
#include "weights/dialects.h"

typedef struct Container {
    const char *name;
    bool (*recognizes)(const uint8_t *bytes, size_t size);
    Status (*read)(Checkpoint *c, Error *error);
} Container;

static bool is_zip(const uint8_t *bytes, size_t size) {
    return size >= 4 && (memcmp(bytes, "PK\3\4", 4) == 0 || memcmp(bytes, "PK\5\6", 4) == 0);
}

/* The third byte is an opcode, never 0; as a safetensors header size it would be over 100 MB. */
static bool is_pickle(const uint8_t *bytes, size_t size) {
    return size >= 3 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5 && bytes[2] != 0 &&
           (size < 8 || bytes[7] != 0 || bytes[6] != 0 || bytes[5] != 0 || bytes[4] != 0);
}

static bool is_anything(const uint8_t *bytes, size_t size) {
    (void)bytes, (void)size;
    return true;
}

static const Container containers[] = {
    {"torch zip", is_zip, torch_zip_read},
    {"torch legacy", is_pickle, torch_legacy_read},
    {"safetensors", is_anything, safetensors_read}, /* has no signature */
};

/* ---- Filling ---------------------------------------------------------------------------- */

Status checkpoint_no_memory(const Checkpoint *c, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to open it", c->path);
}

Status checkpoint_add(Checkpoint *c, const StoredTensor *t, const char *name, size_t length,
                      Error *error) {
    char *canonical = dialect_name(name, length);
    if (!canonical || !memory_grow(&c->tensor, &c->tensor_capacity, c->count, sizeof *c->tensor)) {
        memory_free(canonical);
        return checkpoint_no_memory(c, error);
    }
    c->tensor[c->count] = *t;
    c->tensor[c->count++].name = canonical;
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

static void strip_module(Checkpoint *c) {
    static const char prefix[] = "module.";
    const size_t length = sizeof prefix - 1;
    for (size_t i = 0; i < c->count; i++) {
        if (!text_starts(c->tensor[i].name, prefix)) return;
    }
    for (size_t i = 0; i < c->count; i++) {
        char *name = (char *)(uintptr_t)c->tensor[i].name; /* ours; const for others */
        memmove(name, name + length, strlen(name + length) + 1);
    }
}

/* The slot of a name, or the empty one where it would go. */
static uint32_t *slot_of(const Checkpoint *c, const char *name) {
    size_t mask = c->slots - 1, at = (size_t)hash_fnv1a(name, strlen(name)) & mask;
    while (c->slot[at] && strcmp(c->tensor[c->slot[at] - 1].name, name) != 0) at = (at + 1) & mask;
    return &c->slot[at];
}

static Status index_names(Checkpoint *c, Error *error) {
    for (c->slots = 16; c->slots < 2 * c->count;) c->slots *= 2;
    c->slot = memory_new(c->slots * sizeof *c->slot);
    if (!c->slot) return checkpoint_no_memory(c, error);
    for (size_t i = 0; i < c->count; i++) {
        const char *name = c->tensor[i].name;
        uint32_t *slot = slot_of(c, name);
        if (*slot)
            return error_set(error, VOXPERT_BAD_MODEL,
                             "%s: tensor '%.200s' is there twice (old names count as new ones)",
                             c->path, name);
        *slot = (uint32_t)i + 1;
    }
    return VOXPERT_OK;
}

static Status checkpoint_read(Checkpoint *c, Error *error) {
    const Container *container = containers;
    while (!container->recognizes(c->bytes, c->size)) container++;
    c->container = container->name;
    c->layout = "bare";
    Status status = container->read(c, error);
    if (status) return status;
    strip_module(c);
    return index_names(c, error);
}

/* ---- Opening and closing ---------------------------------------------------------------- */

static Status checkpoint_new(Checkpoint **out, const char *path, Error *error) {
    *out = memory_new(sizeof **out);
    if (*out && ((*out)->path = memory_text(path))) return VOXPERT_OK;
    memory_free(*out);
    *out = NULL;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to open it", path);
}

static Status open_or_close(Checkpoint **c, Status status, Error *error) {
    if (!status) status = checkpoint_read(*c, error);
    if (status) {
        checkpoint_close(*c);
        *c = NULL;
    }
    return status;
}

Status checkpoint_open(Checkpoint **out, const char *path, Error *error) {
    Status status = checkpoint_new(out, path, error);
    if (status) return status;
    Checkpoint *c = *out;
    status = file_map(&c->map, path, VOXPERT_BAD_MODEL, error);
    c->bytes = c->map.bytes;
    c->size = c->map.size;
    return open_or_close(out, status, error);
}

Status checkpoint_open_memory(Checkpoint **out, const void *bytes, size_t size, const char *name,
                              Error *error) {
    Status status = checkpoint_new(out, name, error);
    if (status) return status;
    (*out)->bytes = bytes;
    (*out)->size = size;
    return open_or_close(out, VOXPERT_OK, error);
}

void checkpoint_close(Checkpoint *c) {
    if (!c) return;
    for (size_t i = 0; i < c->count; i++) memory_free((void *)(uintptr_t)c->tensor[i].name);
    for (size_t i = 0; i < c->pairs; i++) {
        memory_free(c->metadata[i].key);
        memory_free(c->metadata[i].value);
    }
    for (size_t i = 0; i < c->owners; i++) memory_free(c->owned[i]);
    memory_free(c->tensor);
    memory_free(c->metadata);
    memory_free(c->owned);
    memory_free(c->slot);
    memory_free(c->path);
    file_unmap(&c->map);
    memory_free(c);
}

/* ---- Asking ----------------------------------------------------------------------------- */

size_t checkpoint_count(const Checkpoint *c) { return c->count; }

const StoredTensor *checkpoint_tensor(const Checkpoint *c, size_t index) {
    return &c->tensor[index];
}

const StoredTensor *checkpoint_find(const Checkpoint *c, const char *name) {
    uint32_t found = *slot_of(c, name);
    return found ? &c->tensor[found - 1] : NULL;
}

const char *checkpoint_metadata(const Checkpoint *c, const char *key) {
    for (size_t i = 0; i < c->pairs; i++) {
        if (strcmp(c->metadata[i].key, key) == 0) return c->metadata[i].value;
    }
    return NULL;
}

size_t checkpoint_metadata_count(const Checkpoint *c) { return c->pairs; }

void checkpoint_metadata_at(const Checkpoint *c, size_t index, const char **key,
                            const char **value) {
    *key = c->metadata[index].key;
    *value = c->metadata[index].value;
}

const char *checkpoint_path(const Checkpoint *c) { return c->path; }
const char *checkpoint_container(const Checkpoint *c) { return c->container; }
const char *checkpoint_layout(const Checkpoint *c) { return c->layout; }

void checkpoint_drop(const Checkpoint *c, const StoredTensor *t) {
    if (!t->count) return;
    size_t last = 0;
    for (int i = 0; i < t->rank; i++) last += (t->dim[i] - 1) * t->stride[i];
    file_map_drop(&c->map, t->bytes, (last + 1) * element_bytes(t->type));
}

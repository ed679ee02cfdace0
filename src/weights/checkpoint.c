/* Opening, finding and closing; the containers have files of their own. */
#include "weights/checkpoint.h"

#include <string.h>

#include "base/file_kind.h"
#include "base/memory.h"
#include "base/size.h"
#include "base/text.h"
#include "weights/container.h"

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
    {"shards", shards_recognize, shards_read},
    {"safetensors", is_anything, safetensors_read}, /* has no signature */
};

/* ---- Reading ---------------------------------------------------------------------------- */

/* A file that can be named is; safetensors itself has no signature, and says what is wrong. */
static Status check_kind(const Checkpoint *c, Error *error) {
    static const FileKindId ours[] = {FILE_SAFETENSORS, FILE_TORCH_ZIP, FILE_TORCH_PICKLE,
                                      FILE_PICKLE, FILE_ZIP};
    const FileKind *kind = file_kind(c->bytes, c->size);
    for (size_t i = 0; kind && i < sizeof ours / sizeof *ours; i++) {
        if (kind->id == ours[i]) return VOXPERT_OK;
    }
    return kind ? file_kind_refuse(error, VOXPERT_BAD_MODEL, c->path, kind, "a checkpoint")
                : VOXPERT_OK;
}

static Status read_container(Checkpoint *c, Error *error) {
    const Container *container = containers;
    while (!container->recognizes(c->bytes, c->size)) container++;
    c->container = container->name;
    c->layout = "bare";
    Status status = container->read == shards_read ? VOXPERT_OK : check_kind(c, error);
    return status ? status : container->read(c, error);
}

/* A file as long as a configuration may be; *out NULL where there is none. */
static Status read_beside(Checkpoint *c, Error *error) {
    enum { MOST = 1 << 20 };
    FileMap map;
    if (!file_exists(c->config_path)) return VOXPERT_OK;
    Status status = file_map(&map, c->config_path, VOXPERT_BAD_MODEL, error);
    if (status) return status;
    if (map.size > MOST)
        status = error_set(error, VOXPERT_BAD_MODEL, "%s: is longer than 1 MiB", c->config_path);
    else if (!(c->config_beside = memory_new(map.size + 1)))
        status = checkpoint_no_memory(c, error);
    else if (map.size)
        memcpy(c->config_beside, map.bytes, map.size);
    file_unmap(&map);
    return status;
}

/* transformers keeps beside the weights what they do not show. */
static Status find_config(Checkpoint *c, Error *error) {
    if (!c->map.bytes || strcmp(c->dialect, "transformers") != 0) return VOXPERT_OK;
    Text path = {0};
    text_add(&path, "%.*sconfig.json", (int)(path_base(c->path) - c->path), c->path);
    c->config_path = path.chars;
    return path.failed ? checkpoint_no_memory(c, error) : read_beside(c, error);
}

static Status checkpoint_read(Checkpoint *c, Error *error) {
    Status status = read_container(c, error);
    if (!status) status = names_make_canonical(c, error);
    if (!status) status = names_index(c, error);
    return status ? status : find_config(c, error);
}

/* ---- Folders ---------------------------------------------------------------------------- */

/* The checkpoint in a folder, as transformers looks for it; the caller frees the path. */
static Status find_in_folder(char **out, const char *folder, Error *error) {
    static const char *const names[] = {"model.safetensors", "model.safetensors.index.json",
                                        "pytorch_model.bin", "pytorch_model.bin.index.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *out = path_join(folder, names[i]);
        if (!*out) return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory", folder);
        if (file_exists(*out)) return VOXPERT_OK;
        memory_free(*out);
    }
    *out = NULL;
    Status status = folder_refuse_dicom(folder, error);
    if (status) return status;
    return error_set(error, VOXPERT_BAD_MODEL,
                     "%s: is a folder without model.safetensors, model.safetensors.index.json, "
                     "pytorch_model.bin or pytorch_model.bin.index.json: name a file in it",
                     folder);
}

/* ---- Opening and closing ---------------------------------------------------------------- */

static Status open_shard(Checkpoint **out, const char *path, Error *error);

static Status checkpoint_new(Checkpoint **out, const char *path, Error *error) {
    *out = memory_new(sizeof **out);
    if (*out) (*out)->open_shard = open_shard;
    if (*out && ((*out)->path = memory_text(path))) return VOXPERT_OK;
    memory_free(*out);
    *out = NULL;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to open it", path);
}

typedef Status Reader(Checkpoint *c, Error *error);

static Status open_or_close(Checkpoint **c, Status status, Reader *read, Error *error) {
    if (!status) status = read(*c, error);
    if (status) {
        checkpoint_close(*c);
        *c = NULL;
    }
    return status;
}

static Status open_file(Checkpoint **out, const char *path, Reader *read, Error *error) {
    Status status = checkpoint_new(out, path, error);
    if (status) return status;
    Checkpoint *c = *out;
    status = file_map(&c->map, path, VOXPERT_BAD_MODEL, error);
    c->bytes = c->map.bytes;
    c->size = c->map.size;
    return open_or_close(out, status, read, error);
}

Status checkpoint_open(Checkpoint **out, const char *path, Error *error) {
    char *inside;
    *out = NULL;
    if (!file_is_folder(path)) return open_file(out, path, checkpoint_read, error);
    Status status = find_in_folder(&inside, path, error);
    if (status) return status;
    status = open_file(out, inside, checkpoint_read, error);
    memory_free(inside);
    return status;
}

static Status read_shard(Checkpoint *c, Error *error) {
    if (shards_recognize(c->bytes, c->size))
        return error_set(error, VOXPERT_BAD_MODEL,
                         "%s: is an index, where a part of a model is expected", c->path);
    return read_container(c, error);
}

static Status open_shard(Checkpoint **out, const char *path, Error *error) {
    return open_file(out, path, read_shard, error);
}

Status checkpoint_open_memory(Checkpoint **out, const void *bytes, size_t size, const char *name,
                              Error *error) {
    Status status = checkpoint_new(out, name, error);
    if (status) return status;
    (*out)->bytes = bytes;
    (*out)->size = size;
    return open_or_close(out, VOXPERT_OK, checkpoint_read, error);
}

void checkpoint_close(Checkpoint *c) {
    if (!c) return;
    for (size_t i = 0; i < c->count; i++) {
        memory_free((void *)(uintptr_t)c->tensor[i].name);
        memory_free((void *)(uintptr_t)c->tensor[i].stored_name);
    }
    for (size_t i = 0; i < c->pairs; i++) {
        memory_free(c->metadata[i].key);
        memory_free(c->metadata[i].value);
    }
    for (size_t i = 0; i < c->owners; i++) memory_free(c->owned[i]);
    for (size_t i = 0; i < c->shards; i++) checkpoint_close(c->shard[i]);
    memory_free(c->shard);
    memory_free(c->wrapper);
    warnings_free(&c->warnings);
    memory_free(c->config_path);
    memory_free(c->config_beside);
    memory_free(c->tensor);
    memory_free(c->metadata);
    memory_free(c->owned);
    memory_free(c->slot);
    memory_free(c->path);
    file_unmap(&c->map);
    memory_free(c);
}

/* ---- Reading --------------------------------------------------------------------------- */

const Warnings *checkpoint_warnings(const Checkpoint *c) { return &c->warnings; }

size_t checkpoint_count(const Checkpoint *c) { return c->count; }

const StoredTensor *checkpoint_tensor(const Checkpoint *c, size_t index) {
    return &c->tensor[index];
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
const char *checkpoint_dialect(const Checkpoint *c) { return c->dialect; }
const char *checkpoint_wrapper(const Checkpoint *c) { return c->wrapper ? c->wrapper : ""; }
const char *checkpoint_config_beside(const Checkpoint *c) { return c->config_beside; }
const char *checkpoint_config_path(const Checkpoint *c) { return c->config_path; }

void checkpoint_drop(const Checkpoint *c, const StoredTensor *t) {
    if (!t->count) return;
    size_t last = 0;
    for (int i = 0; i < t->rank; i++) last += (t->dim[i] - 1) * t->stride[i];
    size_t bytes = (last + 1) * element_bytes(t->type);
    file_map_drop(&c->map, t->bytes, bytes);
    for (size_t i = 0; i < c->shards; i++) file_map_drop(&c->shard[i]->map, t->bytes, bytes);
}

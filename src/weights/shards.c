/* A model in several files: what `save_pretrained` of transformers writes where one file would be
 * too large.
 *
 *     {"metadata": {"total_size": 123}, "weight_map": {"TENSOR":
 * "model-00001-of-00002.safetensors"}}
 *
 * The files lie beside the index, and each holds the tensors that it is named for and no others. */
#include <jansson.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/quote.h"
#include "base/text.h"
#include "weights/container.h"

enum { INDEX_MOST = 64 << 20, SHARDS_MOST = 1024, NAME_MOST = 255 };

static Status refuse(const Checkpoint *c, const char *what, const char *name, Error *error) {
    return error_set(error, VOXPERT_BAD_MODEL, "%s: %s%s%.200s%s", c->path, what, *name ? " '" : "",
                     name, *name ? "'" : "");
}

bool shards_recognize(const uint8_t *bytes, size_t size) {
    static const char word[] = "\"weight_map\"";
    size_t at = text_mark(bytes, size);
    while (at < size && memchr(" \t\r\n", bytes[at], 4)) at++;
    return at < size && bytes[at] == '{' && memmem(bytes, size, word, sizeof word - 1);
}

/* The name of a file in the index's own folder. */
static bool is_file_name(const char *name) {
    return *name && *name != '.' && strlen(name) <= NAME_MOST && !strchr(name, '/') &&
           text_is_plain(name);
}

static char *path_beside(const char *path, const char *name) {
    size_t folder = (size_t)(path_base(path) - path);
    char *out = memory_new(folder + strlen(name) + 1);
    if (!out) return NULL;
    memcpy(out, path, folder);
    strcpy(out + folder, name);
    return out;
}

/* Moves the tensors of a shard here; each must be named for it. */
static Status take_tensors(Checkpoint *c, Checkpoint *shard, const json_t *map, const char *file,
                           Error *error) {
    for (size_t i = 0; i < shard->count; i++) {
        const char *name = shard->tensor[i].stored_name;
        const char *home = json_string_value(json_object_get(map, name));
        if (!home || strcmp(home, file) != 0)
            return error_set(error, VOXPERT_BAD_MODEL,
                             "%s: tensor '%.200s' of %s is not listed there: the files are not of "
                             "one model",
                             c->path, name, shard->path);
        Status status = checkpoint_add(c, &shard->tensor[i], name, strlen(name), error);
        if (status) return status;
    }
    return VOXPERT_OK;
}

static Status open_shard(Checkpoint *c, const char *file, const json_t *map, Error *error) {
    if (c->shards == SHARDS_MOST) return refuse(c, "names more than 1024 files", "", error);
    if (!memory_grow(&c->shard, &c->shard_capacity, c->shards, sizeof(Checkpoint *)))
        return checkpoint_no_memory(c, error);
    char *path = path_beside(c->path, file);
    if (!path) return checkpoint_no_memory(c, error);
    Status status = c->open_shard(&c->shard[c->shards], path, error);
    memory_free(path);
    if (status) return status;
    return take_tensors(c, c->shard[c->shards++], map, file, error);
}

static bool is_open(const Checkpoint *c, const char *file) {
    for (size_t i = 0; i < c->shards; i++) {
        if (strcmp(path_base(c->shard[i]->path), file) == 0) return true;
    }
    return false;
}

static Status open_all(Checkpoint *c, json_t *map, Error *error) {
    const char *tensor;
    json_t *value;
    size_t listed = json_object_size(map);
    if (!listed) return refuse(c, "its weight_map is no object that names tensors", "", error);
    json_object_foreach(map, tensor, value) {
        const char *file = json_string_value(value);
        if (!file || !is_file_name(file))
            return refuse(c, "its weight_map has no name of a file in its own folder for tensor",
                          tensor, error);
        Status status = is_open(c, file) ? VOXPERT_OK : open_shard(c, file, map, error);
        if (status) return status;
    }
    if (c->count == listed) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_MODEL,
                     "%s: lists %zu tensors, but its files hold %zu of them", c->path, listed,
                     c->count);
}

Status shards_read(Checkpoint *c, Error *error) {
    json_error_t why;
    if (!c->map.bytes)
        return refuse(c, "is an index, and the files it names are not here", "", error);
    if (c->size > INDEX_MOST) return refuse(c, "is an index of more than 64 MiB", "", error);
    size_t mark = text_mark(c->bytes, c->size);
    json_t *root =
        json_loadb((const char *)c->bytes + mark, c->size - mark, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return error_set(error, VOXPERT_BAD_MODEL, "%s: is no index that can be read: %s, line %d",
                         c->path, why.text, why.line);
    Status status = open_all(c, json_object_get(root, "weight_map"), error);
    json_decref(root);
    return status;
}

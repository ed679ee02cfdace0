/* PyTorch's files before 1.6: five pickles (a magic number, the protocol version, facts about the
 * machine, the object, the keys of the storages), then for each key the number of elements (8
 * bytes) and the elements. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "weights/container.h"
#include "weights/torch_state.h"

static const uint8_t magic[10] = {0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19};
enum { PROTOCOL_VERSION = 1001 };

typedef struct LegacyStorage {
    TorchStorage storage;
    const uint8_t *bytes; /* NULL until its place in the file is known */
} LegacyStorage;

typedef struct Legacy {
    Checkpoint *c;
    size_t at;
    LegacyStorage *storage; /* sorted by key, each key once */
    size_t count;
    Error *error;
} Legacy;

static Status refuse(const Legacy *l, const char *rule) {
    return error_set(l->error, VOXPERT_BAD_MODEL, "%s: %s", l->c->path, rule);
}

static Status next_pickle(Legacy *l, Pickle *out) {
    Status status = pickle_read(out, l->c->bytes + l->at, l->c->size - l->at, l->c->path, l->error);
    if (!status) l->at += out->length;
    return status;
}

/* ---- The head --------------------------------------------------------------------------- */

static bool is_magic(const Pickle *p) {
    const PickleValue *v = pickle_top(p);
    return v->kind == PICKLE_LONG && v->count == sizeof magic &&
           memcmp(p->bytes + v->offset, magic, sizeof magic) == 0;
}

static bool is_protocol(const Pickle *p) {
    const PickleValue *v = pickle_top(p);
    return v->kind == PICKLE_INTEGER && v->integer == PROTOCOL_VERSION;
}

static bool is_little_endian(const Pickle *p) {
    const PickleValue *v = pickle_get(p, pickle_top(p), "little_endian");
    return v && v->kind == PICKLE_BOOL && v->integer == 1;
}

static Status check_pickle(Legacy *l, bool (*holds)(const Pickle *p), const char *rule) {
    Pickle p;
    Status status = next_pickle(l, &p);
    if (status) return status;
    bool ok = holds(&p);
    pickle_free(&p);
    return ok ? VOXPERT_OK : refuse(l, rule);
}

static Status read_head(Legacy *l) {
    Status status =
        check_pickle(l, is_magic, "is a pickle, but lacks the magic number of PyTorch's files");
    if (!status)
        status = check_pickle(l, is_protocol, "is of a PyTorch protocol version other than 1001");
    if (!status)
        status = check_pickle(l, is_little_endian,
                              "does not say little_endian: other machines' files are not read");
    return status;
}

/* ---- Storages --------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b) {
    PickleText x = ((const LegacyStorage *)a)->storage.key,
               y = ((const LegacyStorage *)b)->storage.key;
    int order = memcmp(x.chars, y.chars, size_min(x.length, y.length));
    return order ? order : (x.length > y.length) - (x.length < y.length);
}

static LegacyStorage *storage_of(const Legacy *l, PickleText key) {
    LegacyStorage wanted = {.storage.key = key};
    if (l->count == 0) return NULL;
    return bsearch(&wanted, l->storage, l->count, sizeof *l->storage, compare_keys);
}

/* Storages are named wherever a tensor uses them, also outside the state dict. */
static Status gather_storages(Legacy *l, const Pickle *p) {
    size_t capacity = 0, kept = 0;
    for (size_t i = 1; i < p->values; i++) {
        LegacyStorage found = {0};
        if (!torch_storage(&found.storage, p, &p->value[i])) continue;
        if (!memory_grow(&l->storage, &capacity, l->count, sizeof *l->storage))
            return checkpoint_no_memory(l->c, l->error);
        l->storage[l->count++] = found;
    }
    if (l->count) qsort(l->storage, l->count, sizeof *l->storage, compare_keys);
    for (size_t i = 0; i < l->count; i++) {
        if (kept && compare_keys(&l->storage[kept - 1], &l->storage[i]) == 0) continue;
        l->storage[kept++] = l->storage[i];
    }
    l->count = kept;
    return VOXPERT_OK;
}

/* Notes where a storage lies and moves behind it. */
static Status place_storage(Legacy *l, LegacyStorage *s) {
    uint64_t count;
    size_t bytes;
    if (l->c->size - l->at < sizeof count) return refuse(l, "ends before its last storage");
    memcpy(&count, l->c->bytes + l->at, sizeof count);
    l->at += sizeof count;
    if (count != s->storage.count) return refuse(l, "has a storage of two different sizes");
    if (!size_multiply(&bytes, s->storage.count, element_bytes(s->storage.type)) ||
        bytes > l->c->size - l->at)
        return refuse(l, "ends within a storage");
    s->bytes = l->c->bytes + l->at;
    l->at += bytes;
    return VOXPERT_OK;
}

static Status place_storages(Legacy *l) {
    Pickle keys;
    PickleText key;
    const PickleValue *item;
    Status status = next_pickle(l, &keys);
    if (status) return status;
    for (PickleWalk w = pickle_walk(&keys, pickle_top(&keys));
         !status && (item = pickle_next(&w));) {
        LegacyStorage *s = pickle_text(&key, &keys, item) ? storage_of(l, key) : NULL;
        status = s ? place_storage(l, s)
                   : refuse(l, "lists a storage whose type is unknown or not supported");
    }
    pickle_free(&keys);
    return status;
}

static Status find_storage(void *context, const TorchStorage *storage, const uint8_t **bytes,
                           Error *error) {
    const LegacyStorage *s = storage_of(context, storage->key);
    bool same = s && s->bytes && s->storage.count >= storage->count &&
                element_bytes(s->storage.type) == element_bytes(storage->type);
    if (!same)
        return error_set(error, VOXPERT_BAD_MODEL, "its storage '%.*s' is not in the file",
                         (int)size_min(storage->key.length, 100), storage->key.chars);
    *bytes = s->bytes;
    return VOXPERT_OK;
}

Status torch_legacy_read(Checkpoint *c, Error *error) {
    Legacy l = {.c = c, .error = error};
    Pickle state;
    Status status = read_head(&l);
    if (!status) status = next_pickle(&l, &state);
    if (status) return status;
    StorageSource source = {find_storage, &l};
    status = gather_storages(&l, &state);
    if (!status) status = place_storages(&l);
    if (!status) status = torch_state_read(c, &state, &source, error);
    memory_free(l.storage);
    pickle_free(&state);
    return status;
}

/* PyTorch's zip files: NAME/data.pkl holds the pickle, NAME/data/KEY the storages, NAME/byteorder
 * "little" or "big".  PyTorch stores records as they are; tools that pack again may deflate them.
 */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "weights/container.h"
#include "weights/torch_state.h"
#include "weights/zip_directory.h"

/* Deflate makes nothing smaller than 1/1032; weights hardly shrink at all.  Inflated records of one
 * file may take 64 MiB, or 8 times the file. */
enum { MOST_SHRINKING = 1032, INFLATED_FREE = 64 << 20, INFLATED_TIMES = 8 };

typedef struct TorchZip {
    Checkpoint *c;
    ZipDirectory directory;
    const char *folder; /* with its slash */
    size_t folder_length, inflated;
} TorchZip;

/* Errors begin with "its record ...": the caller puts the file before it. */
static Status inflate_record(TorchZip *z, ZipRecord *r, Error *error) {
    size_t most = size_max(INFLATED_FREE, z->c->size * INFLATED_TIMES);
    int shown = (int)size_min(r->name_length, 200);
    if (r->size / MOST_SHRINKING > r->packed_size || r->size > most - z->inflated)
        return error_set(error, VOXPERT_BAD_MODEL,
                         "its record '%.*s' announces %zu bytes in %zu compressed ones", shown,
                         r->name, r->size, r->packed_size);
    uint8_t *bytes = checkpoint_own(z->c, r->size);
    if (!bytes)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "its record '%.*s' does not fit in memory",
                         shown, r->name);
    if (!zip_inflate(r, bytes))
        return error_set(error, VOXPERT_BAD_MODEL, "its compressed record '%.*s' is damaged", shown,
                         r->name);
    r->inflated = bytes;
    z->inflated += r->size;
    return VOXPERT_OK;
}

static Status record_bytes(TorchZip *z, ZipRecord *r, const uint8_t **bytes, Error *error) {
    if (r->deflated && !r->inflated) {
        Status status = inflate_record(z, r, error);
        if (status) return status;
    }
    *bytes = r->deflated ? r->inflated : r->packed;
    return VOXPERT_OK;
}

static ZipRecord *find_record(const TorchZip *z, const char *part, PickleText rest) {
    char name[512];
    size_t length = strlen(part);
    if (length + rest.length > sizeof name - z->folder_length) return NULL;
    memcpy(name, z->folder, z->folder_length);
    memcpy(name + z->folder_length, part, length);
    memcpy(name + z->folder_length + length, rest.chars, rest.length);
    return zip_find(&z->directory, name, z->folder_length + length + rest.length);
}

static Status find_storage(void *context, const TorchStorage *storage, const uint8_t **bytes,
                           Error *error) {
    ZipRecord *r = find_record(context, "data/", storage->key);
    int shown = (int)size_min(storage->key.length, 100);
    if (!r)
        return error_set(error, VOXPERT_BAD_MODEL, "its storage record 'data/%.*s' is missing",
                         shown, storage->key.chars);
    size_t needed = storage->count * element_bytes(storage->type);
    if (r->size < needed)
        return error_set(error, VOXPERT_BAD_MODEL,
                         "its storage record 'data/%.*s' has %zu bytes, but needs %zu", shown,
                         storage->key.chars, r->size, needed);
    return record_bytes(context, r, bytes, error);
}

/* The folder is the one that holds data.pkl, directly below the top or at the top. */
static ZipRecord *find_pickle(TorchZip *z) {
    static const char name[] = "data.pkl";
    const size_t length = sizeof name - 1;
    for (size_t i = 0; i < z->directory.count; i++) {
        ZipRecord *r = &z->directory.record[i];
        if (r->name_length < length || r->name_length > 256) continue;
        size_t before = r->name_length - length;
        bool fits = memcmp(r->name + before, name, length) == 0 &&
                    (before == 0 || memchr(r->name, '/', r->name_length) == r->name + before - 1);
        if (!fits) continue;
        z->folder = r->name;
        z->folder_length = before;
        return r;
    }
    return NULL;
}

static Status check_byte_order(TorchZip *z, Error *error) {
    const uint8_t *bytes;
    ZipRecord *r = find_record(z, "byteorder", (PickleText){"", 0});
    if (!r) return VOXPERT_OK; /* before PyTorch 2.1; such files are little-endian */
    Status status = record_bytes(z, r, &bytes, error);
    if (status) return error_prefix(error, status, "%s", z->c->path);
    if (r->size == 6 && memcmp(bytes, "little", 6) == 0) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_MODEL,
                     "%s: its byteorder is not 'little': files of big-endian machines are not read",
                     z->c->path);
}

static Status read_pickle(TorchZip *z, Error *error) {
    const uint8_t *bytes;
    ZipRecord *r = find_pickle(z);
    if (!r)
        return error_set(error, VOXPERT_BAD_MODEL,
                         "%s: is a zip file without data.pkl: not a PyTorch checkpoint",
                         z->c->path);
    Status status = record_bytes(z, r, &bytes, error);
    if (status) return error_prefix(error, status, "%s", z->c->path);
    status = check_byte_order(z, error);
    if (status) return status;
    Pickle pickle;
    status = pickle_read(&pickle, bytes, r->size, z->c->path, error);
    if (status) return status;
    StorageSource source = {find_storage, z};
    status = torch_state_read(z->c, &pickle, &source, error);
    pickle_free(&pickle);
    return status;
}

Status torch_zip_read(Checkpoint *c, Error *error) {
    TorchZip z = {.c = c};
    Status status = zip_open(&z.directory, c->bytes, c->size, c->path, error);
    if (!status) status = read_pickle(&z, error);
    zip_close(&z.directory);
    return status;
}

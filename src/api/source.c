/* Where bytes come from, and where they go: files, or memory. */
#include "api/internal.h"

Source source_memory(const void *bytes, size_t size, const char *name) {
    return (Source){name ? name : "memory", bytes, size};
}

Status source_read(Volume **out, const Source *s, const VolumeReadOptions *read, Error *error) {
    return s->bytes ? volume_read_memory(out, s->bytes, s->size, s->name, read, error)
                    : volume_read(out, s->name, read, error);
}

Status source_hash(char out[HASH_TEXT], const Source *s, Error *error) {
    if (!s->bytes) return volume_file_hash(out, s->name, error);
    Hash h;
    hash_begin(&h);
    hash_add(&h, s->bytes, s->size);
    hash_end(&h, out);
    return VOXPERT_OK;
}

Status output_give(Status status, const OutputBytes *made, void **bytes, size_t *size) {
    *bytes = made->data, *size = made->size;
    return status;
}

#include <voxpert/voxpert.h>

#include "base/files.h"
#include "base/hash.h"

VoxpertStatus voxpert_file_write(const char *path, const void *bytes, size_t size,
                                 VoxpertError *error) {
    if (!path || (!bytes && size))
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_file_write: NULL");
    return file_write(path, bytes, size, error);
}

VoxpertStatus voxpert_file_hash(const char *path, char hash[65], VoxpertError *error) {
    _Static_assert(HASH_TEXT == 65, "the size in the public header");
    if (!path || !hash) return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_file_hash: NULL");
    FileMap map;
    Status status = file_map(&map, path, VOXPERT_BAD_INPUT, error);
    if (status) return status;
    Hash h;
    hash_begin(&h);
    hash_add(&h, map.bytes, map.size);
    hash_end(&h, hash);
    file_unmap(&map);
    return VOXPERT_OK;
}

void voxpert_interrupt_cleanup(void) { file_writers_forget(); }

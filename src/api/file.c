#include <voxpert/voxpert.h>

#include "base/files.h"
#include "base/hash.h"
#include "image/volume.h"

VoxpertStatus voxpert_file_write(const char *path, const void *bytes, size_t size,
                                 VoxpertError *error) {
    if (!path || (!bytes && size))
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_file_write: NULL");
    return file_write(path, bytes, size, error);
}

VoxpertStatus voxpert_file_hash(const char *path, char hash[65], VoxpertError *error) {
    _Static_assert(HASH_TEXT == 65, "the size in the public header");
    if (!path || !hash) return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_file_hash: NULL");
    Hash h;
    hash_begin(&h);
    Status status = file_hash_add(&h, path, VOXPERT_BAD_INPUT, error);
    if (!status) hash_end(&h, hash);
    return status;
}

VoxpertStatus voxpert_image_hash(const char *path, char hash[65], VoxpertError *error) {
    if (!path || !hash) return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_image_hash: NULL");
    return volume_file_hash(hash, path, error);
}

void voxpert_interrupt_cleanup(void) { file_writers_forget(); }

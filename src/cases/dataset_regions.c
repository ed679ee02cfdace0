/* Maps of what nobody labelled, from files; declared in dataset.h. */
#include "base/files.h"
#include "base/memory.h"
#include "base/text.h"
#include "cases/dataset.h"
#include "image/npy.h"
#include "image/volume.h"

static Status take(Case *p, const uint32_t *value, const char *path, Error *error) {
    size_t n = (size_t)p->width * (size_t)p->height;
    for (size_t i = 0; i < n; i++) {
        if (value[i] > UINT16_MAX)
            return error_set(error, VOXPERT_BAD_INPUT,
                             "%s: holds the region %u; 65535 is the highest", path,
                             (unsigned)value[i]);
        p->regions[i] = value[i] ? (uint16_t)(value[i] - 1) : UINT16_MAX;
    }
    return VOXPERT_OK;
}

static Status check(const Case *p, const Volume *v, const char *path, Error *error) {
    bool same = v->depth == 1 && v->frames == 1 && v->width == (size_t)p->width &&
                v->height == (size_t)p->height;
    if (same) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s: the regions are %zux%zux%zu, but their picture is %dx%d", path, v->width,
                     v->height, v->depth, p->width, p->height);
}

/* imask: whole numbers [height,width], -1 or less where there is no region. */
static Status take_array(Dataset *d, Case *p, const NpyArray *a, const char *path, Error *error) {
    size_t n = (size_t)p->width * (size_t)p->height;
    if (a->rank < 2 || a->count != n || a->dim[0] != (size_t)p->height ||
        a->dim[1] != (size_t)p->width)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: the regions are no array [%d, %d] as their picture is", path,
                         p->height, p->width);
    Status status = store_new(&d->store, &p->regions, n * sizeof *p->regions, error);
    if (status) return status;
    for (size_t i = 0; i < n; i++) {
        int64_t value;
        if (!npy_whole(a, i, &value) || value >= UINT16_MAX)
            return error_set(error, VOXPERT_BAD_INPUT,
                             "%s: a region must be a whole number below 65535", path);
        p->regions[i] = value < 0 ? UINT16_MAX : (uint16_t)value;
    }
    return VOXPERT_OK;
}

static Status read_array(Dataset *d, Case *p, const char *path, Error *error) {
    FileMap map;
    NpyArray array;
    Status status = file_map(&map, path, VOXPERT_BAD_INPUT, error);
    if (status) return status;
    status = npy_parse(&array, map.bytes, map.size, path, error);
    if (!status) status = take_array(d, p, &array, path, error);
    file_unmap(&map);
    return status;
}

Status dataset_read_regions(Dataset *d, Case *p, const char *path, Error *error) {
    if (text_ends(path, ".npy")) return read_array(d, p, path, error);
    Volume *v = NULL;
    VolumeReadOptions options = {.labels = true};
    uint32_t *value = NULL;
    Status status = volume_read(&v, path, &options, error);
    if (!status) status = check(p, v, path, error);
    if (!status) {
        size_t n = volume_voxels(v);
        value = memory_new(n * sizeof *value);
        status = store_new(&d->store, &p->regions, n * sizeof *p->regions, error);
        if (!status && !value)
            status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for it", path);
    }
    if (!status) status = volume_labels(value, v, error);
    if (!status) status = take(p, value, path, error);
    memory_free(value);
    volume_free(v);
    return status;
}

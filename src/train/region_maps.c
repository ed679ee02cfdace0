/* Maps of what nobody labelled, from files; declared in dataset.h. */
#include "base/memory.h"
#include "image/volume.h"
#include "train/dataset.h"

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

Status dataset_read_regions(Case *p, const char *path, Error *error) {
    Volume *v = NULL;
    VolumeReadOptions options = {.labels = true};
    uint32_t *value = NULL;
    Status status = volume_read(&v, path, &options, error);
    if (!status) status = check(p, v, path, error);
    if (!status) {
        size_t n = volume_voxels(v);
        value = memory_new(n * sizeof *value);
        p->regions = memory_new(n * sizeof *p->regions);
        if (!value || !p->regions)
            status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for it", path);
    }
    if (!status) status = volume_labels(value, v, error);
    if (!status) status = take(p, value, path, error);
    memory_free(value);
    volume_free(v);
    return status;
}

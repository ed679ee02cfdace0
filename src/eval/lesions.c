#include "eval/lesions.h"

static Status pieces_count(size_t *pieces, size_t *touching, const uint8_t *mask,
                           const uint8_t *other, const size_t size[3], Neighbours neighbours,
                           Error *error) {
    Regions r;
    Status status = regions_find(&r, mask, size, neighbours, error);
    if (status) return status;
    *pieces = r.count;
    *touching = 0;
    for (size_t i = 0; i < size[0] * size[1] * size[2]; i++) {
        Region *region = r.label[i] && other[i] ? &r.region[r.label[i] - 1] : NULL;
        if (!region || region->voxels == 0) continue;
        region->voxels = 0; /* was counted */
        ++*touching;
    }
    regions_free(&r);
    return VOXPERT_OK;
}

Status lesions_count(Lesions *out, const uint8_t *truth, const uint8_t *prediction,
                     const size_t size[3], Neighbours neighbours, Error *error) {
    *out = (Lesions){0};
    Status status =
        pieces_count(&out->truth, &out->found, truth, prediction, size, neighbours, error);
    if (status) return status;
    return pieces_count(&out->prediction, &out->matching, prediction, truth, size, neighbours,
                        error);
}

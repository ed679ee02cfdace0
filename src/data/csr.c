#include "data/csr.h"

#include <string.h>

#include "base/memory.h"
#include "base/size.h"

static Status refuse(const Csr *m, const char *field, const char *rule, Error *error) {
    return error_set(error, VOXPERT_BAD_INPUT, "%s: the array \"%s\" %s", m->npz.name, field, rule);
}

static Status check_begin(const Csr *m, Error *error) {
    int64_t last = 0, at;
    if (m->begin.count != m->classes + 1) return refuse(m, "indptr", "has another length", error);
    for (size_t i = 0; i <= m->classes; i++) {
        if (!npy_whole(&m->begin, i, &at) || at < last || (i == 0 && at != 0) ||
            (uint64_t)at > m->index.count)
            return refuse(m, "indptr", "does not rise from 0 to the number of indices", error);
        last = at;
    }
    return VOXPERT_OK;
}

static Status matrix_check(Csr *m, Error *error) {
    NpyArray shape;
    int64_t classes, pixels;
    Status status = npz_array(&shape, &m->npz, "shape", error);
    if (!status) status = npz_array(&m->index, &m->npz, "indices", error);
    if (!status) status = npz_array(&m->begin, &m->npz, "indptr", error);
    if (!status) status = npz_array(&m->value, &m->npz, "data", error);
    if (status) return status;
    if (shape.count != 2 || !npy_whole(&shape, 0, &classes) || !npy_whole(&shape, 1, &pixels) ||
        classes < 0 || classes > UINT16_MAX || pixels < 0 || pixels > INT32_MAX)
        return refuse(m, "shape", "is not (classes, height * width)", error);
    m->classes = (size_t)classes;
    m->pixels = (size_t)pixels;
    if (m->value.count != m->index.count)
        return refuse(m, "data", "has another length than indices", error);
    return check_begin(m, error);
}

Status csr_open(Csr *out, const char *path, Error *error) {
    *out = (Csr){0};
    Status status = npz_open(&out->npz, path, error);
    if (!status) status = matrix_check(out, error);
    if (status) csr_close(out);
    return status;
}

Status csr_open_memory(Csr *out, const uint8_t *bytes, size_t size, const char *name,
                       Error *error) {
    *out = (Csr){0};
    Status status = npz_open_memory(&out->npz, bytes, size, name, error);
    if (!status) status = matrix_check(out, error);
    if (status) csr_close(out);
    return status;
}

void csr_close(Csr *m) {
    npz_close(&m->npz);
    *m = (Csr){0};
}

Status csr_mask(const Csr *m, size_t class_index, uint8_t *mask, size_t *count, Error *error) {
    int64_t from = 0, to = 0, at, value;
    *count = 0;
    bool ok =
        npy_whole(&m->begin, class_index, &from) && npy_whole(&m->begin, class_index + 1, &to);
    for (int64_t i = from; ok && i < to; i++) {
        ok = npy_whole(&m->index, (size_t)i, &at) && at >= 0 && (uint64_t)at < m->pixels;
        if (!ok || (npy_whole(&m->value, (size_t)i, &value) && value == 0)) continue;
        *count += !mask[at];
        mask[at] = 1;
    }
    return ok ? VOXPERT_OK : refuse(m, "indices", "points outside the picture", error);
}

bool csr_name_shape(const char *path, size_t shape[4]) {
    const char *at = strrchr(path_base(path), '(');
    for (int i = 0; at && i < 4; i++) {
        at++;
        while (*at == ' ') at++;
        const char *begin = at;
        for (shape[i] = 0; *at >= '0' && *at <= '9' && shape[i] < SIZE_MAX / 16; at++)
            shape[i] = shape[i] * 10 + (size_t)(*at - '0');
        if (at == begin || *at != (i < 3 ? ',' : ')')) return false;
    }
    return at != NULL;
}

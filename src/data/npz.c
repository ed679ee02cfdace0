#include "data/npz.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

enum { MOST_BYTES_PER_BYTE = 1032 }; /* deflate cannot do better */

/* The zip directory and the pickles belong to models elsewhere; here they are data. */
static Status as_input(Status status, Error *error) {
    if (status != VOXPERT_BAD_MODEL) return status;
    if (error) error->status = VOXPERT_BAD_INPUT;
    return VOXPERT_BAD_INPUT;
}

static Status directory_open(Npz *z, Error *error) {
    Status status = as_input(zip_open(&z->zip, z->map.bytes, z->map.size, z->name, error), error);
    if (!status && !(z->inflated = memory_new((z->zip.count + 1) * sizeof *z->inflated)))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to list it", z->name);
    return status;
}

Status npz_open(Npz *out, const char *path, Error *error) {
    *out = (Npz){.name = memory_text(path)};
    if (!out->name)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", path);
    Status status = file_map(&out->map, path, VOXPERT_BAD_INPUT, error);
    if (!status) status = directory_open(out, error);
    if (status) npz_close(out);
    return status;
}

Status npz_open_memory(Npz *out, const uint8_t *bytes, size_t size, const char *name,
                       Error *error) {
    *out = (Npz){.name = memory_text(name), .map = {bytes, size}, .borrowed = true};
    Status status =
        out->name ? VOXPERT_OK : error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory", name);
    if (!status) status = directory_open(out, error);
    if (status) npz_close(out);
    return status;
}

void npz_close(Npz *z) {
    for (size_t i = 0; z->inflated && i < z->zip.count; i++) memory_free(z->inflated[i]);
    memory_free(z->inflated);
    zip_close(&z->zip);
    if (!z->borrowed) file_unmap(&z->map);
    memory_free(z->name);
    *z = (Npz){0};
}

/* ---- Records ------------------------------------------------------------------------------ */

static ZipRecord *record_of(const Npz *z, const char *array) {
    char name[80];
    size_t length = strlen(array);
    if (length + 4 >= sizeof name) return NULL;
    memcpy(name, array, length);
    memcpy(name + length, ".npy", 4);
    return zip_find(&z->zip, name, length + 4);
}

bool npz_has(const Npz *z, const char *array) { return record_of(z, array) != NULL; }

/* The bytes of an array's file, unpacked on first use. */
static Status record_bytes(const uint8_t **bytes, size_t *size, Npz *z, const char *array,
                           Error *error) {
    ZipRecord *r = record_of(z, array);
    if (!r) return error_set(error, VOXPERT_BAD_INPUT, "%s: holds no array \"%s\"", z->name, array);
    *bytes = r->packed, *size = r->size;
    if (!r->deflated) return VOXPERT_OK;
    uint8_t **kept = &z->inflated[r - z->zip.record];
    if (*kept) {
        *bytes = *kept;
        return VOXPERT_OK;
    }
    if (r->size / MOST_BYTES_PER_BYTE > r->packed_size)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: the array \"%s\" announces more bytes than its packed ones can hold",
                         z->name, array);
    *kept = memory_new(r->size + 1);
    if (!*kept)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for the array \"%s\"",
                         z->name, array);
    if (zip_inflate(r, *kept)) {
        *bytes = *kept;
        return VOXPERT_OK;
    }
    memory_free(*kept);
    *kept = NULL;
    return error_set(error, VOXPERT_BAD_INPUT, "%s: the array \"%s\" is damaged", z->name, array);
}

Status npz_array(NpyArray *out, Npz *z, const char *array, Error *error) {
    const uint8_t *bytes = NULL;
    size_t size = 0;
    Status status = record_bytes(&bytes, &size, z, array, error);
    if (status) return status;
    Text name = {0};
    text_add(&name, "%s, array \"%s\"", z->name, array);
    status = name.failed ? error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory", z->name)
                         : npy_parse(out, bytes, size, name.chars, error);
    text_free(&name);
    return status;
}

/* ---- Objects ------------------------------------------------------------------------------ */

Status npz_is_objects(bool *out, Npz *z, const char *array, Error *error) {
    static const char mark[] = "'descr': '|O'";
    const uint8_t *bytes = NULL, *payload = NULL;
    size_t size = 0, length = 0;
    Status status = record_bytes(&bytes, &size, z, array, error);
    if (!status) status = npy_payload(&payload, &length, bytes, size, array, error);
    *out = !status && memmem(bytes, size - length, mark, sizeof mark - 1) != NULL;
    return status;
}

Status npz_objects(Pickle *out, Npz *z, const char *array, Error *error) {
    const uint8_t *bytes = NULL, *payload = NULL;
    size_t size = 0, length = 0;
    *out = (Pickle){0};
    Status status = record_bytes(&bytes, &size, z, array, error);
    if (!status) status = npy_payload(&payload, &length, bytes, size, array, error);
    if (!status) status = as_input(pickle_read(out, payload, length, z->name, error), error);
    if (!status && pickle_top(out)->kind != PICKLE_LIST) {
        pickle_free(out);
        status = error_set(error, VOXPERT_BAD_INPUT,
                           "%s: the array \"%s\" holds no list of objects", z->name, array);
    }
    return status;
}

/* ---- Images ------------------------------------------------------------------------------- */

static SampleType sample_of(NpyType type) {
    static const SampleType types[] = {
        [NPY_F32] = SAMPLE_F32, [NPY_F16] = SAMPLE_F32, [NPY_F64] = SAMPLE_F64,
        [NPY_I32] = SAMPLE_I32, [NPY_U8] = SAMPLE_U8,   [NPY_I8] = SAMPLE_I8,
        [NPY_U16] = SAMPLE_U16, [NPY_I16] = SAMPLE_I16, [NPY_U32] = SAMPLE_U32,
        [NPY_U64] = SAMPLE_U64, [NPY_I64] = SAMPLE_I64};
    return types[type];
}

Status npz_volume(Volume **out, Npz *z, const char *array, bool colours, Error *error) {
    NpyArray a;
    *out = NULL;
    Status status = npz_array(&a, z, array, error);
    if (status) return status;
    int spatial = a.rank - (colours ? 1 : 0);
    if (spatial < 2 || spatial > 3 || (colours && (spatial != 2 || a.dim[2] != 3)) || !a.count)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: the array \"%s\" must be [height, width], [height, width, 3] or "
                         "[depth, height, width]",
                         z->name, array);
    VolumeSize size = {.frames = 1,
                       .depth = spatial == 3 ? a.dim[0] : 1,
                       .height = a.dim[spatial - 2],
                       .width = a.dim[spatial - 1],
                       .channels = colours ? 3 : 1};
    status = volume_new(out, size, sample_of(a.type), error);
    if (status) return status;
    if (a.type == NPY_F16)
        npy_read_floats(&a, (*out)->samples);
    else
        memcpy((*out)->samples, a.data, a.count * npy_type_bytes(a.type));
    (*out)->format = "npz";
    if (((*out)->name = memory_text(z->name))) return VOXPERT_OK;
    volume_free(*out);
    *out = NULL;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", z->name);
}

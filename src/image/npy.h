/* npy.h - numpy's array files: version 1 written, versions 1 to 3 read.
 *
 * C order and little-endian only.  The header is a Python dictionary, read by a parser that knows
 * its three keys; all sizes are checked before anything is handed out. */
#ifndef IMAGE_NPY_H
#define IMAGE_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef enum NpyType {
    NPY_F32,
    NPY_F16,
    NPY_F64,
    NPY_I32,
    NPY_U8, /* bool too */
    NPY_I8,
    NPY_U16,
    NPY_I16,
    NPY_U32,
    NPY_U64,
    NPY_I64
} NpyType;

enum { NPY_MAX_RANK = 8, NPY_MAX_HEADER = 384 };

/* A view into the bytes of a file. */
typedef struct NpyArray {
    NpyType type;
    int rank; /* 0: a single value */
    size_t dim[NPY_MAX_RANK], count;
    const uint8_t *data; /* maybe unaligned */
} NpyArray;

/* Errors: VOXPERT_BAD_INPUT with one sentence that names the file (`name`) and the field. */
MUST_CHECK Status npy_parse(NpyArray *out, const void *bytes, size_t size, const char *name,
                            Error *error);

void npy_read_floats(const NpyArray *array, float *out); /* count values, each rounded once */

/* Value `index` as a whole number from -2^63 to 2^63 - 1; false where it is none. */
bool npy_whole(const NpyArray *array, size_t index, int64_t *out);

/* Of arrays whose elements are not numbers (texts, pickled objects): what follows the header, which
 * is not looked into.  The same errors. */
MUST_CHECK Status npy_payload(const uint8_t **out, size_t *length, const void *bytes, size_t size,
                              const char *name, Error *error);

size_t npy_type_bytes(NpyType type);

/* The header that precedes the data, a multiple of 64 bytes; for those who write in pieces. */
size_t npy_header(char out[NPY_MAX_HEADER], NpyType type, int rank, const size_t *dim);

MUST_CHECK Status npy_write(const char *path, NpyType type, int rank, const size_t *dim,
                            const void *data, Error *error);

#endif

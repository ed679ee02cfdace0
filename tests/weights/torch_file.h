/* torch_file.h - PyTorch's files, made in memory for tests: also such as PyTorch would not write.
 */
#ifndef TESTS_WEIGHTS_TORCH_FILE_H
#define TESTS_WEIGHTS_TORCH_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that grow; aborts when out of memory. */
typedef struct Bytes {
    uint8_t *at;
    size_t size, capacity;
} Bytes;

void bytes_add(Bytes *b, const void *from, size_t size);
void bytes_add_number(Bytes *b, uint64_t number, int width); /* little-endian */
void bytes_free(Bytes *b);

/* ---- Pickles of protocol 2 -------------------------------------------------------------- */

void put_start(Bytes *b);           /* PROTO 2 */
void put(Bytes *b, const char *op); /* opcodes without operands, as characters */
void put_text(Bytes *b, const char *text);
void put_integer(Bytes *b, int64_t value);
void put_name(Bytes *b, const char *module, const char *name); /* a class or a function */
void put_sizes(Bytes *b, int count, const int64_t *sizes);     /* a tuple */

typedef struct TensorRecipe {
    const char *type; /* "FloatStorage" */
    const char *key;
    int64_t elements, offset;
    int rank;
    int64_t size[9], stride[9];
    bool legacy; /* a storage's tuple has one item more */
} TensorRecipe;

void put_tensor(Bytes *b, const TensorRecipe *recipe);

/* ---- Files ------------------------------------------------------------------------------ */

typedef struct ZipPart {
    const char *name;
    const void *bytes;
    size_t size;
    bool deflated;
    uint16_t flags, method; /* 0: as `deflated` says */
    bool zip64;             /* sizes and offset stand in the extra field */
    size_t announced;       /* 0: the true size */
} ZipPart;

typedef struct ZipForm {
    const char *comment;
    bool zip64; /* the end record too */
} ZipForm;

Bytes zip_file(const ZipPart *part, size_t count, ZipForm form);

/* "small/": data.pkl, byteorder and data/0, with the floats 0 .. n-1. */
Bytes torch_zip_file(const Bytes *pickle, size_t floats, bool deflated);

/* Magic number, version, machine, `pickle`, the one key, the floats 0 .. n-1. */
Bytes torch_legacy_file(const Bytes *pickle, const char *key, size_t floats);

/* {"a": tensor of 3x4 in storage `key`, floats 0 .. 11} */
Bytes small_pickle(const char *key, bool legacy);

/* A header of safetensors, its size before it, and `data` zero bytes after it. */
Bytes safetensors_file(const char *header, size_t data);

#endif

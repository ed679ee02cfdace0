/* tensor_file.h - golden values in a safetensors file, as they lie there.
 *
 * For trusted files of the golden folder only; the product reads with weights/checkpoint.h. */
#ifndef TESTS_GOLDEN_TENSOR_FILE_H
#define TESTS_GOLDEN_TENSOR_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <jansson.h>

#include "base/files.h"

typedef struct FileTensor {
    const char *name;
    const char *type; /* "F32", "U8", "I32", ... */
    int rank;
    size_t dim[8], count;
    const uint8_t *bytes; /* maybe unaligned */
} FileTensor;

typedef struct TensorFile {
    FileMap map;
    json_t *header; /* owns the names */
    FileTensor *tensor;
    size_t count;
} TensorFile;

bool tensor_file_open(TensorFile *out, const char *path); /* false: absent or damaged */
void tensor_file_close(TensorFile *file);

const FileTensor *tensor_file_find(const TensorFile *file, const char *name);

/* A value of the metadata parsed as JSON (a new reference); NULL where it is absent or plain text.
 */
json_t *tensor_file_metadata(const TensorFile *file, const char *key);

#endif

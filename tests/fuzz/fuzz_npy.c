/* fuzz_npy.c - any bytes as a .npy file. */
#include <stdlib.h>

#include "image/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    NpyArray array;
    Error error;
    if (npy_parse(&array, bytes, size, "fuzz", &error)) return 0;
    float *values = malloc(array.count * sizeof *values + 1);
    if (values) npy_read_floats(&array, values);
    free(values);
    return 0;
}

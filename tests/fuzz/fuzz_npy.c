/* fuzz_npy.c - any bytes as a .npy file. */
#include <stdlib.h>

#include "base/memory.h"
#include "image/npy.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    NpyArray array;
    Error error;
    if (npy_parse(&array, bytes, size, "fuzz", &error)) return 0;
    float *values = memory_new(array.count * sizeof *values);
    if (!values) abort();
    npy_read_floats(&array, values);
    memory_free(values);
    return 0;
}

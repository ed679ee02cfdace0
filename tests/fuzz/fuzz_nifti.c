/* fuzz_nifti.c - any bytes as a file named .nii; the content decides what reads them. */
#include "tests/fuzz/images.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    return fuzz_format(bytes, size, "fuzz.nii");
}

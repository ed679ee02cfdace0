/* fuzz_png.c - any bytes as a file named .png; the content decides what reads them. */
#include "tests/fuzz/images.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    return fuzz_format(bytes, size, "fuzz.png");
}

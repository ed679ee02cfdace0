/* fuzz_safetensors.c - content decides which reader gets the bytes; the corpus leads to this one.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/read_checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    read_checkpoint(bytes, size);
    return 0;
}

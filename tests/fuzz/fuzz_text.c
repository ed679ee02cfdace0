/* fuzz_text.c - numbers and globs: whatever a command line or a prompt file may hold. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

/* The bytes as text, with the zero that ends it. */
static char *as_text(const uint8_t *bytes, size_t size) {
    char *text = memory_new(size + 1);
    if (!text) abort();
    for (size_t i = 0; i < size; i++) text[i] = (char)bytes[i];
    return text;
}

static void check_number(const char *text) {
    double value;
    long whole;
    if (text_to_double(&value, text) && !isfinite(value)) abort();
    if (text_to_long(&whole, text) && !(text_to_double(&value, text) && value == (double)whole))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    char *text = as_text(bytes, size);
    check_number(text);
    if (!text_matches(text, "*")) abort();
    (void)text_matches("image_encoder.blocks.3.attn.qkv.weight", text);
    memory_free(text);
    return 0;
}

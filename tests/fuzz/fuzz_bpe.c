/* fuzz_bpe.c - any bytes as a file of six merges, and then as a text. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tests/fuzz/fuzz.h"
#include "text/bpe.h"

static void encode(const Bpe *b, const uint8_t *bytes, size_t size) {
    char *text = memory_new(size + 1);
    if (!text) abort();
    for (size_t i = 0; i < size; i++) text[i] = (char)bytes[i];
    BpeTokens t = {0};
    if (bpe_encode(b, text, &t, NULL)) abort();
    if (t.count > strlen(text) + 2 || t.id[0] != bpe_begin(b) || t.id[t.count - 1] != bpe_end(b))
        abort();
    for (size_t i = 1; i + 1 < t.count; i++) {
        if (t.id[i] < 0 || t.id[i] >= bpe_begin(b)) abort();
    }
    bpe_tokens_free(&t);
    memory_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    Bpe b;
    Error error = {0};
    Status status = bpe_open_memory(&b, bytes, size, "fuzz", BPE_LEAST + 6, &error);
    if (status) {
        if (b.pair || error.status != status || error.message[0] == '\0') abort();
        return 0;
    }
    encode(&b, bytes, size);
    bpe_close(&b);
    return 0;
}

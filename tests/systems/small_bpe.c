#include "tests/systems/small_bpe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char small_bpe_text[] = "#version: 0.2\n"
                              "l i\n"
                              "li v\n"
                              "e r</w>\n"
                              "liv er</w>\n"
                              "a a\n"
                              "aa aa\n"
                              "' s</w>\n"
                              "\xC3\x83 \xC2\xBC\n";

Bpe small_bpe(void) {
    Bpe b;
    Error error;
    if (bpe_open_memory(&b, (const uint8_t *)small_bpe_text, strlen(small_bpe_text), "small",
                        SMALL_VOCABULARY, &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    return b;
}

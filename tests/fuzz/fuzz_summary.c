/* fuzz_summary.c - any bytes as a summary.json; what was read is written, and read again. */
#include <stdlib.h>

#include "eval/summary.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    Evaluation e, again;
    Error error;
    Text text = {0};
    if (summary_parse(&e, bytes, size, "fuzz", &error)) return 0;
    summary_text(&text, &e, NUMBERS_PYTHON);
    if (text.failed) abort();
    if (!summary_parse(&again, (const uint8_t *)text.chars, text.length, "again", &error)) {
        if (again.count != e.count) abort();
        evaluation_free(&again);
    } else {
        abort();
    }
    text_free(&text);
    evaluation_free(&e);
    return 0;
}

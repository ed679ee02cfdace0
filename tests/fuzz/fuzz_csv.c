/* fuzz_csv.c - any bytes as a sheet.  What is read and written again is the same. */
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/memory.h"
#include "base/quote.h"
#include "tests/fuzz/fuzz.h"

static void add_row(Text *t, const CsvReader *csv) {
    for (size_t i = 0; i < csv->fields; i++) {
        if (i) text_add(t, ",");
        text_add_csv_field(t, csv->field[i]);
    }
    text_add(t, "\n");
}

/* Rows as text again, every field behind a bar, or NULL where they are refused. */
static char *read_all(const void *bytes, size_t size, Text *written) {
    CsvReader csv;
    Error error = {0};
    Text seen = {0};
    Status status = csv_open(&csv, "t.csv", bytes, size, &error);
    text_add(&seen, "%s", "");
    while (!status && !(status = csv_row(&csv, &error)) && csv.fields) {
        for (size_t i = 0; i < csv.fields; i++) text_add(&seen, "|%s", csv.field[i]);
        text_add(&seen, "\n");
        if (written) add_row(written, &csv);
    }
    csv_close(&csv);
    if (status && (status != VOXPERT_BAD_INPUT || strncmp(error.message, "t.csv: line ", 12) != 0))
        abort();
    if (!status) return seen.chars;
    text_free(&seen);
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    Text written = {0};
    text_add(&written, "%s", "sep=,\n");
    char *first = read_all(bytes, size, &written);
    if (first) {
        char *second = read_all(written.chars, written.length, NULL);
        if (!second || strcmp(first, second) != 0) abort();
        memory_free(second);
    }
    memory_free(first);
    text_free(&written);
    return 0;
}

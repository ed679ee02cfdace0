#include <voxpert/voxpert.h>

#include "base/csv.h"
#include "base/memory.h"
#include "base/quote.h"

static char *copy_with(void (*add)(Text *t, const char *text), const char *text) {
    Text t = {0};
    text_add(&t, "%s", "");
    add(&t, text ? text : "");
    if (!t.failed) return t.chars;
    text_free(&t);
    return NULL;
}

char *voxpert_text_printable(const char *text) { return copy_with(text_add_printable, text); }

char *voxpert_text_csv(const char *text) { return copy_with(text_add_csv_field, text); }

/* ---- Sheets ----------------------------------------------------------------------------- */

struct VoxpertCsv {
    CsvReader reader;
};

VoxpertStatus voxpert_csv_open(VoxpertCsv **out, const char *name, const char *text, size_t length,
                               VoxpertError *error) {
    if (!out || !name || (!text && length))
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_csv_open: NULL");
    *out = NULL;
    VoxpertCsv *csv = memory_new(sizeof *csv);
    if (!csv) return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", name);
    Status status = csv_open(&csv->reader, name, text, length, error);
    if (status)
        voxpert_csv_close(csv);
    else
        *out = csv;
    return status;
}

VoxpertStatus voxpert_csv_next(VoxpertCsv *csv, VoxpertCsvRow *row, VoxpertError *error) {
    if (!csv || !row) return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_csv_next: NULL");
    *row = (VoxpertCsvRow){0};
    Status status = csv_row(&csv->reader, error);
    const CsvReader *r = &csv->reader;
    if (!status) *row = (VoxpertCsvRow){r->field, r->quoted, r->fields, r->line, r->separator};
    return status;
}

void voxpert_csv_close(VoxpertCsv *csv) {
    if (csv) csv_close(&csv->reader);
    memory_free(csv);
}

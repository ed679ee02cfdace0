/* text.h - names and messages made safe for a terminal and for tables, and tables read. */
#ifndef VOXPERT_TEXT_H
#define VOXPERT_TEXT_H

#include <stddef.h>

#include <voxpert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A copy of `text` for a terminal or a log, on one line, well-formed UTF-8: each byte of a control
 * character, of a line separator, of a control of the writing direction, and each byte that is no
 * UTF-8, is \xNN.  Messages of the library are so already.  NULL when out of memory; the caller
 * frees it with voxpert_free. */
VOXPERT_API char *voxpert_text_printable(const char *text);

/* A copy of `text` as one field of a CSV file (RFC 4180), quoted where it must be.  NULL when out
 * of memory; the caller frees it with voxpert_free. */
VOXPERT_API char *voxpert_text_csv(const char *text);

/* A sheet in memory that people or programs saved as CSV or TSV.  Fields stand between commas,
 * semicolons or tabs, whichever the first row has most of (or a first line "sep=;" names); quotes
 * are those of RFC 4180; blanks around fields are taken off; lines end by LF, CRLF or CR; a UTF-8
 * byte order mark is passed over. */
typedef struct VoxpertCsv VoxpertCsv;

typedef struct VoxpertCsvRow {
    const char *const *field;    /* [fields], valid until the next call with this sheet */
    const unsigned char *quoted; /* [fields]: 1 where the field stood between quotes */
    size_t fields;               /* 0 after the last row */
    size_t line;                 /* where the row begins, from 1 */
    char separator;              /* ',', ';' or '\t' */
} VoxpertCsvRow;

/* `text` [length] and `name`, which errors begin with, are borrowed until voxpert_csv_close.
 * Errors: VOXPERT_BAD_INPUT (UTF-16 or UTF-32 text), VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_csv_open(VoxpertCsv **out, const char *name, const char *text,
                                           size_t length, VoxpertError *error);

/* The next row that holds anything.  Errors: VOXPERT_BAD_INPUT with the line (a quote that is not
 * closed or ends inside a field, a byte of 0, no UTF-8), VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_csv_next(VoxpertCsv *csv, VoxpertCsvRow *row,
                                           VoxpertError *error);

/* Frees the sheet and the rows it handed out; NULL is fine. */
VOXPERT_API void voxpert_csv_close(VoxpertCsv *csv);

#ifdef __cplusplus
}
#endif

#endif

/* csv.h - the rows of a sheet that people and programs save as text: CSV and TSV.
 *
 *     CsvReader csv;
 *     status = csv_open(&csv, "groups.csv", bytes, size, error);
 *     while (!status && !(status = csv_row(&csv, error)) && csv.fields > 0)
 *         ... csv.field[i], csv.quoted[i], csv.line ...
 *     csv_close(&csv);
 *
 * Fields stand between commas, semicolons or tabs: whichever the first row has most of outside
 * quotes, or the one that a first line "sep=;" of spreadsheet programs names.  Quotes are those of
 * RFC 4180; they may hold separators and line breaks, and blanks may stand around them.  Blanks
 * around other fields are taken off.  Lines end by LF, CRLF or CR.  A UTF-8 byte order mark is
 * passed over, and rows whose fields are all empty are.  Refused with their line: a quote that is
 * not closed or that ends inside a field, a byte of 0, and what is no UTF-8. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct CsvReader {
    const char *const *field;    /* of the row that was read; until the next one */
    const unsigned char *quoted; /* 1 where the field stood between quotes */
    size_t fields;               /* 0 after the last row */
    size_t line;                 /* where the row begins, from 1 */
    char separator;              /* ',', ';' or '\t' */
    /* private */
    const char *name, *at, *end;
    size_t next_line, capacity, length, room;
    const char **pointer;
    unsigned char *mark;
    size_t *start; /* of each field in `chars` [room], of which `length` are used */
    char *chars;
} CsvReader;

/* `bytes` [size] and `name`, which errors begin with (NULL: with the line), are borrowed until
 * csv_close.  VOXPERT_BAD_INPUT: text of UTF-16 or UTF-32. */
MUST_CHECK Status csv_open(CsvReader *out, const char *name, const void *bytes, size_t size,
                           Error *error);

/* The next row that holds anything.  VOXPERT_BAD_INPUT with the line, after which there are no more
 * rows; VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status csv_row(CsvReader *csv, Error *error);

void csv_close(CsvReader *csv); /* a zeroed one is fine */

/* VOXPERT_BAD_INPUT, "NAME: line N: WHAT", of the row that was read. */
Status csv_error(const CsvReader *csv, Error *error, const char *what, ...)
    __attribute__((format(printf, 3, 4)));

#endif

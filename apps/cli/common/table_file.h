/* table_file.h - tables as CSV files, written whole or not at all. */
#ifndef CLI_COMMON_TABLE_FILE_H
#define CLI_COMMON_TABLE_FILE_H

#include <stdio.h>

#include <voxpert/error.h>

/* Adds the lines below the names of the columns. */
typedef void TableLines(FILE *to, const void *context);

/* `columns`: their names, with commas between.  VOXPERT_BAD_OUTPUT, VOXPERT_OUT_OF_MEMORY. */
VoxpertStatus table_file_write(const char *path, const char *columns, TableLines *lines,
                               const void *context, VoxpertError *error);

/* A text as RFC 4180 quotes it. */
void table_put_text(FILE *to, const char *text);

#endif

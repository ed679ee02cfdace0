#include "cli/common/table_file.h"

#include <stdlib.h>

#include <voxpert/voxpert.h>

#include "cli/common/error.h"

VoxpertStatus table_file_write(const char *path, const char *columns, TableLines *lines,
                               const void *context, VoxpertError *error) {
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (to) {
        fprintf(to, "%s\n", columns);
        lines(to, context);
    }
    VoxpertStatus status = VOXPERT_OK;
    if (!to || fclose(to) != 0)
        status = error_say(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to write it", path);
    if (!status) status = voxpert_file_write(path, text, size, error);
    free(text);
    return status;
}

void table_put_text(FILE *to, const char *text) {
    char *field = cli_csv(text);
    fputs(field, to);
    free(field);
}

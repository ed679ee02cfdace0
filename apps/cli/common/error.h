/* error.h - failures of the command line itself, in the library's words. */
#ifndef CLI_COMMON_ERROR_H
#define CLI_COMMON_ERROR_H

#include <stddef.h>

#include <voxpert/error.h>

/* Fills `error`, whose message is made printable, and returns `status`. */
VoxpertStatus error_say(VoxpertError *error, VoxpertStatus status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message that is there; returns its status. */
VoxpertStatus error_before(VoxpertError *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Zeroed memory for `count` things of `size` bytes, or of one more than there are; out of memory
 * ends the program with its exit code, and leaves no unfinished file.  free() frees. */
void *cli_new(size_t count, size_t size);
void cli_grow(void *items, size_t count, size_t size); /* room for item number `count` */
char *cli_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What must be done before that end; NULL: nothing. */
void cli_before_failure(void (*clean)(void));

/* Names of files and metadata as a terminal may see them, and as a field of a CSV file. */
char *cli_printable(const char *text);
char *cli_csv(const char *text);

/* The first of these for printf: valid until the eighth next call.  NULL is "". */
const char *cli_shown(const char *text);

#endif

/* numbers.h - numbers in words of the command line.  The program never leaves the C locale, so a
 * decimal mark is a point whatever the user's language. */
#ifndef CLI_COMMON_NUMBERS_H
#define CLI_COMMON_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

bool whole_parse(long *out, const char *text);

/* Exactly `count` finite numbers, as float too, with commas between: "1,2.5,-3"; "[1, 2.5, -3]" is
 * the same. */
bool numbers_parse(double *out, int count, const char *text);

/* Bytes: "512M", "4G", "4GiB", "1048576"; units of 1024. */
bool size_parse(size_t *out, const char *text);

#endif

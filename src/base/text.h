/* text.h - growing text, and numbers that ignore the locale. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Sticky: after a failed allocation nothing more is added and `failed` stays set. */
typedef struct Text {
    char *chars; /* NULL or zero-terminated */
    size_t length, capacity;
    bool failed;
} Text;

void text_add(Text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_double(Text *t, double value); /* finite; the fewest digits that read back the same */
void text_free(Text *t);

/* The whole of `from` as a finite number, with a point as decimal mark; false otherwise. */
bool text_to_double(double *out, const char *from);
bool text_to_long(long *out, const char *from);

/* Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool text_is_utf8(const char *text, size_t length);

/* The bytes of UTF-8's byte order mark at the beginning: 3, or 0. */
size_t text_mark(const void *bytes, size_t size);

bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix); /* ignores the case of ASCII letters */

/* Glob with `*` (any characters, dots and slashes too) and `?`. */
bool text_matches(const char *text, const char *pattern);

#endif

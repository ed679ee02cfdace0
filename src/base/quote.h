/* quote.h - strings of files and users, made safe for the place where they are written.
 *
 * Names and metadata are other people's: a name may hold a newline that begins a command of its
 * own, an escape sequence that a terminal obeys, or bytes that are no text at all.  One function
 * for each place. */
#ifndef BASE_QUOTE_H
#define BASE_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Well-formed UTF-8 without anything that text_add_printable would escape. */
bool text_is_plain(const char *text);

/* For a terminal, a log or a message: each byte of a control character (below 32, 127, U+0080 to
 * U+009F), of a line separator or of a control of the writing direction (U+2028 to U+202E, U+2066
 * to U+2069), and each byte that is no UTF-8, becomes \xNN.  The result is UTF-8 of one line. */
void text_add_printable(Text *t, const char *text);

/* The same into `size` bytes, ended by a zero; what does not fit is cut between characters.
 * Returns whether all of it fits. */
bool text_printable(char *out, size_t size, const char *text);

/* A JSON string with its quotes; bytes that are no UTF-8 become \\xNN. */
void text_add_quoted(Text *t, const char *text);

/* One word of a POSIX shell: as it is where nothing in it means anything to a shell, else between
 * single quotes.  A path that begins with '-' needs "./" before it: that is the caller's. */
void text_add_shell_word(Text *t, const char *text);

/* One string of a gnuplot script, between single quotes, where gnuplot expands neither backquotes
 * nor escapes; what is not printable is escaped first, so that it stays on its line.  It says
 * nothing about enhanced text: titles need `noenhanced`. */
void text_add_gnuplot_string(Text *t, const char *text);

/* One field of a CSV file (RFC 4180): between double quotes where it holds a comma, a semicolon or
 * a tab (some programs read those as separators), a quote, a line break, or spaces at an end. Bytes
 * that are no UTF-8 become \xNN. */
void text_add_csv_field(Text *t, const char *text);

#endif

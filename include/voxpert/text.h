/* text.h - names and messages made safe for a terminal and for tables. */
#ifndef VOXPERT_TEXT_H
#define VOXPERT_TEXT_H

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

#ifdef __cplusplus
}
#endif

#endif

/* warnings.h - what was taken although it was odd: the one mechanism for warnings.
 *
 * Whatever reads files keeps a list of sentences.  The public interface hands the list out, and the
 * command line prints each sentence once and puts it into the report of the verb; `check` makes
 * findings of them. */
#ifndef BASE_WARNINGS_H
#define BASE_WARNINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Zeroed is an empty list. */
typedef struct Warnings {
    Text lines; /* printable sentences, each ended by a newline; `failed` after a lack of memory */
    size_t count;
} Warnings;

/* Adds a sentence, which is made printable; nothing where it is in the list already. */
void warnings_add(Warnings *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

void warnings_merge(Warnings *to, const Warnings *from);

/* All of them, each ended by a newline; "" where there is none.  Valid until one is added. */
const char *warnings_lines(const Warnings *w);

/* A sentence within `lines` and its length without the newline.  Begin with *next = the lines;
 * false at the end. */
bool warnings_next(const char **next, const char **sentence, size_t *length);

/* A copy of a sentence of warnings_next, ended by a zero; the caller frees it.  `chars` is NULL
 * where there is no memory. */
Text warnings_sentence(const char *sentence, size_t length);

/* A JSON array of the sentences, one a line: `indent` blanks before its end, four more before each.
 */
void warnings_json(Text *t, const Warnings *w, int indent);

/* One CSV field: the sentences with "; " between them. */
void warnings_csv(Text *t, const Warnings *w);

void warnings_free(Warnings *w);

#endif

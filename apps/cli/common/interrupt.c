#include "cli/common/interrupt.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A handler may come at any time, so the sentence that it sees is never one that is being written.
 */
static char sentences[2][512];
static const char *volatile current;
static char before[128], behind[160]; /* without a note: before results are written, and then */
static const char *volatile standing;

void interrupt_begin(const char *verb) {
    snprintf(before, sizeof before, "voxpert %s: interrupted: no results were written", verb);
    snprintf(behind, sizeof behind,
             "voxpert %s: interrupted while results were written: those that are there are whole",
             verb);
    standing = before;
}

void interrupt_note(const char *verb, const char *format, ...) {
    char *to = sentences[current == sentences[0]];
    char *sentence = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&sentence, format, args);
    va_end(args);
    snprintf(to, sizeof *sentences, "voxpert %s: %s", verb, length < 0 ? "" : sentence);
    free(sentence);
    current = to;
}

void interrupt_writes(void) {
    if (standing) standing = behind;
}

void interrupt_forget(void) {
    interrupt_writes();
    current = NULL;
}

void interrupt_print(bool by_pipe) {
    const char *sentence = current;
    if (!sentence && !by_pipe) sentence = standing;
    if (!sentence) return;
    bool terminal = isatty(STDERR_FILENO); /* where a line of progress may stand */
    ssize_t written = terminal ? write(STDERR_FILENO, "\n", 1) : 0;
    written += write(STDERR_FILENO, sentence, strlen(sentence));
    written += write(STDERR_FILENO, "\n", 1);
    (void)written;
}

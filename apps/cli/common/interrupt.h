/* interrupt.h - the last word of a run that is interrupted. */
#ifndef CLI_COMMON_INTERRUPT_H
#define CLI_COMMON_INTERRUPT_H

#include <stdbool.h>

/* From now on an interruption prints on standard error that no results were written. */
void interrupt_begin(const char *verb);

/* What an interruption from now on prints instead, behind "voxpert VERB: "; a newer sentence
 * replaces an older one. */
void interrupt_note(const char *verb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Results are written from now on, of which those that are there are whole. */
void interrupt_writes(void);

/* The work is done, and results are written: those that are there are whole. */
void interrupt_forget(void);

/* For signal handlers.  `by_pipe`: a reader of the output went away; only of work that is not done
 * is anything printed then. */
void interrupt_print(bool by_pipe);

#endif

/* interrupt.h - the last word of a run that is interrupted. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

/* What an interruption from now on prints on standard error, behind "voxpert VERB: "; a newer
 * sentence replaces an older one. */
void interrupt_note(const char *verb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void interrupt_forget(void);

void interrupt_print(void); /* for signal handlers */

#endif

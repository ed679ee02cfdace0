/* progress.h - how far the work is: on a terminal one line that changes, elsewhere plain lines or
 * JSON; at most one a second. */
#ifndef CLI_COMMON_PROGRESS_H
#define CLI_COMMON_PROGRESS_H

#include <stddef.h>

#include "cli/common/common.h"

typedef struct Progress {
    ProgressMode mode;       /* never auto */
    bool line;               /* a line on the terminal that has not ended */
    const char *unit;        /* "images" */
    const char *verb, *kept; /* for an interruption; NULL: it is not the progress that says it */
    size_t total, skipped;
    double began, told;
} Progress;

/* `skipped` are done without work, and say nothing of the rate. */
Progress progress_begin(const Common *common, const char *unit, size_t total);

/* An interruption says how far it came, and `kept`: "no results were written".  The text must stay.
 * NULL: from now on others say it. */
void progress_keep(Progress *p, const char *kept);
void progress_tell(Progress *p, size_t done, const char *what);
void progress_end(Progress *p);

/* A VoxpertCaseDone whose context is a Progress; of one case alone it says nothing. */
void progress_case(void *context, size_t done, size_t total, const char *name);

#endif

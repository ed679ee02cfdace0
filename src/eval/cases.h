/* cases.h - pairs of files that belong together, and work on all of them. */
#ifndef EVAL_CASES_H
#define EVAL_CASES_H

#include <stdbool.h>

#include "base/status.h"
#include "base/threads.h"
#include "base/warnings.h"

/* ---- Which ---------------------------------------------------------------------------------- */

typedef struct CasePair {
    char *first, *second; /* paths */
} CasePair;

typedef struct CasePairs {
    CasePair *item; /* by the first's name */
    size_t count;
    Warnings alone; /* a sentence for each file without a partner, where these are allowed */
} CasePairs;

typedef struct PairRule {
    bool complete; /* each of the second must have a partner too */
    bool partial;  /* files without a partner, of both sides, are left out and listed */
    bool channels; /* "case" may go with "case_0000", as nnU-Net names images */
} PairRule;

/* Two files, or two folders: files with the same name, extension aside, are a pair.  Hidden files,
 * and those that are no images by their extension, are left out.  Errors: VOXPERT_BAD_INPUT (one of
 * both is no folder, a file has no partner, or all have none, a folder has nothing or two files of
 * one stem),
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status case_pairs_find(CasePairs *out, const char *firsts, const char *seconds,
                                  PairRule rule, Error *error);
void case_pairs_free(CasePairs *p); /* a zeroed one is fine */

/* ---- Work ----------------------------------------------------------------------------------- */

/* How it is done; what comes of it does not depend on that. */
typedef struct CaseWork {
    Threads *threads; /* cases are taken by all of them; NULL: by the caller's alone */
    /* After each case, on any thread but never on two at once; NULL: nobody listens. */
    void (*done)(void *context, size_t done, size_t total, const char *name);
    void *context;
    size_t max_bytes; /* a file that needs more is refused; 0: half of the machine's memory */
} CaseWork;

/* Whatever it changes belongs to that case. */
typedef Status CaseFn(void *context, size_t index, Error *error);

/* Does fn(context, 0 .. pairs->count - 1); returns what the first case that failed returned.  Once
 * one has failed, later ones may be left out.  `work` may be NULL. */
MUST_CHECK Status cases_run(const CasePairs *pairs, CaseFn *fn, void *context, const CaseWork *work,
                            Error *error);

#endif

/* common.h - what every verb takes, and how it ends. */
#ifndef CLI_COMMON_COMMON_H
#define CLI_COMMON_COMMON_H

#include <jansson.h>
#include <stdbool.h>

#include <voxpert/voxpert.h>

#include "cli/common/common_rules.h"
#include "cli/common/options.h"
#include "cli/verb.h"

extern const char common_usage[]; /* the last part of each verb's help */

typedef enum ProgressMode {
    PROGRESS_AUTO,
    PROGRESS_PLAIN,
    PROGRESS_JSON,
    PROGRESS_NONE
} ProgressMode;

typedef struct Common {
    const char *verb;
    const OptionRule *rules; /* of the verb's flags; NULL: not known yet */
    bool json, quiet, verbose;
    ProgressMode progress;
    int threads;       /* 0: every core */
    size_t max_memory; /* 0: no limit */
    const char *cpu;   /* NULL: the best kernel set */
    json_t *warnings;  /* an array of the sentences that common_warn was given */
} Common;

/* Parses the command line and takes the common flags out of it.  `common` is good enough for
 * common_end(), which must follow, after a failure too.  VOXPERT_BAD_ARGUMENT. */
VoxpertStatus common_begin(Common *common, Options *options, const Verb *verb,
                           const OptionRule *rules, bool takes_argument, int argc, char **argv,
                           VoxpertError *error);

/* Where no flags were parsed: of them --json counts.  common_end() must follow. */
Common common_of_failure(const char *verb, int argc, char **argv);

/* The message of a failure; where it is about an option of the library that is a flag of the verb,
 * with the flag.  Valid as what cli_shown() gives is. */
const char *common_message(const Common *common, const VoxpertError *error);

/* Prints what went wrong, if anything did, and frees what `common` holds; returns the exit code. */
int common_end(Common *common, VoxpertStatus status, const VoxpertError *error);

/* One sentence to stderr, made printable: a warning, unless -q; a detail, only with -v.  Warnings
 * are kept for common_report, with -q too. */
void common_warn(const Common *common, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void common_detail(const Common *common, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* common_warn for each of the lines that the library hands out. */
void common_warn_lines(const Common *common, const char *lines);

/* Says a model's warnings, and keeps them. */
typedef struct Listener {
    const Common *common;
    json_t *warnings; /* or NULL */
} Listener;

/* Opens a model; `path` NULL is the built-in one.  Of `chosen` preset, base and strict are looked
 * at.  Its warnings go to the listener until the model is closed. */
VoxpertStatus common_model(Listener *listener, VoxpertModel **out, const char *path,
                           const VoxpertOptions *chosen, VoxpertError *error);

/* A sentence or a name as JSON, never NULL: one that is not UTF-8 is made printable. */
json_t *json_words(const char *text);
bool is_utf8(const char *text);

/* Writes the report of a verb and a newline to stdout, with "warnings", an array of sentences,
 * unless the report has its own; frees it. */
void common_report(const Common *common, json_t *report);

double seconds_now(void); /* monotonic */

#endif

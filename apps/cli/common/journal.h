/* journal.h - the report of a folder: one line a case, kept current while the run goes on. */
#ifndef CLI_COMMON_JOURNAL_H
#define CLI_COMMON_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>

#include <voxpert/voxpert.h>

#include "cli/common/common.h"

typedef struct Journal {
    char *path;    /* .json: one object with all cases; .jsonl: a line each */
    json_t *old;   /* case name -> line of an earlier run */
    json_t **line; /* [count]; NULL: not yet */
    int count;
    bool current;         /* the file holds every line */
    double written, cost; /* when, and the seconds that it took */
} Journal;

void journal_open(Journal *j, const char *path, int count);
void journal_free(Journal *j); /* a zeroed one is fine */

/* Reads what an earlier run wrote; what cannot be read is as if it were not there. */
void journal_read(Journal *j);

/* Takes over the earlier run's line of a case, if there is one. */
void journal_keep(Journal *j, int index, const char *name);

/* Whether the line that is there calls the case done with the same inputs. */
bool journal_done(const Journal *j, int index, const json_t *inputs);

/* Whether the output `path` is there with the bytes that the case's line recorded as
 * "output_sha256" of `name`.  One that has others may be a correction by hand as well as damage, so
 * it is renamed, with a warning. */
bool journal_intact(const Journal *j, int index, const char *name, const char *path,
                    const Common *common);

void journal_set(Journal *j, int index, json_t *line); /* takes the line, which may be NULL */

/* Before a case is done anew: no line may call its old outputs done once they are replaced. */
VoxpertStatus journal_drop(Journal *j, int index, VoxpertError *error);

/* Writes it, unless that was just done and `now` is false.  VOXPERT_BAD_OUTPUT. */
VoxpertStatus journal_flush(Journal *j, bool now, VoxpertError *error);

#endif

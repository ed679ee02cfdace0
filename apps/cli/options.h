/* options.h - the flags of a verb, as they stand on the command line.
 *
 *     --flag value   --flag=value   -f value   -fvalue   --switch   -s   --  (ends the flags)
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <voxpert/error.h>

typedef struct OptionRule {
    const char *name; /* "--output" */
    char letter;      /* 'o' for -o; 0: none */
    bool takes_value, repeats;
} OptionRule;

typedef struct Option {
    const OptionRule *rule;
    const char *value; /* NULL for a switch */
} Option;

typedef struct Options {
    Option *item; /* in the order given */
    int count;
    const char *argument; /* the one word that is no flag, where the verb takes one; or NULL */
} Options;

/* `rules` end with a zeroed one; those of all verbs (common.h) are known too.  Errors:
 * VOXPERT_BAD_ARGUMENT names the flag: unknown, given twice, without its value. */
VoxpertStatus options_parse(Options *out, const OptionRule *rules, bool takes_argument, int argc,
                            char **argv, VoxpertError *error);
void options_free(Options *o);

bool options_has(const Options *o, const char *name);
const char *options_value(const Options *o, const char *name); /* NULL where it was not given */

/* Values in bounds; `*out` stays as it is where the flag was not given.  VOXPERT_BAD_ARGUMENT. */
VoxpertStatus options_whole(const Options *o, const char *name, long low, long high, int *out,
                            VoxpertError *error);
VoxpertStatus options_number(const Options *o, const char *name, double low, double high,
                             float *out, VoxpertError *error);

/* The place of the value in `choices` (NULL-terminated). */
VoxpertStatus options_choice(const Options *o, const char *name, const char *const *choices,
                             int *out, VoxpertError *error);

/* The known word closest to a misspelt one, or NULL where none is near; `word_at(i)` is NULL past
 * the last. */
const char *closest(const char *word, const char *(*word_at)(const void *context, int i),
                    const void *context);

#endif

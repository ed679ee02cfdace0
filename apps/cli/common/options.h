/* options.h - the flags of a verb, as they stand on the command line.
 *
 *     --flag value   --flag=value   -f value   -fvalue   --switch   -s   --  (ends the flags)
 */
#ifndef CLI_COMMON_OPTIONS_H
#define CLI_COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <voxpert/error.h>

#include "cli/common/option_rule.h"

enum { OPTION_WORD_MAX = 32 };

/* What a value may be: word `index` of the rule; false past the last, or where it has none. */
bool option_word_at(char out[OPTION_WORD_MAX], const OptionRule *rule, int index);

/* The rule of a flag in a verb's rules or those of all verbs, by name or "-o"; NULL: unknown. */
const OptionRule *option_rule_find(const OptionRule *rules, const char *flag);

/* The verb's rules, then those of all verbs; NULL past the last. */
const OptionRule *option_rule_at(const OptionRule *rules, int index);

typedef struct Option {
    const OptionRule *rule;
    const char *value; /* NULL for a switch */
} Option;

typedef struct Options {
    Option *item; /* in the order given */
    int count;
    const char *argument; /* the one word that is no flag, where the verb takes one; or NULL */
    char **owned;         /* [owned_count] values that were put together */
    int owned_count;
    char **warning; /* [warnings] sentences about what was taken for what */
    int warnings;
} Options;

/* `rules` end with a zeroed one; those of all verbs (common.h) are known too.  Words that are no
 * flags are values of the rules that have a place, and flags of other programs are taken for ours
 * where they mean the same (synonyms.h), with a warning.  Errors:
 * VOXPERT_BAD_ARGUMENT names the flag: unknown, given twice, without its value. */
VoxpertStatus options_parse(Options *out, const OptionRule *rules, bool takes_argument, int argc,
                            char **argv, VoxpertError *error);
void options_free(Options *o);

const Option *options_find(const Options *o, const char *name); /* the first; or NULL */
bool options_has(const Options *o, const char *name);
const char *options_value(const Options *o, const char *name); /* NULL where it was not given */

/* Values in bounds; `*out` stays as it is where the flag was not given.  VOXPERT_BAD_ARGUMENT. */
VoxpertStatus options_whole(const Options *o, const char *name, long low, long high, int *out,
                            VoxpertError *error);
VoxpertStatus options_number(const Options *o, const char *name, double low, double high,
                             float *out, VoxpertError *error);

/* The place of the value among the words of its rule; the value itself, which must be one of them.
 */
VoxpertStatus options_choice(const Options *o, const char *name, int *out, VoxpertError *error);
VoxpertStatus options_word(const Options *o, const char *name, const char **out,
                           VoxpertError *error);

/* The known word closest to a misspelt one, or NULL where none is near; `word_at(i)` is NULL past
 * the last. */
const char *closest(const char *word, const char *(*word_at)(const void *context, int i),
                    const void *context);

#endif

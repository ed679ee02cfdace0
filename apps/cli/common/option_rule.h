/* option_rule.h - one flag of a verb. */
#ifndef CLI_COMMON_OPTION_RULE_H
#define CLI_COMMON_OPTION_RULE_H

#include <stdbool.h>

typedef struct OptionRule {
    const char *name; /* "--output" */
    char letter;      /* 'o' for -o; 0: none */
    bool takes_value, repeats;
    const char *words;                 /* "skip|stop": what a value may be; or NULL */
    const char *(*word_at)(int index); /* the same from a table; NULL past the last; or NULL */
    int place;   /* 1, 2: the words that are no flags are its value, in this order; 0: never */
    int numbers; /* that the value is of, which may stand apart: --box 1 2 3 4; 0: no numbers */
} OptionRule;

#endif

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
} OptionRule;

#endif

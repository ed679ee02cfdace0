/* verb.h - one thing that the command line can do. */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include "cli/common/options.h"

struct Verb;

/* Of a verb that is several: `voxpert experts list`. */
typedef struct VerbPart {
    const char *name;
    const OptionRule *rules;
    int (*run)(const struct Verb *verb, int argc, char **argv); /* argv[0] is the part's name; the
                                                                   exit code */
} VerbPart;

typedef struct Verb {
    const char *name;
    const char *summary;      /* one line */
    const char *usage;        /* the help, ends with a newline */
    const char *usage_more;   /* its second part, where one string would be too long; or NULL */
    void (*print_more)(void); /* a last part that is made up as it is printed; or NULL */
    const OptionRule *rules;  /* the flags; NULL where one of the next two has them */
    const OptionRule *(*make_rules)(void);
    const VerbPart *parts;             /* ends with a zeroed one */
    int (*run)(int argc, char **argv); /* argv[0] is the verb; returns the exit code */
} Verb;

extern const Verb verb_info, verb_convert, verb_segment, verb_embed, verb_train, verb_check,
    verb_evaluate, verb_stats, verb_experts;

#endif

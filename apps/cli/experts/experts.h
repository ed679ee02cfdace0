/* experts.h - the parts of `voxpert experts`, each with flags of its own. */
#ifndef CLI_EXPERTS_EXPERTS_H
#define CLI_EXPERTS_EXPERTS_H

#include "cli/common/options.h"
#include "cli/verb.h"

extern const OptionRule route_rules[], add_rules[], remove_rules[], prune_rules[];

/* `verb` is voxpert experts; argv[0] is the part's name; the exit code. */
int experts_list(const Verb *verb, int argc, char **argv);
int experts_route(const Verb *verb, int argc, char **argv);
int experts_add(const Verb *verb, int argc, char **argv);
int experts_remove(const Verb *verb, int argc, char **argv);
int experts_prune(const Verb *verb, int argc, char **argv);

#endif

/* complete.h - what may stand next on a command line: for tools/voxpert.bash. */
#ifndef CLI_COMMON_COMPLETE_H
#define CLI_COMMON_COMPLETE_H

#include "cli/verb.h"

/* Prints, a line each, the verbs, flags and values that the last of the words may become: `words`
 * are those behind the program's name, after a "--"; `verbs` ends with NULL.  Nothing where a file
 * or a number is expected.  The exit code. */
int complete_line(const Verb *const *verbs, int count, char **words);

#endif

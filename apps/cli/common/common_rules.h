/* common_rules.h - flags of every verb, and words that flags of several verbs take. */
#ifndef CLI_COMMON_COMMON_RULES_H
#define CLI_COMMON_COMMON_RULES_H

#include "cli/common/option_rule.h"

extern const OptionRule common_rules[]; /* ends with a zeroed one */

const char *preset_word(int index); /* names of presets */
const char *kernel_word(int index); /* sets of kernels that this processor can run */

#endif

#include "cli/common/common_rules.h"

#include <voxpert/voxpert.h>

const char *preset_word(int index) { return voxpert_preset(index, NULL); }

const char *kernel_word(int index) {
    const char *const *set = voxpert_kernel_sets();
    while (index > 0 && *set) index--, set++;
    return *set;
}

const OptionRule common_rules[] = {
    {"--json"},
    {"--quiet", 'q'},
    {"--verbose", 'v'},
    {"--progress", .takes_value = true, .words = "auto|plain|json|none"},
    {"--threads", 't', .takes_value = true},
    {"--max-memory", .takes_value = true},
    {"--cpu", .takes_value = true, .word_at = kernel_word},
    {0},
};

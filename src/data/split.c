#include "data/split.h"

#include <string.h>

#include "base/hash.h"

SplitRule split_rule_version(SplitRule rule) {
    return rule == SPLIT_RULE_DEFAULT ? SPLIT_RULE_GROUP : rule;
}

SplitPart split_part(SplitRule rule, const char *set, const char *group) {
    uint64_t h;
    if (split_rule_version(rule) == SPLIT_RULE_SET) {
        h = hash_fnv1a(set, strlen(set));
        h = hash_fnv1a_more(h, "/", 1);
        h = hash_fnv1a_more(h, group, strlen(group));
    } else {
        h = hash_fnv1a(group, strlen(group));
    }
    h %= 10;
    return h < 2 ? SPLIT_TEST : h == 2 ? SPLIT_VALIDATION : SPLIT_TRAIN;
}

size_t split_group_length(const char *stem, bool by_patient) {
    const char *end = by_patient ? strchr(stem, '_') : NULL;
    return end ? (size_t)(end - stem) : strlen(stem);
}

static const char *const names[SPLIT_PARTS] = {"training", "validation", "test"};

const char *split_part_name(SplitPart part) { return names[part]; }

bool split_part_parse(SplitPart *out, const char *name) {
    for (int p = 0; p < SPLIT_PARTS; p++) {
        if (strcmp(names[p], name) != 0) continue;
        *out = (SplitPart)p;
        return true;
    }
    return false;
}

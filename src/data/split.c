#include "data/split.h"

#include <string.h>

#include "base/hash.h"

SplitPart split_part(const char *set, const char *stem, bool by_patient) {
    const char *end = by_patient ? strchr(stem, '_') : NULL;
    uint64_t h = hash_fnv1a(set, strlen(set));
    h = hash_fnv1a_more(h, "/", 1);
    h = hash_fnv1a_more(h, stem, end ? (size_t)(end - stem) : strlen(stem)) % 10;
    return h < 2 ? SPLIT_TEST : h == 2 ? SPLIT_VALIDATION : SPLIT_TRAIN;
}

const char *split_part_name(SplitPart part) {
    static const char *const names[] = {"training", "validation", "test"};
    return names[part];
}

#include "eval/dataset_split.h"

#include <math.h>
#include <string.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/size.h"

SplitPart split_of_group(const char *group) {
    uint64_t part = hash_fnv1a(group, strlen(group)) % 10;
    return part < 2 ? SPLIT_TEST : part == 2 ? SPLIT_VALIDATION : SPLIT_TRAIN;
}

char *split_group(const char *set, const char *path, bool by_patient) {
    const char *stem = path_base(path);
    size_t length = strlen(stem) - strlen(path_extension(stem)), prefix = strlen(set);
    const char *end = by_patient ? memchr(stem, '_', length) : NULL;
    if (end) length = (size_t)(end - stem);
    char *group = memory_new(prefix + 1 + length + 1);
    if (!group) return NULL;
    memcpy(group, set, prefix);
    group[prefix] = '/';
    memcpy(group + prefix + 1, stem, length);
    return group;
}

bool split_is_by_patient(const char *set) {
    static const char *const sets[] = {"ct_liver", "mr_prostate", "mr_heart"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        if (strcmp(set, sets[i]) == 0) return true;
    }
    return false;
}

static double moved(double side, double extent, double last, Random *random) {
    int64_t most = (int64_t)floor(extent / 20.0);
    return fmin(fmax(side + (double)random_integer(random, -most, most), 0.0), last);
}

void box_jitter(double box[4], Extent size, Random *random) {
    double width = box[2] - box[0] + 1.0, height = box[3] - box[1] + 1.0;
    double last_x = (double)size.width - 1.0, last_y = (double)size.height - 1.0;
    box[0] = moved(box[0], width, last_x, random);
    box[1] = moved(box[1], height, last_y, random);
    box[2] = moved(box[2], width, last_x, random);
    box[3] = moved(box[3], height, last_y, random);
}

#include "cli/common/paths.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

bool name_ends(const char *path, const char *ending) {
    size_t length = strlen(path), tail = strlen(ending);
    return length >= tail && strcasecmp(path + length - tail, ending) == 0;
}

bool name_ends_one_of(const char *path, const char *const *endings) {
    while (*endings && !name_ends(path, *endings)) endings++;
    return *endings != NULL;
}

bool name_is_nifti(const char *path) {
    static const char *const endings[] = {".nii", ".nii.gz", ".hdr", NULL};
    return name_ends_one_of(path, endings);
}

const char *name_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *name_extension(const char *path) {
    const char *base = name_base(path), *dot = strrchr(base, '.');
    if (!dot || dot == base) return path + strlen(path);
    if (strcasecmp(dot, ".gz") == 0 && dot - base > 4 && strncasecmp(dot - 4, ".nii", 4) == 0)
        return dot - 4;
    return dot;
}

bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

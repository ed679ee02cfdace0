#include "cli/segment/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/common/error.h"
#include "cli/common/outputs.h"
#include "cli/common/paths.h"

/* ---- Names ------------------------------------------------------------------------------ */

static bool is_image(const char *name) {
    static const char *const pictures[] = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", NULL};
    return name[0] != '.' && (name_ends_one_of(name, pictures) || name_is_nifti(name));
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Keeps the path of a regular file whose name comes first. */
static void remember_first(char **first, const char *folder, const char *name) {
    struct stat info;
    char *path = cli_text("%s/%s", folder, name);
    bool better = name[0] != '.' && (!*first || strcmp(path, *first) < 0);
    if (better && stat(path, &info) == 0 && S_ISREG(info.st_mode)) {
        free(*first);
        *first = path;
    } else {
        free(path);
    }
}

/* Says of a folder without images what its first file is: DICOM, perhaps. */
static VoxpertStatus refuse_folder(const char *folder, const char *first, VoxpertError *error) {
    VoxpertImageFile *file = NULL;
    VoxpertError reason;
    bool unread = first && voxpert_image_file_open(&file, first, NULL, &reason);
    voxpert_image_file_close(file);
    if (!unread) return error_say(error, VOXPERT_BAD_INPUT, "%s: holds no image", folder);
    return error_say(error, VOXPERT_BAD_INPUT, "%s: holds no image; %s", folder, reason.message);
}

VoxpertStatus folder_images(char ***names, int *count, const char *folder, VoxpertError *error) {
    *names = NULL;
    *count = 0;
    DIR *d = opendir(folder);
    if (!d)
        return error_say(error, VOXPERT_BAD_INPUT, "%s: cannot be listed: %s", folder,
                         strerror(errno));
    char *other = NULL; /* the first by name of what is no image */
    for (struct dirent *entry; (entry = readdir(d));) {
        if (!is_image(entry->d_name)) {
            remember_first(&other, folder, entry->d_name);
            continue;
        }
        cli_grow(names, (size_t)*count, sizeof **names);
        (*names)[(*count)++] = cli_text("%s", entry->d_name);
    }
    closedir(d);
    VoxpertStatus status = *count ? VOXPERT_OK : refuse_folder(folder, other, error);
    if (*count) qsort(*names, (size_t)*count, sizeof **names, by_name);
    free(other);
    return status;
}

void folder_images_free(char **names, int count) {
    for (int i = 0; i < count; i++) free(names[i]);
    free(names);
}

char *case_stem(const char *name) {
    char *stem = cli_text("%.*s", (int)(name_extension(name) - name), name);
    if (strlen(stem) > 5 && name_ends(stem, "_0000")) stem[strlen(stem) - 5] = '\0';
    return stem;
}

VoxpertStatus output_folder_make(const char *path, VoxpertError *error) {
    char *part = cli_text("%s", path);
    VoxpertStatus status = VOXPERT_OK;
    for (char *p = part + 1; !status; p++) {
        if (*p != '/' && *p != '\0') continue;
        char kept = *p;
        *p = '\0';
        if (mkdir(part, 0777) != 0 && !(errno == EEXIST && is_folder(part)))
            status = error_say(error, VOXPERT_BAD_OUTPUT, "%s: cannot be made: %s", part,
                               strerror(errno));
        *p = kept;
        if (kept == '\0') break;
    }
    free(part);
    return status;
}

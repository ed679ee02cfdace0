/* paths.h - what the name of a file says, and whether it is a folder. */
#ifndef CLI_COMMON_PATHS_H
#define CLI_COMMON_PATHS_H

#include <stdbool.h>

bool name_ends(const char *path, const char *ending);                /* ignores case */
bool name_ends_one_of(const char *path, const char *const *endings); /* NULL-terminated */
bool name_is_nifti(const char *path);
const char *name_base(const char *path); /* after the last slash */

/* Where the extension begins: ".png"; ".nii.gz" as one; the end where there is none. */
const char *name_extension(const char *path);

bool is_folder(const char *path);

#endif

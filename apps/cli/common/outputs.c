#include "cli/common/outputs.h"
#include "cli/common/paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/common/error.h"
#include "cli/common/interrupt.h"

static const char staged_prefix[] = ".voxpert-";

/* What a signal handler must remove.  The program has one result at a time. */
static char *volatile staged_now[OUTPUTS_MAX];

/* ---- Together --------------------------------------------------------------------------- */

const char *outputs_stage(Outputs *o, const char *path) {
    int index = o->count++;
    o->item[index].path = path;
    o->item[index].staged = cli_text("%.*s%s%ld-%d%s", (int)(name_base(path) - path), path,
                                     staged_prefix, (long)getpid(), index, name_extension(path));
    staged_now[index] = o->item[index].staged;
    return o->item[index].staged;
}

void outputs_forget_last(Outputs *o) {
    staged_now[--o->count] = NULL;
    free(o->item[o->count].staged);
}

static void forget(Outputs *o) {
    for (int i = 0; i < o->count; i++) {
        staged_now[i] = NULL;
        free(o->item[i].staged);
    }
    *o = (Outputs){0};
}

/* A model's name is to survive a power cut, as its bytes do. */
static bool sync_folder(const char *path) {
    if (!name_ends(path, ".safetensors")) return true;
    char *folder = cli_text("%.*s.", (int)(name_base(path) - path), path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0) return errno == EACCES;
    bool ok = fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
    close(fd);
    return ok;
}

VoxpertStatus outputs_commit(Outputs *o, VoxpertError *error) {
    interrupt_writes();
    for (int i = 0; i < o->count; i++) {
        if (rename(o->item[i].staged, o->item[i].path) == 0 && sync_folder(o->item[i].path))
            continue;
        error_say(error, VOXPERT_BAD_OUTPUT, "%s: cannot be renamed into place: %s",
                  o->item[i].path, strerror(errno));
        outputs_drop(o);
        return VOXPERT_BAD_OUTPUT;
    }
    forget(o);
    return VOXPERT_OK;
}

void outputs_drop(Outputs *o) {
    for (int i = 0; i < o->count; i++) unlink(o->item[i].staged);
    forget(o);
}

void outputs_explain(const Outputs *o, VoxpertError *error) {
    for (int i = 0; i < o->count; i++) {
        char *at = strstr(error->message, o->item[i].staged);
        if (!at) continue;
        char *rest = cli_text("%s", at + strlen(o->item[i].staged));
        size_t used = (size_t)(at - error->message);
        snprintf(at, sizeof error->message - used, "%s%s", o->item[i].path, rest);
        free(rest);
    }
}

void outputs_interrupt(void) {
    for (int i = 0; i < OUTPUTS_MAX; i++) {
        if (staged_now[i]) unlink(staged_now[i]);
    }
}

void outputs_sweep(const char *folder) {
    DIR *d = opendir(folder);
    for (struct dirent *entry; d && (entry = readdir(d));) {
        if (strncmp(entry->d_name, staged_prefix, sizeof staged_prefix - 1) != 0) continue;
        unlinkat(dirfd(d), entry->d_name, 0);
    }
    if (d) closedir(d);
}

char *output_set_aside(const char *path) {
    for (int i = 1; i < 1000; i++) {
        char *name = i == 1 ? cli_text("%s.changed", path) : cli_text("%s.changed-%d", path, i);
        if (access(name, F_OK) != 0 && rename(path, name) == 0) return name;
        free(name);
    }
    return NULL;
}

/* ---- Beforehand ------------------------------------------------------------------------- */

static VoxpertStatus extension_check(const char *flag, const char *path,
                                     const char *const *extensions, VoxpertError *error) {
    char known[128] = "";
    if (name_ends_one_of(path, extensions)) return VOXPERT_OK;
    for (int i = 0; extensions[i]; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", extensions[i]);
    }
    return error_say(error, VOXPERT_BAD_ARGUMENT, "%s %s: the name must end with %s", flag, path,
                     known);
}

VoxpertStatus output_check(const char *flag, const char *path, const char *const *extensions,
                           VoxpertError *error) {
    VoxpertStatus status = extensions ? extension_check(flag, path, extensions, error) : VOXPERT_OK;
    if (status) return status;
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
        return error_say(error, VOXPERT_BAD_OUTPUT, "%s %s: is there, and is no regular file", flag,
                         path);
    char *folder = cli_text("%.*s", (int)(name_base(path) - path), path);
    const char *where = *folder ? folder : ".";
    if (access(where, W_OK | X_OK) != 0)
        status =
            error_say(error, VOXPERT_BAD_OUTPUT, "%s %s: the folder cannot be written: %s%s", flag,
                      path, strerror(errno), errno == ENOENT ? "; make it first (mkdir -p)" : "");
    free(folder);
    return status;
}

VoxpertStatus output_is_new(const char *path, bool overwrite, VoxpertError *error) {
    if (!path || overwrite || access(path, F_OK) != 0) return VOXPERT_OK;
    return error_say(error, VOXPERT_BAD_OUTPUT, "%s: is there already; --overwrite replaces it",
                     path);
}

#include "cli/common/claims.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/common/error.h"

/* ---- Keys ------------------------------------------------------------------------------- */

static char *key_of_file(const char *path) {
    struct stat info;
    if (stat(path, &info) != 0) return NULL;
    return cli_text("file %llx:%llx", (unsigned long long)info.st_dev,
                    (unsigned long long)info.st_ino);
}

static void replace(char **text, char *by) {
    free(*text);
    *text = by;
}

/* Its nearest folder that is there, and the names from there on, which a run makes. */
static char *key_of_place(const char *path) {
    char *folder = cli_text("%s%s", path[0] == '/' ? "" : "./", path), *rest = cli_text("%s", "");
    struct stat info = {0};
    int up = 0; /* ".." that await a name to undo */
    do {
        char *slash = strrchr(folder, '/'), *name = slash + 1;
        if (strcmp(name, "..") == 0)
            up++;
        else if (*name && strcmp(name, ".") != 0 && up)
            up--;
        else if (*name && strcmp(name, ".") != 0)
            replace(&rest, cli_text("/%s%s", name, rest));
        *slash = '\0';
    } while (strchr(folder, '/') && stat(folder, &info) != 0);
    for (; up; up--) replace(&folder, cli_text("%s/..", folder));
    stat(*folder ? folder : "/", &info);
    char *key = cli_text("place %llx:%llx%s", (unsigned long long)info.st_dev,
                         (unsigned long long)info.st_ino, rest);
    free(folder);
    free(rest);
    return key;
}

/* ---- Claims ----------------------------------------------------------------------------- */

static void add(Claims *c, Claim claim) {
    if (!claim.key) return;
    cli_grow(&c->item, (size_t)c->count, sizeof *c->item);
    claim.order = c->count;
    c->item[c->count++] = claim;
}

void claims_read(Claims *c, const char *path) {
    if (path) add(c, (Claim){.path = path, .key = key_of_file(path)});
}

void claims_write(Claims *c, const char *flag, const char *path, const char *image) {
    if (!path) return;
    add(c, (Claim){flag, path, image, key_of_file(path), 0});
    add(c, (Claim){flag, path, image, key_of_place(path), 0});
}

void claims_free(Claims *c) {
    for (int i = 0; i < c->count; i++) free(c->item[i].key);
    free(c->item);
    *c = (Claims){0};
}

/* ---- The check -------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b) {
    const Claim *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    if (order) return order;
    if (!x->flag != !y->flag) return x->flag ? 1 : -1; /* what is read comes first */
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Two names of one file may be written: each is replaced, the file behind them is not. */
static bool collide(const Claim *first, const Claim *other) {
    bool place = strncmp(first->key, "place", 5) == 0;
    return strcmp(first->key, other->key) == 0 && other->flag && (place || !first->flag);
}

static VoxpertStatus refuse(const Claim *first, const Claim *other, VoxpertError *error) {
    if (!first->flag)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "%s %s: would replace the input %s",
                         other->flag, other->path, first->path);
    if (strcmp(first->flag, other->flag) == 0)
        return error_say(error, VOXPERT_BAD_INPUT, "%s and %s would both be written to %s",
                         first->image, other->image, other->path);
    return error_say(error, VOXPERT_BAD_ARGUMENT, "%s and %s name the same file, %s", first->flag,
                     other->flag, other->path);
}

VoxpertStatus claims_check(Claims *c, VoxpertError *error) {
    const Claim *first = NULL, *at = NULL, *with = NULL;
    if (c->count) qsort(c->item, (size_t)c->count, sizeof *c->item, by_key);
    for (int i = 0; i < c->count; i++) {
        const Claim *claim = &c->item[i];
        if (!first || strcmp(first->key, claim->key) != 0) {
            first = claim;
        } else if (collide(first, claim) && (!at || claim->order < at->order)) {
            at = claim;
            with = first;
        }
    }
    return at ? refuse(with, at, error) : VOXPERT_OK;
}

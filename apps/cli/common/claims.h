/* claims.h - the files of one run: none may be written twice, or over one that is read.
 *
 * What is there is known by device and inode; what is to be written also by its folder's and its
 * name, so that two spellings of one place are told before anything is at it. */
#ifndef CLI_COMMON_CLAIMS_H
#define CLI_COMMON_CLAIMS_H

#include <stdbool.h>

#include <voxpert/error.h>

/* Texts are the caller's until claims_free. */
typedef struct Claim {
    const char *flag, *path; /* flag NULL: it is read */
    const char *image;       /* of a folder, the one whose result it is; or NULL */
    char *key;
    int order;
} Claim;

typedef struct Claims {
    Claim *item;
    int count;
} Claims;

void claims_read(Claims *c, const char *path); /* NULL: nothing */
void claims_write(Claims *c, const char *flag, const char *path, const char *image); /* NULL too */

/* VOXPERT_BAD_ARGUMENT; VOXPERT_BAD_INPUT where two images of a folder have one name. */
VoxpertStatus claims_check(Claims *c, VoxpertError *error);
void claims_free(Claims *c); /* a zeroed one is fine */

#endif

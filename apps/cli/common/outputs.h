/* outputs.h - the files of one result: all of them appear, or none.
 *
 * Each is written under a hidden name beside its place; a commit renames them all. */
#ifndef CLI_COMMON_OUTPUTS_H
#define CLI_COMMON_OUTPUTS_H

#include <stdbool.h>

#include <voxpert/error.h>

enum { OUTPUTS_MAX = 32 };

typedef struct Output {
    const char *path; /* the caller's */
    char *staged;
} Output;

typedef struct Outputs {
    Output item[OUTPUTS_MAX];
    int count;
} Outputs;

/* Where to write what is to become `path`; the extension is the same. */
const char *outputs_stage(Outputs *o, const char *path);

/* The last one was not written after all. */
void outputs_forget_last(Outputs *o);

/* VOXPERT_BAD_OUTPUT where one cannot be renamed: it and those after it do not appear. */
VoxpertStatus outputs_commit(Outputs *o, VoxpertError *error);
void outputs_drop(Outputs *o); /* leaves nothing */

/* Names the files in a message as the user does. */
void outputs_explain(const Outputs *o, VoxpertError *error);

/* Removes what is staged; for signal handlers. */
void outputs_interrupt(void);

/* Removes what a killed run left in a folder. */
void outputs_sweep(const char *folder);

/* Before any work: can this become a file?  The extension is one of `extensions` (NULL-terminated;
 * NULL: any), the folder exists and takes files, and what is there is no folder or device.
 * VOXPERT_BAD_ARGUMENT, VOXPERT_BAD_OUTPUT. */
VoxpertStatus output_check(const char *flag, const char *path, const char *const *extensions,
                           VoxpertError *error);

/* Renames what is there to "PATH.changed", or .changed-2 and so on: the new name, which the caller
 * frees, or NULL where that fails. */
char *output_set_aside(const char *path);

/* The rule of every verb: what is there is replaced only where that was asked for.  `path` NULL:
 * nothing.  VOXPERT_BAD_OUTPUT. */
VoxpertStatus output_is_new(const char *path, bool overwrite, VoxpertError *error);

#endif

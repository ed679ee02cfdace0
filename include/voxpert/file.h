/* file.h - outputs that appear when they are complete, and files told apart by their content. */
#ifndef VOXPERT_FILE_H
#define VOXPERT_FILE_H

#include <stddef.h>

#include <voxpert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Everything that the library writes, it writes beside the final name and renames; so does this.
 * Errors: VOXPERT_BAD_OUTPUT, VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_file_write(const char *path, const void *bytes, size_t size,
                                             VoxpertError *error);

/* SHA-256 of a file's bytes as 64 hexadecimal digits and a zero.  Errors: VOXPERT_BAD_INPUT. */
VOXPERT_API VoxpertStatus voxpert_file_hash(const char *path, char hash[65], VoxpertError *error);

/* The same of an image's file; of a NIfTI pair, of the bytes of its header's file and then those of
 * its voxels' file, whichever of the two `path` names.  Errors: VOXPERT_BAD_INPUT,
 * VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_image_hash(const char *path, char hash[65], VoxpertError *error);

/* Removes the unfinished outputs of every thread.  For a signal handler that ends the process next;
 * async-signal-safe. */
VOXPERT_API void voxpert_interrupt_cleanup(void);

#ifdef __cplusplus
}
#endif

#endif

/* npz.h - numpy's archives: a zip file with a .npy file for each array. */
#ifndef DATA_NPZ_H
#define DATA_NPZ_H

#include "base/files.h"
#include "image/npy.h"
#include "image/volume.h"
#include "weights/pickle.h"
#include "weights/zip_directory.h"

typedef struct Npz {
    char *name; /* of the file, for messages */
    FileMap map;
    bool borrowed; /* the bytes are the caller's */
    ZipDirectory zip;
    uint8_t **inflated; /* what was unpacked, one for each record or NULL; freed at close */
} Npz;

/* Errors of all calls: VOXPERT_BAD_INPUT (no archive, damaged, an array that is missing or of
 * another kind), VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status npz_open(Npz *out, const char *path, Error *error);

/* The same of bytes in memory, which must outlive it. */
MUST_CHECK Status npz_open_memory(Npz *out, const uint8_t *bytes, size_t size, const char *name,
                                  Error *error);
void npz_close(Npz *z); /* a zeroed one is fine */

bool npz_has(const Npz *z, const char *array); /* "imgs" */

/* Views that last until npz_close(). */
MUST_CHECK Status npz_array(NpyArray *out, Npz *z, const char *array, Error *error);

/* An array of Python objects: its pickle is read and never executed (weights/pickle.h); the
 * top is a list of its elements.  The caller frees with pickle_free(), before npz_close(). */
MUST_CHECK Status npz_objects(Pickle *out, Npz *z, const char *array, Error *error);

/* The header of an array alone: whether it holds objects. */
MUST_CHECK Status npz_is_objects(bool *out, Npz *z, const char *array, Error *error);

/* A copy of an array as an image or a volume: [height, width], [depth, height, width], or with
 * `colours` [height, width, 3].  Half floats become floats. */
MUST_CHECK Status npz_volume(Volume **out, Npz *z, const char *array, bool colours, Error *error);

#endif

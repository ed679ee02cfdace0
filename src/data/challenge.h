/* challenge.h - the arrays of MedSAM's challenge files. */
#ifndef DATA_CHALLENGE_H
#define DATA_CHALLENGE_H

#include "base/hash.h"
#include "data/npz.h"

/* "imgs": [height, width], [height, width, 3] or [depth, height, width]; three axes are colours
 * where "gts" has two, or where the file's name begins with 2D. */
MUST_CHECK Status challenge_image(Volume **out, const char *path, Error *error);
MUST_CHECK Status challenge_labels(Volume **out, const char *path, Error *error); /* "gts" */

/* All arrays, prompts included: the same image may be there with others. */
MUST_CHECK Status challenge_fingerprint(Hash *hash, const char *path, Error *error);

/* Whether "gts" is there; not where the file cannot be read.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status challenge_has_labels(bool *found, const char *path, Error *error);

#endif

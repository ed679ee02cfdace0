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

/* ---- Prompts --------------------------------------------------------------------------------- */

typedef struct ChallengeBox {
    double low[3], high[3]; /* x, y, z, inclusive; of a picture z is 0 */
    double middle_z;        /* of 2025: the slice that the box was drawn in; else NaN */
} ChallengeBox;

typedef struct ChallengeClick {
    size_t object; /* from 0 */
    bool inside;
    double zyx[3];
} ChallengeClick;

typedef struct ChallengePrompts {
    ChallengeBox *box;
    ChallengeClick *click;
    size_t boxes, clicks;
    double spacing[3]; /* as the file has them; 0: not told */
} ChallengePrompts;

/* Reads boxes, clicks and spacing of an .npz, as far as they are there.  Errors: VOXPERT_BAD_INPUT
 * names the array, VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status challenge_prompts(ChallengePrompts *out, const char *path, Error *error);
void challenge_prompts_free(ChallengePrompts *p);

#endif

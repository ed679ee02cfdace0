/* expert_change.h - an adapter with one expert more, or one less.
 *
 * A new expert is in every layer, begun as paper-mode.md says (section 1) or as a copy of another,
 * and held back: the router does not know it until it is trained again, so that no answer of the
 * others changes by a bit.  What is removed goes with its columns of the routers. */
#ifndef SYSTEMS_EXPERT_CHANGE_H
#define SYSTEMS_EXPERT_CHANGE_H

#include "systems/system.h"

typedef struct ExpertChange {
    const char *name; /* of the new one; NULL: one is removed */
    int of;           /* index of the one that is copied (-1: begun afresh), or removed */
    uint64_t seed;    /* of one that is begun afresh */
} ExpertChange;

/* The configuration after it, or why it cannot be: VOXPERT_BAD_ARGUMENT.  `file`: for messages. */
MUST_CHECK Status expert_change_config(SegmoteConfig *out, const System *s, const ExpertChange *c,
                                       const char *file, Error *error);

/* Writes the changed adapter in single precision, with the metadata of `file`, which is that of
 * `s`; then reads it back: every value must be there, and it must open on `base`.  What is at
 * `path` is replaced, and removed where it is not right.  VOXPERT_BAD_ARGUMENT, VOXPERT_BAD_OUTPUT,
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status expert_change_write(const System *s, const ExpertChange *c,
                                      const Checkpoint *file, const Checkpoint *base,
                                      const char *path, Error *error);

#endif

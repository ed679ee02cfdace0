/* expert_change.h - an adapter with one expert more, or with experts and expert tokens less.
 *
 * A new expert is in every layer, begun as docs/spec/segmote.md, 2 says, or as a copy of another,
 * and held back: the router does not know it until it is trained again, so that no answer of the
 * others changes by a bit.  An expert that is removed goes with its columns of the routers, a token
 * with its MLP of the output; those behind it move up, and no other value changes. */
#ifndef SYSTEMS_EXPERT_CHANGE_H
#define SYSTEMS_EXPERT_CHANGE_H

#include "systems/system.h"

typedef struct ExpertChange {
    const char *name;      /* of the new one; NULL: none is added */
    int of;                /* index of the one that it is a copy of, or -1: begun afresh */
    uint64_t seed;         /* of one that is begun afresh */
    uint64_t lost_experts; /* bit e: expert e is removed */
    uint64_t lost_tokens;  /* bit t: expert token t is */
} ExpertChange;

/* Why it cannot be: VOXPERT_BAD_ARGUMENT.  `file`: for messages. */
MUST_CHECK Status expert_change_check(const System *s, const ExpertChange *c, const char *file,
                                      Error *error);

/* The configuration after it; errors as above. */
MUST_CHECK Status expert_change_config(SegmoteConfig *out, const System *s, const ExpertChange *c,
                                       const char *file, Error *error);

/* The experts after it, in memory, around the base that `s` has. */
typedef struct ChangedExperts {
    Segmote segmote;
    Params params;       /* all that the adapter's file holds */
    float *values, *old; /* as many as the largest parameter has, before or afterwards */
} ChangedExperts;

/* `s` must stay where it is as long as these are used.  Errors: those of expert_change_config,
 * VOXPERT_OUT_OF_MEMORY.  Free it also after a failure. */
MUST_CHECK Status changed_experts_make(ChangedExperts *out, const System *s, const ExpertChange *c,
                                       const char *file, Error *error);
void changed_experts_free(ChangedExperts *n); /* zeroed is fine */

/* Makes a copy of the system use the changed experts, as long as these live. */
void changed_experts_use(System *copy, const ChangedExperts *n);

/* Writes the changed adapter in single precision, with the metadata of `file`, which is that of
 * `s`; then reads it back: every value must be there, and it must open on `base`.  What is at
 * `path` is replaced, and removed where it is not right.  VOXPERT_BAD_ARGUMENT, VOXPERT_BAD_OUTPUT,
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status expert_change_write(const System *s, const ExpertChange *c,
                                      const Checkpoint *file, const Checkpoint *base,
                                      const char *path, Error *error);

#endif

/* system.h - what can be prompted in the plane: a SAM, alone or inside a published system.
 *
 * A system is one file, or an adapter and the frozen base it was trained on. */
#ifndef SYSTEMS_SYSTEM_H
#define SYSTEMS_SYSTEM_H

#include "systems/segmote.h"

typedef enum SystemKind { SYSTEM_SAM, SYSTEM_SEGMOTE } SystemKind;

const char *system_name(SystemKind kind); /* as `arch` in the metadata: "sam", "segmote" */

typedef struct System {
    SystemKind kind;
    Sam sam; /* whose parameters are all there are */
    Segmote segmote;
    bool adapter;           /* its file holds what the base does not */
    char parent[HASH_TEXT]; /* identity of an adapter's base, else "" */
} System;

/* Globs of what its file holds; NULL: everything. */
const char *const *system_owned(const System *s);

char *system_config_write(const System *s); /* `config` of its file; NULL when out of memory */

/* What a file needs beside itself. */
bool system_needs_base(const Checkpoint *file);

/* Declares what `file` holds, or `base` and `file`, and takes its values; both must stay open while
 * the system lives, and the system where it is.  Surplus tensors of `file` go to `warning`, or are
 * an error if strict.  VOXPERT_BAD_MODEL: no such system, tensors missing or misshapen, no base
 * where one is needed, or another than the adapter's; VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status system_open(System *s, const Checkpoint *file, const Checkpoint *base,
                              bool strict, char *warning, size_t warning_size, Error *error);
void system_close(System *s); /* zeroed is fine */

/* Whether the parameters, bound to `base` alone, are what the adapter `file` says that it was
 * trained on; one that does not say is believed.  Fills s->parent.  VOXPERT_BAD_MODEL. */
MUST_CHECK Status system_check_base(System *s, const Checkpoint *file, const Checkpoint *base,
                                    Error *error);

/* What is kept of an image. */
typedef struct SystemImage {
    Tensor *embedding; /* [b,grid,grid,dim] */
    Tensor *features;  /* [b,4 grid,4 grid,dim/8], or NULL where the system has none */
} SystemImage;

size_t system_image_floats(const System *s); /* of one image, embedding first */

/* image [b,size,size,channels], normalized */
SystemImage system_encode(Compute *cx, const System *s, Tensor *image);

typedef struct SystemAsk {
    bool multimask;   /* every mask there is to choose from */
    bool prompt_free; /* prompt tokens from the image; what is prompted guides them */
    int expert;       /* 1, 2, ...: the one all tokens are sent to; 0: the router decides */
} SystemAsk;

typedef struct SystemAnswer {
    Tensor *masks;        /* [batch,count,4 grid,4 grid] logits */
    Tensor *iou;          /* [batch,count] predicted */
    ExpertOutput experts; /* of SYSTEM_SEGMOTE; tensors NULL otherwise */
} SystemAnswer;

SystemAnswer system_decode(Compute *cx, const System *s, const SystemImage *image,
                           const Prompts *prompts, const SystemAsk *ask);

#endif

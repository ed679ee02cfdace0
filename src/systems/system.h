/* system.h - what can be prompted in the plane: a SAM, an IMIS-Net, or SegMoTE around one of them.
 *
 * A system is one file, or an adapter and the frozen base it was trained on. */
#ifndef SYSTEMS_SYSTEM_H
#define SYSTEMS_SYSTEM_H

#include "systems/segmote.h"

typedef enum SystemKind { SYSTEM_SAM, SYSTEM_IMIS, SYSTEM_SEGMOTE } SystemKind;

/* As `arch` in the metadata: "sam", "imis-net", "segmote". */
const char *system_name(SystemKind kind);

typedef struct System {
    SystemKind kind;
    Sam sam;   /* whose parameters are all there are */
    Imis imis; /* of SYSTEM_IMIS, and of SegMoTE on one; else zeroed */
    Segmote segmote;
    bool adapter;           /* its file holds what the base does not */
    char parent[HASH_TEXT]; /* identity of an adapter's base, else "" */
    int kept_block;         /* for training: 1 + the encoder's block whose output is kept beside the
                               embedding, instead of `features`; 0: none */
} System;

/* Globs of what its file holds; NULL: everything. */
const char *const *system_owned(const System *s);

char *system_config_write(const System *s); /* `config` of its file; NULL when out of memory */

/* "format" of a training state begins so, and goes on with a version. */
#define SYSTEM_STATE_FORMAT "voxpert training state "

/* What a file needs beside itself. */
bool system_needs_base(const Checkpoint *file);

/* Whether another file may lie under it: what it does not hold, or does not say anew, is taken from
 * there. */
bool system_takes_base(const Checkpoint *file);

/* Whether a key of a file's metadata is about a training run that can be resumed from it, not about
 * the model: no copy of the model states it. */
bool system_metadata_is_of_run(const Checkpoint *file, const char *key);

/* Declares what a frozen base holds, experts included, and takes its values: for training on it.
 * As system_open, but nothing is prepared yet. */
MUST_CHECK Status system_open_base(System *s, const Checkpoint *base, char *warning,
                                   size_t warning_size, Error *error);

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
    Tensor *block;     /* [b,grid,grid,encoder's dim] of kept_block, or NULL */
} SystemImage;

/* Of one image: the embedding, and behind it the features or the block. */
size_t system_image_floats(const System *s);
size_t system_embedding_floats(const System *s); /* the first part alone */

/* image [b,size,size,channels], normalized */
SystemImage system_encode(Compute *cx, const System *s, Tensor *image);

int system_text_width(const System *s); /* of a text's vector; 0: it reads no text */

typedef struct SystemAsk {
    bool multimask;     /* every mask there is to choose from */
    bool prompt_free;   /* prompt tokens from the image; what is prompted guides them */
    int expert;         /* 1, 2, ...: the one all tokens are sent to; 0: the router decides */
    const int *classes; /* [batch] of prompt_free: 1 + the class that is asked for, 0: none; or NULL
                         */
    Tensor *text;       /* [batch,system_text_width] of the tower, or NULL */
} SystemAsk;

typedef struct SystemAnswer {
    Tensor *masks;        /* [batch,count,4 grid,4 grid] logits */
    Tensor *iou;          /* [batch,count] predicted */
    ExpertOutput experts; /* of SYSTEM_SEGMOTE; tensors NULL otherwise */
} SystemAnswer;

SystemAnswer system_decode(Compute *cx, const System *s, const SystemImage *image,
                           const Prompts *prompts, const SystemAsk *ask);

/* Prompts without a mask, against what sam_decoder_image made of the embedding once: the answer of
 * a system where system_knows_image, of the base that it stands on elsewhere. */
bool system_knows_image(const System *s);
MaskOutput system_decode_image(Compute *cx, const System *s, const DecoderImage *image,
                               const Prompts *prompts, Tensor *text, bool multimask);

#endif

/* system.h - what can be prompted in 2D: a SAM, or a published system on top of one.
 *
 * A system is a table (SystemOps): its name, how its file is recognized, its parameters, its
 * forward pass, its loss and its capabilities.  All are listed in systems.c, and nothing but a
 * system's own files asks which one it is (docs/adding.md).  Its parameters are in one file, or in
 * an adapter and the frozen base that it was trained on. */
#ifndef SYSTEMS_SYSTEM_H
#define SYSTEMS_SYSTEM_H

#include "ops/ops.h"
#include "systems/segmote.h"

typedef struct System System;

/* What is computed of an image before any prompt. */
typedef struct SystemImage {
    Tensor *embedding; /* [b,grid,grid,dim] */
    Tensor *block; /* [b,grid,grid,encoder's dim]: output of one of the encoder's blocks; or NULL */
    Tensor *features; /* [b,4 grid,4 grid,channels]: made of both by trained parameters; or NULL */
} SystemImage;

/* Beside the prompts, how masks are decoded; zeroed: the answer to the prompts alone. */
typedef struct DecodeOptions {
    bool multimask;   /* every mask there is to choose from */
    bool prompt_free; /* prompt tokens from the image; what is prompted guides them */
    int expert;       /* 1, 2, ...: the one all tokens are sent to; 0: the router decides */
    const int
        *classes; /* [batch] of prompt_free: 1 + the class that is queried, 0: none; or NULL */
    Tensor *text; /* [batch,system_text_width] vectors of the text tower, or NULL */
    /* For training: */
    const PromptTokens *tokens; /* of the prompts, encoded already; or NULL */
    Tensor *text_token;         /* [batch,dim] of system_text_token, instead of text; or NULL */
    const float *noise;         /* [layers,batch,tokens,experts] of the routers; NULL: none */
    bool unrouted;              /* without experts: published SegMoTE's passes on pseudo masks */
} DecodeOptions;

typedef struct SystemOutput {
    Tensor *masks;        /* [batch,count,4 grid,4 grid] logits */
    Tensor *iou;          /* [batch,count] predicted */
    ExpertOutput experts; /* of a system that routes; tensors NULL otherwise */
} SystemOutput;

/* Terms that a system adds to the loss of masks. */
enum { SYSTEM_TERMS_MAX = 4 };

typedef struct SystemLoss {
    MaskLoss mask;
    float term[SYSTEM_TERMS_MAX]; /* weights; each system names the places of its own */
} SystemLoss;

/* What an output is compared with. */
typedef struct SystemTarget {
    Tensor *logits;  /* [b,1,side,side] of the masks, resized to the target's side */
    Tensor *mask;    /* [b,1,side,side], 0 or 1; below 0: ignored */
    Tensor *quality; /* [b,1] the predicted one; NULL: not trained */
    bool pseudo;     /* a mask that nobody drew: the system's own terms are left out */
} SystemTarget;

typedef struct SystemOps {
    const char *name; /* as `arch` in the metadata of files */

    /* Capabilities. */
    bool
        beside_base; /* its parameters stand beside a frozen base, and may be a file of their own */
    const char
        *base_only;   /* "IMIS-Net": what it is called where it cannot be trained itself; or NULL */
    bool incomplete;  /* of a base: a file that holds more may leave out parts of it */
    bool routes;      /* token experts with routers: systems/experts.h */
    bool ambiguous;   /* several masks for one prompt, of which training takes the best */
    bool best_of_all; /* its answer is the best of its masks, whatever was prompted */
    bool mirrors;     /* answers to an image and to its mirror image may be averaged */

    /* Opening: whether a file's tensors are of this system, and the declaration of what it adds to
     * what is declared already.  VOXPERT_BAD_MODEL, as system_open. */
    bool (*recognizes)(const Checkpoint *c);
    Status (*declare)(System *s, const Checkpoint *c, Error *error);

    /* Of a system beside a base: `config` of its file (caller frees, NULL when out of memory), and
     * the globs of what it trains, NULL-terminated. */
    char *(*write_config)(const System *s);
    const char *const *(*trained)(const System *s);

    /* Images; NULL: the embedding is all.  block: 1 + the encoder's block that `features` needs, or
     * 0; channels: of the features, or 0. */
    int (*block)(const System *s);
    int (*channels)(const System *s);
    Tensor *(*features)(Compute *cx, const System *s, const SystemImage *image);

    SystemOutput (*decode)(Compute *cx, const System *s, const SystemImage *image,
                           const Prompts *prompts, const DecodeOptions *options);
    /* Prompts without a mask, against what sam_decoder_image made of the embedding once; NULL: no
     * part of its decoder depends on the image alone. */
    MaskOutput (*decode_image)(Compute *cx, const System *s, const DecoderImage *image,
                               const Prompts *prompts, Tensor *text, bool multimask);

    /* Training: the weighted sum [1] of its own terms, or NULL where none counts; NULL: it has
     * none. */
    Tensor *(*terms)(Compute *cx, const System *s, const SystemOutput *out,
                     const SystemTarget *target, const float *weight);

    /* NULL: nothing can be prompted but points, boxes and masks. */
    bool (*answers_unprompted)(const System *s);
    int (*classes)(const System *s); /* that can be queried without a prompt */
    const char *(*class_name)(const System *s, int index); /* below classes */
} SystemOps;

struct System {
    const SystemOps *ops;   /* of the outermost part; set by its declaration */
    Sam sam;                /* whose parameters are all there are */
    Imis imis;              /* of IMIS-Net and of what stands on it, else zeroed */
    Segmote segmote;        /* of SegMoTE, else zeroed */
    bool adapter;           /* its file holds what the base does not */
    char parent[HASH_TEXT]; /* identity of an adapter's base, else "" */
    int kept_block;         /* for training: 1 + the encoder's block whose output is kept beside the
                               embedding, instead of `features`; 0: none */
};

/* The rows: a base by itself, and what stands beside one (systems.c). */
const SystemOps *system_at(int index); /* NULL past the last */

/* What a file holds: of bases the outermost, which is a SAM at least; of what stands beside one, or
 * NULL. */
const SystemOps *system_recognized(const Checkpoint *c, bool beside_base);

/* The SAM under a system, as a system of its own over the same parameters: its images keep the
 * block that the system's features are made of.  Nothing of it is to be closed. */
System system_base_view(const System *s);

/* Globs of what its file holds; NULL: everything. */
const char *const *system_owned(const System *s);

/* Globs of what is trained by default; NULL: everything. */
const char *const *system_trained(const System *s);

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

/* ---- Images ----------------------------------------------------------------------------- */

/* Floats that are kept of one image: the embedding, and behind it the features, or the block where
 * kept_block. */
size_t system_image_floats(const System *s);
size_t system_embedding_floats(const System *s); /* the first part alone */

/* image [b,size,size,channels], normalized -> what is kept of it */
SystemImage system_encode(Compute *cx, const System *s, Tensor *image);

/* What was kept of one image, system_image_floats of it, as tensors over the same memory. */
SystemImage system_image_over(Compute *cx, const System *s, float *kept);

/* For training: embedding and block, from frozen or trained encoders; and of these, in the pass
 * that needs them, the features. */
SystemImage system_encode_parts(Compute *cx, const System *s, Tensor *image);
Tensor *system_features(Compute *cx, const System *s, const SystemImage *parts); /* or NULL */
int system_block(const System *s); /* 1 + the block that is one of the parts; 0: none is */

/* Whether an embedding of its adapter is also one of the base: no part of it is trained. */
bool system_encodes_as_base(const System *s);

/* ---- Prompts ---------------------------------------------------------------------------- */

int system_text_width(const System *s);             /* of a text's vector; 0: it reads no text */
const ClipText *system_text_tower(const System *s); /* NULL: it reads no text */

bool system_answers_unprompted(const System *s); /* DecodeOptions.prompt_free */
int system_classes(const System *s);             /* how many DecodeOptions.classes can be */
const char *system_class_name(const System *s,
                              int index);                 /* from 0; NULL: there is no such class */
int system_class_find(const System *s, const char *name); /* 1 + its index; 0: there is none */

SystemOutput system_decode(Compute *cx, const System *s, const SystemImage *image,
                           const Prompts *prompts, const DecodeOptions *options);

/* ---- Training --------------------------------------------------------------------------- */

/* The loss [1] of an output: of its masks, and the system's own terms.  `parts` gets the former. */
Tensor *system_loss(Compute *cx, const System *s, const SystemOutput *out,
                    const SystemTarget *target, const SystemLoss *rule, MaskLossParts *parts);

#endif

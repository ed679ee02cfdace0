/* params.h - the parameters of a model, under their published names.
 *
 * A module declares what it has, once, with the published shape; that declaration binds it to a
 * checkpoint, initializes it, trains it by glob and saves it.  In memory a parameter lies as the
 * engine wants it (channels last); its layout says how to go from one to the other. */
#ifndef NN_PARAMS_H
#define NN_PARAMS_H

#include "base/hash.h"
#include "compute/compute.h"
#include "weights/checkpoint.h"
#include "weights/safetensors_write.h"

typedef enum Layout {
    LAYOUT_PLAIN,                  /* as published */
    LAYOUT_CONVOLUTION,            /* [out,in,kh,kw] -> [out,kh,kw,in] */
    LAYOUT_TRANSPOSED,             /* [in,out] -> [out,in]: published to be used as x W */
    LAYOUT_TRANSPOSED_CONVOLUTION, /* [in,out,kh,kw] -> [kh,kw,out,in] */
    LAYOUT_DEPTHWISE               /* [c,1,kh,kw] -> [kh,kw,c] */
} Layout;

/* How a new one begins (docs/spec/sam.md, 13: PyTorch's defaults). */
typedef enum Initial {
    INITIAL_ZERO,
    INITIAL_ONE,
    INITIAL_UNIFORM, /* -1/sqrt(fan_in) .. 1/sqrt(fan_in) */
    INITIAL_NORMAL,  /* mean 0, variance 1 */
    INITIAL_XAVIER,  /* -sqrt(6 / fan) .. sqrt(6 / fan), fan = fan_in + fan_out */
    INITIAL_KAIMING  /* normal, variance 2 / fan_out */
} Initial;

typedef struct Param {
    char *name; /* NULL: derived from others at load, not in any file */
    Layout layout;
    int rank;
    int dim[TENSOR_MAX_RANK]; /* published */
    Initial initial;
    int fan;
    bool buffer;   /* never trained */
    bool variance; /* never below 0 */
    bool optional; /* may be missing in a checkpoint; then as initialized */
    bool matrix;   /* used by linear alone: it is packed, and its plain values may then go */
    bool bound;    /* a checkpoint gave its values */
    Tensor tensor; /* in the engine's shape; data NULL until bound or initialized */
    Weight form;   /* of matrices [out, in]; out 0 otherwise */
    const Checkpoint *file; /* where they came from, while it is open */
    const StoredTensor *stored;
    float *owned; /* where the values are ours and not a mapped file's */
    void *packed, *packed_back;
} Param;

typedef struct Params {
    Param **item;
    size_t count, capacity;
    char prefix[256];
    char **ignored; /* globs of names that are known and not needed */
    size_t ignored_count, ignored_capacity;
    Precision precision; /* of products with the matrices: what the last file bound states */
    bool failed;         /* out of memory while declaring */
    Param dummy;
} Params;

void params_free(Params *p); /* a zeroed one is fine */

/* Names declared until params_leave(outer) begin with this one and a dot. */
size_t params_enter(Params *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void params_leave(Params *p, size_t outer);

/* Never NULL; after a failure p->failed is set and the dummy returned. */
Param *params_declare(Params *p, const char *name, Layout layout, int rank, const int *dim,
                      Initial initial, int fan);

/* Memory for values computed from others (folded, resampled): no name, never trained. */
Param *params_derive(Params *p, int rank, const int *dim);

/* Tensors of a checkpoint whose names match are no surplus, though nobody needs them. */
void params_ignore(Params *p, const char *glob);
bool params_ignores(const Params *p, const char *name);

Param *params_find(const Params *p, const char *name);
size_t params_elements(const Params *p); /* of named ones */

/* Takes values from a checkpoint, which must stay open while the params live; over those of another
 * one before it, if there was one.  One message names everything missing or misshapen; a value that
 * is not finite, or a variance below 0, is an error that names its tensor.  The precision that the
 * file states becomes that of the parameters; one that is unknown is an error.  Surplus tensors go
 * to `warning` (256 or more bytes, "" if none), or are an error if strict. VOXPERT_BAD_MODEL,
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status params_bind(Params *p, const Checkpoint *c, bool strict, char *warning,
                              size_t warning_size, Error *error);

/* Fresh values for all that is not bound, the same for the same seed and name. */
MUST_CHECK Status params_initialize(Params *p, uint64_t seed, Error *error);

/* Values of one parameter in the published layout; and back. */
void param_read(const Param *p, float *out);
void param_publish(const Param *p, const float *ours, float *out); /* of its gradient, say */
void param_write(Param *p, const float *published);                /* p->owned must be set */
MUST_CHECK Status param_own(Param *p, Error *error); /* makes the values ours, to change them */

/* Gives frozen matrices whose names match (NULL: all) the form that the backend likes; `back` where
 * input gradients are needed.  Tables, whose rows are looked up, stay where they are.  Where
 * `drop`, memory and pages that are then no longer needed are given back: such a parameter's values
 * are read from its file again if anybody asks. */
MUST_CHECK Status params_pack(Params *p, const char *const *globs, const Kernels *kernels,
                              const Worker *worker, bool back, bool drop, Error *error);

/* What products with the matrices are computed in, whatever the file states.  Before params_pack.
 */
void params_set_precision(Params *p, Precision precision);

/* What a file states as "precision" in its metadata; where it states none, *out stays as it is.
 * VOXPERT_BAD_MODEL: one that is unknown. */
MUST_CHECK Status params_stated_precision(Precision *out, const Checkpoint *file, Error *error);

/* The text of that metadata: NULL for f32, which files do not state. */
const char *params_precision_to_state(const Params *p);

/* Marks those that match for training (or not); returns how many changed or were so already. */
size_t params_train(Params *p, const char *glob, bool train);

/* SHA-256 over the sorted (name, shape, values as f32) of the named parameters. */
MUST_CHECK Status params_identity(const Params *p, char text[HASH_TEXT], Error *error);

/* All named ones that match one of the globs (NULL-terminated; NULL: all), in the order declared,
 * for safetensors_write; caller frees the array. */
MUST_CHECK Status params_to_write(const Params *p, const char *const *globs, TensorToWrite **out,
                                  size_t *count, Error *error);
bool param_matches(const Param *p, const char *const *globs);

#endif

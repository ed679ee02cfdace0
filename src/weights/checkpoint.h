/* checkpoint.h - named tensors in a file: safetensors, or PyTorch's .pth (zip or legacy).
 *
 * Stored values stay where they are (mapped) until somebody asks for them as floats.  A pickle is
 * read by a whitelist machine and never executed.  All offsets are checked before the first tensor
 * is handed out. */
#ifndef WEIGHTS_CHECKPOINT_H
#define WEIGHTS_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/warnings.h"

typedef enum ElementType {
    ELEMENT_F32,
    ELEMENT_F64,
    ELEMENT_F16,
    ELEMENT_BF16,
    ELEMENT_I64,
    ELEMENT_I32,
    ELEMENT_I16,
    ELEMENT_I8,
    ELEMENT_U8,
    ELEMENT_BOOL
} ElementType;

enum { CHECKPOINT_MAX_RANK = 8 };

/* One tensor as stored; C order unless `stride` says otherwise. */
typedef struct StoredTensor {
    const char *name;        /* canonical; owned by the checkpoint; UTF-8 */
    const char *stored_name; /* as the file has it, for messages */
    ElementType type;
    int rank; /* 0: a scalar */
    size_t dim[CHECKPOINT_MAX_RANK];
    size_t stride[CHECKPOINT_MAX_RANK]; /* in elements; never reaches outside the storage */
    bool contiguous;                    /* strides are those of dense C order */
    const uint8_t *bytes;               /* first element; may be unaligned; NULL if size is 0 */
    size_t count; /* product of dim; 1 for a scalar; bounded by the size of the file */
} StoredTensor;

typedef struct Checkpoint Checkpoint;

/* Errors: VOXPERT_BAD_MODEL with one sentence that names the file, the tensor and the field;
 * VOXPERT_OUT_OF_MEMORY.  Content decides what it is, not the name of the file.  In a .pth the
 * state dict is looked for under the keys of dialects.h, then at the top, then under the only other
 * key that has one; two that could be meant are an error, unless one alone lies under a key of
 * dialects.h (weights beside averages of them: a warning).  Entries that are no tensors are
 * skipped.  A folder means the checkpoint in it as transformers saves it, and an index
 * (model.safetensors.index.json) all of its shards.
 *
 * Names are canonical: wrappers are removed, old names and those of transformers replaced
 * (dialects.h).  Two tensors of one name are an error, unless they are equal: then one is kept. */
MUST_CHECK Status checkpoint_open(Checkpoint **out, const char *path, Error *error);

/* The same of bytes in memory, borrowed until close; `name` stands for the file in messages. */
MUST_CHECK Status checkpoint_open_memory(Checkpoint **out, const void *bytes, size_t size,
                                         const char *name, Error *error);
void checkpoint_close(Checkpoint *c); /* NULL is fine */

/* What was taken although it is not called as it should be, and what lies beside it. */
const Warnings *checkpoint_warnings(const Checkpoint *c);

size_t checkpoint_count(const Checkpoint *c);

/* In the order of the data (safetensors) or of the state dict. */
const StoredTensor *checkpoint_tensor(const Checkpoint *c, size_t index);
const StoredTensor *checkpoint_find(const Checkpoint *c, const char *name); /* NULL if absent */
const char *checkpoint_metadata(const Checkpoint *c, const char *key);      /* NULL if absent */
size_t checkpoint_metadata_count(const Checkpoint *c);
void checkpoint_metadata_at(const Checkpoint *c, size_t index, const char **key,
                            const char **value);
const char *checkpoint_path(const Checkpoint *c);

/* "safetensors", "torch zip", "torch legacy" or "shards"; and "bare", or the key that holds the
 * state dict. */
const char *checkpoint_container(const Checkpoint *c);
const char *checkpoint_layout(const Checkpoint *c);

/* Whose names its tensors have, "published" or "transformers"; and what was removed before them,
 * such as "model.", or "". */
const char *checkpoint_dialect(const Checkpoint *c);
const char *checkpoint_wrapper(const Checkpoint *c);

/* The text of config.json beside a file of transformers' names, or NULL; and its path. */
const char *checkpoint_config_beside(const Checkpoint *c);
const char *checkpoint_config_path(const Checkpoint *c);

size_t element_bytes(ElementType type);
const char *element_name(ElementType type); /* as safetensors spells it: "F32", "BF16", ... */

/* All values in dense C order as floats, each rounded once (F64, I64: to the nearest float; BOOL: 0
 * or 1). */
void stored_tensor_read(const StoredTensor *t, float *out);

/* The values where they lie, if they can be used in place: F32, dense, aligned to 4; else NULL. */
const float *stored_tensor_in_place(const StoredTensor *t);

/* Tells the system that a tensor's pages were copied and need not stay in memory. */
void checkpoint_drop(const Checkpoint *c, const StoredTensor *t);

#endif

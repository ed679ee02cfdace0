/* container.h - a checkpoint being filled: what the readers of the containers share. */
#ifndef WEIGHTS_CONTAINER_H
#define WEIGHTS_CONTAINER_H

#include "base/files.h"
#include "base/warnings.h"
#include "weights/checkpoint.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "stored values are used in place, and they are little-endian"
#endif

typedef struct CheckpointPair {
    char *key, *value;
} CheckpointPair;

struct Checkpoint {
    FileMap map; /* zeroed when the bytes are the caller's */
    const uint8_t *bytes;
    size_t size;
    char *path;
    const char *container, *layout, *dialect;
    char *wrapper;                     /* NULL: none */
    Warnings warnings;                 /* what else could have been meant */
    char *config_path, *config_beside; /* NULL: there is none */
    Checkpoint **shard;                /* whose tensors are here too; they hold the bytes */
    StoredTensor *tensor;
    CheckpointPair *metadata;
    void **owned;   /* records that had to be inflated */
    uint32_t *slot; /* hash index by name: 1 + position, 0 for none */
    size_t count, tensor_capacity, pairs, pair_capacity, owners, owner_capacity, slots;
    size_t shards, shard_capacity;

    /* Opens one file of a model in several, names as stored; it is no index itself. */
    Status (*open_shard)(Checkpoint **out, const char *path, Error *error);
};

/* Each reads c->bytes into a checkpoint that is otherwise empty; the caller closes it on failure.
 */
MUST_CHECK Status safetensors_read(Checkpoint *c, Error *error);
MUST_CHECK Status torch_zip_read(Checkpoint *c, Error *error);
MUST_CHECK Status torch_legacy_read(Checkpoint *c, Error *error);
MUST_CHECK Status shards_read(Checkpoint *c, Error *error); /* the index of several files */

bool shards_recognize(const uint8_t *bytes, size_t size);

/* Gives all tensors their canonical names; of two that are equal one stays. */
MUST_CHECK Status names_make_canonical(Checkpoint *c, Error *error);

/* Makes the hash index; the sooner of two equal tensors of one name stays. */
MUST_CHECK Status names_index(Checkpoint *c, Error *error);

/* Adds a copy of `t` under `name` (`length` bytes). */
MUST_CHECK Status checkpoint_add(Checkpoint *c, const StoredTensor *t, const char *name,
                                 size_t length, Error *error);
MUST_CHECK Status checkpoint_add_metadata(Checkpoint *c, const char *key, const char *value,
                                          Error *error);

/* Memory that lives as long as the checkpoint; NULL when there is none. */
void *checkpoint_own(Checkpoint *c, size_t bytes);

Status checkpoint_no_memory(const Checkpoint *c, Error *error);

/* Sets dense strides, `count` and `contiguous` from rank and dim; false on overflow. */
bool stored_tensor_shape(StoredTensor *t);

#endif

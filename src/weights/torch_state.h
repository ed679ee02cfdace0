/* torch_state.h - from the values of PyTorch's pickle to the tensors of a state dict. */
#ifndef WEIGHTS_TORCH_STATE_H
#define WEIGHTS_TORCH_STATE_H

#include "weights/container.h"
#include "weights/pickle.h"

/* What a pickled tensor says of the memory behind it. */
typedef struct TorchStorage {
    ElementType type;
    size_t count; /* elements */
    PickleText key;
} TorchStorage;

/* False if `v` is no storage, is damaged, or has elements of a type that we do not read. */
bool torch_storage(TorchStorage *out, const Pickle *p, const PickleValue *v);

/* Where the storages of a container lie.  `find` gives at least what count and type need, or sets
 * an error that says "its storage ..." */
typedef struct StorageSource {
    Status (*find)(void *context, const TorchStorage *storage, const uint8_t **bytes, Error *error);
    void *context;
} StorageSource;

/* Finds the state dict, checks its tensors against their storages and adds them. */
MUST_CHECK Status torch_state_read(Checkpoint *c, const Pickle *p, const StorageSource *source,
                                   Error *error);

#endif

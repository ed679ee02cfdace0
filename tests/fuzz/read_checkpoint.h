/* read_checkpoint.h - any bytes as a checkpoint: opened, and every tensor read. */
#ifndef TESTS_FUZZ_READ_CHECKPOINT_H
#define TESTS_FUZZ_READ_CHECKPOINT_H

#include <stdlib.h>

#include "base/memory.h"
#include "weights/checkpoint.h"

static inline void read_tensor(const Checkpoint *c, const StoredTensor *t) {
    enum { MOST = 1 << 20 }; /* a limit of the target, not of the reader */
    if (checkpoint_find(c, t->name) != t) abort();
    if (t->count > MOST) return;
    float *values = memory_new(t->count * sizeof *values);
    if (!values) abort();
    stored_tensor_read(t, values);
    memory_free(values);
}

static inline void read_checkpoint(const uint8_t *bytes, size_t size) {
    Checkpoint *c;
    if (checkpoint_open_memory(&c, bytes, size, "fuzz", NULL)) return;
    for (size_t i = 0; i < checkpoint_count(c); i++) read_tensor(c, checkpoint_tensor(c, i));
    checkpoint_close(c);
}

#endif

/* stored.h - checkpoints made in memory, for tests. */
#ifndef TESTS_STORED_H
#define TESTS_STORED_H

#include "base/text.h"
#include "weights/checkpoint.h"

/* Tensors of float32, in the order they are added. */
typedef struct Stored {
    Text header;
    float *values;          /* all of them; address space that is zero until it is written to */
    size_t count, capacity; /* in floats */
    void *file;
    size_t file_size;
} Stored;

Stored *stored_new(size_t floats); /* room for so many */
void stored_free(Stored *s);       /* after the checkpoint is closed */

/* Returns where its values are to be put; they are zero. */
float *stored_add(Stored *s, const char *name, int rank, const int *dim);

/* `metadata`: members of the object "__metadata__" as JSON text, or NULL.  Aborts on failure. */
Checkpoint *stored_open(Stored *s, const char *metadata);

/* Writes `from`, a file of float32, anew as `to`, with one statement more in its metadata. */
void stored_restate(const char *from, const char *to, const char *key, const char *value);

#endif

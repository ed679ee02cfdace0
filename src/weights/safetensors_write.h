/* safetensors_write.h - tensors to a safetensors file, atomically. */
#ifndef WEIGHTS_SAFETENSORS_WRITE_H
#define WEIGHTS_SAFETENSORS_WRITE_H

#include "base/files.h"
#include "weights/checkpoint.h"

/* What to write: dense floats in C order, or none of them and a function that fills them in. */
typedef struct TensorToWrite {
    const char *name;
    int rank;
    size_t dim[CHECKPOINT_MAX_RANK];
    const float *values; /* NULL: `fill` is called */
    void (*fill)(float *out, const void *context);
    const void *context;
} TensorToWrite;

typedef struct MetadataPair {
    const char *key, *value;
} MetadataPair;

/* Writes in the order given; `type` is ELEMENT_F32, ELEMENT_F16 or ELEMENT_BF16 (round to nearest
 * even).  A value that overflows F16, or is not finite, is VOXPERT_BAD_OUTPUT with the tensor's
 * name.  The same input gives the same bytes.  Metadata keys are written in the order given. */
MUST_CHECK Status safetensors_write(const char *path, const TensorToWrite *tensors, size_t count,
                                    const MetadataPair *metadata, size_t pairs, ElementType type,
                                    Error *error);
MUST_CHECK Status safetensors_write_to(Output to, const TensorToWrite *tensors, size_t count,
                                       const MetadataPair *metadata, size_t pairs, ElementType type,
                                       Error *error); /* file or memory */

#endif

/* procedural.h - weights and inputs that are a function of their name, in C.
 *
 * Every element of a tensor follows from the tensor's published name and its flat (C order) index:
 *
 *     u     = splitmix64 of (FNV-1a 64 of the name) at step index + 1, its upper 24 bits, in [0, 1)
 *     value = float(offset + scale (2 u - 1))         in double, rounded once
 *
 * so full-size models are tested without shipping their checkpoints.  The rule that gives (offset,
 * scale) is that of procedural.py in the golden folder; the first match of its table wins. */
#ifndef TESTS_GOLDEN_PROCEDURAL_H
#define TESTS_GOLDEN_PROCEDURAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ProceduralRule {
    double offset, scale;
} ProceduralRule;

/* `transposed`: the weight of a transposed convolution, whose fan-in is dim[0]. */
ProceduralRule procedural_rule(const char *name, int rank, const size_t *dim, bool transposed);

double procedural_uniform(const char *name, size_t index); /* [0, 1), a multiple of 2^-24 */

float procedural_value(const char *name, int rank, const size_t *dim, bool transposed,
                       size_t index);

/* All elements; `out` holds the product of dim (1 for rank 0). */
void procedural_tensor(const char *name, int rank, const size_t *dim, bool transposed, float *out);

void procedural_bytes(const char *name, size_t count, uint8_t *out); /* floor(256 u) */

#endif

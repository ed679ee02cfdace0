/* tile.h - the innermost product: a few rows by one or two vectors, held in registers.
 *
 *     c[i][j] = sum over s < depth of a[i][s] b[s][j]     (+ c[i][j] if `add`)
 *
 * i < rows, j < vectors LANES.  Row i of c starts at c + i c_row, row s of b at b + s b_step.  All
 * else is fused around it: see gemm.c and attention.c. */
#ifndef COMPUTE_CPU_TILE_H
#define COMPUTE_CPU_TILE_H

#include "compute/cpu/set.h"

typedef void TileFn(float *c, size_t c_row, const float *a, size_t a_step, const float *b,
                    size_t b_step, size_t depth, bool add);

/* [vectors - 1][rows - 1]; a[i][s] at a + i + s a_step: a packed panel, or rows read across. */
#define tile_packed KERNEL_NAME(tile_packed)
extern TileFn *const tile_packed[TILE_VECTORS][TILE_ROWS];

/* What is wanted soon: each turn of the innermost loop fetches from `at` into the first cache and
 * goes on by `step` bytes.  Fetched in one go it would hold up the sums. */
typedef struct Ahead {
    const char *at;
    size_t step;
} Ahead;

typedef void TileRowsFn(float *c, size_t c_row, const float *a, size_t a_row, const float *b,
                        size_t b_step, size_t depth, bool add, Ahead ahead);

/* The same; a[i][s] at a + i a_row + s: rows as they lie. */
#define tile_rows KERNEL_NAME(tile_rows)
extern TileRowsFn *const tile_rows[TILE_VECTORS][TILE_ROWS];

#endif

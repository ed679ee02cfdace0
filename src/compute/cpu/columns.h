/* columns.h - sums over the rows of a matrix: the backward pass of everything that was spread over
 * them.
 *
 *     out[batch][c] (+)= scale x sum over r of a[batch][r][c] (x b[batch][r][c])
 *
 * Rows are cut into pieces that depend on the problem; each is summed in float, the pieces in
 * double and in order.  Uses the worker's shared memory. */
#ifndef COMPUTE_CPU_COLUMNS_H
#define COMPUTE_CPU_COLUMNS_H

#include "compute/cpu/set.h"

typedef struct Columns {
    float *out;
    const float *a, *b; /* b may be NULL */
    size_t batch, rows, cols;
    bool add; /* into out */
    double scale;
} Columns;

#define columns_sum KERNEL_NAME(columns_sum)
void columns_sum(const Worker *w, const Columns *c);

/* out[c] += scale x the sum over pieces of partial[piece row + c], in double and in order. */
#define columns_add_pieces KERNEL_NAME(columns_add_pieces)
void columns_add_pieces(const Worker *w, float *out, double scale, const float *partial,
                        size_t pieces, size_t cols, size_t row);

#endif

/* gemm.h - products of matrices, cut into blocks that fit the caches, with what follows fused on.
 *
 *     y[i][j] = activation(sum over s of a[i][s] b[j][s] + bias[j]) + residual[i][j]
 *
 * or, if `add`, y[i][j] += the sum.  i < m, j < n, s < k; for each batch element.
 *
 * Blocks of b of TILE_COLS vectors and of a of TILE_ROWS are packed into panels [s][vector], so
 * that the innermost loop reads both in order; b may come packed. */
#ifndef COMPUTE_CPU_GEMM_H
#define COMPUTE_CPU_GEMM_H

#include "compute/cpu/pack.h"

typedef struct Gemm {
    size_t batch, m, n, k;
    Matrix a, b;
    const float *packed; /* b as gemm_pack leaves it, or NULL */
    float *y;
    size_t y_row, y_batch;
    bool add;              /* then none of what follows */
    const float *bias;     /* may be NULL */
    const float *residual; /* laid out as y, may be y; or NULL */
    Activation activation;
} Gemm;

#define gemm KERNEL_NAME(gemm)
void gemm(const Worker *w, const Gemm *g);

/* Floats of one batch element of b, packed. */
#define gemm_packed_size KERNEL_NAME(gemm_packed_size)
size_t gemm_packed_size(size_t n, size_t k);

/* Packs `batch` matrices of n vectors of k numbers. */
#define gemm_pack KERNEL_NAME(gemm_pack)
void gemm_pack(const Worker *w, float *packed, const Matrix *b, size_t batch, size_t n, size_t k);

#endif

/* pack.h - moving numbers into the order in which products read them. */
#ifndef COMPUTE_CPU_PACK_H
#define COMPUTE_CPU_PACK_H

#include "compute/cpu/set.h"

/* A matrix of vectors: number `s` of vector i of batch element b is data[b batch + i item + s
 * step]. item or step is 1. */
typedef struct Matrix {
    const float *data;
    size_t item, step, batch;
} Matrix;

/* to[c to_row + r] = from[r from_row + c] */
#define transpose KERNEL_NAME(transpose)
void transpose(float *to, size_t to_row, const float *from, size_t from_row, size_t rows,
               size_t cols);

/* The panel to[s width + i] of vectors first .. first + count - 1, numbers begin .. begin + depth -
 * 1; zero for count <= i < width. */
#define pack_panel KERNEL_NAME(pack_panel)
void pack_panel(float *to, size_t width, const Matrix *m, size_t first, size_t count, size_t begin,
                size_t depth);

#endif

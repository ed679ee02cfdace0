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

/* Panels of `width` vectors each: panel i has number begin + s of vector first + i width + v at
 * to[i distance + s width + v], s < depth.  The last panel is narrower if count is no multiple of
 * width: `padded` fills it up with zeros, otherwise its own width takes the place of `width`. */
typedef struct Panels {
    float *to;
    size_t width, distance;
    bool padded;
} Panels;

#define pack_panels KERNEL_NAME(pack_panels)
void pack_panels(const Panels *p, const Matrix *m, size_t first, size_t count, size_t begin,
                 size_t depth);

#endif

#include "compute/cpu/pack.h"

#include "base/size.h"
#include "compute/cpu/vec.h"

typedef float Quad __attribute__((vector_size(16), aligned(4), may_alias));

static inline Quad quad_load(const float *p) { return *(const Quad *)p; }
static inline void quad_store(float *p, Quad x) { *(Quad *)p = x; }

static inline void transpose_4x4(float *to, size_t to_row, const float *from, size_t from_row) {
    Quad a = quad_load(from), b = quad_load(from + from_row);
    Quad c = quad_load(from + 2 * from_row), d = quad_load(from + 3 * from_row);
    Quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    Quad ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    Quad cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    Quad cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    quad_store(to, __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5));
    quad_store(to + to_row, __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7));
    quad_store(to + 2 * to_row, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
    quad_store(to + 3 * to_row, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
}

#if KERNEL_LANES >= 8

typedef float Oct __attribute__((vector_size(32), aligned(4), may_alias));

static inline void oct_store(float *p, Oct x) { *(Oct *)p = x; }

/* Four numbers of a row beside those of the fourth row after it. */
static inline Oct oct_rows(const float *from, size_t from_row) {
    return __builtin_shufflevector(quad_load(from), quad_load(from + 4 * from_row), 0, 1, 2, 3, 4,
                                   5, 6, 7);
}

/* Eight rows of four: 4 x 4 twice, side by side in vectors that are stored whole. */
static inline void transpose_8x4(float *to, size_t to_row, const float *from, size_t from_row) {
    Oct a = oct_rows(from, from_row), b = oct_rows(from + from_row, from_row);
    Oct c = oct_rows(from + 2 * from_row, from_row), d = oct_rows(from + 3 * from_row, from_row);
    Oct ab_low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
    Oct ab_high = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
    Oct cd_low = __builtin_shufflevector(c, d, 0, 8, 1, 9, 4, 12, 5, 13);
    Oct cd_high = __builtin_shufflevector(c, d, 2, 10, 3, 11, 6, 14, 7, 15);
    oct_store(to, __builtin_shufflevector(ab_low, cd_low, 0, 1, 8, 9, 4, 5, 12, 13));
    oct_store(to + to_row, __builtin_shufflevector(ab_low, cd_low, 2, 3, 10, 11, 6, 7, 14, 15));
    oct_store(to + 2 * to_row, __builtin_shufflevector(ab_high, cd_high, 0, 1, 8, 9, 4, 5, 12, 13));
    oct_store(to + 3 * to_row,
              __builtin_shufflevector(ab_high, cd_high, 2, 3, 10, 11, 6, 7, 14, 15));
}

#endif

static void transpose_small(float *to, size_t to_row, const float *from, size_t from_row,
                            size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < cols; c++) to[c * to_row + r] = from[r * from_row + c];
    }
}

typedef void BlockFn(float *to, size_t to_row, const float *from, size_t from_row);

/* Blocks of `high` x 4; the last block of a side overlaps its neighbour, and writes the same
 * again. */
static inline __attribute__((always_inline)) void transpose_blocks(BlockFn *block, size_t high,
                                                                   float *to, size_t to_row,
                                                                   const float *from,
                                                                   size_t from_row, size_t rows,
                                                                   size_t cols) {
    for (size_t i = 0; i < rows; i += high) {
        size_t r = i + high <= rows ? i : rows - high;
        for (size_t c = 0; c + 4 <= cols; c += 4) {
            block(to + c * to_row + r, to_row, from + r * from_row + c, from_row);
        }
        if (cols % 4 == 0) continue;
        size_t c = cols - 4;
        block(to + c * to_row + r, to_row, from + r * from_row + c, from_row);
    }
}

void transpose(float *to, size_t to_row, const float *from, size_t from_row, size_t rows,
               size_t cols) {
    if (rows < 4 || cols < 4) transpose_small(to, to_row, from, from_row, rows, cols);
#if KERNEL_LANES >= 8
    else if (rows >= 8)
        transpose_blocks(transpose_8x4, 8, to, to_row, from, from_row, rows, cols);
#endif
    else
        transpose_blocks(transpose_4x4, 4, to, to_row, from, from_row, rows, cols);
}

/* Number s of the vectors of one panel; `spill`: what is behind them may be overwritten and read.
 */
static void copy_numbers(float *to, const float *from, size_t count, bool spill) {
    for (size_t c = 0; c < count; c += LANES) {
        size_t left = spill ? LANES : count - c;
        vec_put(to + c, vec_get(from + c, left), left);
    }
}

enum { AHEAD = 8 }; /* rows lie far apart, where the processor does not look ahead itself */

/* Numbers of all vectors lie side by side: row by row through all panels, so that each cache line
 * of the matrix is met once. */
static void copy_panels(const Panels *p, const float *from, size_t step, size_t count,
                        size_t depth) {
    for (size_t s = 0; s < depth; s++, from += step) {
        for (size_t i = 0; s + AHEAD < depth && i < count; i += 16) {
            __builtin_prefetch(from + AHEAD * step + i);
        }
        for (size_t i = 0, panel = 0; i < count; i += p->width, panel++) {
            size_t n = size_min(p->width, count - i), width = p->padded ? p->width : n;
            bool spill = n == p->width && s + 1 < depth && i + p->width + LANES <= count;
            copy_numbers(p->to + panel * p->distance + s * width, from + i, n, spill);
        }
    }
}

static void transpose_panels(const Panels *p, const float *from, size_t item, size_t count,
                             size_t depth) {
    for (size_t i = 0, panel = 0; i < count; i += p->width, panel++) {
        size_t n = size_min(p->width, count - i), width = p->padded ? p->width : n;
        transpose(p->to + panel * p->distance, width, from + i * item, item, n, depth);
    }
}

void pack_panels(const Panels *p, const Matrix *m, size_t first, size_t count, size_t begin,
                 size_t depth) {
    const float *from = m->data + first * m->item + begin * m->step;
    if (m->item == 1)
        copy_panels(p, from, m->step, count, depth);
    else
        transpose_panels(p, from, m->item, count, depth);
    size_t rest = count % p->width;
    if (!p->padded || rest == 0) return;
    float *last = p->to + count / p->width * p->distance;
    for (size_t s = 0; s < depth; s++) {
        memset(last + s * p->width + rest, 0, (p->width - rest) * sizeof *last);
    }
}

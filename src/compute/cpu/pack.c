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

static void transpose_small(float *to, size_t to_row, const float *from, size_t from_row,
                            size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < cols; c++) to[c * to_row + r] = from[r * from_row + c];
    }
}

/* Blocks of 4 x 4; the last block of a side overlaps its neighbour, and writes the same again. */
void transpose(float *to, size_t to_row, const float *from, size_t from_row, size_t rows,
               size_t cols) {
    if (rows < 4 || cols < 4) {
        transpose_small(to, to_row, from, from_row, rows, cols);
        return;
    }
    for (size_t i = 0; i < rows; i += 4) {
        size_t r = i + 4 <= rows ? i : rows - 4;
        for (size_t c = 0; c + 4 <= cols; c += 4) {
            transpose_4x4(to + c * to_row + r, to_row, from + r * from_row + c, from_row);
        }
        if (cols % 4 == 0) continue;
        size_t c = cols - 4;
        transpose_4x4(to + c * to_row + r, to_row, from + r * from_row + c, from_row);
    }
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

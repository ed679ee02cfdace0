/* attention_part.h - how attention is cut: one head of one window, its queries in tiles.
 *
 * Scores are kept key by key with a query in each lane: sums over keys run down the lanes, and both
 * products are tiles whose second operand is [.][QUERY_TILE]. */
#ifndef COMPUTE_CPU_ATTENTION_PART_H
#define COMPUTE_CPU_ATTENTION_PART_H

#include "compute/cpu/set.h"

enum {
    QUERY_TILE = TILE_COLS,
    KEY_BLOCK = 112 / TILE_ROWS * TILE_ROWS, /* its scores stay in the first cache */
    TILE_GROUP = 16 /* tiles that share a block of keys once it is packed */
};

/* Where the windows lie. */
typedef struct Windows {
    const AttentionShape *s;
    int side, down, across; /* 0 sides: not a grid */
    bool closed;            /* padded keys come as a closed form, not as slots */
} Windows;

/* Queries and keys are slots of the window, row-major over `span` columns.  Slots outside
 * rows x cols are padding. */
typedef struct Part {
    const Windows *windows;
    size_t batch, head, window;
    int top, left, rows, cols, span;
    size_t queries, keys;
} Part;

#define windows_make KERNEL_NAME(windows_make)
Windows windows_make(const AttentionShape *s);

#define windows_parts KERNEL_NAME(windows_parts)
size_t windows_parts(const Windows *w);

#define part_make KERNEL_NAME(part_make)
Part part_make(const Windows *w, size_t index);

enum { PADDING = -1 };

/* The token in a slot, or PADDING. */
static inline ptrdiff_t part_token(const Part *p, size_t slot) {
    const AttentionShape *s = p->windows->s;
    if (!p->windows->side) return (ptrdiff_t)slot;
    int y = (int)slot / p->span, x = (int)slot % p->span;
    if (y >= p->rows || x >= p->cols) return PADDING;
    return (ptrdiff_t)(p->top + y) * s->grid[1] + p->left + x;
}

/* Rows of head_dim numbers of slots first .. first + count - 1, times `factor`, densely; padding
 * reads `pad` (this head's), or zero if NULL.  `data` is token 0 of this batch element and head. */
#define part_gather KERNEL_NAME(part_gather)
void part_gather(float *to, const Part *p, const float *data, size_t row, const float *pad,
                 float factor, size_t first, size_t count);

/* The way back: adds rows to where they came from, those of padding to `pad`; NULL: dropped. */
#define part_scatter KERNEL_NAME(part_scatter)
void part_scatter(float *data, const Part *p, const float *from, size_t row, float *pad,
                  size_t first, size_t count);

static inline const float *part_q(const Part *p, const float *q) {
    const AttentionShape *s = p->windows->s;
    return q + p->batch * (size_t)s->queries * s->q_row + p->head * s->q_head;
}

static inline const float *part_k(const Part *p, const float *k) {
    const AttentionShape *s = p->windows->s;
    return k + p->batch * (size_t)s->keys * s->k_row + p->head * s->k_head;
}

static inline const float *part_v(const Part *p, const float *v) {
    const AttentionShape *s = p->windows->s;
    return v + p->batch * (size_t)s->keys * s->v_row + p->head * s->v_head;
}

static inline size_t part_lse(const Part *p) {
    const AttentionShape *s = p->windows->s;
    return (p->batch * (size_t)s->heads + p->head) * (size_t)s->queries;
}

#endif

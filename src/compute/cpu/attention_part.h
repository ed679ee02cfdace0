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

/* The worker without its threads, where waking them takes longer than the work. */
#define worker_for KERNEL_NAME(worker_for)
Worker worker_for(const Worker *w, const AttentionShape *s);

#define part_make KERNEL_NAME(part_make)
Part part_make(const Windows *w, size_t index);

enum { PADDING = -1 };

/* Walks the slots of a part. */
typedef struct Cursor {
    const Part *part;
    int y, x;
} Cursor;

static inline Cursor cursor_at(const Part *p, size_t slot) {
    return (Cursor){p, (int)slot / p->span, (int)slot % p->span};
}

static inline void cursor_next(Cursor *c) {
    if (++c->x == c->part->span) c->x = 0, c->y++;
}

/* The token in the slot, or PADDING. */
static inline ptrdiff_t cursor_token(const Cursor *c) {
    const Part *p = c->part;
    if (c->y >= p->rows || c->x >= p->cols) return PADDING;
    return (ptrdiff_t)(p->top + c->y) * p->windows->s->grid[1] + p->left + c->x;
}

/* Rows of head_dim numbers of slots first .. first + count - 1, to rows of `to_row`; padding reads
 * `pad` (this head's), or zero if NULL.  `data` is token 0 of this batch element and head. */
#define part_gather KERNEL_NAME(part_gather)
void part_gather(float *to, size_t to_row, const Part *p, const float *data, size_t row,
                 const float *pad, size_t first, size_t count);

typedef struct Rows {
    const float *at;
    size_t row; /* floats from row to row */
} Rows;

/* The same rows where they lie, if one distance leads from each to the next; else in `room`. */
#define part_rows KERNEL_NAME(part_rows)
Rows part_rows(float *room, const Part *p, const float *data, size_t row, const float *pad,
               size_t first, size_t count);

/* The backward pass: rows times `factor` go to where they came from, those of padding are added to
 * `pad`; NULL: dropped. */
#define part_scatter KERNEL_NAME(part_scatter)
void part_scatter(Into data, const Part *p, const float *from, size_t from_row, size_t row,
                  float *pad, float factor, size_t first, size_t count);

/* Rows that lie far apart are not foreseen by the processor: rows first .. end - 1 of `dim`. */
#define rows_prefetch KERNEL_NAME(rows_prefetch)
void rows_prefetch(Rows rows, size_t first, size_t end, size_t dim);

/* Rows of keys as panels [head_dim][TILE_ROWS]. */
#define keys_pack KERNEL_NAME(keys_pack)
void keys_pack(float *panels, Rows rows, size_t count, size_t dim);

/* Blocks of keys of equal size, in whole tiles. */
#define key_block KERNEL_NAME(key_block)
size_t key_block(size_t keys);

/* Pieces of a scratch, each on a cache line of its own. */
static inline float *take(float **room, size_t count) {
    float *p = *room;
    *room += (count + 15) / 16 * 16;
    return p;
}

/* Rows of c += a^T b, a [depth][rows] and b [depth][QUERY_TILE]: rows are cut into equal tiles. */
#define columns_times KERNEL_NAME(columns_times)
void columns_times(float *c, const float *a, size_t a_row, const float *b, size_t rows,
                   size_t depth, int vectors);

/* c [rows][c_row] += a b, a [rows][QUERY_TILE], b [depth][c_row]; c_row a multiple of LANES. */
#define rows_times KERNEL_NAME(rows_times)
void rows_times(float *c, size_t c_row, const float *a, const float *b, size_t rows, size_t depth);

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

#include "compute/cpu/attention_part.h"

#include <limits.h>

#include "base/size.h"
#include "compute/cpu/pack.h"
#include "compute/cpu/tile.h"
#include "compute/cpu/vec.h"

static int divide_up(int a, int b) { return (a + b - 1) / b; }

Windows windows_make(const AttentionShape *s) {
    Windows w = {.s = s, .down = 1, .across = 1};
    if (s->window > 0) {
        w.side = s->window;
        w.down = divide_up(s->grid[0], w.side);
        w.across = divide_up(s->grid[1], w.side);
    } else if (s->position != POSITION_NONE) {
        w.side = s->grid[0];
    }
    w.closed = s->position == POSITION_DECOMPOSED;
    return w;
}

size_t windows_parts(const Windows *w) {
    return (size_t)w->s->batch * (size_t)(w->down * w->across) * (size_t)w->s->heads;
}

Worker worker_for(const Worker *w, const AttentionShape *s) {
    double pairs = (double)s->batch * s->heads * s->queries * s->keys;
    Worker alone = {.scratch = w->scratch, .shared = w->shared};
    return pairs * s->head_dim < 2e5 ? alone : *w;
}

Part part_make(const Windows *w, size_t index) {
    const AttentionShape *s = w->s;
    Part p = {.windows = w, .queries = (size_t)s->queries, .keys = (size_t)s->keys};
    p.head = index % (size_t)s->heads;
    index /= (size_t)s->heads;
    p.window = index % (size_t)(w->down * w->across);
    p.batch = index / (size_t)(w->down * w->across);
    if (!w->side) { /* tokens in one row */
        p.rows = 1, p.cols = p.span = INT_MAX;
        return p;
    }
    p.top = (int)p.window / w->across * w->side;
    p.left = (int)p.window % w->across * w->side;
    p.rows = s->grid[0] - p.top < w->side ? s->grid[0] - p.top : w->side;
    p.cols = s->grid[1] - p.left < w->side ? s->grid[1] - p.left : w->side;
    p.span = w->closed ? p.cols : w->side;
    p.queries = p.keys = (size_t)(w->closed ? p.rows : w->side) * (size_t)p.span;
    return p;
}

void part_gather(float *to, size_t to_row, const Part *p, const float *data, size_t row,
                 const float *pad, size_t first, size_t count) {
    size_t dim = (size_t)p->windows->s->head_dim;
    Cursor at = cursor_at(p, first);
    for (size_t i = 0; i < count; i++, to += to_row, cursor_next(&at)) {
        ptrdiff_t token = cursor_token(&at);
        const float *from = token == PADDING ? pad : data + (size_t)token * row;
        for (size_t c = 0; c < dim; c += LANES) {
            vec_put(to + c, from ? vec_get(from + c, dim - c) : vec_zero(), dim - c);
        }
    }
}

Rows part_rows(float *room, const Part *p, const float *data, size_t row, const float *pad,
               size_t first, size_t count) {
    if (!p->windows->side) return (Rows){data + first * row, row};
    part_gather(room, (size_t)p->windows->s->head_dim, p, data, row, pad, first, count);
    return (Rows){room, (size_t)p->windows->s->head_dim};
}

void part_scatter(Into data, const Part *p, const float *from, size_t from_row, size_t row,
                  float *pad, float factor, size_t first, size_t count) {
    size_t dim = (size_t)p->windows->s->head_dim;
    Cursor at = cursor_at(p, first);
    for (size_t i = 0; i < count; i++, from += from_row, cursor_next(&at)) {
        ptrdiff_t token = cursor_token(&at);
        bool padding = token == PADDING, fresh = !padding && data.fresh;
        float *to = padding ? pad : data.at ? data.at + (size_t)token * row : NULL;
        for (size_t c = 0; to && c < dim; c += LANES) {
            size_t left = dim - c;
            Vec x = vec_get(from + c, left) * factor;
            if (!fresh) x += vec_get(to + c, left);
            vec_put(to + c, x, left);
        }
    }
}

void rows_prefetch(Rows rows, size_t first, size_t end, size_t dim) {
    for (size_t r = first; r < end; r++) {
        for (size_t d = 0; d < dim; d += 16) __builtin_prefetch(rows.at + r * rows.row + d);
    }
}

void keys_pack(float *panels, Rows rows, size_t count, size_t dim) {
    for (size_t i = 0; i < count; i += TILE_ROWS) {
        size_t n = size_min(TILE_ROWS, count - i);
        rows_prefetch(rows, i + TILE_ROWS, size_min(count, i + 2 * TILE_ROWS), dim);
        transpose(panels + i * dim, n, rows.at + i * rows.row, rows.row, n, dim);
    }
}

size_t key_block(size_t keys) {
    size_t blocks = (keys + KEY_BLOCK - 1) / KEY_BLOCK, tiles = (keys + TILE_ROWS - 1) / TILE_ROWS;
    return (tiles + blocks - 1) / blocks * TILE_ROWS;
}

void columns_times(float *c, const float *a, size_t a_row, const float *b, size_t rows,
                   size_t depth, int vectors) {
    size_t tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
    for (size_t i = 0, r = 0; i < tiles; i++) {
        size_t end = rows * (i + 1) / tiles;
        tile_packed[vectors - 1][end - r - 1](c + r * QUERY_TILE, QUERY_TILE, a + r, a_row, b,
                                              QUERY_TILE, depth, true);
        r = end;
    }
}

void rows_times(float *c, size_t c_row, const float *a, const float *b, size_t rows, size_t depth) {
    Ahead nothing = {(const char *)a, 0};
    for (size_t col = 0; col < c_row; col += TILE_COLS) {
        TileRowsFn *const *tiles = tile_rows[c_row - col > LANES];
        for (size_t i = 0; i < rows; i += TILE_ROWS) {
            size_t n = size_min(TILE_ROWS, rows - i);
            tiles[n - 1](c + i * c_row + col, c_row, a + i * QUERY_TILE, QUERY_TILE, b + col, c_row,
                         depth, true, nothing);
        }
    }
}

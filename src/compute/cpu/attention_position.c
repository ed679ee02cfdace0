#include "compute/cpu/attention_position.h"

#include <stdlib.h>

#include "base/size.h"
#include "compute/cpu/pack.h"
#include "compute/cpu/tile.h"
#include "compute/cpu/vec_math.h"

/* ---- Decomposed --------------------------------------------------------------------------- */

static size_t table_rows(int side) { return 2 * (size_t)side - 1; }

size_t tables_size(int side, int dim) {
    return 2 * table_rows(side) * (size_t)dim + table_rows(side) * QUERY_TILE;
}

static void table_pack(float *to, const float *table, int side, int dim) {
    Matrix m = {table, .item = (size_t)dim, .step = 1};
    for (size_t j = 0; j < table_rows(side); j += TILE_ROWS) {
        size_t rows = size_min(TILE_ROWS, table_rows(side) - j);
        pack_panel(to + j * (size_t)dim, rows, &m, j, rows, 0, (size_t)dim);
    }
}

Tables tables_pack(float *room, const AttentionInputs *in, int side, int dim) {
    Tables t = {.h = room, .side = side, .dim = dim};
    t.w = t.h + table_rows(side) * (size_t)dim;
    t.product = t.w + table_rows(side) * (size_t)dim;
    table_pack(t.h, in->table_h, side, dim);
    table_pack(t.w, in->table_w, side, dim);
    return t;
}

/* q.table[j] for the rows j that queries at `low` .. `high` meet. */
static void table_product(const Tables *t, const float *panels, const QueryTile *tile, int low,
                          int high) {
    size_t dim = (size_t)t->dim, end = (size_t)high + (size_t)t->side;
    for (size_t j = (size_t)low / TILE_ROWS * TILE_ROWS; j < end; j += TILE_ROWS) {
        size_t rows = size_min(TILE_ROWS, table_rows(t->side) - j);
        tile_packed[tile->vectors - 1][rows - 1](t->product + j * QUERY_TILE, QUERY_TILE,
                                                 panels + j * dim, rows, tile->q, QUERY_TILE, dim,
                                                 false);
    }
}

/* term[k][lane] = product[at[lane] - k + side - 1][lane] */
static void table_shift(float *term, const Tables *t, const int at[QUERY_TILE], int lanes) {
    size_t from[QUERY_TILE];
    for (int i = 0; i < lanes; i++) {
        from[i] = (size_t)(at[i] + t->side - 1) * QUERY_TILE + (size_t)i;
    }
    for (size_t k = 0; k < (size_t)t->side; k++, term += QUERY_TILE) {
        const float *product = t->product - k * QUERY_TILE;
        for (int i = 0; i < lanes; i++) term[i] = product[from[i]];
    }
}

void tables_apply(const Tables *t, const Part *p, const QueryTile *tile) {
    int lanes = tile->vectors * LANES;
    int y[QUERY_TILE], x[QUERY_TILE], left = p->cols, right = 0;
    for (int i = 0; i < lanes; i++) {
        int slot = (int)size_min(tile->first + (size_t)i, p->queries - 1);
        y[i] = slot / p->span, x[i] = slot % p->span;
        left = x[i] < left ? x[i] : left, right = x[i] > right ? x[i] : right;
    }
    table_product(t, t->h, tile, y[0], y[lanes - 1]);
    table_shift(tile->h, t, y, lanes);
    table_product(t, t->w, tile, left, right);
    table_shift(tile->w, t, x, lanes);
}

/* ---- Padding ------------------------------------------------------------------------------ */

typedef struct Range {
    Vec max, sum; /* of terms: the largest, and the sum of exp(term - max) */
} Range;

static Range range_sum(const float *term, int begin, int end) {
    Range r = {vec_set(-1e30f), vec_zero()};
    for (int i = begin; i < end; i++) r.max = vec_max(r.max, vec_load(term + i * QUERY_TILE));
    for (int i = begin; i < end; i++) r.sum += vec_exp(vec_load(term + i * QUERY_TILE) - r.max);
    return r;
}

static Range range_add(Range a, Range b) {
    Vec max = vec_max(a.max, b.max);
    return (Range){max, a.sum * vec_exp(a.max - max) + b.sum * vec_exp(b.max - max)};
}

static Range range_product(Range a, Range b) { return (Range){a.max + b.max, a.sum * b.sum}; }

static Vec pad_score(const Part *p, const QueryTile *tile, const float *pad_k, int v) {
    Vec score = vec_zero();
    for (int d = 0; d < p->windows->s->head_dim; d++) {
        score += vec_load(tile->q + d * QUERY_TILE + v * LANES) * pad_k[d];
    }
    return score * p->windows->s->scale;
}

bool pads_sum(Pads *pads, const Part *p, const QueryTile *tile, const float *pad_k) {
    int side = p->windows->side;
    if (!p->windows->closed || (p->rows == side && p->cols == side)) return false;
    for (int v = 0; v < tile->vectors; v++) {
        const float *h = tile->h + v * LANES, *w = tile->w + v * LANES;
        Range h_real = range_sum(h, 0, p->rows), h_pad = range_sum(h, p->rows, side);
        Range w_real = range_sum(w, 0, p->cols), w_pad = range_sum(w, p->cols, side);
        Range all =
            range_add(range_product(h_pad, range_add(w_real, w_pad)), range_product(h_real, w_pad));
        vec_store(pads->max + v * LANES, all.max + pad_score(p, tile, pad_k, v));
        vec_store(pads->sum + v * LANES, all.sum);
    }
    return true;
}

/* ---- TinyViT's table ---------------------------------------------------------------------- */

void table_bias(float *bias, const Part *p, size_t query, const float *table, size_t first,
                size_t count) {
    int side = p->windows->side, y[QUERY_TILE], x[QUERY_TILE];
    for (int i = 0; i < QUERY_TILE; i++) {
        int slot = (int)size_min(query + (size_t)i, p->queries - 1);
        y[i] = slot / p->span, x[i] = slot % p->span;
    }
    for (size_t key = first; key < first + count; key++, bias += QUERY_TILE) {
        int key_y = (int)key / p->span, key_x = (int)key % p->span;
        for (int i = 0; i < QUERY_TILE; i++) {
            bias[i] = table[abs(y[i] - key_y) * side + abs(x[i] - key_x)];
        }
    }
}

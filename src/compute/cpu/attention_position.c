#include "compute/cpu/attention_position.h"

#include <stdlib.h>

#include "base/size.h"
#include "compute/cpu/pack.h"
#include "compute/cpu/tile.h"
#include "compute/cpu/vec_math.h"

/* ---- Decomposed --------------------------------------------------------------------------- */

/* Row and column in the window of the query in each lane. */
static void tile_places(int y[QUERY_TILE], int x[QUERY_TILE], const Part *p, size_t first) {
    for (int i = 0; i < QUERY_TILE; i++) {
        int slot = (int)size_min(first + (size_t)i, p->queries - 1);
        y[i] = slot / p->span, x[i] = slot % p->span;
    }
}

static size_t table_rows(int side) { return 2 * (size_t)side - 1; }

size_t tables_size(int side, int dim) {
    return 2 * table_rows(side) * (size_t)dim + table_rows(side) * QUERY_TILE;
}

static void table_pack(float *to, const float *table, int side, int dim) {
    Matrix m = {table, .item = (size_t)dim, .step = 1};
    Panels panels = {to, TILE_ROWS, TILE_ROWS * (size_t)dim, false};
    pack_panels(&panels, &m, 0, table_rows(side), 0, (size_t)dim);
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
    tile_places(y, x, p, tile->first);
    for (int i = 0; i < lanes; i++) {
        left = x[i] < left ? x[i] : left, right = x[i] > right ? x[i] : right;
    }
    table_product(t, t->h, tile, y[0], y[lanes - 1]);
    table_shift(tile->h, t, y, lanes);
    table_product(t, t->w, tile, left, right);
    table_shift(tile->w, t, x, lanes);
}

/* product[at[lane] - k + side - 1][lane] = term[k][lane], zero elsewhere. */
static void table_unshift(float *product, const float *term, int side, const int at[QUERY_TILE],
                          int lanes) {
    memset(product, 0, table_rows(side) * QUERY_TILE * sizeof *product);
    for (int k = 0; k < side; k++, term += QUERY_TILE) {
        for (int i = 0; i < lanes; i++) {
            product[(at[i] - k + side - 1) * QUERY_TILE + i] = term[i];
        }
    }
}

static void one_table_back(float *dtable, const float *table, const float *dterm,
                           const TablesBack *d, const Part *p, const QueryTile *tile,
                           const TileBack *back, const int at[QUERY_TILE]) {
    int side = p->windows->side;
    table_unshift(d->product, dterm, side, at, tile->vectors * LANES);
    size_t dim = (size_t)p->windows->s->head_dim, lanes = (size_t)tile->vectors * LANES;
    if (back->dq) {
        columns_times(back->dq, table, dim, d->product, dim, table_rows(side), tile->vectors);
    }
    if (dtable) rows_times(dtable, d->dim_row, d->product, back->q_rows, table_rows(side), lanes);
}

void tables_back(const TablesBack *d, const AttentionInputs *in, const Part *p,
                 const QueryTile *tile, const TileBack *back) {
    int y[QUERY_TILE], x[QUERY_TILE];
    tile_places(y, x, p, tile->first);
    one_table_back(d->h, in->table_h, back->dh, d, p, tile, back, y);
    one_table_back(d->w, in->table_w, back->dw, d, p, tile, back, x);
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

/* Padded rows are padded in every column, real ones in the padded columns alone. */
typedef struct PadRanges {
    Range h_pad, h_all, w_pad, w_all, all;
} PadRanges;

static PadRanges pad_ranges(const Part *p, const QueryTile *tile, int v) {
    int side = p->windows->side;
    const float *h = tile->h + v * LANES, *w = tile->w + v * LANES;
    Range h_real = range_sum(h, 0, p->rows), w_real = range_sum(w, 0, p->cols);
    PadRanges r = {.h_pad = range_sum(h, p->rows, side), .w_pad = range_sum(w, p->cols, side)};
    r.h_all = range_add(h_real, r.h_pad);
    r.w_all = range_add(w_real, r.w_pad);
    r.all = range_add(range_product(r.h_pad, r.w_all), range_product(h_real, r.w_pad));
    return r;
}

static bool padded(const Part *p) {
    int side = p->windows->side;
    return p->windows->closed && (p->rows < side || p->cols < side);
}

bool pads_sum(Pads *pads, const Part *p, const QueryTile *tile, const float *pad_k) {
    if (!padded(p)) return false;
    for (int v = 0; v < tile->vectors; v++) {
        Range all = pad_ranges(p, tile, v).all;
        vec_store(pads->max + v * LANES, all.max + pad_score(p, tile, pad_k, v));
        vec_store(pads->sum + v * LANES, all.sum);
    }
    return true;
}

/* dterm[k] += gain x (weight of all padded keys of row or column k): `pad` sums the other axis
 * where k is real, `all` where k is padding itself. */
static void terms_back(float *dterm, const float *term, int real, int side, Vec score, Vec gain,
                       Range pad, Range all) {
    for (int k = 0; k < side; k++) {
        Range other = k < real ? pad : all;
        Vec weight = vec_exp(score + vec_load(term + k * QUERY_TILE) + other.max) * other.sum;
        float *to = dterm + k * QUERY_TILE;
        vec_store(to, vec_load(to) + gain * weight);
    }
}

void pads_back(float *pad_dk, float *pad_dv, const Part *p, const QueryTile *tile,
               const TileBack *back, const float *pad_k, const float *pad_v) {
    if (!padded(p)) return;
    int side = p->windows->side, dim = p->windows->s->head_dim;
    for (int v = 0; v < tile->vectors; v++) {
        int at = v * LANES;
        PadRanges r = pad_ranges(p, tile, v);
        Vec score = pad_score(p, tile, pad_k, v) - vec_load(back->lse + at);
        Vec weight = vec_exp(score + r.all.max) * r.all.sum, gain = -vec_load(back->whole + at);
        for (int d = 0; d < dim; d++) gain += vec_load(back->dy + d * QUERY_TILE + at) * pad_v[d];
        terms_back(back->dh + at, tile->h + at, p->rows, side, score, gain, r.w_pad, r.w_all);
        terms_back(back->dw + at, tile->w + at, p->cols, side, score, gain, r.h_pad, r.h_all);
        Vec ds = gain * weight;
        for (int d = 0; d < dim; d++) {
            int lane = d * QUERY_TILE + at;
            pad_dk[d] += vec_sum(ds * vec_load(tile->q + lane));
            pad_dv[d] += vec_sum(weight * vec_load(back->dy + lane));
            if (!back->dq) continue;
            Vec dq = ds * (pad_k[d] * p->windows->s->scale);
            vec_store(back->dq + lane, vec_load(back->dq + lane) + dq);
        }
    }
}

/* ---- TinyViT's table ---------------------------------------------------------------------- */

void table_bias(float *bias, const Part *p, size_t query, const float *table, size_t first,
                size_t count) {
    int side = p->windows->side, y[QUERY_TILE], x[QUERY_TILE];
    tile_places(y, x, p, query);
    for (size_t key = first; key < first + count; key++, bias += QUERY_TILE) {
        int key_y = (int)key / p->span, key_x = (int)key % p->span;
        for (int i = 0; i < QUERY_TILE; i++) {
            bias[i] = table[abs(y[i] - key_y) * side + abs(x[i] - key_x)];
        }
    }
}

void table_back(float *table, const Part *p, const QueryTile *tile, const float *ds, size_t first,
                size_t count) {
    int side = p->windows->side, y[QUERY_TILE], x[QUERY_TILE];
    tile_places(y, x, p, tile->first);
    for (size_t key = first; key < first + count; key++, ds += QUERY_TILE) {
        int key_y = (int)key / p->span, key_x = (int)key % p->span;
        for (int i = 0; i < (int)tile->count; i++) {
            table[abs(y[i] - key_y) * side + abs(x[i] - key_x)] += ds[i];
        }
    }
}

/* The backward pass of attention, from the kept ln of the softmax' denominator:
 *
 *     p = exp(s - lse),  ds = p (dy.v - dy.y)
 *     dv += p dy,  dk += scale ds q,  dq += scale ds k,  and ds into the positions.
 *
 * A part is one task, so that keys and values of a window are added to by one thread, in order. */
#include <assert.h>

#include "base/size.h"
#include "compute/cpu/attention_position.h"
#include "compute/cpu/columns.h"
#include "compute/cpu/pack.h"
#include "compute/cpu/tile.h"
#include "compute/cpu/vec_math.h"

enum { BACK_GROUP = 16 }; /* tiles that share a block of keys */

typedef struct Job {
    const AttentionInputs *in;
    const AttentionGradients *d;
    const float *dy, *y, *lse;
    Windows windows;
    size_t first;   /* part of the first task */
    float *partial; /* [task][sums]: what parts have in common */
    size_t sums;
    size_t group; /* tiles of a group */
} Job;

/* What a part adds to what all parts share; each of a size of its own, rows of dim_row. */
typedef struct Shares {
    size_t table_h, table_w, pad_k, pad_v, end; /* where they begin */
} Shares;

typedef struct Desk {
    const Job *job;
    Part part;
    size_t dim, dim_row;
    Rows k_rows;         /* a block of keys */
    float *k, *v;        /* keys and values in panels */
    float *k_room;       /* for rows of keys [key][dim] */
    float *dk, *dv;      /* [key][dim_row] */
    float *weights, *ds; /* [key][QUERY_TILE] */
    float *bias;         /* likewise, of POSITION_TABLE */
    float *rows;         /* room for [KEY_BLOCK or QUERY_TILE][dim] */
    float *shares;       /* this part's */
    Tables tables;
    TablesBack tables_back;
    QueryTile tile[BACK_GROUP];
    TileBack back[BACK_GROUP];
} Desk;

static size_t row_of(size_t dim) { return (dim + LANES - 1) / LANES * LANES; }

static Shares shares_make(const AttentionShape *s, const Windows *w) {
    size_t row = row_of((size_t)s->head_dim), side = (size_t)w->side;
    size_t table = s->position == POSITION_DECOMPOSED ? (2 * side - 1) * row : 0;
    Shares at = {.table_w = s->position == POSITION_TABLE ? side * side : table};
    at.pad_k = at.table_w + table;
    at.pad_v = at.pad_k + row;
    at.end = at.pad_v + row;
    return at;
}

/* ---- One tile ----------------------------------------------------------------------------- */

/* [head_dim][QUERY_TILE] and [QUERY_TILE][dim_row] of `data`; zero where there is no query. */
static void lanes_load(float *lanes, float *rows, const Desk *k, const QueryTile *tile,
                       const float *data, size_t row) {
    memset(rows, 0, QUERY_TILE * k->dim_row * sizeof *rows);
    part_gather(rows, k->dim_row, &k->part, data, row, NULL, tile->first, tile->count);
    transpose(lanes, QUERY_TILE, rows, k->dim_row, QUERY_TILE, k->dim);
}

static float dot(const float *a, const float *b, size_t n) {
    Vec sum = vec_zero();
    for (size_t i = 0; i < n; i += LANES) sum += vec_get(a + i, n - i) * vec_get(b + i, n - i);
    return (float)vec_sum_double(sum);
}

/* lse and dy.y of each lane; a lane without a query weighs nothing. */
static void lanes_sums(const Desk *k, const QueryTile *tile, const TileBack *back) {
    const Part *p = &k->part;
    size_t row = (size_t)p->windows->s->heads * k->dim;
    const float *y = k->job->y + p->batch * (size_t)p->windows->s->queries * row + p->head * k->dim;
    Cursor at = cursor_at(p, tile->first);
    for (size_t i = 0; i < QUERY_TILE; i++, cursor_next(&at)) {
        ptrdiff_t token = i < tile->count ? cursor_token(&at) : PADDING;
        back->lse[i] = 1e30f;
        back->whole[i] = 0.0f;
        if (token == PADDING) continue;
        back->lse[i] = k->job->lse[part_lse(p) + (size_t)token];
        back->whole[i] = dot(y + (size_t)token * row, back->dy_rows + i * k->dim_row, k->dim);
    }
}

static void tile_load(const Desk *k, QueryTile *tile, const TileBack *back, size_t first) {
    const Part *p = &k->part;
    const AttentionShape *s = p->windows->s;
    size_t row = (size_t)s->heads * k->dim;
    tile->first = first;
    tile->count = size_min(QUERY_TILE, p->queries - first);
    tile->vectors = tile->count > LANES ? 2 : 1;
    lanes_load(tile->q, back->q_rows, k, tile, part_q(p, k->job->in->q), s->q_row);
    lanes_load(back->dy, back->dy_rows, k, tile,
               k->job->dy + p->batch * (size_t)s->queries * row + p->head * k->dim, row);
    lanes_sums(k, tile, back);
    memset(back->dq, 0, k->dim * QUERY_TILE * sizeof *back->dq);
    if (s->position != POSITION_DECOMPOSED) return;
    size_t terms = (size_t)p->windows->side * QUERY_TILE * sizeof *back->dh;
    memset(back->dh, 0, terms);
    memset(back->dw, 0, terms);
    tables_apply(&k->tables, p, tile);
}

/* ---- Scores back -------------------------------------------------------------------------- */

typedef struct Column {  /* one vector of queries */
    float *weights, *ds; /* scores and dy.v on the way in */
    Vec lse, whole;
    float scale;
} Column;

static Vec column_step(const Column *c, size_t i, Vec position) {
    Vec weight = vec_exp(vec_load(c->weights + i * QUERY_TILE) * c->scale + (position - c->lse));
    Vec ds = weight * (vec_load(c->ds + i * QUERY_TILE) - c->whole);
    vec_store(c->weights + i * QUERY_TILE, weight);
    vec_store(c->ds + i * QUERY_TILE, ds);
    return ds;
}

static void column_plain(const Column *c, const float *bias, size_t count) {
    for (size_t i = 0; i < count; i++) {
        column_step(c, i, bias ? vec_load(bias + i * QUERY_TILE) : vec_zero());
    }
}

/* With SAM's positions; dh and dw sum ds over the columns and the rows of the keys. */
static void column_positions(const Column *c, const Part *p, const QueryTile *tile,
                             const TileBack *back, size_t at, size_t first, size_t count) {
    size_t span = (size_t)p->span, y = first / span, x = first % span;
    const float *h = tile->h + at, *w = tile->w + at;
    float *dh = back->dh + at, *dw = back->dw + at;
    for (size_t i = 0; i < count; y++, x = 0) {
        Vec row = vec_load(h + y * QUERY_TILE), sum = vec_load(dh + y * QUERY_TILE);
        size_t end = size_min(count, i + span - x);
        for (; i < end; i++, x++) {
            Vec ds = column_step(c, i, row + vec_load(w + x * QUERY_TILE));
            vec_store(dw + x * QUERY_TILE, vec_load(dw + x * QUERY_TILE) + ds);
            sum += ds;
        }
        vec_store(dh + y * QUERY_TILE, sum);
    }
}

static void scores_back(const Desk *k, const QueryTile *tile, const TileBack *back, size_t first,
                        size_t count) {
    const Part *p = &k->part;
    Position position = p->windows->s->position;
    size_t cells = (size_t)p->windows->side * (size_t)p->windows->side;
    if (position == POSITION_TABLE) {
        table_bias(k->bias, p, tile->first, k->job->in->table_h + p->head * cells, first, count);
    }
    for (int v = 0; v < tile->vectors; v++) {
        size_t at = (size_t)v * LANES;
        Column c = {k->weights + at, k->ds + at, vec_load(back->lse + at),
                    vec_load(back->whole + at), p->windows->s->scale};
        if (position == POSITION_DECOMPOSED)
            column_positions(&c, p, tile, back, at, first, count);
        else
            column_plain(&c, position == POSITION_TABLE ? k->bias + at : NULL, count);
    }
    if (position == POSITION_TABLE && k->job->d->table_h) {
        table_back(k->shares, p, tile, k->ds, first, count);
    }
}

/* ---- A block of keys ---------------------------------------------------------------------- */

static void keys_load(Desk *k, size_t first, size_t count) {
    const Part *p = &k->part;
    const AttentionShape *s = p->windows->s;
    const AttentionInputs *in = k->job->in;
    const float *pad_k = in->pad_k ? in->pad_k + p->head * s->k_head : NULL;
    const float *pad_v = in->pad_v ? in->pad_v + p->head * s->v_head : NULL;
    Rows values = part_rows(k->rows, p, part_v(p, in->v), s->v_row, pad_v, first, count);
    keys_pack(k->v, values, count, k->dim);
    k->k_rows = part_rows(k->k_room, p, part_k(p, in->k), s->k_row, pad_k, first, count);
    keys_pack(k->k, k->k_rows, count, k->dim);
    memset(k->dk, 0, count * k->dim_row * sizeof *k->dk);
    memset(k->dv, 0, count * k->dim_row * sizeof *k->dv);
}

/* [key][lane] = rows of the panels times a tile. */
static void keys_times(float *to, const Desk *k, const float *panels, const float *lanes,
                       int vectors, size_t count) {
    for (size_t i = 0; i < count; i += TILE_ROWS) {
        size_t rows = size_min(TILE_ROWS, count - i);
        tile_packed[vectors - 1][rows - 1](to + i * QUERY_TILE, QUERY_TILE, panels + i * k->dim,
                                           rows, lanes, QUERY_TILE, k->dim, false);
    }
}

static void tile_back(const Desk *k, const QueryTile *tile, const TileBack *back, size_t first,
                      size_t count) {
    const AttentionGradients *d = k->job->d;
    size_t lanes = (size_t)tile->vectors * LANES;
    keys_times(k->weights, k, k->k, tile->q, tile->vectors, count);
    keys_times(k->ds, k, k->v, back->dy, tile->vectors, count);
    scores_back(k, tile, back, first, count);
    if (d->v.at || d->pad_v) rows_times(k->dv, k->dim_row, k->weights, back->dy_rows, count, lanes);
    if (d->k.at || d->pad_k) rows_times(k->dk, k->dim_row, k->ds, back->q_rows, count, lanes);
    if (!d->q.at) return;
    columns_times(back->dq, k->k_rows.at, k->k_rows.row, k->ds, k->dim, count, tile->vectors);
}

/* What a group of queries gives to a block of keys; the first group finds nothing there. */
static void keys_store(const Desk *k, const Shares *at, size_t first, size_t count, bool begins) {
    const Part *p = &k->part;
    const AttentionShape *s = p->windows->s;
    const AttentionGradients *d = k->job->d;
    size_t batch_k = p->batch * (size_t)s->keys * s->k_row + p->head * s->k_head;
    size_t batch_v = p->batch * (size_t)s->keys * s->v_row + p->head * s->v_head;
    Into dk = into_at(d->k, batch_k), dv = into_at(d->v, batch_v);
    dk.fresh &= begins, dv.fresh &= begins;
    part_scatter(dk, p, k->dk, k->dim_row, s->k_row, k->shares + at->pad_k, s->scale, first, count);
    part_scatter(dv, p, k->dv, k->dim_row, s->v_row, k->shares + at->pad_v, 1.0f, first, count);
}

/* ---- A group of tiles --------------------------------------------------------------------- */

static void tile_finish(const Desk *k, const QueryTile *tile, const TileBack *back,
                        const Shares *at) {
    const Part *p = &k->part;
    const AttentionShape *s = p->windows->s;
    const AttentionInputs *in = k->job->in;
    const AttentionGradients *d = k->job->d;
    for (size_t i = 0; d->q.at && i < k->dim * QUERY_TILE; i += LANES) {
        vec_store(back->dq + i, vec_load(back->dq + i) * s->scale);
    }
    if (s->position == POSITION_DECOMPOSED) {
        float pad_dk[1024] = {0};
        assert(k->dim <= 1024);
        pads_back(pad_dk, k->shares + at->pad_v, p, tile, back,
                  in->pad_k ? in->pad_k + p->head * s->k_head : NULL,
                  in->pad_v ? in->pad_v + p->head * s->v_head : NULL);
        for (size_t i = 0; i < k->dim; i++) k->shares[at->pad_k + i] += pad_dk[i] * s->scale;
        tables_back(&k->tables_back, in, p, tile, back);
    }
    if (!d->q.at) return;
    transpose(k->rows, k->dim, back->dq, QUERY_TILE, k->dim, tile->count);
    part_scatter(into_at(d->q, p->batch * (size_t)s->queries * s->q_row + p->head * s->q_head), p,
                 k->rows, k->dim, s->q_row, NULL, 1.0f, tile->first, tile->count);
}

static void group_back(Desk *k, const Shares *at, size_t first, size_t tiles) {
    for (size_t i = 0; i < tiles; i++) {
        tile_load(k, &k->tile[i], &k->back[i], first + i * QUERY_TILE);
    }
    size_t keys = k->part.keys, block = key_block(keys);
    for (size_t key = 0; key < keys; key += block) {
        size_t count = size_min(block, keys - key);
        keys_load(k, key, count);
        for (size_t i = 0; i < tiles; i++) tile_back(k, &k->tile[i], &k->back[i], key, count);
        keys_store(k, at, key, count, first == 0);
    }
    for (size_t i = 0; i < tiles; i++) tile_finish(k, &k->tile[i], &k->back[i], at);
}

static size_t tile_size(const Windows *w) {
    size_t dim = (size_t)w->s->head_dim;
    return (3 * dim + 4 * (size_t)w->side + 2 * row_of(dim) + 2) * QUERY_TILE;
}

/* ---- One task: a part --------------------------------------------------------------------- */

static void tile_lay(Desk *k, size_t i, size_t side, float **room) {
    QueryTile *t = &k->tile[i];
    TileBack *b = &k->back[i];
    float **const lanes[] = {&t->q, &b->dq, &b->dy},
                  **const terms[] = {&t->h, &t->w, &b->dh, &b->dw};
    for (size_t n = 0; n < 3; n++) *lanes[n] = take(room, k->dim * QUERY_TILE);
    for (size_t n = 0; n < 4; n++) *terms[n] = take(room, side * QUERY_TILE);
    b->q_rows = take(room, QUERY_TILE * k->dim_row);
    b->dy_rows = take(room, QUERY_TILE * k->dim_row);
    b->lse = take(room, QUERY_TILE);
    b->whole = take(room, QUERY_TILE);
}

static Desk desk_lay(const Job *job, size_t task, float *room) {
    const AttentionShape *s = job->windows.s;
    size_t dim = (size_t)s->head_dim, side = (size_t)job->windows.side;
    Desk k = {.job = job, .part = part_make(&job->windows, job->first + task)};
    k.dim = dim, k.dim_row = row_of(dim);
    k.k_room = take(&room, KEY_BLOCK * dim);
    k.k = take(&room, KEY_BLOCK * dim);
    k.v = take(&room, KEY_BLOCK * dim);
    k.dk = take(&room, KEY_BLOCK * k.dim_row);
    k.dv = take(&room, KEY_BLOCK * k.dim_row);
    k.rows = take(&room, size_max(KEY_BLOCK, QUERY_TILE) * dim);
    k.weights = take(&room, KEY_BLOCK * QUERY_TILE);
    k.ds = take(&room, KEY_BLOCK * QUERY_TILE);
    k.bias = take(&room, KEY_BLOCK * QUERY_TILE);
    k.shares = job->partial + task * job->sums;
    for (size_t i = 0; i < job->group; i++) tile_lay(&k, i, side, &room);
    if (s->position == POSITION_DECOMPOSED) {
        k.tables_back.product = take(&room, 2 * side * QUERY_TILE);
        k.tables = tables_pack(room, job->in, (int)side, (int)dim);
    }
    return k;
}

static void back_task(void *context, size_t task, void *scratch) {
    const Job *job = context;
    Desk k = desk_lay(job, task, scratch);
    Shares at = shares_make(job->windows.s, &job->windows);
    memset(k.shares, 0, job->sums * sizeof *k.shares);
    k.tables_back.h = job->d->table_h ? k.shares + at.table_h : NULL;
    k.tables_back.w = job->d->table_w ? k.shares + at.table_w : NULL;
    k.tables_back.dim_row = k.dim_row;
    size_t step = job->group * QUERY_TILE;
    for (size_t first = 0; first < k.part.queries; first += step) {
        size_t left = k.part.queries - first;
        group_back(&k, &at, first, size_min(job->group, (left + QUERY_TILE - 1) / QUERY_TILE));
    }
}

/* ---- The whole ---------------------------------------------------------------------------- */

/* Adds rows of the parts' tables, one row of dim_row after the other. */
static void table_sum(const Worker *w, const Job *job, float *out, size_t at, size_t parts) {
    const AttentionShape *s = job->windows.s;
    size_t dim = (size_t)s->head_dim, row = row_of(dim);
    for (size_t j = 0; out && j < 2 * (size_t)job->windows.side - 1; j++) {
        columns_add_pieces(w, out + j * dim, 1.0, job->partial + at + j * row, parts, dim,
                           job->sums);
    }
}

static void shares_sum(const Worker *w, const Job *job, size_t parts) {
    const AttentionShape *s = job->windows.s;
    const AttentionGradients *d = job->d;
    Shares at = shares_make(s, &job->windows);
    size_t heads = (size_t)s->heads, dim = (size_t)s->head_dim, each = parts / heads;
    if (s->position == POSITION_DECOMPOSED) {
        table_sum(w, job, d->table_h, at.table_h, parts);
        table_sum(w, job, d->table_w, at.table_w, parts);
    }
    for (size_t h = 0; h < heads; h++) {
        const float *share = job->partial + h * job->sums;
        size_t row = heads * job->sums, cells = at.table_w;
        if (s->position == POSITION_TABLE && d->table_h) {
            columns_add_pieces(w, d->table_h + h * cells, 1.0, share, each, cells, row);
        }
        if (d->pad_k) {
            columns_add_pieces(w, d->pad_k + h * s->k_head, 1.0, share + at.pad_k, each, dim, row);
        }
        if (d->pad_v) {
            columns_add_pieces(w, d->pad_v + h * s->v_head, 1.0, share + at.pad_v, each, dim, row);
        }
    }
}

void ENTRY(attention_backward)(const Worker *w, const AttentionGradients *d, const float *dy,
                               const float *y, const float *lse, const AttentionInputs *in,
                               const AttentionShape *shape) {
    Job job = {.in = in, .d = d, .dy = dy, .y = y, .lse = lse, .windows = windows_make(shape)};
    job.partial = w->shared;
    job.sums = (shares_make(shape, &job.windows).end + 15) / 16 * 16;
    job.group = WORKER_SCRATCH / 2 / sizeof(float) / tile_size(&job.windows);
    job.group = size_min(BACK_GROUP, job.group);
    assert(job.group > 0);
    Worker few = worker_for(w, shape);
    size_t parts = windows_parts(&job.windows), heads = (size_t)shape->heads;
    size_t most = WORKER_SHARED / sizeof(float) / job.sums / heads * heads;
    assert(most > 0);
    for (; job.first < parts; job.first += most) {
        size_t now = size_min(most, parts - job.first);
        worker_run(&few, back_task, &job, now);
        shares_sum(&few, &job, now);
    }
}

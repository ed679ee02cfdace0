/* Softmax attention, in one walk over the keys: scores of a block of keys live in the first cache,
 * get their positions there, and are summed with the online softmax (Milakov and Gimelshein 2018).
 */
#include <assert.h>

#include "base/size.h"
#include "compute/cpu/attention_position.h"
#include "compute/cpu/pack.h"
#include "compute/cpu/tile.h"
#include "compute/cpu/vec_math.h"

typedef struct Job {
    const AttentionInputs *in;
    Windows windows;
    size_t tiles, groups, group; /* tiles of the largest part; groups of a part; tiles of a group */
    const float *bias;           /* of POSITION_TABLE: [head][tile][key][QUERY_TILE], or NULL */
    float *y, *lse;
} Job;

/* What a task keeps in its scratch. */
typedef struct Desk {
    Part part;
    const AttentionInputs *in;
    const Job *job;
    size_t dim;
    size_t tiles;  /* of this task */
    float *k;      /* a block of keys in panels [head_dim][TILE_ROWS] */
    Rows v;        /* its values */
    float *v_room; /* for them, [key][head_dim] */
    float *scores; /* [key][QUERY_TILE] */
    float *bias;   /* likewise, where the job has none */
    float *rows;   /* room for [KEY_BLOCK or QUERY_TILE][head_dim] */
    Tables tables;
    QueryTile *tile; /* [group] */
} Desk;

/* ---- Softmax ------------------------------------------------------------------------------ */

/* Scores of one vector of queries, from products of q and k: s = scale s + position; returns the
 * largest. */
static Vec scores_add(float *s, const Desk *k, const QueryTile *tile, size_t first, size_t count,
                      int v) {
    const Part *p = &k->part;
    const float scale = p->windows->s->scale;
    Vec max = vec_set(-1e30f);
    size_t y = first / (size_t)p->span, x = first % (size_t)p->span;
    const float *h = tile->h + v * LANES, *w = tile->w + v * LANES;
    for (size_t i = 0; i < count; y++, x = 0) {
        Vec row = vec_load(h + y * QUERY_TILE);
        size_t end = size_min(count, i + (size_t)p->span - x);
        for (; i < end; i++, x++) {
            Vec score = vec_load(s + i * QUERY_TILE) * scale + (row + vec_load(w + x * QUERY_TILE));
            vec_store(s + i * QUERY_TILE, score);
            max = vec_max(max, score);
        }
    }
    return max;
}

static Vec scores_add_bias(float *s, float scale, const float *bias, size_t count) {
    Vec max = vec_set(-1e30f);
    for (size_t i = 0; i < count; i++) {
        Vec score = vec_load(s + i * QUERY_TILE) * scale + vec_load(bias + i * QUERY_TILE);
        vec_store(s + i * QUERY_TILE, score);
        max = vec_max(max, score);
    }
    return max;
}

static Vec scores_plain(float *s, float scale, size_t count) {
    Vec max = vec_set(-1e30f);
    for (size_t i = 0; i < count; i++) {
        Vec score = vec_load(s + i * QUERY_TILE) * scale;
        vec_store(s + i * QUERY_TILE, score);
        max = vec_max(max, score);
    }
    return max;
}

/* s = exp(s - max); returns the sum. */
static Vec scores_exp(float *s, Vec max, size_t count) {
    Vec sum = vec_zero();
    for (size_t i = 0; i < count; i++) {
        Vec e = vec_exp(vec_load(s + i * QUERY_TILE) - max);
        vec_store(s + i * QUERY_TILE, e);
        sum += e;
    }
    return sum;
}

static void lanes_scale(float *x, Vec by, size_t rows) {
    for (size_t i = 0; i < rows; i++)
        vec_store(x + i * QUERY_TILE, vec_load(x + i * QUERY_TILE) * by);
}

/* The table's terms for a tile and a block of keys. */
static const float *bias_block(const Desk *k, const QueryTile *tile, size_t first, size_t count) {
    const Part *p = &k->part;
    const Job *job = k->job;
    if (job->bias) {
        size_t at = p->head * job->tiles + tile->first / QUERY_TILE;
        return job->bias + (at * p->keys + first) * QUERY_TILE;
    }
    size_t cells = (size_t)p->windows->side * (size_t)p->windows->side;
    table_bias(k->bias, p, tile->first, k->in->table_h + p->head * cells, first, count);
    return k->bias;
}

static void scores_to_weights(const Desk *k, QueryTile *tile, size_t first, size_t count) {
    Position position = k->part.windows->s->position;
    const float scale = k->part.windows->s->scale;
    const float *bias = position == POSITION_TABLE ? bias_block(k, tile, first, count) : NULL;
    for (int v = 0; v < tile->vectors; v++) {
        float *s = k->scores + v * LANES, *max = tile->max + v * LANES,
              *sum = tile->sum + v * LANES;
        Vec block_max;
        if (bias)
            block_max = scores_add_bias(s, scale, bias + v * LANES, count);
        else if (position == POSITION_NONE)
            block_max = scores_plain(s, scale, count);
        else
            block_max = scores_add(s, k, tile, first, count, v);
        Vec old = vec_load(max), now = vec_max(old, block_max), shrink = vec_exp(old - now);
        vec_store(max, now);
        vec_store(sum, vec_load(sum) * shrink + scores_exp(s, now, count));
        lanes_scale(tile->o + v * LANES, shrink, k->dim);
    }
}

/* ---- One tile ----------------------------------------------------------------------------- */

static void tile_load(const Desk *k, QueryTile *tile, size_t first) {
    const Part *p = &k->part;
    tile->first = first;
    tile->count = size_min(QUERY_TILE, p->queries - first);
    tile->vectors = tile->count > LANES ? 2 : 1;
    Rows q =
        part_rows(k->rows, p, part_q(p, k->in->q), p->windows->s->q_row, NULL, first, tile->count);
    if (!p->windows->side)
        rows_prefetch(q, tile->count, size_min(2 * QUERY_TILE, p->queries - first), k->dim);
    if (tile->count < QUERY_TILE) memset(tile->q, 0, k->dim * QUERY_TILE * sizeof *tile->q);
    transpose(tile->q, QUERY_TILE, q.at, q.row, tile->count, k->dim);
    if (p->windows->s->position == POSITION_DECOMPOSED) tables_apply(&k->tables, p, tile);
}

/* Before any key: nothing, or what the padding contributes. */
static void tile_start(const Desk *k, QueryTile *tile) {
    const Part *p = &k->part;
    const AttentionShape *s = p->windows->s;
    Pads pads;
    bool padded =
        pads_sum(&pads, p, tile, k->in->pad_k ? k->in->pad_k + p->head * s->k_head : NULL);
    const float *pad_v = padded ? k->in->pad_v + p->head * s->v_head : NULL;
    for (int v = 0; v < tile->vectors; v++) {
        int at = v * LANES;
        Vec sum = padded ? vec_load(pads.sum + at) : vec_zero();
        vec_store(tile->max + at, padded ? vec_load(pads.max + at) : vec_set(-1e30f));
        vec_store(tile->sum + at, sum);
        for (size_t d = 0; d < k->dim; d++) {
            vec_store(tile->o + d * QUERY_TILE + at, sum * (padded ? pad_v[d] : 0.0f));
        }
    }
}

/* One block of keys: scores, softmax, values. */
static void tile_attend(const Desk *k, QueryTile *tile, size_t first, size_t count) {
    TileFn *const *tiles = tile_packed[tile->vectors - 1];
    for (size_t i = 0; i < count; i += TILE_ROWS) {
        size_t rows = size_min(TILE_ROWS, count - i);
        tiles[rows - 1](k->scores + i * QUERY_TILE, QUERY_TILE, k->k + i * k->dim, rows, tile->q,
                        QUERY_TILE, k->dim, false);
    }
    scores_to_weights(k, tile, first, count);
    columns_times(tile->o, k->v.at, k->v.row, k->scores, k->dim, count, tile->vectors);
}

static void rows_write(const Desk *k, float *y, size_t row, const QueryTile *tile) {
    Cursor at = cursor_at(&k->part, tile->first);
    for (size_t i = 0; i < tile->count; i++, cursor_next(&at)) {
        ptrdiff_t token = cursor_token(&at);
        if (token == PADDING) continue;
        memcpy(y + (size_t)token * row, k->rows + i * k->dim, k->dim * sizeof *y);
    }
}

static void lse_write(const Desk *k, float *lse, const float lanes[QUERY_TILE],
                      const QueryTile *tile) {
    Cursor at = cursor_at(&k->part, tile->first);
    for (size_t i = 0; i < tile->count; i++, cursor_next(&at)) {
        ptrdiff_t token = cursor_token(&at);
        if (token != PADDING) lse[token] = lanes[i];
    }
}

static void tile_write(const Desk *k, const QueryTile *tile) {
    const Part *p = &k->part;
    const AttentionShape *s = p->windows->s;
    float lse[QUERY_TILE];
    for (int v = 0; v < tile->vectors; v++) {
        Vec sum = vec_load(tile->sum + v * LANES);
        lanes_scale(tile->o + v * LANES, 1.0f / sum, k->dim);
        vec_store(lse + v * LANES, vec_load(tile->max + v * LANES) + vec_log(sum));
    }
    size_t row = (size_t)s->heads * k->dim;
    float *y = k->job->y + p->batch * (size_t)s->queries * row + p->head * k->dim;
    if (!p->windows->side) {
        transpose(y + tile->first * row, row, tile->o, QUERY_TILE, k->dim, tile->count);
    } else {
        transpose(k->rows, k->dim, tile->o, QUERY_TILE, k->dim, tile->count);
        rows_write(k, y, row, tile);
    }
    if (k->job->lse) lse_write(k, k->job->lse + part_lse(p), lse, tile);
}

/* ---- One task: a group of tiles of a part ------------------------------------------------- */

static size_t tile_size(const Windows *w) {
    return (2 * (size_t)w->s->head_dim + 2 * (size_t)w->side + 2) * QUERY_TILE;
}

static Desk desk_lay(const Job *job, const Part *part, void *scratch) {
    size_t dim = (size_t)job->windows.s->head_dim, side = (size_t)job->windows.side;
    Desk k = {.part = *part, .in = job->in, .job = job, .dim = dim, .tile = scratch};
    float *room = (float *)scratch + (sizeof(QueryTile) * TILE_GROUP + 63) / 64 * 16;
    k.k = take(&room, KEY_BLOCK * dim);
    k.v_room = take(&room, KEY_BLOCK * dim);
    k.rows = take(&room, size_max(KEY_BLOCK, QUERY_TILE) * dim);
    k.scores = take(&room, KEY_BLOCK * QUERY_TILE);
    k.bias = take(&room, KEY_BLOCK * QUERY_TILE);
    for (size_t i = 0; i < job->group; i++) {
        QueryTile *t = &k.tile[i];
        t->q = take(&room, dim * QUERY_TILE);
        t->o = take(&room, dim * QUERY_TILE);
        t->h = take(&room, side * QUERY_TILE);
        t->w = take(&room, side * QUERY_TILE);
        t->max = take(&room, QUERY_TILE);
        t->sum = take(&room, QUERY_TILE);
    }
    if (job->windows.s->position == POSITION_DECOMPOSED) {
        k.tables = tables_pack(room, job->in, (int)side, (int)dim);
    }
    return k;
}

/* Values that many tiles read are better side by side than far apart. */
enum { FEW_TILES = 2 };

static void keys_load(Desk *k, size_t first, size_t count) {
    const Part *p = &k->part;
    const AttentionShape *s = p->windows->s;
    const float *pad_k = k->in->pad_k ? k->in->pad_k + p->head * s->k_head : NULL;
    const float *pad_v = k->in->pad_v ? k->in->pad_v + p->head * s->v_head : NULL;
    const float *v = part_v(p, k->in->v);
    if (k->tiles <= FEW_TILES) {
        k->v = part_rows(k->v_room, p, v, s->v_row, pad_v, first, count);
    } else {
        part_gather(k->v_room, k->dim, p, v, s->v_row, pad_v, first, count);
        k->v = (Rows){k->v_room, k->dim};
    }
    Rows keys = part_rows(k->rows, p, part_k(p, k->in->k), s->k_row, pad_k, first, count);
    keys_pack(k->k, keys, count, k->dim);
}

static void attention_task(void *context, size_t task, void *scratch) {
    const Job *job = context;
    Part part = part_make(&job->windows, task / job->groups);
    size_t first = task % job->groups * job->group * QUERY_TILE;
    if (first >= part.queries) return;
    Desk k = desk_lay(job, &part, scratch);
    k.tiles = size_min(job->group, (part.queries - first + QUERY_TILE - 1) / QUERY_TILE);
    for (size_t i = 0; i < k.tiles; i++) {
        tile_load(&k, &k.tile[i], first + i * QUERY_TILE);
        tile_start(&k, &k.tile[i]);
    }
    size_t block = key_block(part.keys);
    for (size_t key = 0; key < part.keys; key += block) {
        size_t count = size_min(block, part.keys - key);
        keys_load(&k, key, count);
        for (size_t i = 0; i < k.tiles; i++) tile_attend(&k, &k.tile[i], key, count);
    }
    for (size_t i = 0; i < k.tiles; i++) tile_write(&k, &k.tile[i]);
}

/* ---- The whole ---------------------------------------------------------------------------- */

static void bias_task(void *context, size_t task, void *scratch) {
    (void)scratch;
    const Job *job = context;
    Part p = part_make(&job->windows, task / job->tiles);
    size_t cells = (size_t)p.windows->side * (size_t)p.windows->side;
    float *bias = (float *)(uintptr_t)job->bias + task * p.keys * QUERY_TILE;
    table_bias(bias, &p, task % job->tiles * QUERY_TILE, job->in->table_h + p.head * cells, 0,
               p.keys);
}

/* Every window of a head has the same table of positions: it is spread out once. */
static void bias_spread(const Worker *w, Job *job) {
    const AttentionShape *s = job->windows.s;
    Part p = part_make(&job->windows, 0);
    size_t floats = (size_t)s->heads * job->tiles * p.keys * QUERY_TILE;
    if (s->position != POSITION_TABLE || floats * sizeof(float) > WORKER_SHARED) return;
    job->bias = w->shared;
    worker_run(w, bias_task, job, (size_t)s->heads * job->tiles);
}

void ENTRY(attention)(const Worker *w, float *y, float *lse, const AttentionInputs *in,
                      const AttentionShape *shape) {
    Job job = {.in = in, .windows = windows_make(shape), .y = y, .lse = lse};
    size_t largest = part_make(&job.windows, 0).queries;
    job.tiles = (largest + QUERY_TILE - 1) / QUERY_TILE;
    size_t room = WORKER_SCRATCH / 2 / sizeof(float) / tile_size(&job.windows);
    assert(room > 0);
    job.groups = (job.tiles + size_min(TILE_GROUP, room) - 1) / size_min(TILE_GROUP, room);
    job.group = (job.tiles + job.groups - 1) / job.groups;
    Worker few = worker_for(w, shape);
    bias_spread(&few, &job);
    worker_run(&few, attention_task, &job, windows_parts(&job.windows) * job.groups);
}

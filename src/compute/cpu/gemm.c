#include "compute/cpu/gemm.h"

#include <assert.h>

#include "base/size.h"
#include "compute/cpu/tile.h"
#include "compute/cpu/vec_math.h"

enum {
    DEPTH = 384,                              /* of a block: panels of b stay in the first caches */
    BLOCK_ROWS = 112 / TILE_ROWS * TILE_ROWS, /* a block of a stays in the second */
    MOST_ROWS = 2 * BLOCK_ROWS,               /* of a block that packs b for itself */
    BLOCK_COLS = 1024,
    FEW_COLS = 256,            /* rows of a are read where they lie for up to so many */
    LIE_ROWS = 4 * BLOCK_ROWS, /* of a block that reads them so */
};

/* How a product is cut; depends on the problem alone. */
typedef struct Plan {
    const Gemm *g;
    size_t m_block, m_blocks, n_block, n_blocks, k_block, k_blocks;
    size_t k_chunk, k_chunks; /* more than one: each sums its share of k into `partial` */
    float *partial;           /* [chunk][batch][m][n] */
    bool reads_rows;          /* of a where they lie */
} Plan;

/* The part of y that one task makes, from numbers s_begin .. s_end - 1. */
typedef struct Block {
    size_t batch, row, rows, col, cols, s_begin, s_end;
} Block;

/* ---- Packing ------------------------------------------------------------------------------ */

enum { PACK_COLS = 256 }; /* of b, for a task */

typedef struct Packing {
    float *packed;
    const Matrix *b;
    size_t n, k, n_blocks, k_blocks;
} Packing;

size_t gemm_packed_size(size_t n, size_t k) {
    return (n + TILE_COLS - 1) / TILE_COLS * TILE_COLS * k;
}

static void pack_some(void *context, size_t task, void *scratch) {
    (void)scratch;
    const Packing *p = context;
    size_t s = task % p->k_blocks * DEPTH, block = task / p->k_blocks;
    size_t col = block % p->n_blocks * PACK_COLS, batch = block / p->n_blocks;
    Matrix b = *p->b;
    b.data += batch * b.batch;
    Panels panels = {p->packed + batch * gemm_packed_size(p->n, p->k) + col * p->k + s * TILE_COLS,
                     TILE_COLS, TILE_COLS * p->k, true};
    pack_panels(&panels, &b, col, size_min(PACK_COLS, p->n - col), s, size_min(DEPTH, p->k - s));
}

void gemm_pack(const Worker *w, float *packed, const Matrix *b, size_t batch, size_t n, size_t k) {
    Packing p = {packed, b, n, k, (n + PACK_COLS - 1) / PACK_COLS, (k + DEPTH - 1) / DEPTH};
    worker_run(w, pack_some, &p, batch * p.n_blocks * p.k_blocks);
}

/* ---- What follows the product ------------------------------------------------------------- */

static bool more_follows(const Gemm *g, const float *residual) {
    return g->bias || residual || g->activation != ACTIVATION_NONE;
}

/* y = activation(y + bias) + residual on a tile. */
static __attribute__((noinline)) void tile_finish(const Gemm *g, float *y, const float *bias,
                                                  const float *residual, size_t residual_row,
                                                  size_t rows, size_t cols) {
    for (size_t c = 0; c < cols; c += LANES) {
        size_t left = cols - c;
        Vec add = bias ? vec_get(bias + c, left) : vec_zero();
        for (size_t r = 0; r < rows; r++) {
            Vec x = vec_activate(vec_get(y + r * g->y_row + c, left) + add, g->activation);
            if (residual) x += vec_get(residual + r * residual_row + c, left);
            vec_put(y + r * g->y_row + c, x, left);
        }
    }
}

/* A tile that sticks out of y goes through a buffer. */
static __attribute__((noinline)) void tile_move(float *y, size_t y_row, const float *tile,
                                                size_t rows, size_t cols, bool add) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < cols; c += LANES) {
            size_t left = cols - c;
            Vec x = vec_get(tile + r * TILE_COLS + c, left);
            if (add) x += vec_get(y + r * y_row + c, left);
            vec_put(y + r * y_row + c, x, left);
        }
    }
}

/* ---- One task ----------------------------------------------------------------------------- */

typedef struct Source {
    float *a, *b; /* packed blocks, in scratch */
    float *y;     /* of the block */
    size_t y_row;
    const float *residual; /* of the block, or NULL */
    size_t residual_row;
} Source;

static void pack_a(float *to, const Gemm *g, const Block *k, size_t s, size_t depth) {
    Matrix a = g->a;
    a.data += k->batch * a.batch;
    Panels panels = {to, TILE_ROWS, TILE_ROWS * depth, false};
    pack_panels(&panels, &a, k->row, k->rows, s, depth);
}

static void pack_b(float *to, const Gemm *g, const Block *k, size_t s, size_t depth) {
    Matrix b = g->b;
    b.data += k->batch * b.batch;
    Panels panels = {to, TILE_COLS, TILE_COLS * depth, true};
    pack_panels(&panels, &b, k->col, k->cols, s, depth);
}

/* One tile of y at row r and column c of the block. */
typedef struct Tile {
    size_t r, rows, c, cols;
    const float *a, *b;
    size_t a_step, depth;
    Ahead ahead; /* where rows of a are read as they lie */
    bool add, last;
} Tile;

static void tile_sum(float *y, size_t y_row, const Tile *t, bool add) {
    bool wide = t->cols > LANES;
    if (t->ahead.at)
        tile_rows[wide][t->rows - 1](y, y_row, t->a, t->a_step, t->b, TILE_COLS, t->depth, add,
                                     t->ahead);
    else
        tile_packed[wide][t->rows - 1](y, y_row, t->a, t->a_step, t->b, TILE_COLS, t->depth, add);
}

/* And what follows the product. */
static void tile_make(const Gemm *g, const Block *k, const Source *src, const Tile *t) {
    float *y = src->y + t->r * src->y_row + t->c;
    if (t->cols % LANES == 0) {
        tile_sum(y, src->y_row, t, t->add);
    } else {
        float tile[TILE_ROWS * TILE_COLS];
        tile_sum(tile, TILE_COLS, t, false);
        tile_move(y, src->y_row, tile, t->rows, t->cols, t->add);
    }
    if (!t->last || !more_follows(g, src->residual)) return;
    tile_finish(g, y, g->bias ? g->bias + k->col + t->c : NULL,
                src->residual ? src->residual + t->r * src->residual_row + t->c : NULL,
                src->residual_row, t->rows, t->cols);
}

static void block_packed(const Plan *p, const Block *k, const Source *src, bool add) {
    const Gemm *g = p->g;
    size_t b_batch = k->batch * gemm_packed_size(g->n, g->k);
    for (size_t s = k->s_begin; s < k->s_end; s += p->k_block) {
        Tile t = {.depth = size_min(p->k_block, k->s_end - s), .add = add || s > k->s_begin};
        t.last = s + t.depth == g->k;
        pack_a(src->a, g, k, s, t.depth);
        if (!g->packed) pack_b(src->b, g, k, s, t.depth);
        for (; t.c < k->cols; t.c += TILE_COLS) {
            t.cols = size_min(TILE_COLS, k->cols - t.c);
            t.b = g->packed ? g->packed + b_batch + (k->col + t.c) * g->k + s * TILE_COLS
                            : src->b + t.c * t.depth;
            for (t.r = 0; t.r < k->rows; t.r += TILE_ROWS) {
                t.rows = t.a_step = size_min(TILE_ROWS, k->rows - t.r);
                t.a = src->a + t.r * t.depth;
                tile_make(g, k, src, &t);
            }
        }
    }
}

/* Rows of a are read where they lie, the next ones on their way: packing pays where many columns
 * are made from each. */
static void block_rows(const Plan *p, const Block *k, const Source *src, bool add) {
    const Gemm *g = p->g;
    size_t item = g->a.item, parts = (k->cols + TILE_COLS - 1) / TILE_COLS;
    const float *a = g->a.data + k->batch * g->a.batch + k->row * item, *b = src->b;
    if (g->packed)
        b = g->packed + k->batch * gemm_packed_size(g->n, g->k) + k->col * g->k;
    else
        pack_b(src->b, g, k, 0, g->k);
    Tile t = {.a_step = item, .depth = g->k, .add = add, .last = true};
    for (; t.r < k->rows; t.r += t.rows) {
        t.rows = size_min(TILE_ROWS, k->rows - t.r);
        t.a = a + t.r * item;
        size_t next = size_min(TILE_ROWS, k->rows - t.r - t.rows);
        t.ahead.step = next * sizeof *a / parts;
        t.ahead.at = (const char *)(next ? t.a + t.rows * item : t.a);
        for (t.c = 0; t.c < k->cols; t.c += TILE_COLS) {
            t.cols = size_min(TILE_COLS, k->cols - t.c);
            t.b = b + t.c * g->k;
            tile_make(g, k, src, &t);
            t.ahead.at += g->k * t.ahead.step;
        }
    }
}

static void block_run(const Plan *p, const Block *k, const Source *src, bool add) {
    (p->reads_rows ? block_rows : block_packed)(p, k, src, add);
}

static Block block_of(const Plan *p, size_t task) {
    const Gemm *g = p->g;
    Block k = {0};
    size_t n_block = task % p->n_blocks;
    task /= p->n_blocks;
    size_t m_block = task % p->m_blocks;
    task /= p->m_blocks;
    k.batch = task % g->batch;
    size_t chunk = task / g->batch;
    k.col = n_block * p->n_block, k.cols = size_min(p->n_block, g->n - k.col);
    k.row = m_block * p->m_block, k.rows = size_min(p->m_block, g->m - k.row);
    k.s_begin = chunk * p->k_chunk, k.s_end = size_min(k.s_begin + p->k_chunk, g->k);
    return k;
}

/* What the activation must not see yet is set aside where y is its own residual. */
static void keep_residual(Source *src, float *to, const Block *k) {
    for (size_t r = 0; r < k->rows; r++) {
        memcpy(to + r * k->cols, src->y + r * src->y_row, k->cols * sizeof *to);
    }
    src->residual = to;
    src->residual_row = k->cols;
}

static void gemm_task(void *context, size_t task, void *scratch) {
    const Plan *p = context;
    const Gemm *g = p->g;
    Block k = block_of(p, task);
    float *a = scratch, *b = a + MOST_ROWS * DEPTH, *kept = b + BLOCK_COLS * DEPTH;
    static_assert((MOST_ROWS * DEPTH + BLOCK_COLS * DEPTH + MOST_ROWS * BLOCK_COLS) * 4 <=
                      WORKER_SCRATCH,
                  "a task fits its scratch");
    static_assert(LIE_ROWS * FEW_COLS <= MOST_ROWS * BLOCK_COLS, "so does what is set aside");

    size_t at = k.batch * g->y_batch + k.row * g->y_row + k.col;
    Source src = {a, b, g->y + at, g->y_row, NULL, g->y_row};
    if (p->k_chunks > 1) {
        size_t chunk = k.s_begin / p->k_chunk;
        src.y = p->partial + ((chunk * g->batch + k.batch) * g->m + k.row) * g->n + k.col;
        src.y_row = g->n;
        block_run(p, &k, &src, false);
        return;
    }
    bool in_place = g->residual == g->y;
    if (in_place && g->activation != ACTIVATION_NONE)
        keep_residual(&src, kept, &k);
    else if (g->residual && !in_place)
        src.residual = g->residual + at;
    block_run(p, &k, &src, g->add || (in_place && g->activation == ACTIVATION_NONE));
}

/* ---- The whole product -------------------------------------------------------------------- */

/* Blocks of equal size, in whole tiles. */
static size_t even_block(size_t n, size_t blocks, size_t unit) {
    size_t units = (n + unit - 1) / unit;
    return (units + blocks - 1) / blocks * unit;
}

static size_t blocks_of(size_t n, size_t block) { return (n + block - 1) / block; }

/* Enough tasks for many threads, but none too small to be worth waking one. */
static size_t wanted_tasks(const Gemm *g) {
    double work = 2.0 * (double)g->batch * (double)g->m * (double)g->n * (double)g->k;
    return work < 32e6 ? (size_t)(work / 1e6) + 1 : 32;
}

/* Short rows that lie end to end: those of a tile then fall into many sets of the first cache. */
static bool can_read_rows(const Gemm *g) {
    return g->a.step == 1 && g->a.item == g->k && g->k <= DEPTH && g->n <= FEW_COLS;
}

static size_t row_blocks(const Gemm *g, size_t wanted, bool reads_rows) {
    size_t blocks = blocks_of(g->m, BLOCK_ROWS);
    if (reads_rows) return size_max(size_min(blocks, wanted), blocks_of(g->m, LIE_ROWS));
    return !g->packed && g->m <= MOST_ROWS ? 1 : blocks;
}

static Plan plan_make(const Gemm *g) {
    Plan p = {.g = g, .reads_rows = can_read_rows(g)};
    size_t wanted = wanted_tasks(g);
    p.m_block = even_block(g->m, row_blocks(g, wanted, p.reads_rows), TILE_ROWS);
    p.m_blocks = blocks_of(g->m, p.m_block);

    size_t narrow = p.m_blocks > 4 ? 384 : 128; /* narrower ones pack a too often */
    size_t blocks = size_min(blocks_of(g->n, narrow), blocks_of(wanted, g->batch * p.m_blocks));
    blocks = size_max(blocks, blocks_of(g->n, BLOCK_COLS));
    p.n_block = even_block(g->n, blocks, TILE_COLS);
    p.n_blocks = blocks_of(g->n, p.n_block);

    p.k_block = blocks_of(g->k, blocks_of(g->k, DEPTH));
    p.k_blocks = blocks_of(g->k, p.k_block);
    p.k_chunk = g->k, p.k_chunks = 1;
    return p;
}

/* Long sums over few outputs, as weight gradients are: k is cut, too. */
static void plan_cut_depth(Plan *p, const Worker *w) {
    const Gemm *g = p->g;
    size_t tasks = g->batch * p->m_blocks * p->n_blocks, wanted = size_min(wanted_tasks(g), 16);
    if (more_follows(g, g->residual) || g->packed || tasks >= wanted || p->k_blocks < 4) return;
    size_t chunks = size_min(blocks_of(wanted, tasks), p->k_blocks / 2);
    size_t bytes = chunks * g->batch * g->m * g->n * sizeof(float);
    if (chunks < 2 || bytes > WORKER_SHARED) return;
    p->k_chunk = blocks_of(p->k_blocks, chunks) * p->k_block;
    p->k_chunks = blocks_of(g->k, p->k_chunk);
    p->partial = w->shared;
}

static void add_partials(void *context, size_t task, void *scratch) {
    (void)scratch;
    const Plan *p = context;
    const Gemm *g = p->g;
    size_t size = g->batch * g->m * g->n, batch = task / g->m, row = task % g->m;
    float *y = g->y + batch * g->y_batch + row * g->y_row;
    const float *partial = p->partial + task * g->n;
    for (size_t c = 0; c < g->n; c += LANES) {
        size_t left = g->n - c;
        Vec sum = vec_get(partial + c, left);
        for (size_t i = 1; i < p->k_chunks; i++) sum += vec_get(partial + i * size + c, left);
        if (g->add) sum += vec_get(y + c, left);
        vec_put(y + c, sum, left);
    }
}

void gemm(const Worker *w, const Gemm *given) {
    if (given->batch == 0 || given->m == 0 || given->n == 0) return;
    Gemm g = *given;
    Plan p = plan_make(&g);
    plan_cut_depth(&p, w);
    size_t packed = g.batch * gemm_packed_size(g.n, g.k);
    if (!g.packed && p.m_blocks > 1 && p.k_chunks == 1 && packed * sizeof(float) <= WORKER_SHARED) {
        gemm_pack(w, w->shared, &g.b, g.batch, g.n, g.k);
        g.packed = w->shared;
    }
    worker_run(w, gemm_task, &p, p.k_chunks * g.batch * p.m_blocks * p.n_blocks);
    if (p.k_chunks > 1) worker_run(w, add_partials, &p, g.batch * g.m);
}

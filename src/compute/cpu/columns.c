#include "compute/cpu/columns.h"

#include "base/size.h"
#include "compute/cpu/range.h"
#include "compute/cpu/vec.h"

/* ---- Pieces of rows ----------------------------------------------------------------------- */

enum { PIECE_ROWS = 128, PIECES = 64, BAND = 256 }; /* columns of a band are summed at a time */

typedef struct Job {
    const Columns *c;
    size_t piece, pieces; /* rows of a piece; pieces of a batch element */
    size_t bands, band;   /* wide and low matrices are cut into bands of columns instead */
    float *partial;       /* [batch][piece][cols] */
} Job;

static void sum_band(float *to, const Columns *c, const float *a, const float *b, size_t rows,
                     size_t cols) {
    memset(to, 0, cols * sizeof *to);
    for (size_t r = 0; r < rows; r++, a += c->cols) {
        for (size_t i = 0; i < cols; i += LANES) {
            size_t left = cols - i;
            Vec x = vec_get(a + i, left);
            if (b) x *= vec_get(b + i, left);
            vec_put(to + i, vec_get(to + i, left) + x, left);
        }
        if (b) b += c->cols;
    }
}

/* A sum that was not cut needs no partial ones. */
static void put_band(const Columns *c, float *out, const float *sum, size_t cols) {
    for (size_t i = 0; i < cols; i++) {
        out[i] = (float)((c->add ? (double)out[i] : 0.0) + c->scale * (double)sum[i]);
    }
}

static void sum_piece(void *context, size_t task, void *scratch) {
    const Job *j = context;
    const Columns *c = j->c;
    size_t col = task % j->bands * j->band, piece = task / j->bands;
    size_t batch = piece / j->pieces, row = piece % j->pieces * j->piece;
    size_t rows = size_min(j->piece, c->rows - row), end = size_min(col + j->band, c->cols);
    size_t at = (batch * c->rows + row) * c->cols;
    for (; col < end; col += BAND) {
        float *to = j->pieces == 1 ? scratch : j->partial + piece * c->cols + col;
        size_t cols = size_min(BAND, end - col);
        sum_band(to, c, c->a + at + col, c->b ? c->b + at + col : NULL, rows, cols);
        if (j->pieces == 1) put_band(c, c->out + batch * c->cols + col, to, cols);
    }
}

/* ---- Sums of pieces ----------------------------------------------------------------------- */

typedef struct Pieces {
    float *out;
    double scale;
    const float *partial;
    size_t pieces, row;
    bool add;
} Pieces;

enum { COLUMNS = 64 }; /* at a time */

static void pieces_add(void *context, size_t begin, size_t end) {
    const Pieces *p = context;
    double sum[COLUMNS];
    for (; begin < end; begin += COLUMNS) {
        size_t n = size_min(COLUMNS, end - begin);
        for (size_t i = 0; i < n; i++) sum[i] = 0.0;
        for (size_t k = 0; k < p->pieces; k++) {
            const float *from = p->partial + k * p->row + begin;
            for (size_t i = 0; i < n; i++) sum[i] += (double)from[i];
        }
        float *out = p->out + begin;
        for (size_t i = 0; i < n; i++) {
            out[i] = (float)((p->add ? (double)out[i] : 0.0) + p->scale * sum[i]);
        }
    }
}

static void pieces_run(const Worker *w, Pieces *p, size_t cols) {
    range_run(w, pieces_add, p, cols, size_max(COLUMNS, range_grain(p->pieces)));
}

void columns_add_pieces(const Worker *w, float *out, double scale, const float *partial,
                        size_t pieces, size_t cols, size_t row) {
    pieces_run(w, &(Pieces){out, scale, partial, pieces, row, true}, cols);
}

/* ---- The whole ---------------------------------------------------------------------------- */

void columns_sum(const Worker *w, const Columns *c) {
    Job j = {.c = c, .partial = w->shared};
    j.piece = size_max(PIECE_ROWS, (c->rows + PIECES - 1) / PIECES);
    j.pieces = (c->rows + j.piece - 1) / j.piece;
    j.band = size_max(BAND, 65536 / size_min(j.piece, c->rows + 1) / BAND * BAND);
    j.bands = (c->cols + j.band - 1) / j.band;
    worker_run(w, sum_piece, &j, c->batch * j.pieces * j.bands);
    for (size_t b = 0; j.pieces != 1 && b < c->batch; b++) {
        Pieces p = {c->out + b * c->cols,
                    c->scale,
                    j.partial + b * j.pieces * c->cols,
                    j.pieces,
                    c->cols,
                    c->add};
        pieces_run(w, &p, c->cols);
    }
}

/* Softmax attention by its definition: every key of a window, the padded ones included, one by one.
 *
 *     s = scale q.k + position;  p = softmax(s);  y = sum p v
 *
 * and back, with D = sum over keys of p (dy.v) = dy.y:  ds = p (dy.v - D), from which dq, dk and
 * the positions' gradients follow.  Sums are kept in double. */
#include <math.h>
#include <string.h>

#include "compute/reference/reference.h"

typedef struct Window {
    int side, rows, cols; /* tokens of a window; windows in a column and in a row of the grid */
    int keys;             /* of each window, pads included */
} Window;

typedef struct Attention {
    const AttentionShape *shape;
    const AttentionInputs *in;
    float *y, *lse;
    const AttentionGradients *d;
    const float *dy, *seen_y, *seen_lse;
    Window window;
} Attention;

static Window window_of(const AttentionShape *s) {
    if (s->window == 0) return (Window){s->grid[0], 1, 1, s->keys};
    int side = s->window;
    return (Window){side, (s->grid[0] + side - 1) / side, (s->grid[1] + side - 1) / side,
                    side * side};
}

/* One (query, key) pair: where the key lies, and how their positions relate. */
typedef struct Pair {
    const float *q, *k, *v;
    float *dq, *dk, *dv;
    const float *h, *w;
    float *dh, *dw;
} Pair;

static float *shifted(float *base, ptrdiff_t by) { return base ? base + by : NULL; }

static void pair_positions(Pair *p, const Attention *a, int head, int qy, int qx, int ky, int kx) {
    const AttentionShape *s = a->shape;
    int side = a->window.side, hd = s->head_dim;
    if (s->position == POSITION_DECOMPOSED) {
        ptrdiff_t h = (ptrdiff_t)(qy - ky + side - 1) * hd,
                  w = (ptrdiff_t)(qx - kx + side - 1) * hd;
        p->h = a->in->table_h + h;
        p->w = a->in->table_w + w;
        if (a->d) p->dh = shifted(a->d->table_h, h), p->dw = shifted(a->d->table_w, w);
    } else if (s->position == POSITION_TABLE) {
        int dy = qy > ky ? qy - ky : ky - qy, dx = qx > kx ? qx - kx : kx - qx;
        ptrdiff_t at = (ptrdiff_t)head * side * side + dy * side + dx;
        p->h = a->in->table_h + at;
        if (a->d) p->dh = shifted(a->d->table_h, at);
    }
}

/* `query` counts the tokens of batch element `b`; `key` those of its window. */
static Pair pair_at(const Attention *a, int b, int head, int query, int key) {
    const AttentionShape *s = a->shape;
    const AttentionInputs *in = a->in;
    size_t at =
        ((size_t)b * (size_t)s->queries + (size_t)query) * s->q_row + (size_t)head * s->q_head;
    Pair p = {.q = in->q + at};
    if (a->d) p.dq = shifted(a->d->q.at, (ptrdiff_t)at);

    int token = key;
    bool pad = false;
    if (s->window || s->position != POSITION_NONE) {
        int side = a->window.side, y = query / s->grid[1], x = query % s->grid[1];
        int y0 = s->window ? y / side * side : 0, x0 = s->window ? x / side * side : 0;
        int width = s->window ? side : s->grid[1];
        int ky = key / width, kx = key % width;
        pair_positions(&p, a, head, y - y0, x - x0, ky, kx);
        pad = y0 + ky >= s->grid[0] || x0 + kx >= s->grid[1];
        token = (y0 + ky) * s->grid[1] + x0 + kx;
    }
    size_t row = (size_t)b * (size_t)s->keys + (size_t)token;
    size_t k = (size_t)head * s->k_head + (pad ? 0 : row * s->k_row);
    size_t v = (size_t)head * s->v_head + (pad ? 0 : row * s->v_row);
    p.k = (pad ? in->pad_k : in->k) + k;
    p.v = (pad ? in->pad_v : in->v) + v;
    if (a->d) {
        p.dk = shifted(pad ? a->d->pad_k : a->d->k.at, (ptrdiff_t)k);
        p.dv = shifted(pad ? a->d->pad_v : a->d->v.at, (ptrdiff_t)v);
    }
    return p;
}

static double dot(const float *a, const float *b, int n) {
    double sum = 0.0;
    for (int i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

static double score(const AttentionShape *s, const Pair *p) {
    double value = (double)s->scale * dot(p->q, p->k, s->head_dim);
    if (s->position == POSITION_DECOMPOSED)
        value += dot(p->q, p->h, s->head_dim) + dot(p->q, p->w, s->head_dim);
    if (s->position == POSITION_TABLE) value += (double)*p->h;
    return value;
}

/* ---- Forward ---------------------------------------------------------------------------- */

enum { MOST_HEAD_DIM = 1024 };

static void attend_head(const Attention *a, int b, int query, int head) {
    const AttentionShape *s = a->shape;
    double most = -(double)INFINITY, total = 0.0, sum[MOST_HEAD_DIM] = {0};
    for (int key = 0; key < a->window.keys; key++) {
        Pair p = pair_at(a, b, head, query, key);
        most = fmax(most, score(s, &p));
    }
    for (int key = 0; key < a->window.keys; key++) {
        Pair p = pair_at(a, b, head, query, key);
        double weight = exp(score(s, &p) - most);
        total += weight;
        for (int i = 0; i < s->head_dim; i++) sum[i] += weight * (double)p.v[i];
    }
    size_t token = (size_t)b * (size_t)s->queries + (size_t)query;
    float *y = a->y + (token * (size_t)s->heads + (size_t)head) * (size_t)s->head_dim;
    for (int i = 0; i < s->head_dim; i++) y[i] = (float)(sum[i] / total);
    size_t row = ((size_t)b * (size_t)s->heads + (size_t)head) * (size_t)s->queries + (size_t)query;
    if (a->lse) a->lse[row] = (float)(most + log(total));
}

static void attend_query(void *context, size_t task, void *scratch) {
    (void)scratch;
    const Attention *a = context;
    int b = (int)(task / (size_t)a->shape->queries),
        query = (int)(task % (size_t)a->shape->queries);
    for (int head = 0; head < a->shape->heads; head++) attend_head(a, b, query, head);
}

void reference_attention(const Worker *w, float *y, float *lse, const AttentionInputs *in,
                         const AttentionShape *shape) {
    Attention a = {.shape = shape, .in = in, .y = y, .lse = lse, .window = window_of(shape)};
    worker_run(w, attend_query, &a, (size_t)shape->batch * (size_t)shape->queries);
}

/* ---- Backward --------------------------------------------------------------------------- */

static void add_scaled(float *into, double by, const float *from, int n) {
    if (!into) return;
    for (int i = 0; i < n; i++) into[i] += (float)(by * (double)from[i]);
}

static void pair_backward(const AttentionShape *s, const Pair *p, double ds) {
    int hd = s->head_dim;
    add_scaled(p->dq, ds * (double)s->scale, p->k, hd);
    add_scaled(p->dk, ds * (double)s->scale, p->q, hd);
    if (s->position == POSITION_DECOMPOSED) {
        add_scaled(p->dq, ds, p->h, hd);
        add_scaled(p->dq, ds, p->w, hd);
        add_scaled(p->dh, ds, p->q, hd);
        add_scaled(p->dw, ds, p->q, hd);
    }
    if (s->position == POSITION_TABLE && p->dh) *p->dh += (float)ds;
}

static void back_head(const Attention *a, int b, int query, int head) {
    const AttentionShape *s = a->shape;
    size_t token = (size_t)b * (size_t)s->queries + (size_t)query;
    size_t at = (token * (size_t)s->heads + (size_t)head) * (size_t)s->head_dim;
    size_t row = ((size_t)b * (size_t)s->heads + (size_t)head) * (size_t)s->queries + (size_t)query;
    const float *dy = a->dy + at;
    double whole = dot(dy, a->seen_y + at, s->head_dim);
    for (int key = 0; key < a->window.keys; key++) {
        Pair p = pair_at(a, b, head, query, key);
        double weight = exp(score(s, &p) - (double)a->seen_lse[row]);
        add_scaled(p.dv, weight, dy, s->head_dim);
        pair_backward(s, &p, weight * (dot(dy, p.v, s->head_dim) - whole));
    }
}

/* Zero where there is nothing yet: `row` floats from token to token, `head` from head to head. */
static void begin(Into sum, const AttentionShape *s, int tokens, size_t row, size_t head) {
    if (!sum.at || !sum.fresh) return;
    size_t all = (size_t)s->batch * (size_t)tokens;
    for (size_t t = 0; t < all; t++) {
        for (size_t h = 0; h < (size_t)s->heads; h++) {
            memset(sum.at + t * row + h * head, 0, (size_t)s->head_dim * sizeof *sum.at);
        }
    }
}

/* On one thread: all queries add into the same tables, pads, keys and values. */
void reference_attention_backward(const Worker *w, const AttentionGradients *d, const float *dy,
                                  const float *y, const float *lse, const AttentionInputs *in,
                                  const AttentionShape *shape) {
    (void)w;
    Attention a = {.shape = shape,
                   .in = in,
                   .d = d,
                   .dy = dy,
                   .seen_y = y,
                   .seen_lse = lse,
                   .window = window_of(shape)};
    begin(d->q, shape, shape->queries, shape->q_row, shape->q_head);
    begin(d->k, shape, shape->keys, shape->k_row, shape->k_head);
    begin(d->v, shape, shape->keys, shape->v_row, shape->v_head);
    for (int b = 0; b < shape->batch; b++) {
        for (int query = 0; query < shape->queries; query++) {
            for (int head = 0; head < shape->heads; head++) back_head(&a, b, query, head);
        }
    }
}

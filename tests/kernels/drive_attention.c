/* Attention: batch, heads, head_dim, queries, keys, position, height, width, window, fused, fresh
 * (back). */
#include <math.h>

#include "tests/kernels/kernel_drivers.h"

enum { BATCH, HEADS, HEAD_DIM, QUERIES, KEYS, POSITION, HEIGHT, WIDTH, WINDOW, FUSED, FRESH };

/* Fused: q, k and v lie side by side in the rows of one array, [q | k | v] with heads within. */
static AttentionShape shape_of(const int *n) {
    size_t dim = (size_t)(n[HEADS] * n[HEAD_DIM]), row = n[FUSED] ? 3 * dim : dim;
    return (AttentionShape){.batch = n[BATCH],
                            .heads = n[HEADS],
                            .head_dim = n[HEAD_DIM],
                            .queries = n[QUERIES],
                            .keys = n[KEYS],
                            .scale = 1.0f / sqrtf((float)n[HEAD_DIM]),
                            .q_row = row,
                            .k_row = row,
                            .v_row = row,
                            .q_head = (size_t)n[HEAD_DIM],
                            .k_head = (size_t)n[HEAD_DIM],
                            .v_head = (size_t)n[HEAD_DIM],
                            .position = (Position)n[POSITION],
                            .grid = {n[HEIGHT], n[WIDTH]},
                            .window = n[WINDOW]};
}

static int side_of(const int *n) { return n[WINDOW] ? n[WINDOW] : n[HEIGHT]; }

static size_t table_size(const int *n, int which) {
    size_t side = (size_t)side_of(n);
    if (n[POSITION] == POSITION_DECOMPOSED) return (2 * side - 1) * (size_t)n[HEAD_DIM];
    return n[POSITION] == POSITION_TABLE && which == 0 ? (size_t)n[HEADS] * side * side : 1;
}

/* q, k, v; the tables; the pads. */
static void input_buffers(Buffers *b, const int *n, BufferRole role) {
    size_t dim = (size_t)(n[HEADS] * n[HEAD_DIM]), batch = (size_t)n[BATCH];
    size_t queries = batch * (size_t)n[QUERIES] * dim, keys = batch * (size_t)n[KEYS] * dim;
    buffer_add_range(b, role, n[FUSED] ? 3 * queries : queries, -2.0, 2.0);
    buffer_add_range(b, role, n[FUSED] ? 1 : keys, -2.0, 2.0);
    buffer_add(b, role, n[FUSED] ? 1 : keys);
    buffer_add_range(b, role, table_size(n, 0), -0.5, 0.5);
    buffer_add_range(b, role, table_size(n, 1), -0.5, 0.5);
    buffer_add_range(b, role, dim, -2.0, 2.0);
    buffer_add(b, role, dim);
}

enum { INPUTS = 7 };

static AttentionInputs inputs_of(float *const *p, const int *n) {
    size_t dim = (size_t)(n[HEADS] * n[HEAD_DIM]);
    AttentionInputs in = {.q = p[0], .k = p[1], .v = p[2], .pad_k = p[5], .pad_v = p[6]};
    if (n[FUSED]) in.k = p[0] + dim, in.v = p[0] + 2 * dim;
    if (n[POSITION] != POSITION_NONE) in.table_h = p[3];
    if (n[POSITION] == POSITION_DECOMPOSED) in.table_w = p[4];
    return in;
}

static AttentionGradients gradients_of(float *const *p, const int *n) {
    size_t dim = (size_t)(n[HEADS] * n[HEAD_DIM]);
    AttentionGradients d = {.q = into(p[0], n[FRESH]), .pad_k = p[5], .pad_v = p[6]};
    d.k = n[FUSED] ? into_at(d.q, dim) : into(p[1], n[FRESH]);
    d.v = n[FUSED] ? into_at(d.q, 2 * dim) : into(p[2], n[FRESH]);
    if (n[POSITION] != POSITION_NONE) d.table_h = p[3];
    if (n[POSITION] == POSITION_DECOMPOSED) d.table_w = p[4];
    return d;
}

static size_t result_size(const int *n) {
    return (size_t)n[BATCH] * (size_t)n[QUERIES] * (size_t)(n[HEADS] * n[HEAD_DIM]);
}

static size_t lse_size(const int *n) {
    return (size_t)n[BATCH] * (size_t)n[HEADS] * (size_t)n[QUERIES];
}

/* Keys that are really there: what windows do not see, and padding, is not counted. */
static double pairs(const int *n) {
    if (!n[WINDOW]) return (double)lse_size(n) * (double)n[KEYS];
    double sum = 0.0;
    for (int y = 0; y < n[HEIGHT]; y += n[WINDOW]) {
        for (int x = 0; x < n[WIDTH]; x += n[WINDOW]) {
            double rows = fmin(n[WINDOW], n[HEIGHT] - y), cols = fmin(n[WINDOW], n[WIDTH] - x);
            sum += rows * cols * rows * cols;
        }
    }
    return sum * (double)n[BATCH] * (double)n[HEADS];
}

/* ---- Forward ------------------------------------------------------------------------------ */

static void attention_buffers(Buffers *b, const int *n) {
    input_buffers(b, n, BUFFER_IN);
    buffer_add(b, BUFFER_OUT, result_size(n));
    buffer_add(b, BUFFER_OUT, lse_size(n));
}

static void attention_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    AttentionShape shape = shape_of(n);
    AttentionInputs in = inputs_of(p, n);
    k->attention(w, p[INPUTS], p[INPUTS + 1], &in, &shape);
}

static double attention_work(const int *n) { return 4.0 * pairs(n) * (double)n[HEAD_DIM]; }

const KernelDriver driver_attention = {"attention",    attention_buffers, NULL,
                                       attention_call, attention_work,    2e-6};

/* ---- Backward ----------------------------------------------------------------------------- */

enum { Q_IN, K_IN, V_IN, TABLES_IN, DY, Y, LSE, BACK_BUFFERS };

/* Tables and pads of the forward pass lie in one array. */
static void rest_of(float *rest[INPUTS], float *const *p, const int *n) {
    size_t dim = (size_t)(n[HEADS] * n[HEAD_DIM]);
    rest[0] = p[Q_IN], rest[1] = p[K_IN], rest[2] = p[V_IN];
    rest[3] = p[TABLES_IN];
    rest[4] = rest[3] + table_size(n, 0);
    rest[5] = rest[4] + table_size(n, 1);
    rest[6] = rest[5] + dim;
}

static void attention_backward_buffers(Buffers *b, const int *n) {
    Buffers in = {0}, d = {0};
    input_buffers(&in, n, BUFFER_IN);
    input_buffers(&d, n, BUFFER_GRADIENT);
    for (int i = 0; i < 3; i++) b->buffer[b->count++] = in.buffer[i];
    size_t rest = 0;
    for (int i = 3; i < INPUTS; i++) rest += in.buffer[i].floats;
    buffer_add_range(b, BUFFER_IN, rest, -0.5, 0.5);
    buffer_add(b, BUFFER_IN, result_size(n));
    buffer_add(b, BUFFER_KEPT, result_size(n));
    buffer_add(b, BUFFER_KEPT, lse_size(n));
    for (int i = 0; i < INPUTS; i++) b->buffer[b->count++] = d.buffer[i];
}

static void attention_backward_prepare(const Kernels *k, const Worker *w, float *const *p,
                                       const int *n) {
    float *rest[INPUTS];
    rest_of(rest, p, n);
    AttentionShape shape = shape_of(n);
    AttentionInputs in = inputs_of(rest, n);
    k->attention(w, p[Y], p[LSE], &in, &shape);
}

static void attention_backward_call(const Kernels *k, const Worker *w, float *const *p,
                                    const int *n) {
    float *rest[INPUTS];
    rest_of(rest, p, n);
    AttentionShape shape = shape_of(n);
    AttentionInputs in = inputs_of(rest, n);
    AttentionGradients d = gradients_of(p + BACK_BUFFERS, n);
    k->attention_backward(w, &d, p[DY], p[Y], p[LSE], &in, &shape);
}

/* Five products: scores again, dp, dv, dk, dq. */
static double attention_backward_work(const int *n) { return 2.5 * attention_work(n); }

const KernelDriver driver_attention_backward = {
    "attention_backward",    attention_backward_buffers, attention_backward_prepare,
    attention_backward_call, attention_backward_work,    1e-5};

/* Products of matrices. */
#include "compute/reference/reference.h"

/* ---- Forward: y[r,o] = f(b[o] + sum_i x[r,i] w[o,i]) + residual[r,o] --------------------- */

typedef struct Linear {
    float *y;
    const float *x, *values, *bias, *residual;
    int out, in;
    Activation activation;
} Linear;

static void linear_row(void *context, size_t r, void *scratch) {
    (void)scratch;
    const Linear *l = context;
    const float *x = l->x + r * (size_t)l->in;
    for (int o = 0; o < l->out; o++) {
        const float *w = l->values + (size_t)o * (size_t)l->in;
        double sum = l->bias ? (double)l->bias[o] : 0.0;
        for (int i = 0; i < l->in; i++) sum += (double)x[i] * (double)w[i];
        size_t at = r * (size_t)l->out + (size_t)o;
        float residual = l->residual ? l->residual[at] : 0.0f;
        l->y[at] = reference_activate((float)sum, l->activation) + residual;
    }
}

void reference_linear(const Worker *w, float *y, const float *x, const Weight *weight,
                      const float *bias, const float *residual, Activation activation,
                      size_t rows) {
    Linear l = {y, x, weight->values, bias, residual, weight->out, weight->in, activation};
    worker_run(w, linear_row, &l, rows);
}

/* ---- Backward --------------------------------------------------------------------------- */

typedef struct LinearBackward {
    float *dx, *dw, *db;
    const float *dy, *x, *values;
    size_t rows, out, in;
} LinearBackward;

static void input_row(void *context, size_t r, void *scratch) {
    (void)scratch;
    const LinearBackward *l = context;
    for (size_t i = 0; i < l->in; i++) {
        double sum = 0.0;
        for (size_t o = 0; o < l->out; o++)
            sum += (double)l->dy[r * l->out + o] * (double)l->values[o * l->in + i];
        l->dx[r * l->in + i] += (float)sum;
    }
}

static void weight_row(void *context, size_t o, void *scratch) {
    (void)scratch;
    const LinearBackward *l = context;
    for (size_t i = 0; l->dw && i < l->in; i++) {
        double sum = 0.0;
        for (size_t r = 0; r < l->rows; r++)
            sum += (double)l->dy[r * l->out + o] * (double)l->x[r * l->in + i];
        l->dw[o * l->in + i] += (float)sum;
    }
    double sum = 0.0;
    for (size_t r = 0; r < l->rows; r++) sum += (double)l->dy[r * l->out + o];
    if (l->db) l->db[o] += (float)sum;
}

void reference_linear_backward(const Worker *w, Into dx, float *dw, float *db, const float *dy,
                               const float *x, const Weight *weight, size_t rows) {
    size_t out = (size_t)weight->out, in = (size_t)weight->in;
    LinearBackward l = {
        reference_begin(dx, rows * in), dw, db, dy, x, weight->values, rows, out, in};
    if (l.dx) worker_run(w, input_row, &l, rows);
    if (dw || db) worker_run(w, weight_row, &l, l.out);
}

/* ---- Two varying operands --------------------------------------------------------------- */

void reference_matmul(const Worker *w, float *y, const float *a, const float *b, int batch, int m,
                      int n, int k) {
    for (int i = 0; i < batch;
         i++, y += (size_t)m * (size_t)n, a += (size_t)m * (size_t)k, b += (size_t)n * (size_t)k) {
        Weight right = {.out = n, .in = k, .values = b};
        reference_linear(w, y, a, &right, NULL, NULL, ACTIVATION_NONE, (size_t)m);
    }
}

void reference_matmul_backward(const Worker *w, Into da, Into db, const float *dy, const float *a,
                               const float *b, int batch, int m, int n, int k) {
    size_t dy_each = (size_t)m * (size_t)n, a_each = (size_t)m * (size_t)k;
    size_t b_each = (size_t)n * (size_t)k, all = (size_t)batch;
    float *to_a = reference_begin(da, all * a_each), *to_b = reference_begin(db, all * b_each);
    for (size_t i = 0; i < all; i++) {
        Weight right = {.out = n, .in = k, .values = b + i * b_each};
        Into left = {to_a ? to_a + i * a_each : NULL, false};
        reference_linear_backward(w, left, to_b ? to_b + i * b_each : NULL, NULL, dy + i * dy_each,
                                  a + i * a_each, &right, (size_t)m);
    }
}

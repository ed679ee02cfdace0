/* Layer normalization over the last axis (Ba et al. 2016). */
#include "base/size.h"
#include "compute/cpu/columns.h"
#include "compute/cpu/range.h"
#include "compute/cpu/vec.h"

typedef struct Norm {
    float *y, *mean, *rstd; /* y is dx in the backward pass */
    const float *x, *dy, *gamma, *beta, *kept_mean, *kept_rstd;
    float *partial; /* [piece][dgamma cols, dbeta cols] */
    size_t rows, cols, piece;
    float eps;
    bool fresh; /* of dx */
} Norm;

/* ---- Forward ------------------------------------------------------------------------------ */

static float row_mean(const float *x, size_t cols) {
    Vec sum = vec_zero();
    for (size_t c = 0; c < cols; c += LANES) sum += vec_get(x + c, cols - c);
    return (float)(vec_sum_double(sum) / (double)cols);
}

static float row_variance(const float *x, float mean, size_t cols) {
    Vec sum = vec_zero();
    size_t c = 0;
    for (; c + LANES <= cols; c += LANES) {
        Vec d = vec_load(x + c) - mean;
        sum += d * d;
    }
    double tail = 0.0;
    for (; c < cols; c++) tail += (double)(x[c] - mean) * (double)(x[c] - mean);
    return (float)((vec_sum_double(sum) + tail) / (double)cols);
}

static void norm_row(const Norm *n, size_t r) {
    const float *x = n->x + r * n->cols;
    float *y = n->y + r * n->cols;
    float mean = row_mean(x, n->cols);
    float rstd = 1.0f / __builtin_sqrtf(row_variance(x, mean, n->cols) + n->eps);
    for (size_t c = 0; c < n->cols; c += LANES) {
        size_t left = n->cols - c;
        Vec unit = (vec_get(x + c, left) - mean) * rstd;
        vec_put(y + c, unit * vec_get(n->gamma + c, left) + vec_get(n->beta + c, left), left);
    }
    if (n->mean) n->mean[r] = mean, n->rstd[r] = rstd;
}

static void norm_rows(void *context, size_t begin, size_t end) {
    for (size_t r = begin; r < end; r++) norm_row(context, r);
}

void ENTRY(layer_norm)(const Worker *w, float *y, float *mean, float *rstd, const float *x,
                       const float *gamma, const float *beta, size_t rows, int cols, float eps) {
    Norm n = {.y = y,
              .mean = mean,
              .rstd = rstd,
              .x = x,
              .gamma = gamma,
              .beta = beta,
              .rows = rows,
              .cols = (size_t)cols,
              .eps = eps};
    range_run(w, norm_rows, &n, rows, range_grain((size_t)cols));
}

/* ---- Backward: with u = (x - mean) rstd, g = dy gamma:
 *      dx = rstd (g - mean(g) - u mean(g u)),  dgamma = sum dy u,  dbeta = sum dy ------------- */

typedef struct RowSums {
    float g, gu; /* means over the row */
} RowSums;

static RowSums row_sums(const Norm *n, const float *x, const float *dy, float mean, float rstd) {
    Vec g_sum = vec_zero(), gu_sum = vec_zero();
    for (size_t c = 0; c < n->cols; c += LANES) {
        size_t left = n->cols - c;
        Vec g = vec_get(dy + c, left) * vec_get(n->gamma + c, left);
        g_sum += g;
        gu_sum += g * ((vec_get(x + c, left) - mean) * rstd);
    }
    double cols = (double)n->cols;
    return (RowSums){(float)(vec_sum_double(g_sum) / cols), (float)(vec_sum_double(gu_sum) / cols)};
}

static void row_back(const Norm *n, size_t r, float *dgamma, float *dbeta) {
    const float *x = n->x + r * n->cols, *dy = n->dy + r * n->cols;
    float mean = n->kept_mean[r], rstd = n->kept_rstd[r];
    RowSums sums = n->y ? row_sums(n, x, dy, mean, rstd) : (RowSums){0};
    for (size_t c = 0; c < n->cols; c += LANES) {
        size_t left = n->cols - c;
        Vec d = vec_get(dy + c, left), u = (vec_get(x + c, left) - mean) * rstd;
        vec_put(dgamma + c, vec_get(dgamma + c, left) + d * u, left);
        vec_put(dbeta + c, vec_get(dbeta + c, left) + d, left);
        if (!n->y) continue;
        float *dx = n->y + r * n->cols + c;
        Vec g = d * vec_get(n->gamma + c, left);
        Vec sum = (g - sums.g - u * sums.gu) * rstd;
        if (!n->fresh) sum += vec_get(dx, left);
        vec_put(dx, sum, left);
    }
}

static void norm_back(void *context, size_t task, void *scratch) {
    (void)scratch;
    const Norm *n = context;
    float *dgamma = n->partial + task * 2 * n->cols, *dbeta = dgamma + n->cols;
    memset(dgamma, 0, 2 * n->cols * sizeof *dgamma);
    size_t end = size_min(n->rows, (task + 1) * n->piece);
    for (size_t r = task * n->piece; r < end; r++) row_back(n, r, dgamma, dbeta);
}

void ENTRY(layer_norm_backward)(const Worker *w, Into dx, float *dgamma, float *dbeta,
                                const float *dy, const float *x, const float *gamma,
                                const float *mean, const float *rstd, size_t rows, int cols) {
    Norm n = {.y = dx.at,
              .fresh = dx.fresh,
              .x = x,
              .dy = dy,
              .gamma = gamma,
              .kept_mean = mean,
              .kept_rstd = rstd,
              .partial = w->shared,
              .rows = rows,
              .cols = (size_t)cols};
    n.piece = size_max(32, (rows + 63) / 64);
    size_t pieces = (rows + n.piece - 1) / n.piece;
    worker_run(w, norm_back, &n, pieces);
    if (dgamma) columns_add_pieces(w, dgamma, 1.0, n.partial, pieces, n.cols, 2 * n.cols);
    if (dbeta) columns_add_pieces(w, dbeta, 1.0, n.partial + n.cols, pieces, n.cols, 2 * n.cols);
}

/* Products with weights, and of two things that both change. */
#include "compute/cpu/columns.h"
#include "compute/cpu/gemm.h"

/* ---- Linear ------------------------------------------------------------------------------- */

/* x W^T sums over `in`, dy W over `out`. */
static Matrix weight_matrix(const float *values, size_t in, bool back) {
    return back ? (Matrix){values, .item = 1, .step = in} : (Matrix){values, .item = in, .step = 1};
}

size_t ENTRY(weight_bytes)(int out, int in, bool back) {
    size_t n = (size_t)(back ? in : out), k = (size_t)(back ? out : in);
    return gemm_packed_size(n, k) * sizeof(float);
}

void ENTRY(weight_pack)(const Worker *w, void *packed, const float *values, int out, int in,
                        bool back) {
    Matrix b = weight_matrix(values, (size_t)in, back);
    gemm_pack(w, packed, &b, 1, (size_t)(back ? in : out), (size_t)(back ? out : in));
}

void ENTRY(linear)(const Worker *w, float *y, const float *x, const Weight *weight,
                   const float *bias, const float *residual, Activation activation, size_t rows) {
    size_t out = (size_t)weight->out, in = (size_t)weight->in;
    gemm(w, &(Gemm){.batch = 1,
                    .m = rows,
                    .n = out,
                    .k = in,
                    .a = {x, .item = in, .step = 1},
                    .b = weight_matrix(weight->values, in, false),
                    .packed = weight->packed,
                    .y = y,
                    .y_row = out,
                    .bias = bias,
                    .residual = residual,
                    .activation = activation});
}

void ENTRY(linear_backward)(const Worker *w, Into dx, float *dw, float *db, const float *dy,
                            const float *x, const Weight *weight, size_t rows) {
    size_t out = (size_t)weight->out, in = (size_t)weight->in;
    if (dx.at) {
        gemm(w, &(Gemm){.batch = 1,
                        .m = rows,
                        .n = in,
                        .k = out,
                        .a = {dy, .item = out, .step = 1},
                        .b = weight_matrix(weight->values, in, true),
                        .packed = weight->packed_back,
                        .y = dx.at,
                        .y_row = in,
                        .add = !dx.fresh});
    }
    if (dw) {
        gemm(w, &(Gemm){.batch = 1,
                        .m = out,
                        .n = in,
                        .k = rows,
                        .a = {dy, .item = 1, .step = out},
                        .b = {x, .item = 1, .step = in},
                        .y = dw,
                        .y_row = in,
                        .add = true});
    }
    if (db)
        columns_sum(w, &(Columns){.out = db,
                                  .a = dy,
                                  .batch = 1,
                                  .rows = rows,
                                  .cols = out,
                                  .add = true,
                                  .scale = 1.0});
}

/* ---- Matmul ------------------------------------------------------------------------------- */

void ENTRY(matmul)(const Worker *w, float *y, const float *a, const float *b, int batch, int m,
                   int n, int k) {
    size_t rows = (size_t)m, cols = (size_t)n, depth = (size_t)k;
    gemm(w, &(Gemm){.batch = (size_t)batch,
                    .m = rows,
                    .n = cols,
                    .k = depth,
                    .a = {a, .item = depth, .step = 1, .batch = rows * depth},
                    .b = {b, .item = depth, .step = 1, .batch = cols * depth},
                    .y = y,
                    .y_row = cols,
                    .y_batch = rows * cols});
}

void ENTRY(matmul_backward)(const Worker *w, Into da, Into db, const float *dy, const float *a,
                            const float *b, int batch, int m, int n, int k) {
    size_t rows = (size_t)m, cols = (size_t)n, depth = (size_t)k;
    if (da.at) {
        gemm(w, &(Gemm){.batch = (size_t)batch,
                        .m = rows,
                        .n = depth,
                        .k = cols,
                        .a = {dy, .item = cols, .step = 1, .batch = rows * cols},
                        .b = {b, .item = 1, .step = depth, .batch = cols * depth},
                        .y = da.at,
                        .y_row = depth,
                        .y_batch = rows * depth,
                        .add = !da.fresh});
    }
    if (db.at) {
        gemm(w, &(Gemm){.batch = (size_t)batch,
                        .m = cols,
                        .n = depth,
                        .k = rows,
                        .a = {dy, .item = 1, .step = cols, .batch = rows * cols},
                        .b = {a, .item = 1, .step = depth, .batch = rows * depth},
                        .y = db.at,
                        .y_row = depth,
                        .y_batch = cols * depth,
                        .add = !db.fresh});
    }
}

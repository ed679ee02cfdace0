/* Kernels that compute nothing: with measuring arenas they tell how much memory the same work will
 * need, before any of it is done. */
#include "compute/kernels.h"

#include <string.h>

#pragma GCC diagnostic ignored "-Wunused-parameter"

/* NOLINTBEGIN(bugprone-macro-parentheses): types and names cannot stand in parentheses */
#define KERNEL(type, name, parameters)                                                             \
    static type measuring_##name parameters {}
#define KERNEL_MEASURED(type, name, parameters)
#include "compute/kernels.def"
/* NOLINTEND(bugprone-macro-parentheses) */

static size_t measuring_weight_bytes(int out, int in, bool back) { return 0; }

/* Products pack a matrix into the worker's shared memory, where it fits; the largest are the inputs
 * of layers that learn. */
static void note_shared(const Worker *w, size_t floats) {
    size_t bytes = floats * sizeof(float);
    if (!w || !w->shared || bytes > WORKER_SHARED) return;
    size_t *most = w->shared;
    if (bytes > *most) *most = bytes;
}

static void measuring_linear_backward(const Worker *w, Into dx, float *dw, float *db,
                                      const float *dy, const float *x, const Weight *weight,
                                      size_t rows) {
    enum { FEW_ROWS = 224, PARTS = 16 }; /* fewer outputs are summed in parts instead */
    size_t out = (size_t)weight->out, in = (size_t)weight->in;
    if (dw) note_shared(w, out > FEW_ROWS ? rows * in : PARTS * out * in);
}

static void measuring_matmul(const Worker *w, float *y, const float *a, const float *b, int batch,
                             int m, int n, int k) {
    note_shared(w, (size_t)batch * (size_t)n * (size_t)k);
}

static void measuring_matmul_backward(const Worker *w, Into da, Into db, const float *dy,
                                      const float *a, const float *b, int batch, int m, int n,
                                      int k) {
    note_shared(w, (size_t)batch * (size_t)(m > n ? m : n) * (size_t)k);
}

static void measuring_mask_sums(const Worker *w, MaskSums *sums, const float *x, const float *t,
                                size_t groups, size_t n) {
    memset(sums, 0, groups * sizeof *sums); /* they live on the host and are looked at */
}

static double measuring_sum_of_squares(const Worker *w, const float *x, size_t n) { return 0.0; }

const Kernels kernels_measuring = {
    .name = "measuring",
#define KERNEL(type, name, parameters) .name = measuring_##name,
#include "compute/kernels.def"
};

/* Products: linear, matmul. */
#include <stdint.h>

#include "tests/kernels/kernel_drivers.h"

/* ---- linear: rows, out, in, bias, residual, activation, packed ----------------------------- */

enum { ROWS, OUT, IN, BIAS, RESIDUAL, ACTIVATION, PACKED };

/* Packed weights are looked at by no set but the one that made them: room for the largest. */
static size_t packed_floats(const int *n, bool back) {
    size_t outer = (size_t)(back ? n[IN] : n[OUT]), inner = (size_t)(back ? n[OUT] : n[IN]);
    return (outer + 63) / 64 * 64 * inner + 16;
}

static void *aligned(float *p) { return (void *)(((uintptr_t)p + 63) / 64 * 64); }

static void pack(const Kernels *k, const Worker *w, float *packed, const float *values,
                 const int *n, bool back) {
    if (k->weight_bytes(n[OUT], n[IN], back)) {
        k->weight_pack(w, aligned(packed), values, n[OUT], n[IN], back);
    }
}

static const void *packed_or_null(const Kernels *k, float *packed, const int *n, bool wanted,
                                  bool back) {
    return wanted && k->weight_bytes(n[OUT], n[IN], back) ? aligned(packed) : NULL;
}

static void linear_buffers(Buffers *b, const int *n) {
    size_t rows = (size_t)n[ROWS], out = (size_t)n[OUT], in = (size_t)n[IN];
    buffer_add(b, n[RESIDUAL] == 2 ? BUFFER_CHANGED : BUFFER_OUT, rows * out);
    buffer_add(b, BUFFER_IN, rows * in);
    buffer_add(b, BUFFER_IN, out * in);
    buffer_add(b, BUFFER_IN, out);
    buffer_add(b, BUFFER_IN, rows * out);
    buffer_add(b, BUFFER_KEPT, packed_floats(n, false));
}

static void linear_prepare(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    pack(k, w, p[5], p[2], n, false);
}

static void linear_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    Weight weight = {.out = n[OUT], .in = n[IN], .values = p[2]};
    weight.packed = packed_or_null(k, p[5], n, n[PACKED], false);
    const float *residual = n[RESIDUAL] == 2 ? p[0] : n[RESIDUAL] == 1 ? p[4] : NULL;
    k->linear(w, p[0], p[1], &weight, n[BIAS] ? p[3] : NULL, residual, (Activation)n[ACTIVATION],
              (size_t)n[ROWS]);
}

static double linear_work(const int *n) {
    return 2.0 * (double)n[ROWS] * (double)n[OUT] * (double)n[IN];
}

const KernelDriver driver_linear = {"linear",    linear_buffers, linear_prepare,
                                    linear_call, linear_work,    4e-6};

/* ---- linear_backward: rows, out, in, packed, fresh ------------------------------------------ */

enum { BACK_PACKED = 3, BACK_FRESH };

static void linear_backward_buffers(Buffers *b, const int *n) {
    size_t rows = (size_t)n[ROWS], out = (size_t)n[OUT], in = (size_t)n[IN];
    buffer_add(b, BUFFER_GRADIENT, rows * in);
    buffer_add(b, BUFFER_GRADIENT, out * in);
    buffer_add(b, BUFFER_GRADIENT, out);
    buffer_add(b, BUFFER_IN, rows * out);
    buffer_add(b, BUFFER_IN, rows * in);
    buffer_add(b, BUFFER_IN, out * in);
    buffer_add(b, BUFFER_KEPT, packed_floats(n, true));
}

static void linear_backward_prepare(const Kernels *k, const Worker *w, float *const *p,
                                    const int *n) {
    pack(k, w, p[6], p[5], n, true);
}

static void linear_backward_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    Weight weight = {.out = n[OUT], .in = n[IN], .values = p[5]};
    weight.packed_back = packed_or_null(k, p[6], n, n[BACK_PACKED], true);
    k->linear_backward(w, into(p[0], n[BACK_FRESH]), p[1], p[2], p[3], p[4], &weight,
                       (size_t)n[ROWS]);
}

static double linear_backward_work(const int *n) { return 2.0 * linear_work(n); }

const KernelDriver driver_linear_backward = {"linear_backward",       linear_backward_buffers,
                                             linear_backward_prepare, linear_backward_call,
                                             linear_backward_work,    2e-6};

/* ---- matmul: batch, m, n, k; back: fresh, too ------------------------------------------------ */

static size_t product(const int *n, int a, int b) {
    return (size_t)n[0] * (size_t)n[a] * (size_t)n[b];
}

static void matmul_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_OUT, product(n, 1, 2));
    buffer_add(b, BUFFER_IN, product(n, 1, 3));
    buffer_add(b, BUFFER_IN, product(n, 2, 3));
}

static void matmul_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->matmul(w, p[0], p[1], p[2], n[0], n[1], n[2], n[3]);
}

static double matmul_work(const int *n) { return 2.0 * (double)product(n, 1, 2) * (double)n[3]; }

const KernelDriver driver_matmul = {"matmul", matmul_buffers, NULL, matmul_call, matmul_work, 2e-6};

static void matmul_backward_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_GRADIENT, product(n, 1, 3));
    buffer_add(b, BUFFER_GRADIENT, product(n, 2, 3));
    buffer_add(b, BUFFER_IN, product(n, 1, 2));
    buffer_add(b, BUFFER_IN, product(n, 1, 3));
    buffer_add(b, BUFFER_IN, product(n, 2, 3));
}

static void matmul_backward_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->matmul_backward(w, into(p[0], n[4]), into(p[1], n[4]), p[2], p[3], p[4], n[0], n[1], n[2],
                       n[3]);
}

static double matmul_backward_work(const int *n) { return 2.0 * matmul_work(n); }

const KernelDriver driver_matmul_backward = {"matmul_backward",    matmul_backward_buffers, NULL,
                                             matmul_backward_call, matmul_backward_work,    2e-6};

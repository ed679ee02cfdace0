/* Number by number, row by row, and the sums of masks. */
#include <string.h>

#include "tests/kernels/kernel_drivers.h"

static size_t times(int a, int b) { return (size_t)a * (size_t)b; }

/* ---- layer_norm: rows, cols, in place; back: rows, cols, fresh (2: dx is dy) ---------------- */

static void layer_norm_buffers(Buffers *b, const int *n) {
    buffer_add(b, n[2] ? BUFFER_CHANGED : BUFFER_OUT, times(n[0], n[1]));
    buffer_add(b, BUFFER_OUT, (size_t)n[0]);
    buffer_add(b, BUFFER_OUT, (size_t)n[0]);
    buffer_add_range(b, BUFFER_IN, times(n[0], n[1]), -1.0, 3.0);
    buffer_add(b, BUFFER_IN, (size_t)n[1]);
    buffer_add(b, BUFFER_IN, (size_t)n[1]);
}

static void layer_norm_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->layer_norm(w, p[0], p[1], p[2], n[2] ? p[0] : p[3], p[4], p[5], (size_t)n[0], n[1], 1e-5f);
}

const KernelDriver driver_layer_norm = {
    "layer_norm", layer_norm_buffers, NULL, layer_norm_call, NULL, 2e-6};

static BufferRole role_of_dx(const int *n) { return n[2] == 2 ? BUFFER_CHANGED : BUFFER_GRADIENT; }

static void layer_norm_backward_buffers(Buffers *b, const int *n) {
    buffer_add(b, role_of_dx(n), times(n[0], n[1]));
    buffer_add(b, BUFFER_GRADIENT, (size_t)n[1]);
    buffer_add(b, BUFFER_GRADIENT, (size_t)n[1]);
    buffer_add(b, BUFFER_IN, times(n[0], n[1]));
    buffer_add(b, BUFFER_IN, times(n[0], n[1]));
    buffer_add(b, BUFFER_IN, (size_t)n[1]);
    buffer_add(b, BUFFER_IN, (size_t)n[0]);
    buffer_add_range(b, BUFFER_IN, (size_t)n[0], 0.5, 2.0);
}

static void layer_norm_backward_call(const Kernels *k, const Worker *w, float *const *p,
                                     const int *n) {
    k->layer_norm_backward(w, into(p[0], n[2]), p[1], p[2], n[2] == 2 ? p[0] : p[3], p[4], p[5],
                           p[6], p[7], (size_t)n[0], n[1]);
}

const KernelDriver driver_layer_norm_backward = {
    "layer_norm_backward", layer_norm_backward_buffers, NULL, layer_norm_backward_call, NULL, 4e-6};

/* ---- activation: n, function, in place; back: n, function, fresh (2: dx is dy) --------------- */

static void activation_buffers(Buffers *b, const int *n) {
    buffer_add_range(b, n[2] ? BUFFER_CHANGED : BUFFER_OUT, (size_t)n[0], -6.0, 6.0);
    buffer_add_range(b, BUFFER_IN, (size_t)n[0], -6.0, 6.0);
}

static void activation_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->activation(w, p[0], n[2] ? p[0] : p[1], (size_t)n[0], (Activation)n[1]);
}

const KernelDriver driver_activation = {
    "activation", activation_buffers, NULL, activation_call, NULL, 4e-7};

static void activation_backward_buffers(Buffers *b, const int *n) {
    buffer_add(b, role_of_dx(n), (size_t)n[0]);
    buffer_add(b, BUFFER_IN, (size_t)n[0]);
    buffer_add_range(b, BUFFER_IN, (size_t)n[0], -6.0, 6.0);
}

static void activation_backward_call(const Kernels *k, const Worker *w, float *const *p,
                                     const int *n) {
    k->activation_backward(w, into(p[0], n[2]), n[2] == 2 ? p[0] : p[1], p[2], (size_t)n[0],
                           (Activation)n[1]);
}

const KernelDriver driver_activation_backward = {
    "activation_backward", activation_backward_buffers, NULL, activation_backward_call, NULL, 1e-6};

/* ---- add: rows, period, in place; reduce: rows, period ----------------------------------------
 */

static void add_buffers(Buffers *b, const int *n) {
    buffer_add(b, n[2] ? BUFFER_CHANGED : BUFFER_OUT, times(n[0], n[1]));
    buffer_add(b, BUFFER_IN, times(n[0], n[1]));
    buffer_add(b, BUFFER_IN, (size_t)n[1]);
}

static void add_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->add(w, p[0], n[2] ? p[0] : p[1], p[2], times(n[0], n[1]), (size_t)n[1]);
}

const KernelDriver driver_add = {"add", add_buffers, NULL, add_call, NULL, 0.0};

static void reduce_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_GRADIENT, (size_t)n[1]);
    buffer_add(b, BUFFER_IN, times(n[0], n[1]));
}

static void reduce_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->reduce(w, p[0], p[1], times(n[0], n[1]), (size_t)n[1]);
}

const KernelDriver driver_reduce = {"reduce", reduce_buffers, NULL, reduce_call, NULL, 2e-6};

/* ---- multiply, mean: batch, rows, cols --------------------------------------------------------
 */

static size_t all(const int *n) { return times(n[0], n[1]) * (size_t)n[2]; }

static void multiply_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_OUT, all(n));
    buffer_add(b, BUFFER_IN, all(n));
    buffer_add(b, BUFFER_IN, times(n[0], n[2]));
}

static void multiply_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->multiply(w, p[0], p[1], p[2], n[0], (size_t)n[1], n[2]);
}

const KernelDriver driver_multiply = {"multiply", multiply_buffers, NULL, multiply_call, NULL, 0.0};

static void multiply_backward_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_GRADIENT, all(n));
    buffer_add(b, BUFFER_GRADIENT, times(n[0], n[2]));
    buffer_add(b, BUFFER_IN, all(n));
    buffer_add(b, BUFFER_IN, all(n));
    buffer_add(b, BUFFER_IN, times(n[0], n[2]));
}

static void multiply_backward_call(const Kernels *k, const Worker *w, float *const *p,
                                   const int *n) {
    k->multiply_backward(w, p[0], p[1], p[2], p[3], p[4], n[0], (size_t)n[1], n[2]);
}

const KernelDriver driver_multiply_backward = {
    "multiply_backward", multiply_backward_buffers, NULL, multiply_backward_call, NULL, 2e-6};

static void mean_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_OUT, times(n[0], n[2]));
    buffer_add(b, BUFFER_IN, all(n));
}

static void mean_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->mean(w, p[0], p[1], n[0], (size_t)n[1], n[2]);
}

const KernelDriver driver_mean = {"mean", mean_buffers, NULL, mean_call, NULL, 2e-6};

static void mean_backward_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_GRADIENT, all(n));
    buffer_add(b, BUFFER_IN, times(n[0], n[2]));
}

static void mean_backward_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->mean_backward(w, p[0], p[1], n[0], (size_t)n[1], n[2]);
}

const KernelDriver driver_mean_backward = {
    "mean_backward", mean_backward_buffers, NULL, mean_backward_call, NULL, 1e-6};

/* ---- mask_sums: groups, n ----------------------------------------------------------------------
 */

enum { SUMS = sizeof(MaskSums) / sizeof(double), MOST_GROUPS = 16 };

static void mask_sums_buffers(Buffers *b, const int *n) {
    for (int s = 0; s < SUMS; s++) buffer_add(b, BUFFER_OUT, (size_t)n[0]);
    buffer_add_range(b, BUFFER_IN, times(n[0], n[1]), -40.0, 40.0);
    buffer_add_range(b, BUFFER_IN, times(n[0], n[1]), -0.3, 1.0); /* below 0: ignored */
}

static void mask_sums_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    MaskSums sums[MOST_GROUPS];
    k->mask_sums(w, sums, p[SUMS], p[SUMS + 1], (size_t)n[0], (size_t)n[1]);
    for (int g = 0; g < n[0]; g++) {
        double sum[SUMS];
        memcpy(sum, &sums[g], sizeof sum);
        for (int s = 0; s < SUMS; s++) p[s][g] = (float)sum[s];
    }
}

const KernelDriver driver_mask_sums = {"mask_sums", mask_sums_buffers, NULL, mask_sums_call, NULL,
                                       1e-6};

static void mask_sums_backward_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_GRADIENT, times(n[0], n[1]));
    buffer_add(b, BUFFER_IN, times(n[0], SUMS));
    buffer_add_range(b, BUFFER_IN, times(n[0], n[1]), -40.0, 40.0);
    buffer_add_range(b, BUFFER_IN, times(n[0], n[1]), -0.3, 1.0); /* below 0: ignored */
}

static void mask_sums_backward_call(const Kernels *k, const Worker *w, float *const *p,
                                    const int *n) {
    MaskSumsGradient d[MOST_GROUPS];
    for (int g = 0; g < n[0]; g++) {
        double each[SUMS];
        for (int s = 0; s < SUMS; s++) each[s] = (double)p[1][g * SUMS + s];
        memcpy(&d[g], each, sizeof each);
    }
    k->mask_sums_backward(w, p[0], d, p[2], p[3], (size_t)n[0], (size_t)n[1]);
}

const KernelDriver driver_mask_sums_backward = {
    "mask_sums_backward", mask_sums_backward_buffers, NULL, mask_sums_backward_call, NULL, 2e-6};

/* ---- n numbers --------------------------------------------------------------------------------
 */

static void pair_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_CHANGED, (size_t)n[0]);
    buffer_add(b, BUFFER_IN, (size_t)n[0]);
}

static void one_buffer(Buffers *b, const int *n) { buffer_add(b, BUFFER_CHANGED, (size_t)n[0]); }

static void accumulate_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->accumulate(w, p[0], p[1], (size_t)n[0]);
}

static void scale_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->scale(w, p[0], 0.37f, (size_t)n[0]);
}

static void copy_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->copy(w, p[0], p[1], (size_t)n[0]);
}

static void zero_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->zero(w, p[0], (size_t)n[0]);
}

const KernelDriver driver_accumulate = {"accumulate",    pair_buffers, NULL,
                                        accumulate_call, NULL,         0.0};
const KernelDriver driver_scale = {"scale", one_buffer, NULL, scale_call, NULL, 0.0};
const KernelDriver driver_copy = {"copy", pair_buffers, NULL, copy_call, NULL, 0.0};
const KernelDriver driver_zero = {"zero", one_buffer, NULL, zero_call, NULL, 0.0};

static void squares_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_OUT, 2);
    buffer_add(b, BUFFER_IN, (size_t)n[0]);
}

/* The double as two floats, so that its bytes can be compared. */
static void squares_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    double sum = k->sum_of_squares(w, p[1], (size_t)n[0]);
    p[0][0] = (float)sum;
    p[0][1] = (float)(sum - (double)p[0][0]);
}

const KernelDriver driver_sum_of_squares = {
    "sum_of_squares", squares_buffers, NULL, squares_call, NULL, 1e-6};

static void adamw_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_CHANGED, (size_t)n[0]);
    buffer_add_range(b, BUFFER_CHANGED, (size_t)n[0], -0.1, 0.1);
    buffer_add_range(b, BUFFER_CHANGED, (size_t)n[0], 0.0, 0.1);
    buffer_add(b, BUFFER_IN, (size_t)n[0]);
}

static void adamw_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    AdamStep step = {.lr = 0.01f,
                     .beta1 = 0.9f,
                     .beta2 = 0.999f,
                     .eps = 1e-8f,
                     .decay = 0.1f,
                     .gradient_scale = 0.5f,
                     .step = 3};
    k->adamw(w, p[0], p[1], p[2], p[3], (size_t)n[0], &step);
}

const KernelDriver driver_adamw = {"adamw", adamw_buffers, NULL, adamw_call, NULL, 1e-6};

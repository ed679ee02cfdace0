/* Grids: patches, depthwise convolution, resizing, positions. */
#include "tests/kernels/kernel_drivers.h"

/* ---- patches: batch, channels, in x 3, kernel, stride, pad; back: fresh and bias, too ------- */

static PatchShape patch_shape(const int *n) {
    PatchShape s = {.batch = n[0], .channels = n[1]};
    for (int a = 0; a < 3; a++) {
        s.in[a] = n[2 + a];
        bool flat = a == 0 && n[2] == 1; /* a plane */
        s.kernel[a] = flat ? 1 : n[5];
        s.stride[a] = flat ? 1 : n[6];
        s.pad[a] = flat ? 0 : n[7];
        s.out[a] = (s.in[a] + 2 * s.pad[a] - s.kernel[a]) / s.stride[a] + 1;
    }
    return s;
}

static size_t volume(const int size[3]) {
    return (size_t)size[0] * (size_t)size[1] * (size_t)size[2];
}

static void patches_sizes(const int *n, size_t *columns, size_t *grid) {
    PatchShape s = patch_shape(n);
    size_t each = (size_t)s.batch * (size_t)s.channels;
    *columns = each * volume(s.out) * volume(s.kernel);
    *grid = each * volume(s.in);
}

static void patches_buffers(Buffers *b, const int *n) {
    size_t columns, grid;
    patches_sizes(n, &columns, &grid);
    buffer_add(b, BUFFER_OUT, columns);
    buffer_add(b, BUFFER_IN, grid);
}

static void patches_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    PatchShape s = patch_shape(n);
    k->patches(w, p[0], p[1], &s);
}

const KernelDriver driver_patches = {"patches", patches_buffers, NULL, patches_call, NULL, 0.0};

static void unpatches_buffers(Buffers *b, const int *n) {
    size_t columns, grid;
    patches_sizes(n, &columns, &grid);
    buffer_add(b, BUFFER_CHANGED, grid);
    buffer_add(b, BUFFER_IN, columns);
    buffer_add(b, BUFFER_IN, (size_t)n[1]);
}

static void unpatches_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    PatchShape s = patch_shape(n);
    k->unpatches(w, into(p[0], n[8]), p[1], n[9] ? p[2] : NULL, &s);
}

const KernelDriver driver_unpatches = {"unpatches", unpatches_buffers, NULL, unpatches_call, NULL,
                                       1e-6};

/* ---- depthwise: batch, height, width, channels, stride, bias --------------------------------- */

static size_t depthwise_in(const int *n) {
    return (size_t)n[0] * (size_t)n[1] * (size_t)n[2] * (size_t)n[3];
}

static size_t depthwise_out(const int *n) {
    int h = (n[1] - 1) / n[4] + 1, w = (n[2] - 1) / n[4] + 1;
    return (size_t)n[0] * (size_t)h * (size_t)w * (size_t)n[3];
}

static void depthwise_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_OUT, depthwise_out(n));
    buffer_add(b, BUFFER_IN, depthwise_in(n));
    buffer_add(b, BUFFER_IN, 9 * (size_t)n[3]);
    buffer_add(b, BUFFER_IN, (size_t)n[3]);
}

static void depthwise_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->depthwise(w, p[0], p[1], p[2], n[5] ? p[3] : NULL, n[0], (int[]){n[1], n[2]}, n[3], n[4]);
}

static double depthwise_work(const int *n) { return 18.0 * (double)depthwise_out(n); }

const KernelDriver driver_depthwise = {"depthwise",    depthwise_buffers, NULL,
                                       depthwise_call, depthwise_work,    1e-6};

static void depthwise_backward_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_GRADIENT, depthwise_in(n));
    buffer_add(b, BUFFER_GRADIENT, 9 * (size_t)n[3]);
    buffer_add(b, BUFFER_GRADIENT, (size_t)n[3]);
    buffer_add(b, BUFFER_IN, depthwise_out(n));
    buffer_add(b, BUFFER_IN, depthwise_in(n));
    buffer_add(b, BUFFER_IN, 9 * (size_t)n[3]);
}

static void depthwise_backward_call(const Kernels *k, const Worker *w, float *const *p,
                                    const int *n) {
    k->depthwise_backward(w, p[0], p[1], p[2], p[3], p[4], p[5], n[0], (int[]){n[1], n[2]}, n[3],
                          n[4]);
}

static double depthwise_backward_work(const int *n) { return 2.0 * depthwise_work(n); }

const KernelDriver driver_depthwise_backward = {
    "depthwise_backward",    depthwise_backward_buffers, NULL,
    depthwise_backward_call, depthwise_backward_work,    2e-6};

/* ---- resize: planes, from x 2, to x 2 ---------------------------------------------------------
 */

static size_t resize_from(const int *n) { return (size_t)n[0] * (size_t)n[1] * (size_t)n[2]; }
static size_t resize_to(const int *n) { return (size_t)n[0] * (size_t)n[3] * (size_t)n[4]; }

static void resize_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_OUT, resize_to(n));
    buffer_add(b, BUFFER_IN, resize_from(n));
}

static void resize_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->resize(w, p[0], p[1], (size_t)n[0], n + 1, n + 3);
}

const KernelDriver driver_resize = {"resize", resize_buffers, NULL, resize_call, NULL, 1e-6};

static void resize_backward_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_GRADIENT, resize_from(n));
    buffer_add(b, BUFFER_IN, resize_to(n));
}

static void resize_backward_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->resize_backward(w, p[0], p[1], (size_t)n[0], n + 1, n + 3);
}

const KernelDriver driver_resize_backward = {
    "resize_backward", resize_backward_buffers, NULL, resize_backward_call, NULL, 2e-6};

/* ---- fourier: points, axes, half --------------------------------------------------------------
 */

static void fourier_buffers(Buffers *b, const int *n) {
    buffer_add(b, BUFFER_OUT, (size_t)n[0] * 2 * (size_t)n[2]);
    buffer_add_range(b, BUFFER_IN, (size_t)(n[0] * n[1]), 0.0, 1.0);
    buffer_add_range(b, BUFFER_IN, (size_t)(n[1] * n[2]), -30.0, 30.0);
}

static void fourier_call(const Kernels *k, const Worker *w, float *const *p, const int *n) {
    k->fourier(w, p[0], p[1], p[2], (size_t)n[0], n[1], n[2]);
}

const KernelDriver driver_fourier = {"fourier", fourier_buffers, NULL, fourier_call, NULL, 1e-6};

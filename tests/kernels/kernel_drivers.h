/* kernel_drivers.h - how each entry of Kernels is called by the table of cases. */
#ifndef TESTS_KERNELS_KERNEL_DRIVERS_H
#define TESTS_KERNELS_KERNEL_DRIVERS_H

#include "tests/kernels/kernel_cases.h"

extern const KernelDriver driver_linear, driver_linear_backward, driver_matmul,
    driver_matmul_backward, driver_attention, driver_attention_backward, driver_patches,
    driver_unpatches, driver_depthwise, driver_depthwise_backward, driver_layer_norm,
    driver_layer_norm_backward, driver_activation, driver_activation_backward, driver_add,
    driver_reduce, driver_multiply, driver_multiply_backward, driver_mean, driver_mean_backward,
    driver_resize, driver_resize_backward, driver_fourier, driver_mask_sums,
    driver_mask_sums_backward, driver_accumulate, driver_scale, driver_copy, driver_zero,
    driver_sum_of_squares, driver_adamw;

static inline void buffer_add(Buffers *b, BufferRole role, size_t floats) {
    b->buffer[b->count++] = (Buffer){role, floats, -1.0, 1.0};
}

/* Where a gradient goes: what is in the buffer must not matter where it is fresh. */
static inline Into into(float *p, int fresh) { return (Into){p, fresh != 0}; }

static inline void buffer_add_range(Buffers *b, BufferRole role, size_t floats, double low,
                                    double high) {
    b->buffer[b->count++] = (Buffer){role, floats, low, high};
}

#endif

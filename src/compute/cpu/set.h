/* set.h - the fast kernels are one source, compiled once for each kernel set.
 *
 * The build defines KERNEL_SET (portable, avx2, avx512) and KERNEL_LANES, the floats of its
 * vectors. Every symbol that leaves its file carries the set's name. */
#ifndef COMPUTE_CPU_SET_H
#define COMPUTE_CPU_SET_H

#include "compute/kernels.h"

#define KERNEL_PASTE(name, set) name##_##set
#define KERNEL_JOIN(name, set)  KERNEL_PASTE(name, set)
#define KERNEL_NAME(name)       KERNEL_JOIN(name, KERNEL_SET)

/* The function that fills an entry of the table. */
#define ENTRY(name)         KERNEL_NAME(kernel_##name)
#define ENTRY_DECLARE(name) extern __typeof__(*((Kernels *)NULL)->name) ENTRY(name)

enum {
    LANES = KERNEL_LANES,
    TILE_VECTORS = 2,
    TILE_COLS = TILE_VECTORS * LANES,
    TILE_ROWS = LANES == 16 ? 14 : 6 /* what the vector registers hold beside the operands */
};

ENTRY_DECLARE(weight_bytes);
ENTRY_DECLARE(weight_pack);
ENTRY_DECLARE(linear);
ENTRY_DECLARE(linear_backward);
ENTRY_DECLARE(matmul);
ENTRY_DECLARE(matmul_backward);
ENTRY_DECLARE(attention);
ENTRY_DECLARE(attention_backward);
ENTRY_DECLARE(patches);
ENTRY_DECLARE(unpatches);
ENTRY_DECLARE(depthwise);
ENTRY_DECLARE(depthwise_backward);
ENTRY_DECLARE(layer_norm);
ENTRY_DECLARE(layer_norm_backward);
ENTRY_DECLARE(activation);
ENTRY_DECLARE(activation_backward);
ENTRY_DECLARE(add);
ENTRY_DECLARE(reduce);
ENTRY_DECLARE(multiply);
ENTRY_DECLARE(multiply_backward);
ENTRY_DECLARE(mean);
ENTRY_DECLARE(mean_backward);
ENTRY_DECLARE(resize);
ENTRY_DECLARE(resize_backward);
ENTRY_DECLARE(fourier);
ENTRY_DECLARE(mask_sums);
ENTRY_DECLARE(mask_sums_backward);
ENTRY_DECLARE(accumulate);
ENTRY_DECLARE(scale);
ENTRY_DECLARE(copy);
ENTRY_DECLARE(zero);
ENTRY_DECLARE(sum_of_squares);
ENTRY_DECLARE(adamw);

#endif

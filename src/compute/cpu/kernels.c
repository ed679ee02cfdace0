/* The table of this kernel set. */
#include "compute/cpu/set.h"
#include "compute/reference/reference.h"

#define TEXT(x)  #x
#define NAMED(x) TEXT(x)

extern const Kernels KERNEL_NAME(kernels);

const Kernels KERNEL_NAME(kernels) = {
    .name = NAMED(KERNEL_SET),
    .weight_bytes = ENTRY(weight_bytes),
    .weight_pack = ENTRY(weight_pack),
    .linear = ENTRY(linear),
    .linear_backward = ENTRY(linear_backward),
    .matmul = ENTRY(matmul),
    .matmul_backward = ENTRY(matmul_backward),
    .attention = ENTRY(attention),
    .attention_backward = ENTRY(attention_backward),
    .patches = ENTRY(patches),
    .unpatches = ENTRY(unpatches),
    .depthwise = ENTRY(depthwise),
    .depthwise_backward = ENTRY(depthwise_backward),
    .layer_norm = ENTRY(layer_norm),
    .layer_norm_backward = ENTRY(layer_norm_backward),
    .activation = ENTRY(activation),
    .activation_backward = ENTRY(activation_backward),
    .add = ENTRY(add),
    .reduce = ENTRY(reduce),
    .multiply = ENTRY(multiply),
    .multiply_backward = ENTRY(multiply_backward),
    .mean = ENTRY(mean),
    .mean_backward = ENTRY(mean_backward),
    .resize = ENTRY(resize),
    .resize_backward = ENTRY(resize_backward),
    .fourier = ENTRY(fourier),
    .mask_sums = ENTRY(mask_sums),
    .mask_sums_backward = ENTRY(mask_sums_backward),
    .route = reference_route, /* a few hundred numbers */
    .route_backward = reference_route_backward,
    .mix = reference_mix,
    .mix_backward = reference_mix_backward,
    .accumulate = ENTRY(accumulate),
    .scale = ENTRY(scale),
    .copy = ENTRY(copy),
    .zero = ENTRY(zero),
    .sum_of_squares = ENTRY(sum_of_squares),
    .adamw = ENTRY(adamw),
};

/* The table of this kernel set. */
#include "compute/cpu/set.h"
#include "compute/reference/reference.h"

#define TEXT(x)  #x
#define NAMED(x) TEXT(x)

extern const Kernels KERNEL_NAME(kernels);

const Kernels KERNEL_NAME(kernels) = {
    .name = NAMED(KERNEL_SET),
#define KERNEL(type, name, parameters)       .name = ENTRY(name),
#define KERNEL_PLAIN(type, name, parameters) .name = reference_##name,
#include "compute/kernels.def"
};

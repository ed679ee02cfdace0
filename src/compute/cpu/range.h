/* range.h - runs over many equal things, cut into pieces of a fixed size. */
#ifndef COMPUTE_CPU_RANGE_H
#define COMPUTE_CPU_RANGE_H

#include "compute/cpu/set.h"

typedef void RangeFn(void *context, size_t begin, size_t end);

/* fn(context, begin, end) over pieces of `grain` of 0 .. n - 1. */
#define range_run KERNEL_NAME(range_run)
void range_run(const Worker *w, RangeFn *fn, void *context, size_t n, size_t grain);

/* How many things of `size` floats are worth a task. */
static inline size_t range_grain(size_t size) {
    return size < 32768 ? 32768 / (size ? size : 1) : 1;
}

#endif

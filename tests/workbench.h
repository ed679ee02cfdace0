/* workbench.h - a fresh Compute on memory of its own, for tests. */
#ifndef TESTS_WORKBENCH_H
#define TESTS_WORKBENCH_H

#include "compute/compute.h"

typedef struct Workbench {
    Threads *threads;
    Worker worker;
    Arena memory, records;
    Tape tape;
    Compute cx; /* without a tape; set cx.tape = &tape to train */
} Workbench;

/* `threads` 0: on the caller's alone.  `kernels` NULL: the reference. */
Workbench *workbench_open(const Kernels *kernels, int threads, size_t bytes);
void workbench_close(Workbench *w);

/* Values spread over about -1 .. 1, the same for the same `salt`. */
Tensor *workbench_tensor(Workbench *w, int rank, const int *dim, unsigned salt);

#endif

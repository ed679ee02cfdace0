#include "tests/workbench.h"

#include <stdlib.h>

#include "base/random.h"

static void must(Status status) {
    if (status) abort();
}

Workbench *workbench_open(const Kernels *kernels, int threads, size_t bytes) {
    Workbench *w = calloc(1, sizeof *w);
    if (!w) abort();
    if (threads) must(threads_open(&w->threads, threads, NULL));
    must(worker_open(&w->worker, w->threads, NULL));
    must(arena_open(&w->memory, bytes, NULL));
    must(arena_open(&w->records, (size_t)16 << 20, NULL));
    w->cx = (Compute){.kernels = kernels ? kernels : &kernels_reference,
                      .worker = &w->worker,
                      .memory = &w->memory,
                      .records = &w->records};
    return w;
}

void workbench_close(Workbench *w) {
    arena_close(&w->records);
    arena_close(&w->memory);
    worker_close(&w->worker);
    threads_close(w->threads);
    free(w);
}

Tensor *workbench_tensor(Workbench *w, int rank, const int *dim, unsigned salt) {
    Tensor *t = tensor_new(&w->cx, rank, dim);
    if (!compute_ok(&w->cx)) abort();
    Random r = random_begin(salt, 0, 0, 0);
    for (size_t i = 0; i < tensor_size(t); i++) t->data[i] = (float)random_between(&r, -1.0, 1.0);
    return t;
}

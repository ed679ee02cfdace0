#include "compute/cpu/range.h"

#include "base/size.h"

typedef struct Run {
    RangeFn *fn;
    void *context;
    size_t n, grain;
} Run;

static void range_task(void *context, size_t task, void *scratch) {
    (void)scratch;
    const Run *r = context;
    size_t begin = task * r->grain;
    r->fn(r->context, begin, size_min(begin + r->grain, r->n));
}

void range_run(const Worker *w, RangeFn *fn, void *context, size_t n, size_t grain) {
    Run run = {fn, context, n, grain};
    worker_run(w, range_task, &run, (n + grain - 1) / grain);
}

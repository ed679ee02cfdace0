#include "predict/steps.h"

/* Headers of tensors and prompts; addresses, touched as needed. */
static const size_t record_bytes = (size_t)64 << 20;

Status steps_open(Steps *s, const Kernels *kernels, Threads *threads, Error *error) {
    *s = (Steps){.kernels = kernels};
    Status status = worker_open(&s->worker, threads, error);
    return status ? status : arena_open(&s->records, record_bytes, error);
}

void steps_close(Steps *s) {
    arena_close(&s->memory);
    arena_close(&s->records);
    worker_close(&s->worker);
}

static Status run(Steps *s, const Kernels *kernels, Arena *memory, StepWork *work, void *context,
                  Error *error) {
    arena_release(&s->records, 0);
    Compute cx = {.kernels = kernels,
                  .worker = &s->worker,
                  .memory = memory,
                  .records = &s->records,
                  .progress = s->progress,
                  .progress_context = s->progress_context};
    Status status = work(&cx, context, error);
    return status ? status : compute_status(&cx, error);
}

/* ---- Measuring -------------------------------------------------------------------------- */

static bool same_shape(const StepShape *a, const StepShape *b) {
    return a->kind == b->kind && a->batch == b->batch && a->points == b->points &&
           a->boxes == b->boxes && a->mask == b->mask && a->multimask == b->multimask &&
           a->prompt_free == b->prompt_free && a->text == b->text && a->classed == b->classed;
}

static size_t known_bytes(const Steps *s, const StepShape *shape) {
    for (int i = 0; i < STEP_COSTS; i++) {
        const StepCost *c = &s->cost[i];
        if (c->bytes && same_shape(&c->shape, shape)) return c->bytes;
    }
    return 0;
}

static Status measure(Steps *s, const StepShape *shape, StepWork *work, void *context,
                      size_t *bytes, Error *error) {
    *bytes = known_bytes(s, shape);
    if (*bytes) return VOXPERT_OK;
    Arena measured = {0};
    Status status = arena_open_measuring(&measured, error);
    if (!status) status = run(s, &kernels_measuring, &measured, work, context, error);
    *bytes = measured.peak;
    if (!status) s->cost[s->turn++ % STEP_COSTS] = (StepCost){*shape, measured.peak};
    arena_close(&measured);
    return status;
}

/* ---- Running ---------------------------------------------------------------------------- */

static Status reserve(Steps *s, size_t bytes, size_t most, Error *error) {
    if (most && bytes > most)
        return error_set_field(
            error, VOXPERT_OUT_OF_MEMORY, "max-memory",
            "this needs %zu KiB of working memory, more than the limit of %zu KiB",
            (bytes + 1023) >> 10, most >> 10);
    if (bytes <= s->memory.capacity) return VOXPERT_OK;
    arena_close(&s->memory);
    return arena_open(&s->memory, bytes, error);
}

Status steps_run(Steps *s, StepShape shape, size_t most, StepWork *work, void *context,
                 Error *error) {
    size_t bytes;
    Status status = measure(s, &shape, work, context, &bytes, error);
    if (!status) status = reserve(s, bytes, most, error);
    if (status) return status;
    arena_release(&s->memory, 0);
    return run(s, s->kernels, &s->memory, work, context, error);
}

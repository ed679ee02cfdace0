#include "ops/ops.h"
#include "tests/check.h"
#include "tests/workbench.h"

static Tensor *filled(Workbench *w, float value) {
    Tensor *t = tensor_new(&w->cx, 2, (int[]){1, 4});
    for (int i = 0; i < 4; i++) t->data[i] = value;
    return t;
}

static Tensor *frozen_step(Compute *cx, Tensor *x) {
    Scope s = scope_begin(cx);
    return scope_end(cx, s, x, op_add(cx, x, op_activation(cx, x, ACTIVATION_GELU)));
}

TEST(scope_returns_what_it_borrowed) {
    Workbench *w = workbench_open(NULL, 0, 1 << 20);
    Tensor *x = filled(w, 1.0f);
    size_t before = w->memory.used;
    CHECK(frozen_step(&w->cx, x) == x);
    CHECK(w->memory.used == before);
    workbench_close(w);
}

/* A frozen step must not overwrite what a trainable neighbour will need for its gradient. */
TEST(scope_spares_what_the_tape_holds) {
    Workbench *w = workbench_open(NULL, 0, 1 << 20);
    w->cx.tape = &w->tape;
    Tensor *x = filled(w, 2.0f), *weight = filled(w, 1.0f);
    weight->needs_grad = true;
    Weight form = {.out = 1, .in = 4, .values = weight->data};
    Tensor *gate = op_linear(&w->cx, x, weight, &form, NULL, ACTIVATION_NONE, NULL);
    frozen_step(&w->cx, x);
    backward(&w->cx, gate);
    CHECK_CLOSE(weight->grad, ((float[]){2.0f, 2.0f, 2.0f, 2.0f}), 4, 0.0f, 0.0f);
    CHECK(weight->used);
    workbench_close(w);
}

/* A view shares its storage's flags: holding the view holds the stream it was taken from. */
TEST(scope_spares_what_a_view_holds) {
    Workbench *w = workbench_open(NULL, 0, 1 << 20);
    w->cx.tape = &w->tape;
    Tensor *x = filled(w, 2.0f), *weight = filled(w, 1.0f);
    weight->needs_grad = true;
    Weight form = {.out = 2, .in = 2, .values = weight->data};
    Tensor *half = tensor_view(&w->cx, x, 2, 2, (int[]){1, 2});
    Tensor *gate = op_linear(&w->cx, half, weight, &form, NULL, ACTIVATION_NONE, NULL);
    CHECK(frozen_step(&w->cx, x) != x);
    float *seed = grad_of(&w->cx, gate);
    seed[0] = 1.0f;
    backward_from(&w->cx);
    CHECK_CLOSE(weight->grad, ((float[]){2.0f, 2.0f, 0.0f, 0.0f}), 4, 0.0f, 0.0f);
    workbench_close(w);
}

TEST(scope_return_moves_its_result_down) {
    Workbench *w = workbench_open(NULL, 0, 1 << 20);
    Tensor *x = filled(w, 1.5f);
    size_t before = w->memory.used;
    Scope s = scope_begin(&w->cx);
    filled(w, 9.0f);
    Tensor *y = scope_return(&w->cx, s, op_add(&w->cx, x, x));
    CHECK_CLOSE(y->data, ((float[]){3.0f, 3.0f, 3.0f, 3.0f}), 4, 0.0f, 0.0f);
    CHECK(w->memory.used == before + ARENA_ALIGN);
    workbench_close(w);
}

static Tensor *blocks(Compute *cx, int depth) {
    Tensor *x = tensor_zeros(cx, 2, (int[]){64, 64});
    for (int i = 0; i < depth; i++) x = frozen_step(cx, x);
    return x;
}

TEST(measuring_tells_what_the_work_needs_and_depth_is_free) {
    size_t peak[2];
    for (int i = 0; i < 2; i++) {
        Workbench *w = workbench_open(NULL, 0, 1 << 20);
        Arena measuring;
        CHECK(arena_open_measuring(&measuring, NULL) == VOXPERT_OK);
        Compute cx = w->cx;
        cx.kernels = &kernels_measuring;
        cx.memory = &measuring;
        blocks(&cx, i ? 32 : 12);
        CHECK(compute_ok(&cx));
        peak[i] = measuring.peak;
        blocks(&w->cx, i ? 32 : 12);
        CHECK(w->memory.peak == peak[i]);
        arena_close(&measuring);
        workbench_close(w);
    }
    CHECK(peak[0] == peak[1]);
}

TEST(every_capacity_below_the_need_fails_cleanly) {
    Workbench *w = workbench_open(NULL, 0, 1 << 20);
    blocks(&w->cx, 3);
    size_t need = w->memory.peak;
    for (size_t capacity = 0; capacity < need; capacity += 4096) {
        Arena small = w->memory;
        small.used = 0, small.capacity = capacity;
        Arena records = w->records;
        Compute cx = w->cx;
        cx.memory = &small, cx.records = &records;
        blocks(&cx, 3);
        CHECK(compute_status(&cx, NULL) == VOXPERT_OUT_OF_MEMORY);
    }
    workbench_close(w);
}

TEST(a_view_of_values_that_are_not_there_has_none) {
    Workbench *w = workbench_open(NULL, 0, 1 << 20);
    Tensor *t = tensor_over(&w->cx, 2, (int[]){3, 4}, NULL);
    Tensor *view = tensor_view(&w->cx, t, 4, 1, (int[]){8});
    CHECK(compute_ok(&w->cx) && view->data == NULL);
    workbench_close(w);
}

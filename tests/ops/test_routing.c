/* Experts that are held back: to the router they are not there. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/random.h"
#include "ops/ops.h"
#include "tests/check.h"
#include "tests/workbench.h"

enum { ROWS = 7, FEW = 4, MANY = FEW + 1 };

typedef struct Logits {
    float clean[ROWS][MANY], spread[ROWS][MANY], noise[ROWS][MANY];
    float slope[ROWS][3 * MANY + 1];
} Logits;

/* The same numbers, without expert `at`: its columns of each part are left out. */
static Logits drawn(unsigned salt) {
    Logits l;
    float *x = &l.clean[0][0];
    Random r = random_begin(salt, 0, 0, 0);
    for (size_t i = 0; i < sizeof l / sizeof *x; i++) x[i] = (float)random_normal(&r);
    return l;
}

static void without(float *out, const float *in, int at) {
    for (int e = 0; e < MANY; e++)
        if (e != at) *out++ = in[e];
}

static Logits few_of(const Logits *l, int at) {
    Logits f = {0};
    for (int i = 0; i < ROWS; i++) {
        without(&f.clean[0][0] + i * FEW, l->clean[i], at);
        without(&f.spread[0][0] + i * FEW, l->spread[i], at);
        without(&f.noise[0][0] + i * FEW, l->noise[i], at);
        float *to = &f.slope[0][0] + (size_t)i * (3 * FEW + 1);
        for (int part = 0; part < 3; part++)
            without(to + part * FEW, l->slope[i] + part * MANY, at);
        to[3 * FEW] = l->slope[i][3 * MANY];
    }
    return f;
}

typedef struct Routed {
    float rows[ROWS][3 * MANY + 1], dclean[ROWS][MANY], dspread[ROWS][MANY];
} Routed;

static Routed routed_of(const Logits *l, const RouteShape *s, bool noisy) {
    Routed r = {0};
    const float *spread = noisy ? &l->spread[0][0] : NULL, *noise = noisy ? &l->noise[0][0] : NULL;
    kernels_reference.route(NULL, &r.rows[0][0], &l->clean[0][0], spread, noise, s);
    if (!s->forced)
        kernels_reference.route_backward(NULL, &r.dclean[0][0], noisy ? &r.dspread[0][0] : NULL,
                                         &l->slope[0][0], &l->clean[0][0], spread, noise, s);
    return r;
}

static bool same(const float *a, const float *b, size_t n) {
    return memcmp(a, b, n * sizeof *a) == 0;
}

/* Byte for byte, and nothing of it at expert `at`. */
static void compare(const Routed *many, const Routed *few, int at) {
    for (int i = 0; i < ROWS; i++) {
        float row[3 * FEW + 1], slopes[2 * FEW];
        for (int part = 0; part < 3; part++)
            without(row + part * FEW, many->rows[i] + part * MANY, at);
        row[3 * FEW] = many->rows[i][3 * MANY];
        without(slopes, many->dclean[i], at);
        without(slopes + FEW, many->dspread[i], at);
        CHECK(same(row, &few->rows[0][0] + (size_t)i * (3 * FEW + 1), 3 * FEW + 1));
        CHECK(same(slopes, &few->dclean[0][0] + i * FEW, FEW));
        CHECK(same(slopes + FEW, &few->dspread[0][0] + i * FEW, FEW));
        CHECK(fabsf(many->rows[i][at]) <= 0.0f && fabsf(many->rows[i][MANY + at]) <= 0.0f);
        CHECK(isinf(many->rows[i][2 * MANY + at]) && many->rows[i][2 * MANY + at] < 0.0f);
        CHECK(fabsf(many->dclean[i][at]) <= 0.0f && fabsf(many->dspread[i][at]) <= 0.0f);
    }
}

TEST(an_expert_that_is_held_back_changes_no_byte_of_the_others) {
    static const RouteRule rules[] = {ROUTE_SOFTMAX, ROUTE_CONSTANT, ROUTE_STRAIGHT_THROUGH};
    for (int at = 0; at < MANY; at++) {
        Logits many = drawn((unsigned)at + 1), few = few_of(&many, at);
        for (int rule = 0; rule < 3; rule++)
            for (int kept = 1; kept <= FEW; kept++)
                for (int noisy = 0; noisy < 2; noisy++) {
                    RouteShape s = {ROWS, FEW, kept, rules[rule], 0, 0}, t = s;
                    t.experts = MANY, t.held_back = UINT64_C(1) << at;
                    Routed a = routed_of(&many, &t, noisy), b = routed_of(&few, &s, noisy);
                    compare(&a, &b, at);
                }
    }
}

TEST(other_experts_are_forced_as_before) {
    Logits many = drawn(3), few = few_of(&many, FEW);
    RouteShape s = {ROWS, FEW, 1, ROUTE_SOFTMAX, 2, 0}, t = s;
    t.experts = MANY, t.held_back = UINT64_C(1) << FEW;
    Routed a = routed_of(&many, &t, false), b = routed_of(&few, &s, false);
    compare(&a, &b, FEW);
}

TEST(forced_it_is_there_with_its_share_of_all) {
    Logits l = drawn(4);
    RouteShape held = {ROWS, MANY, 1, ROUTE_SOFTMAX, MANY, UINT64_C(1) << FEW}, plain = held;
    plain.held_back = 0;
    Routed a = routed_of(&l, &held, false), b = routed_of(&l, &plain, false);
    CHECK(memcmp(&a, &b, sizeof a) == 0);
    for (int i = 0; i < ROWS; i++) CHECK(a.rows[i][FEW] > 0.99f && a.rows[i][3 * MANY] > 0.0f);
}

TEST(more_cannot_be_kept_than_are_open) {
    for (int kept = 2; kept <= 3; kept++) {
        Workbench *w = workbench_open(NULL, 0, 1 << 20);
        RouteShape how = {.kept = kept, .rule = ROUTE_SOFTMAX, .held_back = 5};
        Tensor *clean = workbench_tensor(w, 2, (int[]){ROWS, FEW}, 1);
        op_route(&w->cx, clean, NULL, NULL, &how);
        CHECK(compute_ok(&w->cx) == (kept == 2));
        workbench_close(w);
    }
}

/* ---- Balance ---------------------------------------------------------------------------- */

/* Of rows [ROWS + 1, 3 experts + 1]; its slopes go to `slopes`. */
static float balance_of(const float *rows, int experts, int tokens, uint64_t held_back,
                        float *slopes) {
    Workbench *w = workbench_open(NULL, 0, 1 << 20);
    int dim[] = {ROWS - 1, 3 * experts + 1};
    Tensor *x = tensor_from(&w->cx, 2, dim, rows);
    x->needs_grad = true;
    w->cx.tape = &w->tape;
    Tensor *loss = op_balance(&w->cx, x, tokens, held_back, 0.5f, NULL);
    float value = loss->data[0];
    backward(&w->cx, loss);
    CHECK(compute_ok(&w->cx));
    memcpy(slopes, x->grad, (size_t)(dim[0] * dim[1]) * sizeof *slopes);
    workbench_close(w);
    return value;
}

TEST(balance_does_not_count_it) {
    for (int at = 0; at < MANY; at++) {
        Logits many = drawn(9), few = few_of(&many, at);
        for (int i = 0; i < ROWS; i++) many.slope[i][2 * MANY + at] = -INFINITY;
        for (int tokens = 1; tokens <= 3; tokens++) {
            float a[ROWS][3 * MANY + 1], b[ROWS][3 * FEW + 1];
            float x = balance_of(&many.slope[0][0], MANY, tokens, UINT64_C(1) << at, &a[0][0]);
            float y = balance_of(&few.slope[0][0], FEW, tokens, 0, &b[0][0]);
            CHECK(same(&x, &y, 1) && x > 0.0f);
            for (int i = 0; i < ROWS - 1; i++) {
                float row[3 * FEW + 1];
                for (int part = 0; part < 3; part++)
                    without(row + part * FEW, a[i] + part * MANY, at);
                row[3 * FEW] = a[i][3 * MANY];
                CHECK(same(row, b[i], 3 * FEW + 1));
                CHECK(fabsf(a[i][at]) <= 0.0f && fabsf(a[i][MANY + at]) <= 0.0f);
            }
        }
    }
}

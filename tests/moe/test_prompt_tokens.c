/* Questions for classes: what they add, whom they reach, and that the others stay as they were. */
#include "moe/prompt_tokens.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"
#include "tests/gradient_check.h"

enum { DIM = 8, TOKENS = 2, CLASSES = 3, GRID = 3, BATCH = 4, ROW = TOKENS * DIM };

typedef struct Scene {
    Workbench *w;
    Params params;
    PromptPool pool;
    Tensor *image;
} Scene;

/* The rows of class_query are zero until scene_stir. */
static void scene_open(Scene *s, const Kernels *kernels, int classes) {
    const PromptPoolConfig c = {
        .dim = DIM, .heads = 2, .tokens = TOKENS, .hidden = 4 * DIM, .classes = classes};
    *s = (Scene){.w = workbench_open(kernels, 0, (size_t)16 << 20)};
    prompt_pool_declare(&s->pool, &s->params, &c);
    CHECK(params_initialize(&s->params, 7, NULL) == VOXPERT_OK);
    s->image = workbench_tensor(s->w, 4, (int[]){BATCH, GRID, GRID, DIM}, 3);
}

static void scene_stir(Scene *s) {
    float *row = s->pool.class_query->tensor.data;
    for (int i = 0; i < CLASSES * ROW; i++) row[i] = sinf((float)(i + 1) * 1.7f);
}

static void scene_close(Scene *s) {
    params_free(&s->params);
    workbench_close(s->w);
}

static const float *tokens_of(Scene *s, Tensor *sparse, const int *classes) {
    Tensor *t = prompt_pool_forward(&s->w->cx, &s->pool, s->image, sparse, classes);
    CHECK(compute_ok(&s->w->cx) && t->dim[0] == BATCH && t->dim[1] == TOKENS && t->dim[2] == DIM);
    return t->data;
}

static bool same_rows(const float *a, const float *b, int sample) {
    size_t at = (size_t)(sample * ROW);
    return memcmp(a + at, b + at, ROW * sizeof *a) == 0;
}

TEST(a_mixed_batch_answers_as_a_pass_for_each_class_does_on_any_kernel_set) {
    static const int mixed[BATCH] = {2, 0, 3, 1};
    for (const Kernels *const *k = kernels_available(); *k; k++) {
        Scene s;
        scene_open(&s, *k, CLASSES);
        scene_stir(&s);
        Tensor *sparse = workbench_tensor(s.w, 3, (int[]){BATCH, 5, DIM}, 9);
        for (int guided = 0; guided < 2; guided++) {
            const float *together = tokens_of(&s, guided ? sparse : NULL, mixed);
            for (int i = 0; i < BATCH; i++) {
                const int same[BATCH] = {mixed[i], mixed[i], mixed[i], mixed[i]};
                const float *alone = tokens_of(&s, guided ? sparse : NULL, mixed[i] ? same : NULL);
                CHECK(same_rows(together, alone, i));
                if (mixed[i])
                    CHECK(!same_rows(together, tokens_of(&s, guided ? sparse : NULL, NULL), i));
            }
        }
        scene_close(&s);
    }
}

TEST(classes_that_learned_nothing_ask_as_the_shared_query_does) {
    static const int mixed[BATCH] = {1, 2, 0, 3};
    for (const Kernels *const *k = kernels_available(); *k; k++) {
        Scene with, without;
        scene_open(&with, *k, CLASSES);
        scene_open(&without, *k, 0);
        const float *asked = tokens_of(&with, NULL, mixed),
                    *before = tokens_of(&without, NULL, NULL);
        CHECK(memcmp(asked, before, BATCH * ROW * sizeof *asked) == 0);
        CHECK(!params_find(&without.params, "class_query"));
        scene_close(&with);
        scene_close(&without);
    }
}

static Scene *under_test;
static const int checked[BATCH] = {2, 0, 2, 1};

static Tensor *ask(Compute *cx, Tensor *const *in) {
    (void)in; /* parameters of the scene */
    return prompt_pool_forward(cx, &under_test->pool, under_test->image, NULL, checked);
}

TEST(gradients_are_right_and_reach_the_classes_that_were_asked) {
    Scene s;
    scene_open(&s, NULL, CLASSES);
    scene_stir(&s);
    under_test = &s;
    Tensor *query = &s.pool.query->tensor, *classes = &s.pool.class_query->tensor;
    query->needs_grad = classes->needs_grad = true;
    Tensor *in[] = {query, classes};
    CHECK(gradient_check(s.w, ask, in, 2, 1e-2f) < 3e-3);
    const float *d = classes->grad;
    CHECK(d != NULL);
    for (int c = 0; d && c < CLASSES; c++) {
        float sum = 0.0f;
        for (int i = 0; i < ROW; i++) sum += fabsf(d[c * ROW + i]);
        CHECK(c < 2 ? sum > 1e-3f : sum <= 0.0f);
    }
    scene_close(&s);
}

TEST(where_nobody_asks_for_a_class_their_rows_are_not_reached) {
    Scene s;
    scene_open(&s, NULL, CLASSES);
    Compute *cx = &s.w->cx;
    s.pool.query->tensor.needs_grad = s.pool.class_query->tensor.needs_grad = true;
    cx->tape = &s.w->tape;
    Tensor *t = prompt_pool_forward(cx, &s.pool, s.image, NULL, NULL);
    float *seed = grad_of(cx, t);
    for (size_t i = 0; seed && i < tensor_size(t); i++) seed[i] = sinf((float)i);
    backward_from(cx);
    CHECK(s.pool.query->tensor.grad && !s.pool.class_query->tensor.grad);
    scene_close(&s);
}

TEST(a_class_that_is_not_there_fails) {
    static const int wrong[][BATCH] = {{0, 0, 0, CLASSES + 1}, {-1, 0, 0, 0}};
    for (int i = 0; i < 2; i++) {
        Scene s;
        scene_open(&s, NULL, CLASSES);
        prompt_pool_forward(&s.w->cx, &s.pool, s.image, NULL, wrong[i]);
        CHECK(!compute_ok(&s.w->cx));
        scene_close(&s);
    }
}

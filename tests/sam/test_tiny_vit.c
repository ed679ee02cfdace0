#include "sam/tiny_vit.h"

#include <string.h>

#include "tests/check.h"
#include "tests/workbench.h"

static const TinyVitStageConfig stage = {
    .dim = 8, .depth = 1, .heads = 2, .window = 4, .hidden = 16};

static void give_values(Params *p) {
    CHECK(params_initialize(p, 5, NULL) == VOXPERT_OK);
    for (size_t i = 0; i < p->count; i++) { /* fresh biases are zero and would hide much */
        Param *q = p->item[i];
        if (!q->owned || q->tensor.rank != 1 || q->buffer) continue;
        for (int j = 0; j < q->dim[0]; j++) q->owned[j] += 0.3f - 0.1f * (float)(j % 7);
    }
}

/* Padded tokens are normalized zeros: computed once and never made, they give what real ones would.
 * Tolerance 1e-6; seen: 1e-7. */
TEST(padding_that_is_not_there_counts_as_padding_that_is) {
    Workbench *w = workbench_open(NULL, 0, 4 << 20);
    Compute *cx = &w->cx;
    Params p = {0};
    TinyVitBlock block;
    tiny_vit_block_declare(&block, &p, &stage);
    give_values(&p);
    tiny_vit_block_prepare(&block, &p);
    Tensor *x = workbench_tensor(w, 4, (int[]){2, 5, 6, 8}, 1);
    Tensor *padded = tensor_zeros(cx, 4, (int[]){2, 8, 8, 8});
    for (int b = 0; b < 2; b++) {
        for (int y = 0; y < 5; y++)
            memcpy(padded->data + (b * 8 + y) * 64, x->data + (b * 5 + y) * 48, 48 * sizeof(float));
    }
    Tensor *got = tiny_vit_attention(cx, &block, &stage, x, NULL);
    Tensor *want = tiny_vit_attention(cx, &block, &stage, padded, NULL);
    CHECK(compute_ok(cx));
    for (int b = 0; b < 2; b++) {
        for (int y = 0; y < 5; y++)
            CHECK_CLOSE(got->data + (b * 5 + y) * 48, want->data + (b * 8 + y) * 64, 48, 1e-6f,
                        1e-6f);
    }
    params_free(&p);
    workbench_close(w);
}

static const TinyVitConfig small = {
    .image = 40,
    .channels = 3,
    .stem = 4,
    .stages = 3,
    .stage = {{.dim = 8, .depth = 1, .hidden = 16, .stride = 2},
              {.dim = 12, .depth = 2, .heads = 3, .window = 3, .hidden = 24, .stride = 1},
              {.dim = 16, .depth = 1, .heads = 2, .window = 2, .hidden = 32}},
    .out = 16,
};

TEST(the_pyramid_has_the_grid_that_its_strides_say) {
    Workbench *w = workbench_open(NULL, 0, 8 << 20);
    Params p = {0};
    TinyVit *t = &(TinyVit){0};
    tiny_vit_declare(t, &p, &small);
    give_values(&p);
    tiny_vit_prepare(t, &p);
    Tensor *image = workbench_tensor(w, 4, (int[]){1, 40, 40, 3}, 2);
    Tensor *y = tiny_vit_forward(&w->cx, t, image);
    CHECK(compute_ok(&w->cx));
    CHECK(tiny_vit_grid(&small) == 5); /* 40 / 4, then 2, then 1 */
    CHECK(y->rank == 4 && y->dim[1] == 5 && y->dim[2] == 5 && y->dim[3] == 16);
    params_free(&p);
    workbench_close(w);
}

TEST(mobile_sam_looks_at_1024_pixels_with_64_tokens) {
    TinyVitConfig c = small;
    c.image = 1024;
    c.stages = 4;
    c.stage[1].stride = 2;
    c.stage[2].stride = 1;
    CHECK(tiny_vit_grid(&c) == 64);
}

TEST(an_image_of_another_size_is_refused) {
    Workbench *w = workbench_open(NULL, 0, 8 << 20);
    Params p = {0};
    TinyVit *t = &(TinyVit){0};
    tiny_vit_declare(t, &p, &small);
    Tensor *image = workbench_tensor(w, 4, (int[]){1, 48, 48, 3}, 2);
    tiny_vit_forward(&w->cx, t, image);
    CHECK(!compute_ok(&w->cx));
    params_free(&p);
    workbench_close(w);
}

TEST(none_of_its_parameters_trains) {
    Params p = {0};
    TinyVit *t = &(TinyVit){0};
    tiny_vit_declare(t, &p, &small);
    CHECK(p.count > 50);
    CHECK(params_train(&p, "*", true) == 0);
    params_free(&p);
}

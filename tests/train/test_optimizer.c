/* Which parameters an optimizer moves, and by how much: as PyTorch's. */
#include <math.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"
#include "tests/train/tiny.h"
#include "tests/train/watch.h"

enum { WIDTH = 16 };

/* A row of the tiny model that a run ends with. */
static void read_row(const char *folder, const char *name, float out[WIDTH]) {
    Checkpoint *c = tiny_open(folder, "state.safetensors");
    const StoredTensor *t = checkpoint_find(c, name);
    CHECK(t && t->count == WIDTH);
    stored_tensor_read(t, out);
    checkpoint_close(c);
}

/* One step with decay 0.5 at rate 0.1 that begins from another run's model. */
static TrainOptions one_step(const char *base, const char *out) {
    TrainOptions o = tiny_options(out);
    o.config = NULL, o.base = base;
    o.steps = 1, o.warm_up = 0.0, o.schedule = SCHEDULE_CONSTANT;
    o.optimizer.lr = 0.1, o.optimizer.decay = 0.5, o.optimizer.average = 0.0;
    o.decay_all = true;
    return o;
}

/* By how much a row shrank; -1: not by one factor. */
static double shrunk(const float before[WIDTH], const float after[WIDTH]) {
    double factor = (double)after[0] / (double)before[0];
    for (int i = 1; i < WIDTH; i++)
        if (fabs((double)after[i] - factor * (double)before[i]) > 1e-6) return -1.0;
    return factor;
}

static void check_shrinks(const TrainOptions *o, const char *base, const char *name,
                          double factor) {
    float before[WIDTH], after[WIDTH];
    Watch w = {0};
    must(o, &w);
    read_row(base, name, before);
    read_row(o->out, name, after);
    double found = shrunk(before, after);
    check_report(fabs(found - factor) < 1e-5, __FILE__, __LINE__, "%s: factor %g, not %g", name,
                 found, factor);
}

static const char *const outside = "prompt_encoder.point_embeddings.0.weight";
static const char *const corner = "prompt_encoder.point_embeddings.2.weight";
static const char *const not_a_point = "prompt_encoder.not_a_point_embed.weight";

/* With a box and points there is no padding point, and its embedding has a gradient of zero:
 * x (1 - 0.1 0.5).  With a box alone it has none. */
TEST(a_gradient_of_zero_decays_and_none_does_not) {
    const char *first = tiny_folder("zero"), *second = tiny_folder("decayed");
    TrainOptions o = tiny_options(first);
    Watch w = {0};
    o.optimizer.average = 0.0;
    must(&o, &w);
    char *base = path_join(first, "state.safetensors");
    o = one_step(base, second);
    o.prompts.box = 1.0, o.prompts.rounds = 2;
    check_shrinks(&o, first, not_a_point, 0.95);
    o = one_step(base, second);
    o.prompts.box = 1.0, o.prompts.rounds = 1;
    check_shrinks(&o, first, not_a_point, 1.0);
    o = one_step(base, second);
    o.prompts.box = 1.0, o.prompts.rounds = 1;
    check_shrinks(&o, first, outside, 1.0);
    o = one_step(base, second);
    o.prompts.box = 0.0, o.prompts.rounds = 1; /* clicks inside, and the padding point */
    check_shrinks(&o, first, outside, 0.95);
    o = one_step(base, second);
    o.prompts.box = 0.0, o.prompts.rounds = 1;
    check_shrinks(&o, first, corner, 1.0);
    memory_free(base);
}

/* A term of weight 0 is left out: what only it depends on stays. */
TEST(a_head_without_a_loss_stays) {
    static const char *const head = "mask_decoder.iou_prediction_head.layers.0.bias";
    const char *first = tiny_folder("head"), *second = tiny_folder("headless");
    TrainOptions o = tiny_options(first);
    Watch w = {0};
    o.optimizer.average = 0.0;
    must(&o, &w);
    char *base = path_join(first, "state.safetensors");
    o = one_step(base, second);
    o.loss.iou = 0.0f;
    check_shrinks(&o, first, head, 1.0);
    memory_free(base);
}

/* ---- Values ----------------------------------------------------------------------------- */

/* Three steps of torch.optim.AdamW and Adam (2.13, float64): lr 0.1, betas 0.9 and 0.99, eps 1e-6,
 * weight_decay 0.2, from these values with these gradients. */
static const float begin[4] = {1.0f, -0.5f, 2.0f, 0.25f};
static const float gradient[3][4] = {
    {0.5f, -2.0f, 0.0f, 1e-4f}, {-1.0f, 0.25f, 0.0f, 3.0f}, {0.125f, 0.5f, 0.0f, -1.0f}};
static const float adamw[4] = {0.902021881f, -0.29065784f, 1.882384f, 0.0331018479f};
static const float adam[4] = {0.905311413f, -0.305772536f, 1.70058107f, 0.038925159f};

static void check_steps(const Kernels *k, OptimizerKind kind, const float *want) {
    Params p = {0};
    Param *a = params_declare(&p, "a", LAYOUT_PLAIN, 1, (int[]){4}, INITIAL_ONE, 1);
    OptimizerRule rule = {
        .kind = kind, .lr = 0.1, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-6, .decay = 0.2};
    Optimizer o;
    Worker w = {0};
    CHECK(params_initialize(&p, 1, NULL) == VOXPERT_OK);
    params_train(&p, "*", true);
    CHECK(worker_open(&w, NULL, NULL) == VOXPERT_OK);
    CHECK(optimizer_open(&o, &p, true, NULL) == VOXPERT_OK);
    memcpy(a->owned, begin, sizeof begin);
    for (int i = 0; i < 3; i++) {
        optimizer_zero(&o, k, &w);
        for (int n = 0; n < 4; n++) o.slot[0].gradient[n] = 2.0f * gradient[i][n];
        a->tensor.used = true;
        optimizer_step(&o, k, &w, &rule, 2); /* of two batches */
    }
    CHECK_CLOSE(a->owned, want, 4, 2e-6f, 2e-6f);
    optimizer_close(&o);
    params_free(&p);
    worker_close(&w);
}

TEST(adam_and_adamw_step_as_pytorch_s_on_every_kernel_set) {
    for (const Kernels *const *k = kernels_available(); *k; k++) {
        check_steps(*k, OPTIMIZER_ADAMW, adamw);
        check_steps(*k, OPTIMIZER_ADAM, adam);
    }
}

/* Elements of a mask whose truth is unknown, as nnU-Net leaves them out. */
#include <string.h>

#include "compute/compute.h"
#include "ops/ops.h"
#include "tests/check.h"
#include "tests/workbench.h"

enum { COUNTED = 12, UNKNOWN = 7, ALL = COUNTED + UNKNOWN };

static const MaskLoss rules[] = {
    {MASK_LOSS_FOCAL_DICE_IOU, 20, 1, 1, 0, false, false},
    {MASK_LOSS_FOCAL_DICE_IOU, 20, 1, 1, 1, true, false},
    {MASK_LOSS_DICE_CE, 0, 1, 1, 1, true, true},
};

typedef struct Answer {
    float loss, slope[ALL], iou_slope;
    MaskLossParts parts;
} Answer;

/* Of one sample with `n` elements. */
static Answer loss_of(const Kernels *k, const MaskLoss *how, const float *logit,
                      const float *target, int n) {
    Workbench *w = workbench_open(k, 0, 1 << 20);
    Answer a = {0};
    Tensor *x = tensor_from(&w->cx, 2, (int[]){1, n}, logit);
    Tensor *t = tensor_from(&w->cx, 2, (int[]){1, n}, target);
    Tensor *iou = tensor_from(&w->cx, 1, (int[]){1}, (float[]){0.7f});
    x->needs_grad = iou->needs_grad = true;
    w->cx.tape = &w->tape;
    Tensor *loss = op_mask_loss(&w->cx, x, t, iou, how, &a.parts);
    a.loss = loss->data[0];
    backward(&w->cx, loss);
    CHECK(compute_ok(&w->cx));
    memcpy(a.slope, x->grad, (size_t)n * sizeof *a.slope);
    a.iou_slope = iou->grad[0];
    workbench_close(w);
    return a;
}

/* The elements that count, with unknown ones of any logit between and behind them. */
static void spread(float *logit, float *target, const float *few, const float *truth) {
    for (int i = 0, counted = 0; i < ALL; i++) {
        bool unknown = i % 3 == 1 || counted == COUNTED;
        logit[i] = unknown ? (float)(i % 5) * 9.0f - 18.0f : few[counted];
        target[i] = unknown ? -1.0f : truth[counted++];
    }
}

static void draw(float *few, float *truth) {
    for (int i = 0; i < COUNTED; i++) {
        few[i] = 0.4f * (float)(i % 7) - 1.1f;
        truth[i] = i % 3 == 0;
    }
}

static void check_rule(const Kernels *k, const MaskLoss *how) {
    float few[COUNTED], truth[COUNTED], logit[ALL], target[ALL];
    draw(few, truth);
    spread(logit, target, few, truth);
    Answer want = loss_of(k, how, few, truth, COUNTED), got = loss_of(k, how, logit, target, ALL);
    CHECK_CLOSE(&got.loss, &want.loss, 1, 1e-6f, 1e-6f);
    CHECK_CLOSE(&got.iou_slope, &want.iou_slope, 1, 1e-6f, 1e-6f);
    CHECK(want.iou_slope > 0.01f || want.iou_slope < -0.01f);
    for (int i = 0, counted = 0; i < ALL; i++) {
        if (target[i] < 0.0f)
            CHECK(got.slope[i] >= 0.0f && got.slope[i] <= 0.0f);
        else
            CHECK_CLOSE(&got.slope[i], &want.slope[counted++], 1, 1e-7f, 1e-5f);
    }
}

TEST(the_loss_and_its_gradient_are_those_of_the_other_elements_alone) {
    const char *const sets[] = {"reference", "portable", "avx2", "avx512"};
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        const Kernels *k = s ? kernels_choose(sets[s]) : &kernels_reference;
        for (size_t i = 0; k && i < sizeof rules / sizeof *rules; i++) check_rule(k, &rules[i]);
    }
}

TEST(where_all_is_ignored_nothing_is_learned) {
    float few[COUNTED], truth[COUNTED];
    draw(few, truth);
    for (int i = 0; i < COUNTED; i++) truth[i] = -1.0f;
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        Answer a = loss_of(kernels_choose(NULL), &rules[r], few, truth, COUNTED);
        CHECK(a.loss >= 0.0f && a.loss <= 0.0f);
        CHECK(a.iou_slope >= 0.0f && a.iou_slope <= 0.0f);
        for (int i = 0; i < COUNTED; i++) CHECK(a.slope[i] >= 0.0f && a.slope[i] <= 0.0f);
    }
}

/* A loss over masks, and the gradient of every parameter, input and stage. */
#include <stdlib.h>
#include <string.h>

#include "tests/golden/gradients.h"
#include "tests/golden/kinds.h"
#include "tests/golden/passes.h"

typedef struct GradientCase {
    GoldenPasses passes;
    GoldenModel *model;
    double largest; /* norm of a gradient in the file */
    bool keeps;     /* gradients of stages, too; else they are handed on, as in training */
} GradientCase;

/* ---- The loss ------------------------------------------------------------------------------- */

static bool read_rule(GoldenRun *run, MaskLoss *out) {
    json_t *loss = golden_metadata(run, "loss"), *weights = json_object_get(loss, "weights");
    const char *rule = json_string_value(json_object_get(loss, "rule"));
    *out = (MaskLoss){
        .rule = MASK_LOSS_FOCAL_DICE_IOU,
        .focal = (float)json_number_value(json_object_get(weights, "focal")),
        .dice = (float)json_number_value(json_object_get(weights, "dice")),
        .iou = (float)json_number_value(json_object_get(weights, "iou_mse")),
    };
    bool ok = rule && strcmp(rule, "focal20_dice_iou") == 0;
    if (!ok) golden_fail(run, "loss: rule %s is not known", rule ? rule : "(none)");
    return ok;
}

static Tensor *loss_of(GradientCase *g, Compute *cx, size_t index, const MaskLoss *rule) {
    GoldenPass *pass = &g->passes.pass[index];
    GoldenRun *run = g->passes.run;
    int size = g->passes.sam->config.image;
    Tensor *target = golden_target(run, cx, index, pass->low_res->dim[0], size);
    if (!target) return NULL;
    MaskLossParts parts;
    Tensor *loss =
        op_mask_loss(cx, op_resize(cx, pass->low_res, size, size), target, pass->iou, rule, &parts);
    if (!compute_ok(cx) || compute_measures(cx)) return loss;
    golden_compare_number(run, pass->name, "loss", parts.loss);
    golden_compare_number(run, pass->name, "focal", parts.focal);
    golden_compare_number(run, pass->name, "dice", parts.dice);
    golden_compare_number(run, pass->name, "iou_mse", parts.iou_error);
    return loss;
}

/* The losses of all passes are added before the one backward pass. */
static Tensor *total_loss(GradientCase *g, Compute *cx) {
    MaskLoss rule;
    if (!read_rule(g->passes.run, &rule)) return NULL;
    Tensor *sum = NULL;
    for (size_t i = 0; i < g->passes.count; i++) {
        Tensor *loss = loss_of(g, cx, i, &rule);
        if (!loss) return NULL;
        sum = sum ? op_add(cx, sum, loss) : loss;
    }
    if (!sum) golden_fail(g->passes.run, "it has no passes");
    return sum;
}

/* ---- Comparing ------------------------------------------------------------------------------ */

static void compare_tensor(GradientCase *g, const char *name, const Tensor *t) {
    GoldenRun *run = g->passes.run;
    const float *grad = t ? tensor_grad(t) : NULL;
    if (!golden_has(run, name)) return;
    if (!grad) {
        golden_fail(run, "%s: there is no gradient", name);
        return;
    }
    float *values = golden_published(run, name, t, grad);
    if (values) golden_compare_gradient(run, name, values, tensor_size(t), g->largest);
    free(values);
}

static void compare_all(GradientCase *g) {
    const Params *params = &g->model->sam.params;
    for (size_t i = 0; i < g->passes.inputs; i++) {
        char name[128];
        snprintf(name, sizeof name, "grad.%s", g->passes.input[i].name);
        compare_tensor(g, name, g->passes.input[i].tensor);
    }
    for (size_t i = 0; g->keeps && i < g->passes.stages.held_count; i++)
        compare_tensor(g, g->passes.stages.held[i].name, g->passes.stages.held[i].tensor);
    golden_compare_parameters(g->passes.run, params);
}

/* ---- The kind ------------------------------------------------------------------------------- */

static void there_and_back(Compute *cx, void *context) {
    GradientCase *g = context;
    Tape tape = {0};
    cx->tape = &tape;
    cx->keeps_gradients = g->keeps;
    Tensor *loss = golden_passes_run(&g->passes, cx) ? total_loss(g, cx) : NULL;
    if (!loss || !compute_ok(cx)) return;
    backward(cx, loss);
    if (compute_ok(cx) && !compute_measures(cx)) compare_all(g);
}

static bool prepare(GoldenRun *run, GoldenModel *m) {
    Error error;
    return golden_model_open(m, run) && golden_choose_trained(run, &m->sam.params, "gradients") &&
           golden_check(run,
                        params_pack(&m->sam.params, NULL, run->bench->kernels, &run->bench->worker,
                                    true, false, &error),
                        &error);
}

static void compare_gradients(GoldenRun *run, GoldenModel *model, bool keeps) {
    GradientCase g = {.passes = {.run = run, .sam = &model->sam, .chooses = true, .trains = true},
                      .model = model,
                      .largest = golden_largest_gradient(run),
                      .keeps = keeps};
    g.passes.detach_embedding = golden_is_listed(run, "detach", "embedding");
    g.passes.detach_prompts = golden_is_listed(run, "detach", "prompt_encoder");
    golden_compute(run, &model->sam.params, there_and_back, &g);
    golden_stages_free(&g.passes.stages);
}

void golden_sam_gradient(GoldenRun *run) {
    GoldenModel model;
    if (prepare(run, &model)) {
        compare_gradients(run, &model, true);
        compare_gradients(run, &model, false);
    }
    golden_model_close(&model);
}

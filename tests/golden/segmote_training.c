/* SegMoTE's training: losses, gradients of the first step, parameters after each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tests/golden/gradients.h"
#include "tests/golden/kinds.h"
#include "tests/golden/segmote_pass.h"
#include "train/optimizer.h"

typedef struct TrainingCase {
    GoldenPasses passes;
    GoldenSegmotePass pass;
    Params *params;
    Optimizer optimizer;
    OptimizerRule rule;
    MaskLoss loss;
    float balance; /* its weight */
    long steps;    /* of the optimizer; 0: gradients alone */
} TrainingCase;

/* ---- What the file asks for ------------------------------------------------------------------ */

static double value_of(const json_t *j, const char *key) {
    return json_number_value(json_object_get(j, key));
}

static bool read_loss(GoldenRun *run, TrainingCase *t) {
    json_t *loss = golden_metadata(run, "loss"), *weights = json_object_get(loss, "weights");
    const char *rule = json_string_value(json_object_get(loss, "rule"));
    bool paper = rule && strcmp(rule, "dice_balance") == 0;
    t->loss = (MaskLoss){.rule = MASK_LOSS_FOCAL_DICE_IOU,
                         .focal = (float)value_of(weights, "focal"),
                         .dice = (float)value_of(weights, "dice"),
                         .iou = (float)value_of(weights, "iou_mse"),
                         .per_sample = paper};
    t->balance = (float)value_of(weights, "balance");
    if (paper || (rule && strcmp(rule, "focal20_dice_iou_balance") == 0)) return true;
    golden_fail(run, "loss: rule %s is not known", rule ? rule : "(none)");
    return false;
}

static bool read_optimizer(GoldenRun *run, TrainingCase *t) {
    json_t *o = golden_metadata(run, "optimizer"), *betas = json_object_get(o, "betas");
    const char *kind = json_string_value(json_object_get(o, "kind"));
    t->rule = (OptimizerRule){.lr = value_of(o, "lr"),
                              .beta1 = json_number_value(json_array_get(betas, 0)),
                              .beta2 = json_number_value(json_array_get(betas, 1)),
                              .eps = value_of(o, "eps"),
                              .decay = value_of(o, "weight_decay")};
    if (!o || (kind && strcmp(kind, "AdamW") == 0)) return true;
    golden_fail(run, "optimizer: %s is not known", kind ? kind : "(none)");
    return false;
}

/* ---- The loss -------------------------------------------------------------------------------- */

/* What one pass adds: "gt_loss", or with the name of the pass in front. */
static Tensor *mask_loss(TrainingCase *t, Compute *cx, size_t index, const char *step) {
    GoldenRun *run = t->passes.run;
    const GoldenPass *pass = &t->passes.pass[index];
    int size = t->passes.sam->config.image;
    Tensor *logits = op_resize(cx, pass->low_res, size, size);
    if (!compute_ok(cx)) return NULL;
    Tensor *target = golden_target(run, cx, index, logits->dim[0], size);
    if (!target) return NULL;
    MaskLossParts parts;
    Tensor *iou = t->loss.iou > 0.0f ? pass->iou : NULL;
    Tensor *loss = op_mask_loss(cx, logits, target, iou, &t->loss, &parts);
    if (!compute_ok(cx) || compute_measures(cx)) return loss;
    golden_compare_number(run, step, "focal", parts.focal);
    golden_compare_number(run, step, "dice", parts.dice);
    golden_compare_number(run, step, "iou_mse", parts.iou_error);
    golden_compare_number(run, *pass->name ? pass->name : "gt_", "loss", parts.loss);
    return loss;
}

/* The balance of a pass through the experts. */
static Tensor *balance_loss(TrainingCase *t, Compute *cx, size_t index, const char *step) {
    if (!t->pass.all[index].chosen) return NULL;
    Tensor *balance =
        expert_decoder_balance(cx, &t->pass.model->model.experts, &t->pass.all[index], t->balance);
    if (compute_ok(cx) && !compute_measures(cx))
        golden_compare_number(t->passes.run, step, "balance",
                              (double)balance->data[0] / (double)t->balance);
    return balance;
}

/* The losses of all passes are added before the one backward pass. */
static Tensor *loss_of(TrainingCase *t, Compute *cx) {
    Tensor *sum = NULL;
    char step[32] = "";
    if (t->steps) snprintf(step, sizeof step, "step%zu.", t->pass.step + 1);
    for (size_t i = 0; i < t->passes.count; i++) {
        Tensor *loss = mask_loss(t, cx, i, step);
        if (!loss) return NULL;
        sum = sum ? op_add(cx, sum, loss) : loss;
        Tensor *balance = balance_loss(t, cx, i, step);
        if (balance) sum = op_add(cx, sum, balance);
    }
    if (sum && compute_ok(cx) && !compute_measures(cx))
        golden_compare_number(t->passes.run, step, "loss", (double)sum->data[0]);
    return sum;
}

/* ---- One step -------------------------------------------------------------------------------- */

/* Gradients that nothing but rounding makes: Adam divides them by their own size. */
static void loose_part(const GoldenRun *run, const char *name, size_t n, size_t *first,
                       size_t *last) {
    *first = *last = 0;
    if (json_object_get(golden_metadata(run, "adam_sensitive"), name) ||
        text_ends(name, ".k_proj.bias"))
        *last = n;
    else if (text_ends(name, "img_prompt_pool.attn.in_proj_bias"))
        *first = n / 3, *last = 2 * n / 3;
}

static void compare_parameters(TrainingCase *t) {
    GoldenRun *run = t->passes.run;
    for (size_t i = 0; i < t->params->count; i++) {
        const Param *p = t->params->item[i];
        char name[256];
        if (!p->name) continue;
        snprintf(name, sizeof name, "out.step%zu.%s", t->pass.step + 1, p->name);
        if (!golden_has(run, name)) continue;
        size_t n = tensor_size(&p->tensor), first, last;
        float *values = malloc((n + 1) * sizeof *values);
        if (!values) abort();
        param_read(p, values);
        loose_part(run, p->name, n, &first, &last);
        golden_compare_step(run, name, values, n, first, last,
                            t->rule.lr * (double)(t->pass.step + 1));
        free(values);
    }
}

static void step(Compute *cx, void *context) {
    TrainingCase *t = context;
    Tape tape = {0};
    Optimizer *o = &t->optimizer;
    cx->tape = &tape;
    for (size_t i = 0; i < o->count; i++) o->slot[i].param->tensor.grad = o->slot[i].gradient;
    if (!compute_measures(cx)) optimizer_zero(o, cx->kernels, cx->worker);
    Tensor *loss = golden_passes_run(&t->passes, cx) ? loss_of(t, cx) : NULL;
    if (!loss || !compute_ok(cx)) return;
    backward(cx, loss);
    if (!compute_ok(cx) || compute_measures(cx)) return;
    if (t->pass.step == 0) golden_compare_parameters(t->passes.run, t->params);
    if (!t->steps) return;
    optimizer_step(o, cx->kernels, cx->worker, &t->rule, 1);
    compare_parameters(t);
}

static bool open_optimizer(GoldenRun *run, TrainingCase *t) {
    Error error;
    t->steps = (long)json_integer_value(golden_metadata(run, "steps"));
    bool ok = !t->steps ||
              (read_optimizer(run, t) && golden_choose_trained(run, t->params, "trainable") &&
               golden_check(run, optimizer_open(&t->optimizer, t->params, true, &error), &error));
    return ok && golden_choose_trained(run, t->params, "gradients");
}

void golden_segmote_training(GoldenRun *run) {
    GoldenSegmote model;
    TrainingCase t = {.passes = {.run = run}};
    if (golden_segmote_open(&model, run) && read_loss(run, &t)) {
        golden_segmote_passes(&t.passes, &t.pass, &model);
        t.passes.detach_embedding = golden_is_listed(run, "detach", "embedding");
        t.params = &model.sam.params;
        bool ok = open_optimizer(run, &t);
        do {
            ok = ok && golden_compute(run, t.params, step, &t);
            t.passes.stages.mute = true; /* stages are those of the first step */
        } while (ok && (long)++t.pass.step < t.steps);
        optimizer_close(&t.optimizer);
        golden_stages_free(&t.passes.stages);
        golden_array_free(&t.pass.noise);
    }
    golden_segmote_close(&model);
}

/* A loss over masks, and the gradient of every parameter, input and stage. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tests/golden/kinds.h"
#include "tests/golden/passes.h"

typedef struct GradientCase {
    GoldenPasses passes;
    GoldenModel *model;
    double largest; /* norm of a gradient in the file */
} GradientCase;

/* ---- What trains ---------------------------------------------------------------------------- */

static bool train_listed(GoldenRun *run, Params *params, const char *name) {
    char path[1024], line[256];
    golden_beside(run, name, path, sizeof path);
    FILE *file = fopen(path, "r");
    if (!file) {
        golden_fail(run, "list %s: %s", name, strerror(errno));
        return false;
    }
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, " \n")] = '\0';
        if (*line && !params_train(params, line, true))
            golden_fail(run, "list %s: %s is no parameter", name, line);
    }
    fclose(file);
    return true;
}

static bool choose_trained(GoldenRun *run, Params *params) {
    json_t *patterns = golden_metadata(run, "gradients");
    if (json_is_string(patterns)) return train_listed(run, params, json_string_value(patterns));
    for (size_t i = 0; i < json_array_size(patterns); i++) {
        const char *pattern = json_string_value(json_array_get(patterns, i));
        if (!pattern || !params_train(params, pattern, true))
            golden_fail(run, "gradients: a pattern matches nothing");
    }
    return json_is_array(patterns);
}

static bool is_listed(const GoldenRun *run, const char *key, const char *name) {
    json_t *list = golden_metadata(run, key);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *entry = json_string_value(json_array_get(list, i));
        if (entry && strcmp(entry, name) == 0) return true;
    }
    return false;
}

/* ---- The loss ------------------------------------------------------------------------------- */

static void draw_discs(const GoldenArray *discs, float *out, int n, int size) {
    for (int b = 0; b < n; b++) {
        const float *d = discs->values + 3 * b;
        double r = (double)d[2];
        for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x++) {
                double dx = (double)x - (double)d[0], dy = (double)y - (double)d[1];
                *out++ = dx * dx + dy * dy < r * r ? 1.0f : 0.0f;
            }
        }
    }
}

static Tensor *target_of(GradientCase *g, Compute *cx, size_t index, int n) {
    GoldenRun *run = g->passes.run;
    json_t *target = golden_metadata(run, "target");
    if (json_is_array(target)) target = json_array_get(target, index);
    json_t *discs = json_object_get(target, "discs");
    const char *name = json_string_value(discs ? discs : target);
    int size = g->passes.sam->config.image;
    Tensor *t = tensor_new(cx, 4, (int[]){n, 1, size, size});
    GoldenArray a = {0};
    bool ok =
        name && golden_input(run, name, &a) && a.count == (discs ? 3 * (size_t)n : tensor_size(t));
    if (!ok) golden_fail(run, "target: is missing, or of another size");
    if (ok && compute_ok(cx) && !compute_measures(cx)) {
        if (discs)
            draw_discs(&a, t->data, n, size);
        else
            memcpy(t->data, a.values, tensor_bytes(t));
    }
    golden_array_free(&a);
    return ok ? t : NULL;
}

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

static void compare_number(GoldenRun *run, const char *pass, const char *name, double value) {
    char full[256];
    snprintf(full, sizeof full, "out.%s%s", pass, name);
    float single = (float)value;
    if (golden_has(run, full)) golden_compare(run, full, &single, 1);
}

static Tensor *loss_of(GradientCase *g, Compute *cx, size_t index, const MaskLoss *rule) {
    GoldenPass *pass = &g->passes.pass[index];
    GoldenRun *run = g->passes.run;
    int size = g->passes.sam->config.image;
    Tensor *target = target_of(g, cx, index, pass->low_res->dim[0]);
    if (!target) return NULL;
    MaskLossParts parts;
    Tensor *loss =
        op_mask_loss(cx, op_resize(cx, pass->low_res, size, size), target, pass->iou, rule, &parts);
    if (!compute_ok(cx) || compute_measures(cx)) return loss;
    compare_number(run, pass->name, "loss", parts.loss);
    compare_number(run, pass->name, "focal", parts.focal);
    compare_number(run, pass->name, "dice", parts.dice);
    compare_number(run, pass->name, "iou_mse", parts.iou_error);
    return loss;
}

/* The losses of all passes are added before the one way back. */
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

/* Nothing reached it: an optimizer would skip it. */
static void compare_none(GoldenRun *run, const Param *p) {
    run->checks++;
    if (!p->tensor.used && !p->tensor.grad) {
        if (!run->bench->brief)
            fprintf(run->bench->report, "  ok   grad.%-53s none, as it should be\n", p->name);
        return;
    }
    run->checks--;
    golden_fail(run, "grad.%s: there should be none", p->name);
}

static void compare_param(GradientCase *g, const Param *p) {
    GoldenRun *run = g->passes.run;
    char name[256];
    snprintf(name, sizeof name, "grad.%s", p->name);
    if (is_listed(run, "no_grad", p->name)) {
        compare_none(run, p);
        return;
    }
    size_t n = tensor_size(&p->tensor);
    float *values = calloc(n, sizeof *values);
    if (!values) abort();
    if (p->tensor.grad) param_publish(p, p->tensor.grad, values);
    if (!p->tensor.used)
        golden_fail(run, "%s: no forward pass reached it", name);
    else if (is_listed(run, "zero_gradients", name))
        golden_compare_zero(run, name, values, n);
    else
        golden_compare_gradient(run, name, values, n, g->largest);
    free(values);
}

static void compare_all(GradientCase *g) {
    const Params *params = &g->model->sam.params;
    for (size_t i = 0; i < g->passes.inputs; i++) {
        char name[128];
        snprintf(name, sizeof name, "grad.%s", g->passes.input[i].name);
        compare_tensor(g, name, g->passes.input[i].tensor);
    }
    for (size_t i = 0; i < g->passes.stages.held_count; i++)
        compare_tensor(g, g->passes.stages.held[i].name, g->passes.stages.held[i].tensor);
    for (size_t i = 0; i < params->count; i++) {
        if (params->item[i]->tensor.needs_grad) compare_param(g, params->item[i]);
    }
}

/* ---- The kind ------------------------------------------------------------------------------- */

static void there_and_back(Compute *cx, void *context) {
    GradientCase *g = context;
    Tape tape = {0};
    cx->tape = &tape;
    Tensor *loss = golden_passes_run(&g->passes, cx) ? total_loss(g, cx) : NULL;
    if (!loss || !compute_ok(cx)) return;
    backward(cx, loss);
    if (compute_ok(cx) && !compute_measures(cx)) compare_all(g);
}

static bool prepare(GoldenRun *run, GoldenModel *m) {
    Error error;
    return golden_model_open(m, run) && choose_trained(run, &m->sam.params) &&
           golden_check(run,
                        params_pack(&m->sam.params, run->bench->kernels, &run->bench->worker, true,
                                    NULL, &error),
                        &error);
}

void golden_sam_gradient(GoldenRun *run) {
    GoldenModel model;
    if (prepare(run, &model)) {
        GradientCase g = {
            .passes = {.run = run, .sam = &model.sam, .chooses = true, .trains = true},
            .model = &model,
            .largest = golden_largest_gradient(run)};
        g.passes.detach_embedding = is_listed(run, "detach", "embedding");
        g.passes.detach_prompts = is_listed(run, "detach", "prompt_encoder");
        golden_compute(run, &model.sam.params, there_and_back, &g);
        golden_stages_free(&g.passes.stages);
    }
    golden_model_close(&model);
}

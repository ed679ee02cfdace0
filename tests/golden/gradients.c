/* What golden files with gradients share: what trains, targets, comparing. */
#include "tests/golden/gradients.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/golden/inputs.h"

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
        if (*line && !params_train(params, line, true) && !params_ignores(params, line))
            golden_fail(run, "list %s: %s is no parameter", name, line);
    }
    fclose(file);
    return true;
}

bool golden_choose_trained(GoldenRun *run, Params *params, const char *key) {
    json_t *patterns = golden_metadata(run, key);
    if (json_is_string(patterns)) return train_listed(run, params, json_string_value(patterns));
    for (size_t i = 0; i < json_array_size(patterns); i++) {
        const char *pattern = json_string_value(json_array_get(patterns, i));
        if (!pattern || !params_train(params, pattern, true))
            golden_fail(run, "%s: a pattern matches nothing", key);
    }
    return json_is_array(patterns);
}

bool golden_is_listed(const GoldenRun *run, const char *key, const char *name) {
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

Tensor *golden_target(GoldenRun *run, Compute *cx, size_t index, int n, int size) {
    json_t *target = golden_metadata(run, "target");
    if (json_is_array(target)) target = json_array_get(target, index);
    json_t *discs = json_object_get(target, "discs");
    const char *name = json_string_value(discs ? discs : target);
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

void golden_compare_number(GoldenRun *run, const char *pass, const char *name, double value) {
    char full[256];
    snprintf(full, sizeof full, "out.%s%s", pass, name);
    float single = (float)value;
    if (golden_has(run, full)) golden_compare(run, full, &single, 1);
}

/* ---- Comparing ------------------------------------------------------------------------------ */

static bool is_zero(const float *x, size_t n) {
    for (size_t i = 0; x && i < n; i++)
        if (x[i] < 0.0f || x[i] > 0.0f) return false;
    return true;
}

/* Nothing reached it: an optimizer would skip it. */
static void compare_none(GoldenRun *run, const Param *p) {
    run->checks++;
    if (!p->tensor.used && is_zero(p->tensor.grad, tensor_size(&p->tensor))) {
        if (!run->bench->brief)
            fprintf(run->bench->report, "  ok   grad.%-53s none, as it should be\n", p->name);
        return;
    }
    run->checks--;
    golden_fail(run, "grad.%s: there should be none", p->name);
}

static void compare_param(GoldenRun *run, const Param *p, double largest) {
    char name[256];
    snprintf(name, sizeof name, "grad.%s", p->name);
    if (golden_is_listed(run, "no_grad", p->name)) {
        compare_none(run, p);
        return;
    }
    size_t n = tensor_size(&p->tensor);
    float *values = calloc(n, sizeof *values);
    if (!values) abort();
    if (p->tensor.grad) param_publish(p, p->tensor.grad, values);
    if (!p->tensor.used)
        golden_fail(run, "%s: the loss does not depend on it", name);
    else if (golden_is_listed(run, "zero_gradients", name))
        golden_compare_zero(run, name, values, n);
    else
        golden_compare_gradient(run, name, values, n, largest);
    free(values);
}

void golden_compare_parameters(GoldenRun *run, const Params *params) {
    double largest = golden_largest_gradient(run);
    for (size_t i = 0; i < params->count; i++) {
        if (params->item[i]->tensor.needs_grad) compare_param(run, params->item[i], largest);
    }
}

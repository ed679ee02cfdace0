#include "train/asking.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "train/prompts.h"

Status asking_open(Asking *a, const Scheme *scheme, const PromptRule *rule, int batch, int side,
                   int loss_side, int low_side, Error *error) {
    size_t n = (size_t)batch, low = (size_t)low_side, large = (size_t)loss_side;
    *a = (Asking){.scheme = scheme,
                  .rule = *rule,
                  .side = side,
                  .loss_side = loss_side,
                  .low_side = low_side};
    a->box = memory_new(n * 4 * sizeof *a->box);
    a->point = memory_new(n * POINTS_MAX * 2 * sizeof *a->point);
    a->label = memory_new(n * POINTS_MAX * sizeof *a->label);
    a->packed = memory_new(n * POINTS_MAX * 2 * sizeof *a->packed);
    a->packed_label = memory_new(n * POINTS_MAX * sizeof *a->packed_label);
    a->previous = memory_new(n * low * low * sizeof *a->previous);
    a->predicted = memory_new(n * large * large);
    if (a->box && a->point && a->label && a->packed && a->packed_label && a->previous &&
        a->predicted)
        return VOXPERT_OK;
    asking_close(a);
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the prompts of a batch");
}

void asking_close(Asking *a) {
    memory_free(a->box);
    memory_free(a->point);
    memory_free(a->label);
    memory_free(a->packed);
    memory_free(a->packed_label);
    memory_free(a->previous);
    memory_free(a->predicted);
    *a = (Asking){0};
}

/* ---- Prompts ---------------------------------------------------------------------------- */

static bool replaces(const Asking *a) { return a->scheme->replaces_points; }

static Status click(Asking *a, const AskedMasks *m, size_t i, int k, bool fresh, bool first,
                    Random *r, Error *error) {
    size_t area = (size_t)a->loss_side * (size_t)a->loss_side;
    float *at = a->point + (i * POINTS_MAX + (size_t)k) * 2;
    int *label = a->label + i * POINTS_MAX + (size_t)k;
    if (first && a->scheme->central_point) {
        *label =
            prompt_point_central(at, m->object + i * (size_t)a->side * (size_t)a->side, a->side, r);
        return VOXPERT_OK;
    }
    double scale = (double)a->side / (double)a->loss_side;
    ClickRule rule = {fresh && !replaces(a) ? a->rule.deepest : 0.0, replaces(a)};
    return prompt_click(at, label, m->target + i * area, first ? NULL : a->predicted + i * area,
                        a->loss_side, scale, m->pixel[i], &rule, r, error);
}

static Status add_clicks(Asking *a, const AskedMasks *m, int more, bool first, bool measures,
                         Random *r, Error *error) {
    int had = replaces(a) ? 0 : a->points;
    Status status = VOXPERT_OK;
    assert(had + more <= POINTS_MAX);
    a->points = had + more;
    for (size_t i = 0; !measures && i < (size_t)m->count; i++)
        for (int k = had; !status && k < had + more; k++)
            status = click(a, m, i, k, k == had, first, r, error);
    return status;
}

static Status add_boxes(Asking *a, const AskedMasks *m, Random *r, Error *error) {
    size_t area = (size_t)a->side * (size_t)a->side;
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < (size_t)m->count; i++) {
        const uint8_t *object = m->object + i * area;
        float *box = a->box + 4 * i;
        if (a->scheme->box == BOX_SHIFTED)
            status = prompt_box_shifted(box, object, a->side, r, error);
        else if (a->scheme->box == BOX_LOOSE)
            prompt_box_loose(box, object, a->side, r);
        else
            prompt_box(box, object, a->side, m->pixel[i], a->rule.jitter, r);
    }
    return status;
}

static void pack_points(Asking *a, size_t batch, size_t points) {
    for (size_t i = 0; i < batch; i++) {
        memcpy(a->packed + i * points * 2, a->point + i * POINTS_MAX * 2,
               points * 2 * sizeof(float));
        memcpy(a->packed_label + i * points, a->label + i * POINTS_MAX, points * sizeof(int));
    }
}

Status asking_round(Asking *a, const AskedMasks *masks, const AskedPrompts *prompts, bool measures,
                    Random *r, Error *error) {
    Status status = VOXPERT_OK;
    if (prompts->first) a->points = 0;
    if (prompts->first && prompts->box && !measures) status = add_boxes(a, masks, r, error);
    bool keeps = a->boxed && !prompts->bare && !a->scheme->box_once;
    a->boxed = prompts->first ? prompts->box : keeps;
    if (!status) status = add_clicks(a, masks, prompts->points, prompts->first, measures, r, error);
    if (prompts->bare) a->points = 0;
    pack_points(a, (size_t)masks->count, (size_t)a->points);
    return status;
}

/* ---- Answers ---------------------------------------------------------------------------- */

double asking_low_dice(const Asking *a, const float *logits, const float *target) {
    int side = a->low_side, step = a->loss_side / side;
    double both = 0.0, sum = 1e-9;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            size_t at = (size_t)(y * step + step / 2) * (size_t)a->loss_side +
                        (size_t)(x * step + step / 2);
            if (target[at] < 0.0f) continue;
            bool in = target[at] > 0.5f, said = logits[y * side + x] > 0.0f;
            both += in && said;
            sum += in + said;
        }
    return 2.0 * both / sum;
}

double asking_keep(Asking *a, const AskedMasks *masks, const float *low, const float *large) {
    size_t batch = (size_t)masks->count, n = (size_t)a->loss_side * (size_t)a->loss_side;
    size_t cells = batch * (size_t)a->low_side * (size_t)a->low_side;
    bool probabilities = a->scheme->probability_mask;
    memcpy(a->previous, low, cells * sizeof *low);
    for (size_t i = 0; probabilities && i < cells; i++)
        a->previous[i] = 1.0f / (1.0f + expf(-a->previous[i]));
    double dice = 0.0;
    for (size_t i = 0; i < batch; i++) {
        double both = 0.0, sum = 1e-9;
        for (size_t k = i * n; k < (i + 1) * n; k++) {
            a->predicted[k] = large[k] > 0.0f && !(masks->target[k] < 0.0f);
            both += a->predicted[k] && masks->target[k] > 0.5f;
            sum += a->predicted[k] + (masks->target[k] > 0.5f);
        }
        dice += 2.0 * both / sum / (double)batch;
    }
    return dice;
}

#include "tests/golden/predictor_pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void predictor_pass_free(PredictorPass *p) {
    golden_array_free(&p->points);
    golden_array_free(&p->labels);
    golden_array_free(&p->box);
    golden_array_free(&p->mask);
    prediction_free(&p->found);
}

static const char *text_at(const json_t *entry, const char *key) {
    return json_string_value(json_object_get(entry, key));
}

static bool is_true(const json_t *entry, const char *key) {
    return json_is_true(json_object_get(entry, key));
}

/* An input that the entry names under `key`; false where it names one that is missing. */
static bool read_named(GoldenRun *run, const PredictorPass *p, const char *key, GoldenArray *out) {
    const char *name = text_at(p->entry, key);
    if (!name || golden_input(run, name, out)) return true;
    golden_fail(run, "%s: input %s is missing", p->name, name);
    return false;
}

static bool read_points(GoldenRun *run, PredictorPass *p) {
    if (!read_named(run, p, "points", &p->points) || !read_named(run, p, "labels", &p->labels))
        return false;
    size_t n = p->labels.count;
    if (p->points.count != 2 * n || n > PREDICTOR_MOST_POINTS) {
        golden_fail(run, "%s: %zu labels and %zu coordinates", p->name, n, p->points.count);
        return false;
    }
    for (size_t i = 0; i < n; i++) p->label[i] = (int)lround((double)p->labels.values[i]);
    p->prompt.points = (int)n;
    p->prompt.point = p->points.values;
    p->prompt.label = p->label;
    return true;
}

static bool read_box(GoldenRun *run, PredictorPass *p) {
    if (!read_named(run, p, "boxes", &p->box)) return false;
    if (p->box.values && p->box.count != 4) {
        golden_fail(run, "%s: has more than one box", p->name);
        return false;
    }
    p->prompt.box = p->box.values;
    return true;
}

/* Logits: of an earlier pass, of the file, or zeros. */
static bool read_mask(PredictorCase *c, PredictorPass *p, const PredictorPass *earlier,
                      size_t count) {
    const char *name = text_at(p->entry, "mask");
    size_t side = 4 * (size_t)sam_grid(&c->model.system.sam);
    if (!name) return true;
    if (name[0] == '@') {
        for (size_t i = 0; i < count; i++) {
            if (strcmp(earlier[i].name, name + 1) == 0)
                p->prompt.low_res = earlier[i].found.low_res;
        }
    } else if (strcmp(name, "zeros") == 0) {
        p->mask.values = calloc(side * side, sizeof(float));
        p->prompt.low_res = p->mask.values;
    } else if (golden_input(c->run, name, &p->mask) && p->mask.count == side * side) {
        p->prompt.low_res = p->mask.values;
    }
    if (!p->prompt.low_res) golden_fail(c->run, "%s: its mask is missing", p->name);
    return p->prompt.low_res != NULL;
}

/* The test script's boxes lie in the model's input. */
static void box_to_picture(PredictorPass *p, const View *v) {
    for (size_t i = 0; i < p->box.count; i++) {
        bool across = i % 2 == 0;
        double begin = across ? v->left : v->top, length = across ? v->width : v->height;
        double whole = across ? v->crop.width : v->crop.height;
        p->box.values[i] = (float)(((double)p->box.values[i] - begin) * whole / length);
    }
}

bool predictor_pass_run(PredictorPass *p, PredictorCase *c, const json_t *entry,
                        const PredictorPass *earlier, size_t count) {
    *p = (PredictorPass){.entry = entry, .name = text_at(entry, "name")};
    if (!p->name) p->name = "";
    Error error;
    bool test = strcmp(c->model.preset.name, "sam-med2d-test") == 0;
    if (!golden_check(c->run, predictor_encode(c->predictor, crop_whole(&c->picture), &error),
                      &error) ||
        !read_points(c->run, p) || !read_box(c->run, p) || !read_mask(c, p, earlier, count))
        return false;
    if (test) box_to_picture(p, &c->predictor->view);
    bool all = is_true(p->entry, "multimask"), best = c->model.preset.best_of_all;
    c->model.preset.best_of_all = best && all; /* else mask 0, which the predictor never asks for */
    c->model.preset.mask_probability = text_at(p->entry, "mask_transform") != NULL;
    Status status = predictor_decode(c->predictor, &p->prompt, all && !best, &p->found, &error);
    c->model.preset.best_of_all = best;
    return golden_check(c->run, status, &error);
}

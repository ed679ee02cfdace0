/* The published predictors, from the file of a real picture to masks of its own size. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "image/resize.h"
#include "image/resize_methods.h"
#include "tests/golden/kinds.h"
#include "tests/golden/predictor_pass.h"

/* ---- What the model sees ------------------------------------------------------------------ */

typedef struct Seen {
    uint8_t *resized; /* [view.height][view.width][3] */
    float *input;     /* [3][size][size] */
    View view;
} Seen;

static void seen_free(Seen *s) {
    memory_free(s->resized);
    memory_free(s->input);
}

/* As predictor_encode sees it. */
static bool look(PredictorCase *c, Seen *s) {
    const Preset *preset = &c->model.preset;
    int size = c->model.system.sam.config.image;
    size_t pixels = (size_t)size * (size_t)size;
    Error error;
    *s = (Seen){.view = view_of(preset, crop_whole(&c->picture), size)};
    s->resized = memory_new(3 * (size_t)s->view.width * (size_t)s->view.height);
    s->input = memory_new(3 * pixels * sizeof *s->input);
    float *rows = memory_new(3 * pixels * sizeof *rows);
    if (!s->resized || !s->input || !rows) abort();
    Status status = view_resize(s->resized, &s->view, preset, &c->picture, &error);
    if (!status) view_normalize(rows, &s->view, preset, s->resized);
    golden_transpose(s->input, rows, 1, pixels, 3);
    memory_free(rows);
    return golden_check(c->run, status, &error);
}

/* Rows 0, row_step, 2 row_step, ... */
static void compare_resized(GoldenRun *run, const Seen *s) {
    if (!golden_has(run, "out.resized")) return;
    const json_t *step = json_object_get(golden_metadata(run, "resized"), "row_step");
    size_t by = step ? (size_t)json_integer_value(step) : 1;
    size_t width = 3 * (size_t)s->view.width, height = (size_t)s->view.height, count = 0;
    int *rows = memory_new(width * height * sizeof *rows);
    if (!rows || by == 0) abort();
    for (size_t y = 0; y < height; y += by) {
        for (size_t x = 0; x < width; x++) rows[count++] = s->resized[y * width + x];
    }
    golden_compare_integers(run, "out.resized", rows, count);
    memory_free(rows);
}

static void compare_input(PredictorCase *c, const char *name) {
    Seen s;
    if (look(c, &s)) {
        size_t size = (size_t)s.view.size;
        compare_resized(c->run, &s);
        if (golden_has(c->run, name)) golden_compare(c->run, name, s.input, 3 * size * size);
    }
    seen_free(&s);
}

static void compare_embedding(PredictorCase *c) {
    if (!golden_has(c->run, "out.embedding")) return;
    size_t cells = (size_t)sam_grid(&c->model.system.sam) * (size_t)sam_grid(&c->model.system.sam);
    size_t dim = (size_t)c->model.system.sam.config.prompt.dim;
    float *maps = memory_new(cells * dim * sizeof *maps);
    if (!maps) abort();
    golden_transpose(maps, c->predictor->embedding, 1, cells, dim);
    golden_compare(c->run, "out.embedding", maps, cells * dim);
    memory_free(maps);
}

/* `pairs` coordinates of the picture, as the model gets them. */
static void compare_transformed(PredictorCase *c, const char *result, const char *input) {
    GoldenArray a;
    if (!golden_has(c->run, result)) return;
    if (!golden_input(c->run, input, &a)) {
        golden_fail(c->run, "input %s is missing", input);
        return;
    }
    for (size_t i = 0; i + 1 < a.count; i += 2) {
        float at[2];
        view_point(&c->predictor->view, a.values + i, at);
        memcpy(a.values + i, at, sizeof at);
    }
    golden_compare(c->run, result, a.values, a.count);
    golden_array_free(&a);
}

/* ---- Results ------------------------------------------------------------------------------ */

static void named(char out[128], const PredictorPass *p, const char *what) {
    snprintf(out, 128, "out.%s%s", p->name, what);
}

static bool picture_logits(PredictorCase *c, const PredictorPass *p, float **logits) {
    size_t count = (size_t)p->found.count * c->picture.width * c->picture.height;
    *logits = memory_new(count * sizeof **logits);
    if (!*logits) abort();
    Error error;
    return golden_check(c->run, predictor_logits(c->predictor, &p->found, *logits, &error), &error);
}

static void compare_masks(PredictorCase *c, const char *name, const float *logits, size_t masks) {
    size_t pixels = c->picture.width * c->picture.height;
    uint8_t *mask = memory_new(masks * pixels);
    if (!mask) abort();
    for (size_t i = 0; i < masks * pixels; i++) mask[i] = logits[i] > 0.0f;
    golden_compare_masks(c->run, name, mask, masks, pixels);
    memory_free(mask);
}

static void compare_low_res(PredictorCase *c, const PredictorPass *p) {
    size_t side = (size_t)p->found.side, masks = (size_t)p->found.count;
    char name[128];
    named(name, p, "low_res");
    golden_compare(c->run, name, p->found.low_res, masks * side * side);
    named(name, p, "iou");
    if (golden_has(c->run, name)) golden_compare(c->run, name, p->found.iou, masks);
}

static void compare_pass(PredictorCase *c, const PredictorPass *p) {
    size_t masks = (size_t)p->found.count, pixels = c->picture.width * c->picture.height;
    float *logits = NULL;
    compare_low_res(c, p);
    if (picture_logits(c, p, &logits)) {
        const char *stated = json_string_value(json_object_get(p->entry, "logits"));
        char name[128];
        named(name, p, "logits");
        golden_compare(c->run, stated ? stated : name, logits, masks * pixels);
        snprintf(name, sizeof name, "out.%.*s", (int)strcspn(p->name, "."), p->name);
        compare_masks(c, name, logits, masks);
    }
    memory_free(logits);
}

/* MedSAM's are probabilities, in tensors of its own names. */
static void compare_medsam(PredictorCase *c, const PredictorPass *p) {
    size_t pixels = c->picture.width * c->picture.height;
    float *logits = NULL;
    compare_low_res(c, p);
    if (picture_logits(c, p, &logits)) {
        compare_masks(c, "out.seg", logits, 1);
        for (size_t i = 0; i < pixels; i++) logits[i] = 1.0f / (1.0f + expf(-logits[i]));
        golden_compare(c->run, "out.prob", logits, pixels);
    }
    memory_free(logits);
}

/* ---- Passes ---------------------------------------------------------------- */

typedef void ComparePass(PredictorCase *c, const PredictorPass *p);

enum { MOST_PASSES = 16 };

static void run_passes(PredictorCase *c, ComparePass *compare) {
    static const char test_script[] = "sam-med2d-test";
    PredictorPass passes[MOST_PASSES] = {0};
    const json_t *entries = golden_metadata(c->run, "prompts");
    size_t count = 0, n = json_array_size(entries);
    const char *usual = c->model.preset.name, *now = usual;
    for (; count < n && count < MOST_PASSES; count++) {
        const json_t *entry = json_array_get(entries, count);
        const char *wanted = json_object_get(entry, "preprocess") ? test_script : usual;
        if (wanted != now && !predictor_case_change(c, wanted)) break;
        now = wanted;
        if (now == test_script) compare_input(c, "out.test.input");
        if (!predictor_pass_run(&passes[count], c, entry, passes, count)) break;
        compare(c, &passes[count]);
    }
    if (count != n) golden_fail(c->run, "%zu of %zu prompts were run", count, n);
    for (size_t i = 0; i < MOST_PASSES; i++) predictor_pass_free(&passes[i]);
}

static void run_predictor(GoldenRun *run, const char *preset) {
    PredictorCase c;
    Error error;
    if (predictor_case_open(&c, run, preset) &&
        golden_check(run, predictor_encode(c.predictor, crop_whole(&c.picture), &error), &error)) {
        compare_input(&c, "out.input_rgb");
        compare_embedding(&c);
        compare_transformed(&c, "out.transformed_points", "in.point_coords");
        compare_transformed(&c, "out.transformed_box", "in.box");
        run_passes(&c, compare_pass);
    }
    predictor_case_close(&c);
}

void golden_sam_predictor(GoldenRun *run) { run_predictor(run, "sam"); }

void golden_sam_med2d_predictor(GoldenRun *run) { run_predictor(run, "sam-med2d"); }

/* ---- MedSAM ------------------------------------------------------------------------------- */

/* Before it is cut to bytes. */
static void compare_resized_float(PredictorCase *c) {
    size_t side = (size_t)c->model.system.sam.config.image, n = 3 * side * side;
    double *exact = memory_new(n * sizeof *exact);
    float *values = memory_new(n * sizeof *values);
    if (!exact || !values) abort();
    Error error = {0};
    const ResizeJob job = {
        NULL, {side, side}, c->picture.rgb, {c->picture.height, c->picture.width}, 3};
    Status status = resize_skimage_cubic(&job, exact) ? VOXPERT_OK : VOXPERT_OUT_OF_MEMORY;
    for (size_t i = 0; i < n; i++) values[i] = (float)exact[i];
    if (golden_check(c->run, status, &error))
        golden_compare(c->run, "out.resized_float", values, n);
    memory_free(exact);
    memory_free(values);
}

void golden_medsam_predictor(GoldenRun *run) {
    PredictorCase c;
    Error error;
    if (predictor_case_open(&c, run, "medsam") &&
        golden_check(run, predictor_encode(c.predictor, crop_whole(&c.picture), &error), &error)) {
        compare_input(&c, "out.input");
        if (golden_has(run, "out.resized_float")) compare_resized_float(&c);
        compare_embedding(&c);
        compare_transformed(&c, "out.box_scaled", "in.box");
        run_passes(&c, compare_medsam);
    }
    predictor_case_close(&c);
}

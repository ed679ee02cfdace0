#include "assess/simulate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "assess/click_curves.h"
#include "assess/simulated_maps.h"
#include "base/files.h"
#include "base/memory.h"
#include "eval/overlap.h"
#include "tests/check.h"
#include "tests/train/tiny.h"
#include "tests/train/tiny_data.h"

enum { PIXELS = TINY_DATA_SIDE * TINY_DATA_SIDE };

typedef struct Bench {
    Model *model;
    char data[256];
} Bench;

static void bench_open(Bench *b) {
    const char *out = tiny_folder("simulate");
    TrainOptions o = tiny_options(out);
    TrainResult result;
    CHECK(!train_run(&o, NULL, &result, NULL));
    char *path = path_join(out, "model.safetensors");
    REQUIRE(!model_open(&b->model, path, &(ModelOptions){.threads = 1}, NULL));
    memory_free(path);
    snprintf(b->data, sizeof b->data, "%s", tiny_folder("simulate-data"));
    tiny_data_write(b->data, 3, 1);
}

static double dice_of(const Simulation *s, size_t index, const uint32_t *labels, uint32_t value) {
    uint8_t truth[PIXELS], found[PIXELS];
    const uint32_t *reference = s->data.picture[s->picture[index]].labels;
    for (int i = 0; i < PIXELS; i++) {
        truth[i] = reference[i] == value;
        found[i] = labels[i] == value;
    }
    return overlap_dice(overlap_count(truth, found, PIXELS));
}

/* With one object in a picture its mask is the label map. */
static void check_against_curves(const Bench *b, SimulatedPrompt prompt, int clicks, ClickWay way) {
    Simulation s;
    ClickCurves c;
    uint32_t labels[PIXELS];
    const SimulateRule rule = {.prompt = prompt, .clicks = clicks, .part = EVERY_PART};
    const ClickRule same = {.clicks = 3, .part = EVERY_PART};
    char set[300];
    snprintf(set, sizeof set, "%s:nested", b->data); /* of label 1 both labels are an object */
    const char *folders[] = {set};
    CHECK(!click_curves_measure(&c, b->model, folders, 1, &same, NULL, NULL));
    CHECK(!simulation_open(&s, set, &rule, NULL) && s.pictures == 3);
    CHECK(!simulation_model(&s, b->model, false, NULL));
    for (size_t i = 0; i < s.pictures; i++) {
        CHECK(!simulation_predict(labels, &s, i, NULL));
        size_t at = 0; /* its object of label 2 */
        while (c.data.object[c.object[at]].picture != s.picture[i] ||
               c.data.object[c.object[at]].label != 2)
            at++;
        double want = c.dice[(at * CLICK_WAYS + (size_t)way) * 4 + (size_t)clicks];
        CHECK(fabs(dice_of(&s, i, labels, 2) - want) < 1e-12);
    }
    simulation_close(&s);
    click_curves_free(&c);
}

TEST(a_simulated_label_map_is_what_curves_of_clicks_measure) {
    Bench b;
    bench_open(&b);
    check_against_curves(&b, SIMULATE_BOX, 0, WAY_BOX_FIRST);
    check_against_curves(&b, SIMULATE_CLICKS, 1, WAY_CLICKS_ALONE);
    check_against_curves(&b, SIMULATE_CLICKS, 3, WAY_CLICKS_ALONE);
    model_close(b.model);
}

TEST(pictures_keep_their_label_maps_files_and_places) {
    Bench b;
    Simulation s;
    uint32_t labels[PIXELS];
    bench_open(&b);
    const SimulateRule rule = {.prompt = SIMULATE_BOX, .part = EVERY_PART};
    CHECK(!simulation_open(&s, b.data, &rule, NULL) && s.pictures == 3 && s.objects == 6);
    const Case *p = &s.data.picture[s.picture[1]];
    CHECK(p->labels[5 * TINY_DATA_SIDE + 12] == 1 && p->labels[0] == 0 && !p->axis);
    CHECK(p->file && strstr(p->file, "images/case1.png") && p->spacing_mm[0] <= 0.0);
    CHECK(!s.instances && !simulation_model(&s, b.model, false, NULL));
    CHECK(!simulation_predict(labels, &s, 1, NULL));
    for (int i = 0; i < PIXELS; i++) CHECK(labels[i] <= 2);
    Text t = {0};
    simulation_protocol(&t, &s);
    CHECK(t.chars &&
          strstr(t.chars, "a box around each object; the model sees whole pictures; "
                          "all of voxpert-train-") &&
          strstr(t.chars, ": 6 objects in 3 pictures"));
    text_free(&t);
    simulation_close(&s);
    model_close(b.model);
}

TEST(fewer_pictures_and_parts_are_chosen_and_instances_recognised) {
    Bench b;
    Simulation s;
    Error error = {0};
    char set[300];
    bench_open(&b);
    SimulateRule rule = {.prompt = SIMULATE_BOX, .part = EVERY_PART, .most = 2};
    CHECK(!simulation_open(&s, b.data, &rule, NULL) && s.pictures == 2 && s.objects == 4);
    simulation_close(&s);
    snprintf(set, sizeof set, "%s:instances:train", b.data);
    rule = (SimulateRule){.prompt = SIMULATE_BOX, .part = SPLIT_TEST};
    CHECK(simulation_open(&s, set, &rule, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "no picture with an object in the part \"test\"") != NULL);
    rule.part = SPLIT_TRAIN;
    CHECK(!simulation_open(&s, set, &rule, NULL) && s.instances && s.pictures == 3);
    simulation_close(&s);
    model_close(b.model);
}

TEST(a_model_without_prompt_tokens_cannot_do_without_prompts) {
    Bench b;
    Simulation s;
    bench_open(&b);
    const SimulateRule rule = {.prompt = SIMULATE_FREE, .part = EVERY_PART};
    CHECK(!simulation_open(&s, b.data, &rule, NULL));
    CHECK(simulation_model(&s, b.model, false, NULL) == VOXPERT_BAD_ARGUMENT);
    simulation_close(&s);
    model_close(b.model);
}

/* All but the objects of the set. */
static void ignore_background(Dataset *d) {
    for (size_t i = 0; i < d->pictures; i++) {
        d->picture[i].ignored = memory_new(PIXELS);
        CHECK(d->picture[i].ignored != NULL);
        for (int k = 0; k < PIXELS; k++) d->picture[i].ignored[k] = d->picture[i].labels[k] == 0;
    }
}

TEST(nothing_is_measured_where_the_labels_say_nothing) {
    Bench b;
    Simulation s;
    Evaluation e;
    char set[300];
    bench_open(&b);
    snprintf(set, sizeof set, "%s:nested", b.data);
    const SimulateRule rule = {.prompt = SIMULATE_BOX, .part = EVERY_PART};
    CHECK(!simulation_open(&s, set, &rule, NULL));
    ignore_background(&s.data);
    CHECK(!simulation_model(&s, b.model, false, NULL));
    const EvaluationRule evaluated = {.labels = 0};
    CHECK(!simulation_evaluate(&e, &s, &evaluated, NULL, NULL));
    for (size_t i = 0; i < e.count; i++) {
        double counted = 0.0;
        const Metric parts[] = {METRIC_TP, METRIC_FP, METRIC_FN, METRIC_TN};
        for (int m = 0; m < 4; m++) counted += e.item[i].label[0].value[parts[m]];
        size_t objects = 0;
        for (int k = 0; k < PIXELS; k++) objects += !s.data.picture[s.picture[i]].ignored[k];
        CHECK(objects > 0 && objects < PIXELS && fabs(counted - (double)objects) < 0.5);
        CHECK(strstr(warnings_lines(&e.item[i].warnings), "do not count") != NULL);
    }
    double dice[MEASURES];
    for (size_t i = 0; i < s.data.objects; i++) { /* what the box has too much of is ignored */
        if (!s.data.object[i].outer) continue;
        CHECK(!measure_object(&s.measurer, &s.data, &s.data.object[i], 0, dice, NULL));
        CHECK(fabs(dice[MEASURE_THE_BOX] - 1.0) < 1e-12);
    }
    evaluation_free(&e);
    simulation_close(&s);
    model_close(b.model);
}

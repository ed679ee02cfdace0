/* Prompts of a round by scheme, and what is kept of an answer. */
#include "train/asking.h"

#include <math.h>
#include <string.h>

#include "tests/check.h"

enum { SIDE = 16, LOW = 4, AREA = SIDE * SIDE, COUNT = 2 };

static const PromptRule rule = {.box = 0.5, .rounds = 3, .most_points = 3};

typedef struct Bench {
    Asking asking;
    uint8_t object[COUNT * AREA];
    float target[COUNT * AREA];
    double pixel[COUNT];
    AskedMasks masks;
    Random random;
} Bench;

static void bench_open(Bench *b, const Scheme *scheme) {
    *b = (Bench){.pixel = {1.0, 1.0}, .random = random_begin(1, 0, 0, 0)};
    CHECK(asking_open(&b->asking, scheme, &rule, COUNT, SIDE, SIDE, LOW, NULL) == VOXPERT_OK);
    for (int i = 0; i < AREA; i++) { /* the left half, and a block on the right */
        b->object[i] = i % SIDE < SIDE / 2;
        b->object[AREA + i] = i % SIDE >= 10 && i % SIDE < 14 && i / SIDE < 6;
    }
    for (int i = 0; i < COUNT * AREA; i++) b->target[i] = b->object[i];
    b->masks = (AskedMasks){COUNT, b->object, b->target, b->pixel};
}

static void ask(Bench *b, AskedPrompts prompts) {
    CHECK(asking_round(&b->asking, &b->masks, &prompts, false, &b->random, NULL) == VOXPERT_OK);
}

/* An answer that takes the first object for both. */
static double answer(Bench *b) {
    float low[COUNT * LOW * LOW], large[COUNT * AREA];
    for (int i = 0; i < COUNT * LOW * LOW; i++) low[i] = i % LOW < LOW / 2 ? 3.0f : -3.0f;
    for (int i = 0; i < COUNT * AREA; i++) large[i] = i % SIDE < SIDE / 2 ? 3.0f : -3.0f;
    return asking_keep(&b->asking, &b->masks, low, large);
}

TEST(ours_adds_clicks_and_keeps_the_box) {
    Bench b;
    bench_open(&b, &scheme_voxpert);
    ask(&b, (AskedPrompts){.first = true, .box = true});
    CHECK(b.asking.boxed && b.asking.points == 0);
    CHECK(fabs(answer(&b) - 0.5) < 1e-6); /* all of the first, nothing of the second */
    ask(&b, (AskedPrompts){.points = 2});
    ask(&b, (AskedPrompts){.points = 1});
    CHECK(b.asking.boxed && b.asking.points == 3);
    CHECK(fabsf(b.asking.previous[0] - 3.0f) < 1e-6f);
    asking_close(&b.asking);
}

TEST(segmotes_points_are_of_the_error_and_replace_each_other) {
    Bench b;
    bench_open(&b, &scheme_segmote);
    ask(&b, (AskedPrompts){.first = true, .points = 1});
    CHECK(!b.asking.boxed && b.asking.points == 1);
    CHECK(b.asking.packed_label[0] == 1 && b.asking.packed[0] < SIDE / 2);
    CHECK(b.asking.packed_label[1] == 1 && b.asking.packed[2] >= 10.0f);
    answer(&b);
    bool missed = false, surplus = false;
    for (int round = 0; round < 20; round++) {
        ask(&b, (AskedPrompts){.points = 7});
        CHECK(b.asking.points == 7);
        for (int i = 0; i < 7; i++) {
            CHECK(b.asking.packed_label[i] == -1); /* the first was right */
            int label = b.asking.packed_label[7 + i];
            float x = b.asking.packed[2 * (7 + i)];
            CHECK(label == 1 ? x >= 10.0f && x < 14.0f : label == 0 && x < SIDE / 2);
            missed |= label == 1, surplus |= label == 0;
        }
    }
    CHECK(missed && surplus);
    ask(&b, (AskedPrompts){.bare = true});
    CHECK(b.asking.points == 0);
    asking_close(&b.asking);
}

TEST(a_box_of_segmotes_first_round_is_forgotten) {
    Bench b;
    bench_open(&b, &scheme_segmote);
    ask(&b, (AskedPrompts){.first = true, .box = true});
    CHECK(b.asking.boxed && b.asking.box[0] <= 5.0f && b.asking.box[4] >= 5.0f);
    answer(&b);
    ask(&b, (AskedPrompts){.points = 3});
    CHECK(!b.asking.boxed && b.asking.points == 3);
    asking_close(&b.asking);
}

TEST(sam_med2d_keeps_probabilities) {
    Bench b;
    bench_open(&b, &scheme_sam_med2d);
    ask(&b, (AskedPrompts){.first = true, .points = 1});
    answer(&b);
    CHECK(fabsf(b.asking.previous[0] - 1.0f / (1.0f + expf(-3.0f))) < 1e-6f);
    asking_close(&b.asking);
}

#include "predict/predictor.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"
#include "tests/predict/tiny_model.h"

enum { CELLS = TINY_SIDE * TINY_SIDE, WIDTH = 200, HEIGHT = 150 };

#define BOX(...)                                                                                   \
    .box = (const float[4]) { __VA_ARGS__ }

static const int label[2] = {1, 0};

static bool shows(const Crop *c, int x, int y) {
    return c->x <= x && c->y <= y && x < c->x + c->width && y < c->y + c->height;
}

/* Where an answer to the prompt with zoom looks. */
static Crop zoom_on(Predictor *p, const ObjectPrompt *prompt) {
    Prediction found;
    CHECK(!predictor_answer(p, prompt, true, false, &found, NULL));
    prediction_free(&found);
    return p->view.crop;
}

/* ---- What is in sight ---------------------------------------------------------------------- */

TEST(a_zoom_on_a_box_is_twice_its_size) {
    TinyModel t;
    tiny_model_open(&t, "voxpert", 1, 1);
    Predictor *p = tiny_predictor(&t);
    Picture picture = tiny_picture(WIDTH, HEIGHT, 0);
    CHECK(!predictor_set_picture(p, &picture, NULL));
    Crop crop = zoom_on(p, &(ObjectPrompt){BOX(90, 70, 109, 79)});
    CHECK(crop.x == 80 && crop.y == 55 && crop.width == 40 && crop.height == 40);
    picture_free(&picture);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(a_zoom_has_every_point_in_sight) {
    TinyModel t;
    tiny_model_open(&t, "voxpert", 1, 1);
    Predictor *p = tiny_session(&t, WIDTH, HEIGHT);
    const float far[4] = {3, 4, 190, 140};
    Crop crop = zoom_on(
        p, &(ObjectPrompt){.points = 2, .point = far, .label = label, BOX(90, 70, 109, 79)});
    CHECK(crop.x <= 3 && crop.y <= 4 && crop.x + crop.width > 190 && crop.y + crop.height > 140);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(a_zoom_on_a_mask_has_the_mask_and_every_point_in_sight) {
    static uint8_t mask[WIDTH * HEIGHT];
    TinyModel t;
    tiny_model_open(&t, "voxpert", 1, 1);
    Predictor *p = tiny_session(&t, WIDTH, HEIGHT);
    for (int y = 20; y < 40; y++) memset(mask + y * WIDTH + 30, 1, 25);
    const float far[2] = {150, 120};
    Crop crop = zoom_on(p, &(ObjectPrompt){.mask = mask});
    CHECK(crop.x == 18 && crop.y == 5 && crop.width == 50 && crop.height == 50);
    ObjectPrompt both = {.mask = mask, .points = 1, .point = far, .label = label + 1};
    Prediction found;
    CHECK(!predictor_answer(p, &both, true, false, &found, NULL));
    CHECK(shows(&p->view.crop, 30, 20) && shows(&p->view.crop, 54, 39));
    CHECK(shows(&p->view.crop, 150, 120));
    prediction_free(&found);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(a_click_is_in_sight_of_its_zoom_and_what_it_took_is_summed) {
    TinyModel t;
    tiny_model_open(&t, "voxpert", 3, 1);
    Predictor *p = tiny_session(&t, WIDTH, HEIGHT);
    const float at[2] = {160, 30};
    ObjectPrompt click = {.points = 1, .point = at, .label = label};
    Prediction first, again;
    CHECK(!predictor_answer(p, &click, true, false, &first, NULL));
    CHECK(shows(&p->view.crop, 160, 30));
    CHECK(!first.from_cache && first.encode_seconds > 0.0 && first.decode_seconds > 0.0);
    CHECK(!predictor_answer(p, &click, true, false, &again, NULL));
    CHECK(memcmp(first.low_res, again.low_res, CELLS * sizeof(float)) == 0);
    prediction_free(&first);
    prediction_free(&again);
    predictor_close(p);
    tiny_model_close(&t);
}

/* ---- Earlier logits ------------------------------------------------------------------------ */

/* 4 of 16 cells around the middle of the crop belong to the object. */
static void middle(float *logits) {
    for (int i = 0; i < CELLS; i++) {
        int x = i % TINY_SIDE, y = i / TINY_SIDE;
        logits[i] = x >= 6 && x < 10 && y >= 6 && y < 10 ? 8.0f : -8.0f;
    }
}

TEST(earlier_logits_say_where_to_zoom) {
    TinyModel t;
    tiny_model_open(&t, "voxpert", 1, 1);
    Predictor *p = tiny_session(&t, WIDTH, HEIGHT);
    float logits[CELLS];
    middle(logits);
    ObjectPrompt prompt = {.low_res = logits, .low_res_crop = {40, 30, 80, 80}};
    Crop crop = zoom_on(p, &prompt);
    /* cells are 5 pixels: their centres span 72 .. 87 and 62 .. 77; twice that is 32 */
    CHECK(crop.width == 32 && crop.height == 32);
    CHECK(crop.x == 64 && crop.y == 54);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(earlier_logits_of_the_same_view_are_taken_as_they_are) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, WIDTH, HEIGHT);
    float logits[CELLS];
    middle(logits);
    ObjectPrompt prompt = {.low_res = logits};
    Prediction answered, decoded;
    CHECK(!predictor_answer(p, &prompt, false, false, &answered, NULL));
    CHECK(!predictor_decode(p, &prompt, false, &decoded, NULL));
    CHECK(memcmp(answered.low_res, decoded.low_res, CELLS * sizeof(float)) == 0);
    prediction_free(&answered);
    prediction_free(&decoded);
    predictor_close(p);
    tiny_model_close(&t);
}

/* A crop of the left half, then the whole picture: what was in the middle of the half must lie at a
 * quarter of the whole. Shown by the answer, which differs from that to unmoved logits. */
TEST(earlier_logits_of_another_view_are_moved_into_this_one) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, 160, 160);
    float logits[CELLS], moved[CELLS];
    middle(logits);
    for (int i = 0; i < CELLS; i++) {
        int x = i % TINY_SIDE, y = i / TINY_SIDE;
        /* cell (x, y) of the whole covers cells 2x, 2x + 1 of the half: their border's mean */
        bool in = x < 8 && y < 8;
        moved[i] = in ? 0.25f * (logits[2 * y * TINY_SIDE + 2 * x] +
                                 logits[2 * y * TINY_SIDE + 2 * x + 1] +
                                 logits[(2 * y + 1) * TINY_SIDE + 2 * x] +
                                 logits[(2 * y + 1) * TINY_SIDE + 2 * x + 1])
                      : -10.0f;
    }
    ObjectPrompt there = {.low_res = logits, .low_res_crop = {0, 0, 80, 80}};
    ObjectPrompt here = {.low_res = moved};
    Prediction answered, decoded;
    CHECK(!predictor_answer(p, &there, false, false, &answered, NULL));
    CHECK(!predictor_decode(p, &here, false, &decoded, NULL));
    CHECK_CLOSE(answered.low_res, decoded.low_res, CELLS, 1e-4f, 1e-4f);
    prediction_free(&answered);
    prediction_free(&decoded);
    predictor_close(p);
    tiny_model_close(&t);
}

/* ---- In the mirror ------------------------------------------------------------------------- */

static Picture mirror_image(const Picture *p) {
    Picture m = {memory_new(3 * p->width * p->height), p->width, p->height, NULL};
    if (!m.rgb) abort();
    for (size_t y = 0; y < p->height; y++)
        for (size_t x = 0; x < p->width; x++)
            memcpy(m.rgb + 3 * (y * p->width + x), p->rgb + 3 * (y * p->width + p->width - 1 - x),
                   3);
    return m;
}

/* The logits of the picture's answer to a box, row by row. */
static float *answer(Predictor *p, const Picture *picture, const float box[4]) {
    Prediction found;
    float *logits = memory_new(WIDTH * HEIGHT * sizeof *logits);
    CHECK(!predictor_set_picture(p, picture, NULL));
    CHECK(!predictor_answer(p, &(ObjectPrompt){.box = box}, true, false, &found, NULL));
    CHECK(!p->view.mirrored);
    CHECK(!predictor_logits(p, &found, logits, NULL));
    prediction_free(&found);
    return logits;
}

/* The crops are of 64 pixels, the model's own size, so that nothing is resampled.  Tolerance 1e-4;
 * seen: no difference. */
TEST(a_mirrored_picture_has_the_mirrored_answer) {
    TinyModel t;
    tiny_model_open(&t, "voxpert", 1, 1);
    Predictor *p = tiny_predictor(&t);
    Picture picture = tiny_picture(WIDTH, HEIGHT, 0), mirrored = mirror_image(&picture);
    float *a = answer(p, &picture, (const float[4]){34, 50, 65, 70});
    float *b = answer(p, &mirrored, (const float[4]){WIDTH - 1 - 65, 50, WIDTH - 1 - 34, 70});
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH / 2; x++) {
            float kept = b[y * WIDTH + x];
            b[y * WIDTH + x] = b[y * WIDTH + WIDTH - 1 - x];
            b[y * WIDTH + WIDTH - 1 - x] = kept;
        }
    CHECK_CLOSE(a, b, WIDTH * HEIGHT, 1e-4f, 0.0f);
    memory_free(a);
    memory_free(b);
    picture_free(&picture);
    picture_free(&mirrored);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(a_grid_that_is_mirrored_twice_is_itself_where_it_shows_something) {
    enum { SIDE = 8 };
    const View v = {.crop = {0, 0, 100, 60}, .size = 64, .width = 48, .height = 64};
    float grid[SIDE * SIDE], once[SIDE * SIDE], twice[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) grid[i] = (float)(i % SIDE) + 0.1f * (float)(i / SIDE);
    view_mirror(once, &v, grid, 1, SIDE, -7.0f);
    view_mirror(twice, &v, once, 1, SIDE, -7.0f);
    for (int i = 0; i < SIDE * SIDE; i++) {
        bool shown = i % SIDE < 6; /* 48 of 64 pixels */
        CHECK(twice[i] == (shown ? grid[i] : -7.0f));
        CHECK(once[i] == (shown ? grid[i / SIDE * SIDE + 5 - i % SIDE] : -7.0f));
    }
}

TEST(a_point_of_a_mirrored_view_is_where_its_pixel_went) {
    const View v = {
        .crop = {20, 10, 64, 64}, .size = 64, .width = 64, .height = 64, .mirrored = true};
    float at[2];
    view_point(&v, (const float[2]){20, 10}, at);
    CHECK(at[0] == 63.0f && at[1] == 0.0f);
    view_point(&v, (const float[2]){83, 11}, at);
    CHECK(at[0] == 0.0f && at[1] == 1.0f);
}

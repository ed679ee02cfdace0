#include "predict/predictor.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "tests/check.h"
#include "tests/predict/tiny_model.h"

enum { CELLS = TINY_SIDE * TINY_SIDE, MASKS = 3 };

static const float box[4] = {8, 6, 30, 25};
static const float point[4] = {12, 10, 40, 30};
static const int label[2] = {1, 0};

static Prediction decode(Predictor *p, const ObjectPrompt *prompt, bool multimask) {
    Prediction out;
    Error error = {0};
    Status status = predictor_decode(p, prompt, multimask, &out, &error);
    check_report(!status, __FILE__, __LINE__, "%s", error.message);
    return out;
}

/* ---- Order of calls ------------------------------------------------------------------------ */

TEST(nothing_works_before_what_it_needs) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_predictor(&t);
    Prediction out;
    Error error;
    CHECK(predictor_encode(p, (Crop){0, 0, 8, 8}, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strcmp(error.message, "no image was set") == 0);
    CHECK(predictor_decode(p, &(ObjectPrompt){.box = box}, false, &out, &error) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(strcmp(error.message, "no image was encoded") == 0);
    float low_res[MASKS * CELLS], iou[MASKS];
    CHECK(predictor_decode_points(p, 1, point, true, low_res, iou, NULL) == VOXPERT_BAD_ARGUMENT);
    Picture nothing = {0};
    CHECK(predictor_set_picture(p, &nothing, NULL) == VOXPERT_BAD_ARGUMENT);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(a_picture_that_cannot_be_copied_leaves_the_one_before_it) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, 48, 36);
    Picture other = tiny_picture(20, 20, 5);
    memory_fail_at(1, false);
    CHECK(predictor_set_picture(p, &other, NULL) == VOXPERT_OUT_OF_MEMORY);
    memory_fail_at(0, false);
    CHECK(p->encoded && p->picture.width == 48);
    CHECK(!predictor_set_picture(p, &other, NULL));
    CHECK(!p->encoded && p->picture.width == 20);
    picture_free(&other);
    predictor_close(p);
    tiny_model_close(&t);
}

/* ---- The same answers ---------------------------------------------------------------------- */

static const ObjectPrompt prompts[] = {
    {.box = box},
    {.points = 2, .point = point, .label = label},
    {.points = 2, .point = point, .label = label, .box = box},
};
enum { PROMPTS = sizeof prompts / sizeof *prompts };

/* Answers to all prompts, single and multiple. */
static void answer(Predictor *p, float *low_res, float *iou) {
    for (int i = 0; i < 2 * PROMPTS; i++) {
        Prediction found = decode(p, &prompts[i % PROMPTS], i >= PROMPTS);
        memcpy(low_res + (size_t)i * MASKS * CELLS, found.low_res,
               (size_t)found.count * CELLS * sizeof *low_res);
        memcpy(iou + (size_t)i * MASKS, found.iou, (size_t)found.count * sizeof *iou);
        CHECK(found.count == (i < PROMPTS ? 1 : MASKS) && found.side == TINY_SIDE);
        CHECK(found.token[0] == (i < PROMPTS ? 0 : 1));
        prediction_free(&found);
    }
}

typedef struct Answers {
    float low_res[2 * PROMPTS * MASKS * CELLS], iou[2 * PROMPTS * MASKS];
} Answers;

static bool same_answers(const Answers *a, const Answers *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

TEST(answers_depend_neither_on_the_order_nor_on_the_number_of_threads) {
    static Answers first, again, threaded;
    TinyModel t, many;
    tiny_model_open(&t, NULL, 1, 1);
    tiny_model_open(&many, NULL, 1, 7);
    Predictor *p = tiny_session(&t, 48, 36), *q = tiny_session(&many, 48, 36);
    answer(p, first.low_res, first.iou);
    answer(p, again.low_res, again.iou);
    answer(q, threaded.low_res, threaded.iou);
    CHECK(same_answers(&first, &again));
    CHECK(same_answers(&first, &threaded));
    predictor_close(p);
    predictor_close(q);
    tiny_model_close(&t);
    tiny_model_close(&many);
}

typedef struct Line { /* a thread's line of work: a session of its own on the shared model */
    const TinyModel *model;
    Answers answers;
    pthread_t thread;
} Line;

static void *work(void *context) {
    Line *line = context;
    for (int i = 0; i < 5; i++) {
        Predictor *p = tiny_session(line->model, 48, 36);
        answer(p, line->answers.low_res, line->answers.iou);
        predictor_close(p);
    }
    return NULL;
}

TEST(sessions_of_several_threads_share_a_model) {
    static Line lines[3];
    static Answers alone;
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 2);
    Predictor *p = tiny_session(&t, 48, 36);
    answer(p, alone.low_res, alone.iou);
    predictor_close(p);
    for (int i = 0; i < 3; i++) {
        lines[i].model = &t;
        if (pthread_create(&lines[i].thread, NULL, work, &lines[i])) abort();
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(lines[i].thread, NULL);
        CHECK(same_answers(&lines[i].answers, &alone));
    }
    tiny_model_close(&t);
}

/* The decoder in one go, without what the predictor keeps of the image. */
typedef struct Direct {
    Predictor *p;
    float low_res[CELLS], iou;
} Direct;

static Status decode_directly(Compute *cx, void *context, Error *error) {
    Direct *d = context;
    Prompts to;
    Status status = prompt_to_model(cx, &d->p->view, &prompts[2], &to, error);
    if (status) return status;
    int shape[] = {1, TINY_GRID, TINY_GRID, d->p->model->system.sam.config.prompt.dim};
    Tensor *embedding = tensor_over(cx, 4, shape, d->p->embedding);
    MaskOutput found = sam_decode(cx, &d->p->model->system.sam, embedding, &to, false);
    if (!compute_ok(cx) || compute_measures(cx)) return VOXPERT_OK;
    memcpy(d->low_res, found.masks->data, sizeof d->low_res);
    d->iou = found.iou->data[0];
    return VOXPERT_OK;
}

TEST(what_is_kept_of_the_image_changes_no_answer) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, 48, 36);
    static Direct d;
    d.p = p;
    StepShape shape = {.kind = STEP_DECODE, .batch = 99};
    CHECK(!steps_run(&p->steps, shape, 0, decode_directly, &d, NULL));
    Prediction found = decode(p, &prompts[2], false);
    CHECK(p->image_known);
    CHECK_CLOSE(found.low_res, d.low_res, CELLS, 1e-6f, 1e-6f); /* observed: equal */
    CHECK_CLOSE(found.iou, &d.iou, 1, 1e-6f, 1e-6f);
    prediction_free(&found);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(a_new_picture_and_a_new_crop_are_seen_anew) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, 48, 36), *fresh = tiny_session(&t, 48, 36);
    Crop crop = {0, 0, 36, 30};
    Prediction whole = decode(p, &prompts[0], false);
    CHECK(!predictor_encode(p, crop, NULL) && !predictor_encode(fresh, crop, NULL));
    Prediction part = decode(p, &prompts[0], false), same = decode(fresh, &prompts[0], false);
    CHECK(memcmp(whole.low_res, part.low_res, CELLS * sizeof(float)) != 0);
    CHECK(memcmp(part.low_res, same.low_res, CELLS * sizeof(float)) == 0);
    prediction_free(&whole);
    prediction_free(&part);
    prediction_free(&same);
    predictor_close(p);
    predictor_close(fresh);
    tiny_model_close(&t);
}

TEST(many_points_at_once_are_answered_as_one_by_one) {
    enum { POINTS = 11 }; /* a full batch and a part of one */
    static float low_res[POINTS * MASKS * CELLS], iou[POINTS * MASKS];
    float at[2 * POINTS];
    for (int i = 0; i < POINTS; i++) at[2 * i] = (float)(3 * i + 2), at[2 * i + 1] = (float)(2 * i);
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, 48, 36);
    CHECK(!predictor_decode_points(p, POINTS, at, true, low_res, iou, NULL));
    for (int i = 0; i < POINTS; i++) {
        ObjectPrompt one = {.points = 1, .point = at + 2 * i, .label = label};
        Prediction found = decode(p, &one, true);
        CHECK_CLOSE(low_res + i * MASKS * CELLS, found.low_res, MASKS * CELLS, 1e-6f, 1e-6f);
        CHECK_CLOSE(iou + i * MASKS, found.iou, MASKS, 1e-6f, 1e-6f);
        prediction_free(&found);
    }
    predictor_close(p);
    tiny_model_close(&t);
}

/* ---- Masks as prompts ---------------------------------------------------------------------- */

TEST(a_mask_prompt_changes_the_answer_and_logits_come_before_it) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, 48, 36);
    uint8_t mask[48 * 36] = {0};
    float low_res[CELLS];
    for (int y = 6; y < 26; y++) memset(mask + y * 48 + 8, 1, 23);
    for (int i = 0; i < CELLS; i++) low_res[i] = 5.0f;
    Prediction bare = decode(p, &(ObjectPrompt){.box = box}, false);
    Prediction masked = decode(p, &(ObjectPrompt){.box = box, .mask = mask}, false);
    Prediction logits = decode(p, &(ObjectPrompt){.box = box, .low_res = low_res}, false);
    Prediction both =
        decode(p, &(ObjectPrompt){.box = box, .mask = mask, .low_res = low_res}, false);
    CHECK(memcmp(bare.low_res, masked.low_res, CELLS * sizeof(float)) != 0);
    CHECK(memcmp(masked.low_res, logits.low_res, CELLS * sizeof(float)) != 0);
    CHECK(memcmp(both.low_res, logits.low_res, CELLS * sizeof(float)) == 0);
    prediction_free(&bare);
    prediction_free(&masked);
    prediction_free(&logits);
    prediction_free(&both);
    memset(mask, 0, sizeof mask);
    Error error;
    CHECK(predictor_decode(p, &(ObjectPrompt){.mask = mask}, false, &bare, &error) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(strcmp(error.message, "the mask prompt is empty") == 0);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(a_preset_that_chooses_answers_with_the_best_of_all_masks) {
    TinyModel t;
    tiny_model_open(&t, "sam-med2d", 1, 1);
    Predictor *p = tiny_session(&t, 48, 36);
    Prediction all = decode(p, &prompts[0], true), best = decode(p, &prompts[0], false);
    int most = 0;
    for (int i = 1; i < all.count; i++) most = all.iou[i] > all.iou[most] ? i : most;
    CHECK(all.count == MASKS && best.count == 1);
    CHECK(best.iou[0] == all.iou[most] && best.token[0] == all.token[most]);
    CHECK(memcmp(best.low_res, all.low_res + most * CELLS, CELLS * sizeof(float)) == 0);
    prediction_free(&all);
    prediction_free(&best);
    predictor_close(p);
    tiny_model_close(&t);
}

/* ---- Sense of prompts ---------------------------------------------------------------------- */

typedef struct Nonsense {
    ObjectPrompt prompt;
    const char *words;
} Nonsense;

#define POINT(x, y)                                                                                \
    .points = 1, .point = (const float[]){x, y}, .label = (const int[]) { 1 }
#define BOX(a, b, c, d)                                                                            \
    .box = (const float[]) { a, b, c, d }

TEST(prompts_without_sense_are_refused_in_words) {
    const Nonsense cases[] = {
        {{0}, "a prompt needs a point, a box, a mask or a text"},
        {{POINT(NAN, 1)}, "point 1: a coordinate is not a finite number"},
        {{POINT(1, INFINITY)}, "point 1: a coordinate is not a finite number"},
        {{POINT(-0.6f, 1)}, "point -0.6,1 lies outside the image of 48 x 36 pixels"},
        {{POINT(47.6f, 1)}, "point 47.6,1 lies outside"},
        {{POINT(1, 35.6f)}, "lies outside"},
        {{.points = 1, .point = point, .label = (const int[]){2}}, "must be 0 or 1, not 2"},
        {{BOX(1, 1, NAN, 5)}, "box: a coordinate is not a finite number"},
        {{BOX(5, 1, 4, 9)}, "box 5,1,4,9 is empty"},
        {{BOX(1, 9, 5, 8)}, "is empty"},
        {{BOX(0, 0, 48, 10)}, "reaches outside the image of 48 x 36 pixels"},
        {{BOX(-1, 0, 10, 10)}, "reaches outside"},
    };
    const Picture size = {.width = 48, .height = 36};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Error error = {0};
        check_report(prompt_check(&size, &cases[i].prompt, &error) == VOXPERT_BAD_ARGUMENT,
                     __FILE__, __LINE__, "case %zu passes", i);
        check_report(strstr(error.message, cases[i].words) != NULL, __FILE__, __LINE__,
                     "case %zu says: %s", i, error.message);
    }
}

TEST(prompts_at_the_very_edge_make_sense) {
    const Picture size = {.width = 48, .height = 36};
    const ObjectPrompt good[] = {
        {POINT(-0.5f, -0.5f)},
        {POINT(47.5f, 35.5f)},
        {BOX(0, 0, 47, 35)},
        {BOX(7, 7, 7, 7)}, /* one pixel */
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(!prompt_check(&size, &good[i], NULL));
}

/* ---- Crops ---------------------------------------------------------------------------------- */

TEST(outside_of_a_crop_nothing_belongs_to_the_object) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, 48, 36);
    CHECK(!predictor_encode(p, (Crop){10, 5, 20, 16}, NULL));
    Prediction found = decode(p, &(ObjectPrompt){BOX(12, 8, 20, 18)}, false);
    float logits[48 * 36], part[20 * 16];
    CHECK(!predictor_logits(p, &found, logits, NULL));
    CHECK(!view_logits(part, &p->view, &t.model->preset, found.low_res, 1, found.side, NULL));
    for (int y = 0; y < 36; y++) {
        for (int x = 0; x < 48; x++) {
            bool in = x >= 10 && x < 30 && y >= 5 && y < 21;
            CHECK(logits[y * 48 + x] == (in ? part[(y - 5) * 20 + x - 10] : -32.0f));
        }
    }
    prediction_free(&found);
    predictor_close(p);
    tiny_model_close(&t);
}

/* ---- Memory -------------------------------------------------------------------------------- */

TEST(a_limit_of_memory_is_kept_and_may_be_lifted) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_predictor(&t);
    Picture picture = tiny_picture(48, 36, 0);
    Error error;
    CHECK(!predictor_set_picture(p, &picture, NULL));
    p->max_memory = 1024;
    CHECK(predictor_encode(p, crop_whole(&picture), &error) == VOXPERT_OUT_OF_MEMORY);
    CHECK(strstr(error.message, "more than the limit of 1 KiB") != NULL);
    CHECK(!p->encoded);
    p->max_memory = 0;
    CHECK(!predictor_encode(p, crop_whole(&picture), NULL) && p->encoded);
    picture_free(&picture);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(a_decode_that_was_seen_before_takes_memory_for_its_result_alone) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, 48, 36);
    for (int i = 0; i < PROMPTS; i++) {
        Prediction first = decode(p, &prompts[i], false);
        memory_fail_at(0, false); /* counts from here */
        Prediction again = decode(p, &prompts[i], false);
        CHECK(memory_requests() == 1);
        prediction_free(&first);
        prediction_free(&again);
    }
    predictor_close(p);
    tiny_model_close(&t);
}

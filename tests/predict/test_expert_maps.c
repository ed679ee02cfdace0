/* Maps of experts over a picture. */
#include "predict/expert_maps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "moe/heat_maps.h"
#include "tests/check.h"
#include "tests/predict/tiny_adapter.h"

enum { WIDTH = 90, HEIGHT = 60 };

static const float box[] = {10.0f, 12.0f, 50.0f, 44.0f};

typedef struct Scene {
    TinyAdapter adapter;
    Predictor *p;
    ExpertMaps maps;
    Prediction found;
} Scene;

static void scene_open(Scene *s, int kept, bool zoom) {
    *s = (Scene){0};
    tiny_adapter_open(&s->adapter, kept, 3);
    s->p = tiny_adapter_session(s->adapter.model, WIDTH, HEIGHT);
    ObjectPrompt prompt = {.box = box};
    CHECK(expert_maps_open(&s->maps, &s->adapter.model->system, NULL) == VOXPERT_OK);
    s->p->maps = &s->maps;
    CHECK(predictor_answer(s->p, &prompt, zoom, true, &s->found, NULL) == VOXPERT_OK);
    s->p->maps = NULL;
}

static void scene_close(Scene *s) {
    prediction_free(&s->found);
    expert_maps_close(&s->maps);
    predictor_close(s->p);
    tiny_adapter_close(&s->adapter);
}

static const float *gates_of(const Scene *s, int layer, int token) {
    return s->found.routing.routed + (layer * TINY_TOKENS + token) * (3 * TINY_EXPERTS + 1);
}

TEST(an_expert_has_a_map_from_0_to_1_exactly_where_a_token_went_to_it) {
    for (int kept = 1; kept <= 2; kept++) {
        Scene s;
        int used = 0;
        scene_open(&s, kept, false);
        size_t cells = (size_t)(s.maps.grid * s.maps.grid);
        for (int i = 0; i < TINY_LAYERS * TINY_EXPERTS; i++) {
            const float *map = s.maps.attention + (size_t)i * cells;
            float least = map[0], most = map[0];
            bool sent = false;
            for (size_t k = 0; k < cells; k++)
                least = fminf(least, map[k]), most = fmaxf(most, map[k]);
            for (int t = 0; t < TINY_TOKENS; t++)
                sent |= gates_of(&s, i / TINY_EXPERTS, t)[i % TINY_EXPERTS] > 0.0f;
            CHECK(fabsf(least) <= 0.0f);
            CHECK(fabsf(most - (sent ? 1.0f : 0.0f)) < 1e-6f);
            used += sent;
        }
        CHECK(used >= TINY_LAYERS * kept && (kept > 1 || used < TINY_LAYERS * TINY_EXPERTS));
        scene_close(&s);
    }
}

TEST(being_watched_changes_no_answer) {
    Scene s;
    Prediction alone = {0};
    ObjectPrompt prompt = {.box = box};
    scene_open(&s, 2, false);
    CHECK(predictor_answer(s.p, &prompt, false, true, &alone, NULL) == VOXPERT_OK);
    CHECK(alone.count == TINY_TOKENS && s.found.count == TINY_TOKENS);
    size_t n = (size_t)(alone.count * alone.side * alone.side);
    CHECK(memcmp(alone.low_res, s.found.low_res, n * sizeof(float)) == 0);
    prediction_free(&alone);
    scene_close(&s);
}

TEST(maps_show_the_picture_smaller_and_nothing_outside_of_a_crop) {
    Scene s;
    scene_open(&s, 1, true);
    Extent size = expert_maps_size(&s.p->picture, 45);
    CHECK(size.width == 45 && size.height == 30);
    CHECK(expert_maps_size(&s.p->picture, 512).width == WIDTH);
    const Crop *c = &s.p->view.crop;
    CHECK(c->width < WIDTH && c->height <= HEIGHT);
    float ones[TINY_GRID * TINY_GRID], shown[30 * 45];
    for (int i = 0; i < TINY_GRID * TINY_GRID; i++) ones[i] = 1.0f;
    CHECK(expert_maps_show(shown, size, s.p, ones, 1, TINY_GRID, -7.0f, NULL) == VOXPERT_OK);
    int inside = 0;
    for (int i = 0; i < 30 * 45; i++) {
        bool in = i % 45 >= c->x / 2 && i % 45 <= (c->x + c->width) / 2 && i / 45 >= c->y / 2 &&
                  i / 45 <= (c->y + c->height) / 2;
        CHECK(fabsf(shown[i] - 1.0f) < 1e-6f || fabsf(shown[i] + 7.0f) < 1e-6f);
        CHECK(in || shown[i] < 0.0f);
        inside += shown[i] > 0.0f;
    }
    CHECK(abs(inside - c->width * c->height / 4) <= 46);
    scene_close(&s);
}

TEST(maps_without_memory_are_a_sentence) {
    Scene s;
    scene_open(&s, 1, false);
    size_t before = memory_requests();
    Prediction found = {0};
    ObjectPrompt prompt = {.box = box};
    s.p->maps = &s.maps;
    CHECK(predictor_answer(s.p, &prompt, false, true, &found, NULL) == VOXPERT_OK);
    size_t requests = memory_requests() - before;
    prediction_free(&found);
    CHECK(requests > 5);
    for (size_t n = 1; n <= requests; n++) {
        Error error = {0};
        memory_fail_at(n, false);
        Status status = predictor_answer(s.p, &prompt, false, true, &found, &error);
        memory_fail_at(0, false);
        CHECK(status == VOXPERT_OUT_OF_MEMORY && error.message[0]);
        prediction_free(&found);
    }
    scene_close(&s);
}

/* The experts of a model through the public functions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <voxpert/experts.h>
#include <voxpert/voxpert.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"
#include "tests/predict/tiny_adapter.h"

enum { WIDTH = 700, HEIGHT = 350 };

typedef struct Scene {
    TinyAdapter tiny;
    VoxpertModel *model, *plain;
    VoxpertSession *session;
    uint8_t *pixels;
    char path[128];
} Scene;

static void scene_open_on(Scene *s, void (*adapter)(TinyAdapter *, int, unsigned)) {
    *s = (Scene){.pixels = malloc(WIDTH * HEIGHT)};
    adapter(&s->tiny, 2, 9);
    VoxpertOptions options = {.base = s->tiny.base, .preset = "sam", .threads = 1};
    REQUIRE(voxpert_model_open(&s->model, s->tiny.path, &options, NULL) == VOXPERT_OK);
    REQUIRE(voxpert_model_open(&s->plain, s->tiny.base, NULL, NULL) == VOXPERT_OK);
    REQUIRE(voxpert_session_open(&s->session, s->model, NULL) == VOXPERT_OK);
    for (int i = 0; i < WIDTH * HEIGHT; i++) s->pixels[i] = (uint8_t)(i % WIDTH / 3);
    VoxpertImage image = {s->pixels, VOXPERT_U8, WIDTH, HEIGHT, 1, 0.0, 0.0};
    REQUIRE(voxpert_set_image(s->session, &image, NULL) == VOXPERT_OK);
    snprintf(s->path, sizeof s->path, "%s/out.png", s->tiny.folder);
}

static void scene_open(Scene *s) { scene_open_on(s, tiny_adapter_open); }

static void scene_close(Scene *s) {
    voxpert_session_close(s->session);
    voxpert_model_close(s->model);
    voxpert_model_close(s->plain);
    tiny_adapter_close(&s->tiny);
    free(s->pixels);
}

static const VoxpertBox box = {100.0f, 80.0f, 400.0f, 250.0f};
static const VoxpertPrompt one_box = {.box = &box};

TEST(a_model_says_who_its_experts_are) {
    Scene s;
    char *json = NULL;
    scene_open(&s);
    CHECK(voxpert_experts_describe(s.model, &json, NULL) == VOXPERT_OK);
    CHECK(json && strstr(json, "\"experts\": 4,") && strstr(json, "\"kept\": 2,"));
    CHECK(json && strstr(json, "\"degenerate\": false") && !strstr(json, "\"degenerate\": true"));
    voxpert_free(json);
    int expert = 0;
    CHECK(voxpert_expert_find(s.model, "3", &expert, NULL) == VOXPERT_OK && expert == 3);
    CHECK(voxpert_expert_find(s.model, "skin", &expert, NULL) == VOXPERT_BAD_ARGUMENT);
    scene_close(&s);
}

TEST(a_class_is_found_by_its_name_and_asked_for) {
    Scene s;
    VoxpertError error = {0};
    char *json = NULL;
    int found = 0;
    VoxpertMasks shared, kidney;
    VoxpertSegmentOptions options = {.prompt_free = true};
    const VoxpertPrompt nothing = {0};
    scene_open(&s);
    CHECK(voxpert_class_find(s.model, "liver", &found, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "have no classes") && !voxpert_class_name(s.model, 1));
    CHECK(voxpert_class_find(s.plain, "liver", &found, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_experts_describe(s.model, &json, NULL) == VOXPERT_OK);
    CHECK(json && !strstr(json, "prompt_classes"));
    voxpert_free(json);
    scene_close(&s);
    scene_open_on(&s, tiny_adapter_open_classes);
    CHECK(voxpert_experts_describe(s.model, &json, NULL) == VOXPERT_OK);
    CHECK(json && strstr(json, "prompt_classes") && strstr(json, "\"left kidney\""));
    voxpert_free(json);
    CHECK(strcmp(voxpert_class_name(s.model, 1), "liver") == 0 && !voxpert_class_name(s.model, 3));
    CHECK(!voxpert_class_name(s.model, 0) && !voxpert_class_name(NULL, 1));
    CHECK(voxpert_class_find(s.model, "spleen", &found, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "class \"spleen\" is none of liver, left kidney"));
    CHECK(voxpert_class_find(s.model, "left kidney", &found, NULL) == VOXPERT_OK && found == 2);
    CHECK(voxpert_segment(s.session, &nothing, &options, &shared, NULL) == VOXPERT_OK);
    options.prompt_class = found;
    CHECK(voxpert_segment(s.session, &nothing, &options, &kidney, NULL) == VOXPERT_OK);
    CHECK(memcmp(shared.logits, kidney.logits, WIDTH * HEIGHT * sizeof *shared.logits) != 0);
    voxpert_masks_free(&shared);
    voxpert_masks_free(&kidney);
    options.prompt_class = 3;
    CHECK(voxpert_segment(s.session, &nothing, &options, &kidney, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "have 2 classes"));
    options = (VoxpertSegmentOptions){.prompt_class = 1};
    CHECK(voxpert_segment(s.session, &one_box, &options, &kidney, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "prompt_free"));
    scene_close(&s);
}

TEST(maps_are_of_the_answer_that_segment_gives) {
    Scene s;
    VoxpertExpertMaps maps;
    VoxpertMasks masks;
    scene_open(&s);
    voxpert_session_interrupt(s.session); /* nothing works: the next call is not stopped */
    CHECK(voxpert_expert_maps(s.session, &one_box, NULL, &maps, NULL) == VOXPERT_OK);
    CHECK(voxpert_segment(s.session, &one_box, NULL, &masks, NULL) == VOXPERT_OK);
    const VoxpertRouting *a = &maps.routing, *b = &masks.routing;
    size_t rows = (size_t)(a->layers * a->tokens), gates = rows * (size_t)a->experts;
    CHECK(a->layers == TINY_LAYERS && a->tokens == TINY_TOKENS && a->experts == TINY_EXPERTS);
    CHECK(a->chosen == b->chosen);
    CHECK(memcmp(a->gates, b->gates, gates * sizeof *a->gates) == 0);
    CHECK(memcmp(a->logits, b->logits, gates * sizeof *a->logits) == 0);
    CHECK(memcmp(a->confidence, b->confidence, rows * sizeof *a->confidence) == 0);
    CHECK(maps.width == 512 && maps.height == 256);
    const float *answer = maps.logits + (size_t)a->chosen * 512 * 256;
    int wrong = 0, edge = 0;
    for (int i = 0; i < 512 * 256; i++) { /* the same mask, smaller */
        size_t x = (size_t)((i % 512 + 0.5) * WIDTH / 512),
               y = (size_t)((i / 512 + 0.5) * HEIGHT / 256);
        float logit = masks.logits[y * WIDTH + x];
        bool sure = fabsf(logit) > 0.005f;
        wrong += sure && (logit > 0.0f) != (answer[i] > 0.0f);
        edge += !sure;
    }
    check_report(wrong < 400 && edge < 512 * 256 / 2, __FILE__, __LINE__,
                 "%d wrong, %d at the edge", wrong, edge);
    voxpert_expert_maps_free(&maps);
    voxpert_expert_maps_free(&maps);
    voxpert_masks_free(&masks);
    scene_close(&s);
}

/* Of a PNG's first header: both 0 where it is none. */
static void png_size(const char *path, unsigned *width, unsigned *height) {
    FileMap map = {0};
    *width = *height = 0;
    REQUIRE(file_map(&map, path, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
    if (map.size > 24 && memcmp(map.bytes + 1, "PNG", 3) == 0) {
        const uint8_t *p = map.bytes + 16;
        *width = (unsigned)(p[2] << 8 | p[3]), *height = (unsigned)(p[6] << 8 | p[7]);
    }
    file_unmap(&map);
}

TEST(figures_have_a_tile_for_each_expert_and_a_cell_for_each_share) {
    Scene s;
    VoxpertExpertMaps maps;
    unsigned width, height;
    scene_open(&s);
    CHECK(voxpert_expert_maps(s.session, &one_box, NULL, &maps, NULL) == VOXPERT_OK);
    CHECK(voxpert_expert_maps_write(s.session, &maps, s.path, NULL) == VOXPERT_OK);
    png_size(s.path, &width, &height);
    CHECK(width == TINY_EXPERTS * (264 + 16) + 16);
    CHECK(height > (TINY_LAYERS + 1) * 264 && height < (TINY_LAYERS + 1) * 400);
    voxpert_expert_maps_free(&maps);
    static const char *const rows[] = {"a", "b", "c"};
    static const double shares[TINY_LAYERS * 3 * TINY_EXPERTS] = {0.5, 0.5};
    CHECK(voxpert_expert_matrix_write(s.model, shares, 3, rows, s.path, NULL) == VOXPERT_OK);
    png_size(s.path, &width, &height);
    CHECK(width > TINY_LAYERS * TINY_EXPERTS * 50 && height > 3 * 40 && height < 6 * 60);
    scene_close(&s);
}

TEST(an_expert_is_added_reached_by_its_name_and_removed) {
    static const VoxpertExpertAdd skin = {.name = "skin", .copy = 2};
    Scene s;
    VoxpertModel *more = NULL;
    VoxpertError error;
    int expert = 0;
    scene_open(&s);
    snprintf(s.path, sizeof s.path, "%s/more.safetensors", s.tiny.folder);
    CHECK(voxpert_expert_add(s.model, &skin, s.path, NULL) == VOXPERT_OK);
    VoxpertOptions options = {.base = s.tiny.base, .preset = "sam", .threads = 1};
    REQUIRE(voxpert_model_open(&more, s.path, &options, NULL) == VOXPERT_OK);
    CHECK(voxpert_expert_find(more, "skin", &expert, NULL) == VOXPERT_OK && expert == 5);
    snprintf(s.path, sizeof s.path, "%s/less.safetensors", s.tiny.folder);
    CHECK(voxpert_expert_remove(more, expert, s.path, NULL) == VOXPERT_OK);
    CHECK(voxpert_expert_remove(more, 6, s.path, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "has no expert 6"));
    CHECK(voxpert_expert_add(more, &(VoxpertExpertAdd){"eye", 6, 0}, s.path, &error) ==
          VOXPERT_BAD_ARGUMENT);
    voxpert_model_close(more);
    scene_close(&s);
}

TEST(a_model_without_experts_is_told_apart_and_null_is_refused) {
    Scene s;
    char *json;
    int expert;
    VoxpertError error;
    VoxpertSession *session;
    VoxpertExpertMaps maps;
    static const double share = 1.0;
    static const char *const row = "a";
    scene_open(&s);
    REQUIRE(voxpert_session_open(&session, s.plain, NULL) == VOXPERT_OK);
    CHECK(voxpert_experts_describe(s.plain, &json, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "has no experts"));
    CHECK(voxpert_expert_find(s.plain, "1", &expert, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_expert_maps(session, &one_box, NULL, &maps, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_expert_matrix_write(s.plain, &share, 1, &row, s.path, NULL) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_expert_remove(s.plain, 1, s.path, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_expert_remove(s.model, 0, s.path, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_expert_add(s.model, &(VoxpertExpertAdd){0}, s.path, NULL) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_experts_describe(NULL, &json, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_expert_maps(NULL, &one_box, NULL, &maps, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_expert_maps_write(s.session, &maps, s.path, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(!file_exists(s.path));
    CHECK(voxpert_routing_entropy(NULL, 4) <= 0.0);
    voxpert_expert_maps_free(NULL);
    voxpert_session_close(session);
    scene_close(&s);
}

static void prune_refused(const Scene *s, VoxpertPruneOptions options, const char *word) {
    VoxpertError error = {0};
    char *json = NULL;
    CHECK(voxpert_experts_prune(s->model, &options, s->path, NULL, NULL, &json, &error) ==
          VOXPERT_BAD_ARGUMENT);
    check_report(strstr(error.message, word) != NULL, __FILE__, __LINE__, "%s", error.message);
    CHECK(!json && !file_exists(s->path));
}

TEST(pruning_asks_for_what_it_needs) {
    static const char *const folder = "nowhere";
    const VoxpertPruneOptions good = {.data = &folder, .data_count = 1};
    VoxpertPruneOptions o = {0};
    VoxpertError error;
    char *json = NULL;
    Scene s;
    scene_open(&s);
    prune_refused(&s, o, "needs a model, a data folder");
    o = good, o.part = "some";
    prune_refused(&s, o, "\"some\" is no part of data");
    o = good, o.clicks = 51;
    prune_refused(&s, o, "51 clicks");
    o = good, o.tolerance = -0.1;
    prune_refused(&s, o, "tolerance -0.1");
    o = good, o.tolerance = (double)NAN;
    prune_refused(&s, o, "from 0 to 1");
    o = good, o.ask = 8;
    prune_refused(&s, o, "8 is no way of asking");
    o = good, o.min_experts = -1;
    prune_refused(&s, o, "cannot be left");
    CHECK(voxpert_experts_prune(s.plain, &good, s.path, NULL, NULL, &json, &error) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "has no experts") && !json);
    CHECK(voxpert_experts_prune(s.model, &good, s.path, NULL, NULL, &json, &error) ==
          VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "nowhere") && !json && !file_exists(s.path));
    scene_close(&s);
}

TEST(maps_and_figures_without_memory_are_a_sentence) {
    static const VoxpertBox there = {10.0f, 8.0f, 40.0f, 25.0f};
    const VoxpertPrompt prompt = {.box = &there};
    Scene s;
    VoxpertExpertMaps maps;
    scene_open(&s);
    VoxpertImage image = {s.pixels, VOXPERT_U8, 70, 35, 1, 0.0, 0.0}; /* small: each n draws it */
    REQUIRE(voxpert_set_image(s.session, &image, NULL) == VOXPERT_OK);
    CHECK(voxpert_expert_maps(s.session, &prompt, NULL, &maps, NULL) == VOXPERT_OK);
    size_t before = memory_requests();
    CHECK(voxpert_expert_maps_write(s.session, &maps, s.path, NULL) == VOXPERT_OK);
    size_t requests = memory_requests() - before;
    CHECK(requests > 6);
    for (size_t n = 1; n <= requests; n++) {
        unlink(s.path);
        memory_fail_at(n, false);
        VoxpertStatus status = voxpert_expert_maps_write(s.session, &maps, s.path, NULL);
        memory_fail_at(0, false);
        CHECK(status == VOXPERT_OUT_OF_MEMORY && !file_exists(s.path));
    }
    voxpert_expert_maps_free(&maps);
    before = memory_requests();
    CHECK(voxpert_expert_maps(s.session, &prompt, NULL, &maps, NULL) == VOXPERT_OK);
    requests = memory_requests() - before;
    voxpert_expert_maps_free(&maps);
    for (size_t n = 1; n <= requests; n++) {
        memory_fail_at(n, false);
        VoxpertStatus status = voxpert_expert_maps(s.session, &prompt, NULL, &maps, NULL);
        memory_fail_at(0, false);
        CHECK(status == VOXPERT_OUT_OF_MEMORY && !maps.attention);
    }
    scene_close(&s);
}

/* What everything mode hands out, and prompts that are brought onto the image. */
#include <string.h>

#include <voxpert/voxpert.h>

#include "tests/check.h"

enum { WIDTH = 90, HEIGHT = 70, PIXELS = WIDTH * HEIGHT };

/* A session on a bright disc on a ramp. */
static VoxpertModel *disc_model(VoxpertSession **session) {
    static uint8_t pixels[PIXELS];
    VoxpertModel *model = NULL;
    for (int i = 0; i < PIXELS; i++) {
        int x = i % WIDTH - 40, y = i / WIDTH - 35;
        pixels[i] = (uint8_t)(x * x + y * y < 400 ? 220 : 40 + i % WIDTH);
    }
    VoxpertImage image = {
        .pixels = pixels, .type = VOXPERT_U8, .width = WIDTH, .height = HEIGHT, .channels = 1};
    REQUIRE(
        !voxpert_model_open(&model, check_shared("golden/sam/files/sam.safetensors"), NULL, NULL));
    REQUIRE(!voxpert_session_open(session, model, NULL));
    REQUIRE(!voxpert_set_image(*session, &image, NULL));
    return model;
}

/* As pycocotools' toBbox: the last column and row count. */
static void check_bounds(const VoxpertFound *f) {
    int x0 = WIDTH, y0 = HEIGHT, x1 = -1, y1 = -1;
    uint8_t mask[PIXELS];
    size_t area = 0;
    CHECK(voxpert_found_mask(f, mask, WIDTH, HEIGHT, NULL) == VOXPERT_OK);
    CHECK(voxpert_found_mask(f, mask, 1, 1, NULL) == VOXPERT_BAD_ARGUMENT || f->area <= 1);
    char *whole = NULL, *boxed = NULL;
    CHECK(voxpert_found_mask(f, mask, WIDTH, HEIGHT, NULL) == VOXPERT_OK);
    CHECK(voxpert_mask_rle(mask, WIDTH, HEIGHT, &whole, NULL) == VOXPERT_OK);
    CHECK(voxpert_found_rle(f, WIDTH, HEIGHT, &boxed, NULL) == VOXPERT_OK);
    CHECK(whole && boxed && strcmp(whole, boxed) == 0);
    voxpert_free(whole);
    voxpert_free(boxed);
    for (int i = 0; i < PIXELS; i++) {
        int x = i % WIDTH, y = i / WIDTH;
        if (!mask[i]) continue;
        area++;
        x0 = x < x0 ? x : x0, x1 = x > x1 ? x : x1;
        y0 = y < y0 ? y : y0, y1 = y;
    }
    CHECK(area == f->area);
    if (x1 < 0) x0 = y0 = 0;
    const float want[4] = {(float)x0, (float)y0, (float)(x1 < 0 ? 0 : x1 - x0 + 1),
                           (float)(x1 < 0 ? 0 : y1 - y0 + 1)};
    CHECK(memcmp(f->box_xywh, want, sizeof want) == 0);
}

TEST(boxes_of_everything_count_the_last_column_and_row) {
    VoxpertSession *session = NULL;
    VoxpertModel *model = disc_model(&session);
    VoxpertFound *found = NULL;
    size_t count = 0;
    const VoxpertEverything grid = {.points_per_side = 6,
                                    .pred_iou_thresh = -9.0f,
                                    .stability_score_offset = 0.1f,
                                    .zero_thresholds = true,
                                    .box_nms_thresh = 1.0f};
    CHECK(voxpert_segment_everything(session, &grid, &found, &count, NULL, NULL, NULL) ==
          VOXPERT_OK);
    CHECK(count > 3);
    for (size_t i = 0; i < count; i++) check_bounds(&found[i]);
    voxpert_found_free(found, count);
    voxpert_session_close(session);
    voxpert_model_close(model);
}

TEST(defaults_are_those_of_the_preset) {
    VoxpertModel *model = NULL;
    VoxpertEverything published, ours;
    VoxpertOptions options = {.preset = "voxpert"};
    const char *path = check_shared("golden/sam/files/sam.safetensors");
    REQUIRE(!voxpert_model_open(&model, path, NULL, NULL));
    voxpert_everything_defaults(model, &published);
    voxpert_model_close(model);
    CHECK(published.points_per_side == 32 && published.pred_iou_thresh == 0.88f);
    CHECK(published.crop_side == -1 && published.crop_n_layers == 0);
    REQUIRE(!voxpert_model_open(&model, path, &options, NULL));
    voxpert_everything_defaults(model, &ours);
    voxpert_model_close(model);
    CHECK(ours.crop_side > 0 && ours.pred_iou_thresh < published.pred_iou_thresh);
}

TEST(prompts_are_brought_onto_the_image) {
    VoxpertBox box = {40, 40, 10, 5};
    VoxpertPoint points[] = {{WIDTH, 3, 1}, {5, 5, 0}};
    char *warnings = NULL;
    CHECK(voxpert_prompt_fit(&box, points, 2, WIDTH, HEIGHT, &warnings, NULL) == VOXPERT_OK);
    CHECK(box.x0 == 10 && box.y0 == 5 && box.x1 == 40 && box.y1 == 40);
    CHECK(points[0].x == WIDTH - 1 && points[1].x == 5);
    CHECK(warnings && strstr(warnings, "swapped") && strstr(warnings, "outside"));
    voxpert_free(warnings);
    CHECK(voxpert_prompt_fit(NULL, NULL, 0, WIDTH, HEIGHT, &warnings, NULL) == VOXPERT_OK);
    CHECK(warnings && !*warnings);
    voxpert_free(warnings);
    CHECK(voxpert_prompt_fit(&box, NULL, 0, 0, 9, &warnings, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_prompt_fit(&box, NULL, 1, 9, 9, &warnings, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_prompt_fit(&box, NULL, 0, 9, 9, NULL, NULL) == VOXPERT_BAD_ARGUMENT);
}

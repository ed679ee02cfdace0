#include "predict/view.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"

static const Preset *preset(const char *name) { return preset_find(name); }

static Picture picture(size_t width, size_t height) {
    Picture p = {.rgb = memory_new(3 * width * height), .width = width, .height = height};
    for (size_t i = 0; i < 3 * width * height; i++) p.rgb[i] = (uint8_t)(i * 37 + i / 3);
    return p;
}

static bool is_crop(Crop c, int x, int y, int width, int height) {
    return c.x == x && c.y == y && c.width == width && c.height == height;
}

/* ---- Crops -------------------------------------------------------------------------------- */

/* Its box is scaled by the side alone, and not by sizes that were rounded. */
TEST(lite_med_sam_scales_coordinates_by_its_longest_side) {
    View v = view_of(preset_find("litemedsam"), (Crop){0, 0, 301, 200}, 256);
    CHECK(v.width == 256 && v.height == 170 && v.left == 0 && v.top == 0);
    float at[2], point[2] = {100.0f, 100.0f};
    view_point(&v, point, at);
    CHECK(at[0] == (float)(100.0 * 256.0 / 301.0) && at[1] == at[0]);
    v = view_of(preset_find("sam"), (Crop){0, 0, 301, 200}, 256);
    view_point(&v, point, at);
    CHECK(at[1] == 85.0f);
}

TEST(crops_are_the_same_if_all_four_numbers_are) {
    const Crop crop = {1, 2, 3, 4};
    CHECK(crop_same(crop, (Crop){1, 2, 3, 4}));
    CHECK(!crop_same(crop, (Crop){0, 2, 3, 4}) && !crop_same(crop, (Crop){1, 0, 3, 4}));
    CHECK(!crop_same(crop, (Crop){1, 2, 0, 4}) && !crop_same(crop, (Crop){1, 2, 3, 0}));
}

TEST(a_crop_is_a_square_around_the_middle_of_the_box) {
    Picture p = {.width = 200, .height = 100};
    CHECK(is_crop(crop_around(&p, (float[]){90, 40, 109, 49}, 2.0, 1), 80, 25, 40, 40));
    CHECK(is_crop(crop_around(&p, (float[]){90, 40, 99, 59}, 2.0, 1), 75, 30, 40, 40));
}

TEST(a_crop_is_moved_to_lie_inside_the_picture) {
    Picture p = {.width = 200, .height = 100};
    CHECK(is_crop(crop_around(&p, (float[]){0, 0, 19, 19}, 2.0, 1), 0, 0, 40, 40));
    CHECK(is_crop(crop_around(&p, (float[]){180, 80, 199, 99}, 2.0, 1), 160, 60, 40, 40));
}

TEST(a_crop_is_never_larger_than_the_picture_nor_smaller_than_the_least) {
    Picture p = {.width = 200, .height = 100};
    CHECK(is_crop(crop_around(&p, (float[]){10, 10, 189, 20}, 3.0, 1), 0, 0, 200, 100));
    CHECK(is_crop(crop_around(&p, (float[]){100, 50, 100, 50}, 2.0, 32), 85, 35, 32, 32));
    CHECK(is_crop(crop_around(&p, (float[]){0, 0, 199, 99}, 1e9, 32), 0, 0, 200, 100));
}

/* ---- Geometry ----------------------------------------------------------------------------- */

TEST(sam_rounds_each_side_to_the_nearest_pixel) {
    View v = view_of(preset("sam"), (Crop){0, 0, 108, 112}, 256);
    CHECK(v.width == 247 && v.height == 256); /* 108 x 256 / 112 = 246.86 */
    v = view_of(preset("sam"), (Crop){0, 0, 2048, 1025}, 1024);
    CHECK(v.width == 1024 && v.height == 513); /* 512.5 goes up */
    CHECK(v.left == 0 && v.top == 0);
}

TEST(the_thinnest_picture_keeps_one_pixel) {
    View v = view_of(preset("sam"), (Crop){0, 0, 5000, 1}, 256);
    CHECK(v.width == 256 && v.height == 1);
}

/* Five pixels become two: Pillow takes those at floor(2.5 (i + 0.5)), OpenCV those at floor(2.5 i).
 */
TEST(imis_takes_the_pixels_that_pillow_takes) {
    uint8_t grey[5 * 5 * 3], out[2 * 2 * 3];
    for (int i = 0; i < 25; i++) grey[3 * i] = grey[3 * i + 1] = grey[3 * i + 2] = (uint8_t)i;
    Picture p = {grey, 5, 5, NULL};
    View v = view_of(preset("imis"), crop_whole(&p), 2);
    CHECK(!view_resize(out, &v, preset("imis"), &p, NULL));
    CHECK(out[0] == 6 && out[3] == 8 && out[6] == 16 && out[9] == 18);
    v = view_of(preset("sam-med2d"), crop_whole(&p), 2);
    CHECK(!view_resize(out, &v, preset("sam-med2d"), &p, NULL));
    CHECK(out[0] == 0 && out[9] == 12);
}

TEST(sam_med2d_imis_and_medsam_fill_the_square) {
    static const char *const names[] = {"sam-med2d", "medsam", "imis"};
    for (int i = 0; i < 3; i++) {
        View v = view_of(preset(names[i]), (Crop){0, 0, 100, 30}, 256);
        CHECK(v.width == 256 && v.height == 256 && v.left == 0 && v.top == 0);
    }
}

TEST(sam_med2ds_test_pads_what_is_smaller_on_both_sides) {
    View v = view_of(preset("sam-med2d-test"), (Crop){0, 0, 101, 32}, 256);
    CHECK(v.width == 101 && v.height == 32 && v.left == 77 && v.top == 112);
    v = view_of(preset("sam-med2d-test"), (Crop){0, 0, 101, 256}, 256);
    CHECK(v.width == 256 && v.height == 256 && v.left == 0 && v.top == 0);
}

TEST(points_follow_the_rounded_sizes_the_crop_and_the_padding) {
    float at[2];
    View v = view_of(preset("sam"), (Crop){10, 20, 108, 112}, 256);
    view_point(&v, (float[]){10 + 54, 20 + 56}, at);
    CHECK_CLOSE(at, ((float[]){54.0f * 247 / 108, 128}), 2, 1e-5f, 0);
    v = view_of(preset("sam-med2d-test"), (Crop){0, 0, 101, 32}, 256);
    view_point(&v, (float[]){3, 4}, at);
    CHECK_CLOSE(at, ((float[]){80, 116}), 2, 0, 0);
}

/* ---- Picture to input --------------------------------------------------------------------- */

TEST(a_crop_is_resized_as_if_it_were_the_picture) {
    Picture whole = picture(50, 40), part = picture(20, 15);
    for (size_t y = 0; y < 15; y++)
        memcpy(part.rgb + y * 60, whole.rgb + 3 * ((y + 7) * 50 + 11), 60);
    for (int i = 0; preset_at(i); i++) {
        static uint8_t a[3 * 64 * 64], b[3 * 64 * 64];
        View from_whole = view_of(preset_at(i), (Crop){11, 7, 20, 15}, 64);
        View from_part = view_of(preset_at(i), crop_whole(&part), 64);
        CHECK(!view_resize(a, &from_whole, preset_at(i), &whole, NULL));
        CHECK(!view_resize(b, &from_part, preset_at(i), &part, NULL));
        CHECK(memcmp(a, b, 3 * (size_t)from_part.width * (size_t)from_part.height) == 0);
    }
    picture_free(&whole);
    picture_free(&part);
}

TEST(colours_lose_their_mean_and_the_padding_is_zero) {
    View v = view_of(preset("sam"), (Crop){0, 0, 2, 1}, 2);
    const uint8_t rgb[6] = {124, 116, 104, 0, 255, 10};
    float input[12];
    view_normalize(input, &v, preset("sam"), rgb);
    const float want[12] = {(124 - 123.675f) / 58.395f, (116 - 116.28f) / 57.12f,
                            (104 - 103.53f) / 57.375f,  -123.675f / 58.395f,
                            (255 - 116.28f) / 57.12f,   (10 - 103.53f) / 57.375f};
    CHECK_CLOSE(input, want, 12, 0, 0);
}

TEST(the_test_script_of_sam_med2d_sees_blue_first_by_the_means_of_red) {
    View v = view_of(preset("sam-med2d-test"), (Crop){0, 0, 1, 1}, 1);
    float input[3];
    view_normalize(input, &v, preset("sam-med2d-test"), (uint8_t[]){1, 2, 3});
    const float want[3] = {(3 - 123.675f) / 58.395f, (2 - 116.28f) / 57.12f,
                           (1 - 103.53f) / 57.375f};
    CHECK_CLOSE(input, want, 3, 0, 0);
}

TEST(medsam_stretches_all_colours_together_from_0_to_1) {
    View v = view_of(preset("medsam"), (Crop){0, 0, 1, 1}, 1);
    float input[3];
    view_normalize(input, &v, preset("medsam"), (uint8_t[]){10, 60, 110});
    CHECK_CLOSE(input, ((float[]){0.0f, 0.5f, 1.0f}), 3, 0, 0);
    view_normalize(input, &v, preset("medsam"), (uint8_t[]){9, 9, 9});
    CHECK_CLOSE(input, ((float[]){0.0f, 0.0f, 0.0f}), 3, 0, 0);
}

/* ---- Logits to picture -------------------------------------------------------------------- */

TEST(what_lies_in_the_padding_does_not_reach_the_picture) {
    enum { SIDE = 16 };
    float low_res[SIDE * SIDE], out[40 * 20];
    View v = view_of(preset("sam"), (Crop){0, 0, 40, 20}, 64); /* the upper half of the input */
    for (int i = 0; i < SIDE * SIDE; i++) low_res[i] = i < SIDE * (SIDE / 2 + 1) ? 3.0f : -900.0f;
    CHECK(!view_logits(out, &v, preset("sam"), low_res, 1, SIDE, NULL));
    for (int i = 0; i < 40 * 20; i++) CHECK(fabsf(out[i] - 3.0f) < 1e-5f);
}

TEST(a_padded_picture_gets_the_middle_of_the_logits) {
    enum { SIDE = 16 };
    float low_res[SIDE * SIDE], out[32 * 32];
    View v = view_of(preset("sam-med2d-test"), (Crop){0, 0, 32, 32}, 64);
    for (int i = 0; i < SIDE * SIDE; i++) low_res[i] = (float)(i % SIDE);
    CHECK(!view_logits(out, &v, preset("sam-med2d-test"), low_res, 1, SIDE, NULL));
    for (int x = 0; x < 32; x++) { /* pixel x of the picture is 16 + x of the input */
        float want = (16.0f + (float)x + 0.5f) / 4.0f - 0.5f;
        CHECK(fabsf(out[x] - want) < 1e-5f);
    }
}

TEST(medsams_logits_are_those_of_the_interpolated_probability) {
    float low_res[4] = {-200.0f, 2.0f, -200.0f, 2.0f}, out[3];
    View v = view_of(preset("medsam"), (Crop){0, 0, 3, 1}, 8);
    CHECK(!view_logits(out, &v, preset("medsam"), low_res, 1, 2, NULL));
    double p = 1.0 / (1.0 + exp(-2.0)), middle = p / 2.0;
    CHECK(isfinite(out[0]) && out[0] < -16.0f); /* a probability of 0 is kept at 1e-7 */
    CHECK(fabs((double)out[1] - log(middle / (1.0 - middle))) < 1e-6);
    CHECK(fabs((double)out[2] - 2.0) < 1e-5);
}

/* ---- Mask to prompt ----------------------------------------------------------------------- */

TEST(a_mask_becomes_logits_of_6_with_its_edges_between) {
    enum { WIDTH = 32, HEIGHT = 16, SIDE = 16 };
    uint8_t mask[WIDTH * HEIGHT] = {0};
    float prompt[SIDE * SIDE];
    for (int y = 0; y < HEIGHT; y++) memset(mask + y * WIDTH, 1, 9); /* four cells and a half */
    View v = view_of(preset("sam"), (Crop){0, 0, WIDTH, HEIGHT}, 64);
    CHECK(!view_mask(prompt, &v, preset("sam"), mask, WIDTH, SIDE, NULL));
    for (int row = 0; row < SIDE; row++) {
        for (int col = 0; col < SIDE; col++) {
            float inside = col < 4 ? 6.0f : col == 4 ? 0.0f : -6.0f;
            CHECK(prompt[row * SIDE + col] == (row < SIDE / 2 ? inside : -6.0f));
        }
    }
}

TEST(sam_med2d_wants_the_mask_as_a_probability) {
    uint8_t mask[4] = {1, 0, 1, 0};
    float prompt[4];
    View v = view_of(preset("sam-med2d"), (Crop){0, 0, 2, 2}, 8);
    CHECK(!view_mask(prompt, &v, preset("sam-med2d"), mask, 2, 2, NULL));
    CHECK_CLOSE(prompt, ((float[]){1, 0, 1, 0}), 4, 0, 0);
}

TEST(an_empty_mask_prompts_nothing) {
    uint8_t mask[4] = {0, 0, 0, 1};
    float prompt[4];
    Error error;
    View v = view_of(preset("sam"), (Crop){0, 0, 1, 2}, 8); /* the mask's pixel is outside */
    CHECK(view_mask(prompt, &v, preset("sam"), mask, 2, 2, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "empty") != NULL);
}

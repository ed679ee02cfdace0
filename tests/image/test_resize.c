#include "image/resize.h"
#include "image/resize_methods.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"
#include "tests/golden/picture.h"
#include "tests/golden/procedural.h"
#include "tests/golden/resize_folder.h"
#include "tests/golden/tensor_file.h"

/* 76 results of Pillow and OpenCV, to the byte, and 27 of PyTorch in float64: worst 2.4e-7 here. */
TEST(every_golden_resize_is_reproduced) {
    FILE *lines = tmpfile();
    bool ok = golden_resize_folder(check_shared("golden/image/resize"), lines);
    CHECK(ok);
    rewind(lines);
    char line[256];
    int shown = 0;
    while (fgets(line, sizeof line, lines)) {
        shown++;
        if (strstr(line, "FAIL")) fputs(line, stderr);
    }
    CHECK(shown == 103);
    fclose(lines);
}

TEST(the_golden_folder_function_fails_where_there_is_no_folder) {
    FILE *lines = tmpfile();
    CHECK(!golden_resize_folder("/nonexistent", lines));
    fclose(lines);
}

/* The resized picture of MedSAM's predictor: all bytes equal; the doubles to float32 rounding. */
static void check_medsam(const char *golden, const char *image) {
    TensorFile file;
    Extent size, to = {256, 256};
    CHECK(tensor_file_open(&file, check_shared(golden)));
    uint8_t *rgb = picture_read(check_shared(image), &size);
    uint8_t *got = malloc(256 * 256 * 3);
    double *exact = malloc(256 * 256 * 3 * sizeof *exact);
    CHECK(!resize_bytes(got, to, rgb, size, 3, RESIZE_SKIMAGE_CUBIC, NULL));
    CHECK(resize_skimage_cubic(&(ResizeJob){NULL, to, rgb, size, 3}, exact));

    CHECK(memcmp(got, tensor_file_find(&file, "out.resized")->bytes, 256 * 256 * 3) == 0);
    const FileTensor *strided = tensor_file_find(&file, "out.resized_float.strided");
    double worst = 0.0;
    for (size_t i = 0; i < strided->count; i++) {
        float want;
        memcpy(&want, strided->bytes + 4 * i, 4);
        worst = fmax(worst, fabs((double)want - (double)(float)exact[26 + 53 * i]));
    }
    CHECK(worst == 0.0);
    free(rgb);
    free(got);
    free(exact);
    tensor_file_close(&file);
}

TEST(medsam_pictures_are_reproduced_to_the_byte) {
    check_medsam("golden/sam/medsam_tiny256_png_small.safetensors",
                 "data/2d/micro_wbc/images/074.png");
    check_medsam("golden/sam/medsam_tiny256_jpeg_colour.safetensors",
                 "data/2d/derm_ph2/images/IMD004.jpg");
}

/* SamPredictor: the longest side to 256, Pillow bilinear. */
TEST(the_picture_of_sams_predictor_is_reproduced_to_the_byte) {
    TensorFile file;
    Extent size;
    CHECK(tensor_file_open(&file,
                           check_shared("golden/sam/sam_tiny256_predictor_png_small.safetensors")));
    uint8_t *rgb = picture_read(check_shared("data/2d/micro_wbc/images/074.png"), &size);
    uint8_t *got = malloc(256 * 247 * 3);
    CHECK(!resize_bytes(got, (Extent){256, 247}, rgb, size, 3, RESIZE_PILLOW_BILINEAR, NULL));
    CHECK(memcmp(got, tensor_file_find(&file, "out.resized")->bytes, 256 * 247 * 3) == 0);
    free(rgb);
    free(got);
    tensor_file_close(&file);
}

TEST(halving_with_opencv_linear_takes_the_mean_of_four) {
    const uint8_t in[] = {0, 10, 20, 30, 1, 10, 21, 32};
    uint8_t out[2];
    CHECK(!resize_bytes(out, (Extent){1, 2}, in, (Extent){2, 4}, 1, RESIZE_OPENCV_LINEAR, NULL));
    CHECK(out[0] == 5 && out[1] == 26); /* 21/4 and 103/4, rounded half up */
}

TEST(area_means_are_those_of_opencv) {
    static const struct {
        Extent from, to;
        uint8_t want[20]; /* cv2.resize(..., interpolation=cv2.INTER_AREA) of OpenCV 5.0 */
    } cases[] = {
        {{5, 7}, {3, 4}, {39, 117, 172, 103, 83, 147, 186, 141, 84, 152, 154, 72}},
        {{6, 9}, {2, 3}, {128, 127, 104, 115, 119, 107}},
        {{4, 6}, {2, 3}, {23, 115, 190, 173, 71, 143}},
        {{3, 2}, {5, 4}, {0,   0,   38,  38,  26,  26,  65,  65,  78,  78,
                          120, 120, 135, 135, 180, 180, 164, 164, 210, 210}},
        {{5, 7}, {5, 3}, {27, 121, 114, 89, 186, 139, 91, 176, 161, 89, 163, 137, 99, 176, 43}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        uint8_t in[54], out[20];
        Extent from = cases[c].from, to = cases[c].to;
        for (int i = 0; i < (int)(from.height * from.width); i++)
            in[i] = (uint8_t)(i * 37 + i * i % 101);
        CHECK(!resize_bytes(out, to, in, from, 1, RESIZE_OPENCV_AREA, NULL));
        CHECK(memcmp(out, cases[c].want, to.height * to.width) == 0);
    }
}

TEST(a_flat_picture_stays_flat) {
    uint8_t in[9 * 7 * 4], out[13 * 5 * 4];
    memset(in, 201, sizeof in);
    for (int m = RESIZE_PILLOW_NEAREST; m <= RESIZE_OPENCV_AREA; m++) {
        memset(out, 0, sizeof out);
        CHECK(!resize_bytes(out, (Extent){13, 5}, in, (Extent){9, 7}, 4, (ResizeMethod)m, NULL));
        for (size_t i = 0; i < sizeof out; i++) CHECK(out[i] == 201);
    }
}

TEST(the_same_size_is_a_copy) {
    uint8_t in[6 * 5 * 3], out[sizeof in];
    procedural_bytes("input.copy", sizeof in, in);
    for (int m = RESIZE_PILLOW_NEAREST; m <= RESIZE_OPENCV_AREA; m++) {
        memset(out, 0, sizeof out);
        CHECK(!resize_bytes(out, (Extent){6, 5}, in, (Extent){6, 5}, 3, (ResizeMethod)m, NULL));
        CHECK(memcmp(in, out, sizeof in) == 0);
    }
}

TEST(a_crop_is_resized_without_a_copy) {
    enum { H = 9, W = 11, CH = 5, CW = 7 };
    float in[2 * H * W], crop[2 * CH * CW], from_crop[2 * 8 * 20], in_place[2 * 8 * 20];
    procedural_tensor("input.crop", 3, (size_t[]){2, H, W}, false, in);
    for (int p = 0; p < 2; p++) {
        for (int y = 0; y < CH; y++)
            memcpy(crop + (p * CH + y) * CW, in + (p * H + y) * W, CW * sizeof *crop);
    }
    FloatGrid whole = float_grid_planes(in, 2, (Extent){H, W});
    for (int rule = TAPS_NEAREST; rule <= TAPS_CUBIC_ANTIALIASED; rule++) {
        CHECK(!resize_planes(in_place, (Extent){8, 20}, float_grid_crop(whole, (Extent){CH, CW}),
                             (TapRule)rule, NULL));
        CHECK(!resize_planes(from_crop, (Extent){8, 20},
                             float_grid_planes(crop, 2, (Extent){CH, CW}), (TapRule)rule, NULL));
        CHECK(memcmp(in_place, from_crop, sizeof in_place) == 0);
    }
}

TEST(a_size_of_zero_is_refused_with_a_sentence) {
    uint8_t byte = 0;
    float value = 0.0f;
    Error error;
    CHECK(resize_bytes(&byte, (Extent){0, 4}, &byte, (Extent){1, 1}, 1, RESIZE_PILLOW_BILINEAR,
                       &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "4 x 0") != NULL);
    CHECK(resize_planes(&value, (Extent){1, 1}, float_grid_planes(&value, 1, (Extent){0, 1}),
                        TAPS_LINEAR, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "at least 1") != NULL);
}

TEST(every_failed_allocation_is_reported_and_leaks_nothing) {
    uint8_t in[5 * 4 * 3] = {0}, out[7 * 6 * 3];
    float planes[2 * 5 * 4] = {0}, larger[2 * 9 * 3 * 6];
    FloatGrid grid = {planes, 1, 2, 5, 4, 4, 20};
    Status status = VOXPERT_OUT_OF_MEMORY;
    for (int m = RESIZE_PILLOW_NEAREST; m <= RESIZE_SKIMAGE_CUBIC; m++) {
        for (size_t n = 1; n == 1 || status == VOXPERT_OUT_OF_MEMORY; n++) {
            memory_fail_at(n, false);
            Extent to = m % 2 ? (Extent){7, 6} : (Extent){3, 2};
            status = resize_bytes(out, to, in, (Extent){5, 4}, 3, (ResizeMethod)m, NULL);
            CHECK(n > 1 || status == VOXPERT_OUT_OF_MEMORY);
        }
        CHECK(status == VOXPERT_OK);
    }
    for (size_t n = 1; n == 1 || status == VOXPERT_OUT_OF_MEMORY; n++) {
        memory_fail_at(n, false);
        status = resize_volumes(larger, (size_t[]){9, 3, 6}, grid, TAPS_LINEAR, NULL);
        CHECK(n > 1 || status == VOXPERT_OUT_OF_MEMORY);
    }
    CHECK(status == VOXPERT_OK);
    memory_fail_at(0, false);
}

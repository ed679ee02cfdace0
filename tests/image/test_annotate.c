/* What stands beside an overlay. */
#include "draw/annotate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <voxpert/voxpert.h>

#include "base/files.h"
#include "base/memory.h"
#include "draw/overlay.h"
#include "tests/check.h"

static Picture grey(size_t width, size_t height) {
    Picture p = {memory_new(3 * width * height), width, height, NULL};
    memset(p.rgb, 100, 3 * width * height);
    return p;
}

TEST(small_images_are_enlarged_by_whole_factors) {
    CHECK(enlargement(181, 217, 512) == 3 && enlargement(512, 100, 512) == 1);
    CHECK(enlargement(511, 1, 512) == 2 && enlargement(9000, 9000, 512) == 1);
    CHECK(enlargement(0, 0, 512) == 1);
    Picture p = grey(7, 5);
    CHECK(picture_enlarge(&p, 3, NULL) == VOXPERT_OK && p.width == 21 && p.height == 15);
    for (size_t i = 0; i < 3 * 21 * 15; i++) CHECK(p.rgb[i] == 100);
    picture_free(&p);
    static const uint16_t labels[] = {1, 2, 3, 4};
    static const uint16_t want[] = {1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4};
    uint16_t large[16];
    labels_enlarge(large, labels, 2, 2, 2);
    CHECK(memcmp(large, want, sizeof want) == 0);
}

static size_t pixels_of(const Picture *p, size_t from_row, Colour c) {
    size_t count = 0;
    for (size_t i = from_row * p->width; i < p->width * p->height; i++)
        count += memcmp(p->rgb + 3 * i, &c, 3) == 0;
    return count;
}

TEST(a_legend_has_a_line_for_each_object_that_has_words) {
    static const char *const lines[] = {"liver  12 px", NULL, "spleen"};
    Picture p = grey(200, 60);
    CHECK(legend_add(&p, lines, 3, NULL) == VOXPERT_OK);
    CHECK(p.width == 200 && p.height == 60 + 2 * 26 + 16);
    CHECK(pixels_of(&p, 60, overlay_colour(0)) > 200 && pixels_of(&p, 60, overlay_colour(2)) > 200);
    CHECK(pixels_of(&p, 60, overlay_colour(1)) == 0);
    CHECK(pixels_of(&p, 0, (Colour){100, 100, 100}) == 200 * 60); /* the image is as it was */
    picture_free(&p);
    p = grey(3, 3); /* narrower than a letter */
    CHECK(legend_add(&p, lines, 3, NULL) == VOXPERT_OK && p.width == 3);
    CHECK(legend_add(&p, lines + 1, 1, NULL) == VOXPERT_OK && p.height == 3 + 68);
    picture_free(&p);
}

TEST(letters_stand_at_the_four_edges_where_there_is_room) {
    Picture p = grey(200, 120), none = grey(20, 20);
    sides_draw(&p, "LRPA");
    sides_draw(&none, "LRPA");
    size_t left = 0, right = 0, top = 0, bottom = 0;
    for (size_t y = 0; y < 120; y++) {
        for (size_t x = 0; x < 200; x++) {
            bool white = p.rgb[3 * (y * 200 + x)] > 240;
            left += white && x < 30, right += white && x > 170;
            top += white && y < 30, bottom += white && y > 90;
        }
    }
    CHECK(left > 5 && right > 5 && top > 5 && bottom > 5);
    CHECK(pixels_of(&none, 0, (Colour){100, 100, 100}) == 400);
    sides_draw(&none, "");
    picture_free(&p);
    picture_free(&none);
}

TEST(no_memory_is_a_sentence_and_leaves_the_image) {
    static const char *const lines[] = {"a"};
    Picture p = grey(10, 10);
    Error error;
    memory_fail_at(1, false);
    CHECK(legend_add(&p, lines, 1, &error) == VOXPERT_OUT_OF_MEMORY && p.height == 10);
    memory_fail_at(1, false);
    CHECK(picture_enlarge(&p, 2, &error) == VOXPERT_OUT_OF_MEMORY && p.width == 10);
    memory_fail_at(0, false);
    picture_free(&p);
}

/* ---- The interface ---------------------------------------------------------------------- */

TEST(an_overlay_is_drawn_with_its_options_and_refuses_what_cannot_be) {
    static uint8_t pixels[40 * 30];
    static uint16_t labels[40 * 30];
    static const char *const lines[] = {"disc"};
    const VoxpertImage image = {
        .pixels = pixels, .type = VOXPERT_U8, .width = 40, .height = 30, .channels = 1};
    VoxpertOverlayOptions o = {
        .legend = lines, .legend_count = 1, .sides = "LRSI", .least_side = 100};
    char folder[] = "/tmp/voxpert_overlay_XXXXXX", path[64];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/o.png", folder);
    labels[15 * 40 + 20] = 1;
    CHECK(voxpert_overlay_draw(&image, labels, NULL, 0, &o, path, NULL) == VOXPERT_OK);
    FileMap map;
    REQUIRE(file_map(&map, path, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
    const uint8_t *head = map.bytes;
    CHECK(map.size > 24 && head[19] == 120 && head[23] == 90 + 42); /* 3 times as large */
    file_unmap(&map);
    unlink(path);
    o.least_side = -1;
    CHECK(voxpert_overlay_draw(&image, labels, NULL, 0, &o, path, NULL) == VOXPERT_BAD_ARGUMENT);
    o = (VoxpertOverlayOptions){.legend_count = 3};
    CHECK(voxpert_overlay_draw(&image, labels, NULL, 0, &o, path, NULL) == VOXPERT_OK);
    unlink(path);
    rmdir(folder);
}

/* A NIfTI file of 4 x 3 x 2 voxels with this matrix. */
static void nifti(uint8_t file[352 + 24], const float rows[3][4], short code) {
    const short dim[] = {3, 4, 3, 2, 1, 1, 1, 1}, type[] = {2, 8};
    const float pixdim[] = {1, 1, 1, 1}, offset = 352.0f;
    const int size = 348;
    memset(file, 0, 352 + 24);
    memcpy(file, &size, 4);
    memcpy(file + 40, dim, sizeof dim);
    memcpy(file + 70, type, sizeof type);
    memcpy(file + 76, pixdim, sizeof pixdim);
    memcpy(file + 108, &offset, 4);
    memcpy(file + 254, &code, 2);
    memcpy(file + 280, rows, 3 * 4 * sizeof(float));
    memcpy(file + 344, "n+1", 4);
    for (uint8_t i = 0; i < 24; i++) file[352 + i] = i;
}

static void check_sides(const float rows[3][4], short code, int axis, const char *want) {
    uint8_t file[352 + 24];
    const VoxpertFileOptions options = {.slice_axis = axis};
    VoxpertImageFile *image = NULL;
    nifti(file, rows, code);
    CHECK(voxpert_image_file_open_memory(&image, file, sizeof file, "a.nii", &options, NULL) ==
          VOXPERT_OK);
    CHECK(strcmp(voxpert_image_file_sides(image), want) == 0);
    voxpert_image_file_close(image);
}

TEST(the_sides_of_a_slice_follow_the_matrix_of_its_file) {
    static const float radiological[3][4] = {{-1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}};
    static const float sagittal[3][4] = {{0, 0, 2, 0}, {-1, 0.2f, 0, 0}, {0, -3, 0, 0}};
    check_sides(radiological, 1, 'k', "RLPA");
    check_sides(radiological, 1, 'j', "RLIS");
    check_sides(radiological, 1, 'i', "PAIS");
    check_sides(sagittal, 1, 'k', "APSI");
    check_sides(sagittal, 1, 'i', "SILR");
    check_sides(radiological, 0, 'k', ""); /* only sizes of voxels: how it lies is not known */
    CHECK(strcmp(voxpert_image_file_sides(NULL), "") == 0);
}

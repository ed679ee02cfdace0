#include "draw/overlay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

enum { SIDE = 32 };

static Canvas grey(uint8_t *rgb, uint8_t value) {
    memset(rgb, value, SIDE * SIDE * 3);
    return (Canvas){rgb, {SIDE, SIDE}};
}

static bool is_colour(const Canvas *c, size_t x, size_t y, Colour want) {
    const uint8_t *p = c->rgb + 3 * (y * c->size.width + x);
    return p[0] == want.red && p[1] == want.green && p[2] == want.blue;
}

TEST(a_region_has_a_crisp_contour_a_translucent_fill_and_a_dark_line_outside) {
    uint8_t rgb[SIDE * SIDE * 3];
    uint16_t labels[SIDE * SIDE] = {0};
    for (size_t y = 10; y < 20; y++) {
        for (size_t x = 10; x < 20; x++) labels[y * SIDE + x] = 1;
    }
    Canvas c = grey(rgb, 100);
    overlay_labels(c, labels, 0.5);
    Colour own = overlay_colour(0);
    CHECK(is_colour(&c, 10, 15, own) && is_colour(&c, 19, 19, own));
    Colour half = {(uint8_t)((own.red + 100 + 1) / 2), (uint8_t)((own.green + 100 + 1) / 2),
                   (uint8_t)((own.blue + 100 + 1) / 2)};
    CHECK(is_colour(&c, 11, 15, half) && is_colour(&c, 14, 14, half));
    CHECK(is_colour(&c, 9, 15, (Colour){55, 55, 55}));
    CHECK(is_colour(&c, 8, 15, (Colour){100, 100, 100}));
    CHECK(is_colour(&c, 9, 9, (Colour){100, 100, 100})); /* corners do not touch */
}

TEST(without_opacity_only_the_contour_is_drawn) {
    uint8_t rgb[SIDE * SIDE * 3];
    uint16_t labels[SIDE * SIDE];
    for (size_t i = 0; i < SIDE * SIDE; i++) labels[i] = i % SIDE < 16 ? 2 : 7;
    Canvas c = grey(rgb, 30);
    overlay_labels(c, labels, 0.0);
    CHECK(is_colour(&c, 15, 8, overlay_colour(1)) && is_colour(&c, 16, 8, overlay_colour(6)));
    CHECK(is_colour(&c, 14, 8, (Colour){30, 30, 30}));
    CHECK(is_colour(&c, 0, 0, (Colour){30, 30, 30})); /* open at the border of the picture */
}

TEST(lines_grow_with_the_picture) {
    CHECK(overlay_line_width((Extent){120, 120}) == 1);
    CHECK(overlay_line_width((Extent){256, 9000}) == 1);
    CHECK(overlay_line_width((Extent){512, 512}) == 2);
    CHECK(overlay_line_width((Extent){1024, 1024}) == 3);
}

TEST(wide_contours_stay_inside_their_region) {
    enum { BIG = 512 };
    uint8_t *rgb = malloc(BIG * BIG * 3);
    uint16_t *labels = calloc(BIG * BIG, sizeof *labels);
    memset(rgb, 0, BIG * BIG * 3);
    for (size_t y = 100; y < 200; y++) {
        for (size_t x = 100; x < 200; x++) labels[y * BIG + x] = 1;
    }
    Canvas c = {rgb, {BIG, BIG}};
    overlay_labels(c, labels, 0.0);
    size_t painted = 0;
    for (size_t i = 0; i < BIG * BIG; i++) painted += rgb[3 * i + 2] != 0;
    CHECK(painted == 100 * 100 - 96 * 96); /* two pixels wide */
    free(rgb);
    free(labels);
}

TEST(many_objects_have_colours_of_their_own) {
    for (size_t i = 0; i < 21; i++) {
        for (size_t j = 0; j < i; j++) {
            Colour a = overlay_colour(i), b = overlay_colour(j);
            CHECK(a.red != b.red || a.green != b.green || a.blue != b.blue);
        }
    }
}

TEST(a_box_lies_just_outside_its_pixels) {
    uint8_t rgb[SIDE * SIDE * 3];
    Canvas c = grey(rgb, 0);
    Colour own = overlay_colour(1);
    overlay_box(c, (double[]){10.0, 12.0, 20.0, 18.0}, own);
    CHECK(is_colour(&c, 9, 11, own) && is_colour(&c, 21, 19, own) && is_colour(&c, 15, 11, own));
    CHECK(is_colour(&c, 10, 12, (Colour){0, 0, 0}) && is_colour(&c, 8, 15, (Colour){0, 0, 0}));
}

TEST(points_are_green_with_a_plus_or_red_with_a_minus) {
    uint8_t rgb[SIDE * SIDE * 3];
    for (int positive = 0; positive < 2; positive++) {
        Canvas c = grey(rgb, 0);
        overlay_point(c, 16.0, 16.0, positive);
        CHECK(is_colour(&c, 16, 16, (Colour){255, 255, 255}));
        CHECK(is_colour(&c, 14, 16, (Colour){255, 255, 255}));
        const uint8_t *above = rgb + 3 * (14 * SIDE + 16), *side = rgb + 3 * (13 * SIDE + 14);
        CHECK(positive ? above[0] == 255 : above[0] > above[1]);
        CHECK(positive ? side[1] > side[0] : side[0] > side[1]);
    }
}

TEST(what_lies_outside_the_picture_is_left_out) {
    uint8_t *rgb =
        malloc(SIDE * SIDE * 3); /* on the heap, so that a sanitizer sees a step too far */
    Canvas c = grey(rgb, 9);
    const double far[] = {-1e300, -50.0, 1e300, HUGE_VAL, -HUGE_VAL, (double)NAN};
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        overlay_point(c, far[i], far[i], true);
        overlay_point(c, 5.0, far[i], false);
    }
    for (size_t i = 0; i < SIDE * SIDE * 3; i++) CHECK(rgb[i] == 9);
    overlay_box(c, (double[]){-1e9, -5.0, 1e9, 200.0}, overlay_colour(0));
    overlay_point(c, 0.0, 31.0, true);
    overlay_point(c, 31.4, -0.4, false);
    free(rgb);
}

#include "image/box.h"

#include <math.h>
#include <string.h>

#include "tests/check.h"

/* Of an image of 96 x 72 pixels: what is given, what is taken, and a part of the only warning; ""
 * is none. */
static const struct {
    float given[4], taken[4];
    const char *warning;
} boxes[] = {
    {{38, 14, 77, 51}, {38, 14, 77, 51}, ""},
    {{0, 0, 95, 71}, {0, 0, 95, 71}, ""},
    {{-0.5f, -0.5f, 95.5f, 71.5f}, {-0.5f, -0.5f, 95.5f, 71.5f}, ""},
    {{0, 0, 96, 72}, {0, 0, 95, 71}, "box 0,0,96,72: passes the edge of the image of 96 x 72"},
    {{38, 14, 96, 51}, {38, 14, 95, 51}, "less than a pixel; 38,14,95,51 is taken"},
    {{38, 14, 96.4f, 51}, {38, 14, 95, 51}, "38,14,95,51 is taken"},
    {{-1.4f, 14, 40, 51}, {0, 14, 40, 51}, "0,14,40,51 is taken"},
    {{38, -1.4f, 40, 72.4f}, {38, 0, 40, 71}, "38,0,40,71 is taken"},
    {{38, 14, 96.5f, 51}, {38, 14, 96.5f, 51}, ""}, /* a pixel is refused by prompt_check */
    {{38, 14, 96.9f, 51}, {38, 14, 96.9f, 51}, ""},
    {{38, 14, 40, 72.5f}, {38, 14, 40, 72.5f}, ""},
    {{38, 14, 97, 51}, {38, 14, 97, 51}, ""},
    {{-1.5f, 14, 40, 51}, {-1.5f, 14, 40, 51}, ""},
    {{77, 51, 38, 14}, {38, 14, 77, 51}, "its corners are swapped; 38,14,77,51 is taken"},
    {{77, 14, 38, 51}, {38, 14, 77, 51}, "its corners are swapped"},
    {{50, 40, 20, 30}, {20, 30, 50, 40}, "x, y, width and height it would be 50,40,69,69"},
    {{38, 14, 39, 37}, {38, 14, 39, 37}, "are meant, its corners are 38,14,76,50"},
    {{0.4f, 0.2f, 0.8f, 0.7f}, {0.4f, 0.2f, 0.8f, 0.7f}, "pixels, not fractions of the image"},
    {{0, 0, 1, 1}, {0, 0, 1, 1}, "box 0,0,1,1: is smaller than two pixels"},
    {{90, 70, 91, 75}, {90, 70, 91, 75}, "is smaller than two pixels"},
    {{5, 5, 7, 7}, {5, 5, 7, 7}, ""},
    {{NAN, 5, 7, 7}, {NAN, 5, 7, 7}, ""},
    {{5, 5, INFINITY, 7}, {5, 5, INFINITY, 7}, ""},
};

static bool same(const float *a, const float *b, int count) {
    for (int i = 0; i < count; i++)
        if (a[i] != b[i] && !(isnan(a[i]) && isnan(b[i]))) return false;
    return true;
}

static void warned(const Warnings *w, const char *part) {
    CHECK(w->count == (*part ? 1u : 0u));
    CHECK(strstr(warnings_lines(w), part) != NULL);
}

TEST(boxes_are_brought_onto_the_image_with_a_warning) {
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        Warnings w = {0};
        float box[4];
        memcpy(box, boxes[i].given, sizeof box);
        box_fit(box, 96, 72, &w);
        CHECK(same(box, boxes[i].taken, 4));
        warned(&w, boxes[i].warning);
        warnings_free(&w);
    }
}

TEST(a_box_may_deserve_two_warnings) {
    Warnings w = {0};
    float box[4] = {96, 72, 38, 14};
    box_fit(box, 96, 72, &w);
    CHECK(same(box, (const float[]){38, 14, 95, 71}, 4));
    CHECK(w.count == 2);
    warnings_free(&w);
}

TEST(points_at_the_edge_are_moved_onto_the_last_pixel) {
    static const struct {
        float given[2], taken[2];
        const char *warning;
    } points[] = {
        {{95, 71}, {95, 71}, ""},
        {{96, 30}, {95, 30}, "point 96,30: lies less than a pixel outside the image of 96 x 72"},
        {{-1, 72}, {0, 71}, "0,71 is taken"},
        {{96.4f, -1.4f}, {95, 0}, "95,0 is taken"},
        {{96.5f, 30}, {96.5f, 30}, ""},
        {{97, 30}, {97, 30}, ""},
        {{0.5f, 0.25f}, {0.5f, 0.25f}, "coordinates are pixels, not fractions"},
        {{1, 0}, {1, 0}, ""},
        {{NAN, 0.5f}, {NAN, 0.5f}, ""},
    };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        Warnings w = {0};
        float at[2] = {points[i].given[0], points[i].given[1]};
        point_fit(at, 96, 72, &w);
        CHECK(same(at, points[i].taken, 2));
        warned(&w, points[i].warning);
        warnings_free(&w);
    }
}

TEST(rows_before_columns_are_recognized) {
    CHECK(box_fits_exchanged((const float[]){14, 38, 51, 95}, 96, 72));
    CHECK(!box_fits_exchanged((const float[]){80, 38, 90, 95}, 96, 72));
    CHECK(!box_fits_exchanged((const float[]){14, 38, NAN, 95}, 96, 72));
}

/* What is refused for one edge is not said to be taken at another. */
TEST(a_box_that_lies_outside_is_not_moved_at_its_other_edges) {
    Warnings w = {0};
    float box[4] = {38, 13, 97, 72};
    box_fit(box, 96, 72, &w);
    CHECK(same(box, (const float[]){38, 13, 97, 72}, 4) && w.count == 0);
    box[2] = 96;
    box_fit(box, 96, 72, &w);
    CHECK(same(box, (const float[]){38, 13, 95, 71}, 4) && w.count == 1);
    warnings_free(&w);
}

TEST(another_reading_that_gives_the_same_corners_is_none) {
    Warnings w = {0};
    float box[4] = {1, 1, 2.5f, 2.5f};
    box_fit(box, 96, 72, &w);
    CHECK(strcmp(warnings_lines(&w), "box 1,1,2.5,2.5: is smaller than two pixels\n") == 0);
    warnings_free(&w);
}

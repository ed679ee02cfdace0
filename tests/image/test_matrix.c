/* Shares in coloured cells. */
#include "draw/matrix.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "draw/heat.h"
#include "tests/check.h"

static const char *const layers[] = {"layer 1", "layer 2"}, *const rows[] = {"skin", "eyes"},
                         *const columns[] = {"1", "2", "3"};

static Matrix small(const double *share) {
    return (Matrix){"shares", 2, 2, 3, layers, rows, columns, share};
}

static size_t pixels_of(const Picture *p, Colour c) {
    size_t count = 0;
    for (size_t i = 0; i < p->width * p->height; i++) count += memcmp(p->rgb + 3 * i, &c, 3) == 0;
    return count;
}

TEST(each_cell_has_the_colour_of_its_share) {
    static const double share[] = {0.1, 0.2, 0.7, 1.0, 0.0, 0.0, 0.5, 0.25, 0.25, 0.4, 0.35, 0.3};
    Matrix m = small(share);
    Picture p;
    CHECK(matrix_draw(&p, &m, NULL) == VOXPERT_OK);
    size_t one = pixels_of(&p, heat_colour(0.1)), two = pixels_of(&p, heat_colour(0.25));
    CHECK(one > 1000 && two > one * 3 / 2); /* two cells, and the ink of their numbers */
    for (size_t i = 0; i < 12; i++) CHECK(pixels_of(&p, heat_colour(share[i])) > 1000);
    CHECK(pixels_of(&p, heat_colour(0.9)) < 100); /* in the bar alone */
    picture_free(&p);
}

TEST(what_is_not_known_has_no_colour) {
    double share[12];
    for (int i = 0; i < 12; i++) share[i] = (double)NAN;
    Matrix m = small(share);
    Picture p;
    CHECK(matrix_draw(&p, &m, NULL) == VOXPERT_OK);
    CHECK(pixels_of(&p, heat_colour(0.0)) < 100); /* in the bar alone */
    picture_free(&p);
}

TEST(svg_has_the_same_words_and_colours) {
    static const double share[] = {0.1, 0.2, 0.7, 1.0, 0.0, 0.0, 0.5, 0.25, 0.25, 0.4, 0.35, 0.3};
    static const char *const names[] = {"a<b", "c&d"};
    Matrix m = small(share);
    Text t = {0};
    m.row = names;
    matrix_svg(&t, &m);
    CHECK(!t.failed && strncmp(t.chars, "<svg ", 5) == 0 && strstr(t.chars, "</svg>"));
    CHECK(strstr(t.chars, ">70%</text>") && strstr(t.chars, ">a&lt;b</text>") &&
          strstr(t.chars, ">c&amp;d</text>"));
    Colour c = heat_colour(0.7);
    char fill[16];
    snprintf(fill, sizeof fill, "#%02x%02x%02x", c.red, c.green, c.blue);
    CHECK(strstr(t.chars, fill) != NULL);
    text_free(&t);
}

TEST(long_names_are_cut_and_the_picture_holds_them) {
    static const double share[12] = {0};
    static const char long_name[] = "a folder of images with a name of far more than 28 characters";
    const char *long_rows[] = {long_name, "b"};
    Matrix m = small(share);
    Picture p, q;
    CHECK(matrix_draw(&p, &m, NULL) == VOXPERT_OK);
    m.row = long_rows;
    CHECK(matrix_draw(&q, &m, NULL) == VOXPERT_OK);
    CHECK(q.width > p.width + 20 * 12 && q.height == p.height);
    picture_free(&p);
    picture_free(&q);
}

TEST(a_matrix_of_nothing_and_one_without_memory_are_refused) {
    static const double share[12] = {0};
    Matrix m = small(share);
    Picture p;
    memory_fail_at(1, false);
    CHECK(matrix_draw(&p, &m, NULL) == VOXPERT_OUT_OF_MEMORY && !p.rgb);
    memory_fail_at(0, false);
    m.rows = 0;
    CHECK(matrix_draw(&p, &m, NULL) == VOXPERT_BAD_ARGUMENT && !p.rgb);
}

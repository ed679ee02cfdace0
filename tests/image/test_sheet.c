#include "draw/sheet.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "draw/font.h"
#include "tests/check.h"

TEST(pictures_are_tiled_row_by_row) {
    uint8_t red[8 * 8 * 3] = {0}, blue[4 * 8 * 3] = {0};
    for (size_t i = 0; i < 64; i++) red[3 * i] = 200;
    for (size_t i = 0; i < 32; i++) blue[3 * i + 2] = 200;
    const SheetTile tiles[] = {{red, {8, 8}, NULL}, {blue, {4, 8}, NULL}, {red, {8, 8}, NULL}};
    uint8_t *sheet;
    Extent size;
    CHECK(!sheet_make(&sheet, &size, tiles, 3, 0, 16, (SheetHead){0}, NULL));
    CHECK(size.height == 2 * (16 + 8) + 8 && size.width == 2 * (16 + 8) + 8);
    const uint8_t *first = sheet + 3 * (8 * size.width + 8);
    CHECK(first[0] == 200 && first[1] == 0);
    const uint8_t *above = sheet + 3 * (8 * size.width + 32); /* twice as wide as high: centred */
    CHECK(above[0] == 255 && above[1] == 255 && above[2] == 255);
    const uint8_t *second = sheet + 3 * (12 * size.width + 32);
    CHECK(second[0] == 0 && second[2] == 200);
    const uint8_t *third = sheet + 3 * (32 * size.width + 8);
    CHECK(third[0] == 200);
    memory_free(sheet);
}

TEST(captions_make_room_and_are_written_below) {
    uint8_t black[16 * 16 * 3] = {0};
    const SheetTile tiles[] = {{black, {16, 16}, "HI\nxy"}, {black, {16, 16}, NULL}};
    uint8_t *sheet;
    Extent size;
    CHECK(!sheet_make(&sheet, &size, tiles, 2, 2, 16, (SheetHead){0}, NULL));
    CHECK(size.height == 8 + 16 + 22 + 8);
    size_t dark = 0;
    for (size_t i = 3 * 24 * size.width; i < 3 * extent_pixels(size); i++) dark += sheet[i] < 140;
    CHECK(dark > 3 * 20);
    for (size_t y = 24; y < size.height; y++) /* none below the second tile */
        for (size_t x = 3 * 32; x < 3 * size.width; x++)
            CHECK(sheet[3 * y * size.width + x] == 255);
    memory_free(sheet);
}

TEST(a_long_reason_is_broken_and_a_long_name_keeps_its_end) {
    uint8_t black[16 * 16 * 3] = {0};
    const SheetTile tile = {black, {16, 16}, "name\none two three four"}; /* 10 letters a line */
    uint8_t *sheet;
    Extent size;
    char out[40];
    CHECK(!sheet_make(&sheet, &size, &tile, 1, 1, 60, (SheetHead){0}, NULL));
    CHECK(size.height == 8 + 60 + 3 * 10 + 2 + 8);
    memory_free(sheet);
    CHECK(font_wrap("one two three", 7) == 7 && font_wrap("one two three", 9) == 7);
    CHECK(font_wrap("seventeen", 4) == 4 && font_wrap("one\ntwo", 9) == 3);
    CHECK(strcmp(font_tail(out, 8, "folder/case_17\nrest"), "..ase_17") == 0);
    CHECK(strncmp(font_tail(out, 8, "case_17\nrest"), "case_17\n", 8) == 0);
}

TEST(a_title_and_a_bar_of_colours_stand_above_the_tiles) {
    uint8_t black[16 * 16 * 3] = {0}, *sheet;
    const SheetTile tile = {black, {16, 16}, NULL};
    const char *title = "far wider than the tile";
    Extent size;
    CHECK(!sheet_make(&sheet, &size, &tile, 1, 1, 16, (SheetHead){title, true}, NULL));
    CHECK(size.height == 8 + 2 * 14 + 16 + 8 && size.width == strlen(title) * 6 + 16);
    size_t coloured = 0;
    for (size_t i = 0; i < 36 * size.width; i++) coloured += sheet[3 * i] > sheet[3 * i + 1] + 40;
    CHECK(coloured > 100);
    CHECK(sheet[3 * (36 * size.width + 8)] == 0);
    memory_free(sheet);
}

TEST(nothing_to_show_is_refused) {
    uint8_t *sheet;
    Extent size;
    Error error;
    uint8_t pixel[3] = {0};
    const SheetTile tile = {pixel, {1, 1}, "x"};
    CHECK(sheet_make(&sheet, &size, &tile, 0, 0, 64, (SheetHead){0}, &error) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(sheet_make(&sheet, &size, &tile, 1, 0, 3, (SheetHead){0}, &error) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "3 pixels") != NULL && sheet == NULL);
}

TEST(every_failed_allocation_is_reported_and_leaks_nothing) {
    uint8_t picture[5 * 9 * 3] = {0}, *sheet;
    const SheetTile tiles[] = {{picture, {5, 9}, "a"}, {picture, {9, 5}, "b"}};
    Extent size;
    Status status = VOXPERT_OUT_OF_MEMORY;
    for (size_t n = 1; status == VOXPERT_OUT_OF_MEMORY; n++) {
        memory_fail_at(n, false);
        status = sheet_make(&sheet, &size, tiles, 2, 0, 32, (SheetHead){0}, NULL);
        CHECK(status == VOXPERT_OK || sheet == NULL);
    }
    memory_fail_at(0, false);
    CHECK(status == VOXPERT_OK);
    memory_free(sheet);
}

/* ---- The font ------------------------------------------------------------------------------ */

enum { WIDTH = 60, HEIGHT = 20 };

static size_t drawn(uint8_t *rgb, const char *text, size_t most) {
    memset(rgb, 0, WIDTH * HEIGHT * 3);
    font_draw((Canvas){rgb, {HEIGHT, WIDTH}}, 0, 0, 1, text, most, (Colour){255, 255, 255});
    size_t pixels = 0;
    for (size_t i = 0; i < WIDTH * HEIGHT; i++) pixels += rgb[3 * i] != 0;
    return pixels;
}

TEST(every_letter_looks_different_and_stays_in_its_cell) {
    static uint8_t rgb[95][WIDTH * HEIGHT * 3];
    for (int i = 0; i < 95; i++) {
        char text[2] = {(char)(' ' + i), '\0'};
        size_t pixels = drawn(rgb[i], text, 10);
        CHECK(i == 0 ? pixels == 0 : pixels > 0);
        for (size_t p = 0; p < WIDTH * HEIGHT; p++)
            CHECK(rgb[i][3 * p] == 0 || (p % WIDTH < 5 && p / WIDTH < 9 && p / WIDTH >= 1));
        for (int j = 0; j < i; j++) CHECK(memcmp(rgb[i], rgb[j], sizeof rgb[i]) != 0);
    }
}

TEST(long_text_is_cut_with_two_dots_and_other_scripts_become_question_marks) {
    uint8_t got[WIDTH * HEIGHT * 3], want[WIDTH * HEIGHT * 3];
    drawn(got, "abcdefgh", 5);
    drawn(want, "abc..", 5);
    CHECK(memcmp(got, want, sizeof got) == 0);
    CHECK(font_length("\xc3\xa9x\xe2\x82\xac\nrest") == 3);
    drawn(got, "\xc3\xa9x\xe2\x82\xac\nrest", 10);
    drawn(want, "?x?", 10);
    CHECK(memcmp(got, want, sizeof got) == 0);
    CHECK(drawn(got, "far beyond the edge of this canvas", 99) > 0);
}

TEST(magnified_letters_are_smooth_and_differ) {
    enum { BIG = 32 };
    static uint8_t rgb[2][BIG * BIG * 3];
    const char *text[] = {"R", "P"};
    size_t grey = 0;
    for (int i = 0; i < 2; i++) {
        font_draw((Canvas){rgb[i], {BIG, BIG}}, 0, 0, 3, text[i], 1, (Colour){255, 255, 255});
        for (size_t p = 0; p < BIG * BIG; p++) grey += rgb[i][3 * p] > 20 && rgb[i][3 * p] < 235;
    }
    CHECK(grey > 10 && memcmp(rgb[0], rgb[1], sizeof rgb[0]) != 0);
}

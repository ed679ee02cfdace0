#include "predict/everything_crops.h"

#include "tests/check.h"

static EverythingCrops crops_of(size_t width, size_t height, int side, int layers) {
    EverythingCrops c;
    EverythingOptions o = everything_defaults();
    o.crop_side = side;
    o.crop_n_layers = layers;
    CHECK(!everything_crops(&c, &(Picture){.width = width, .height = height}, &o, NULL));
    return c;
}

static bool inside(const Crop *c, size_t width, size_t height) {
    return c->x >= 0 && c->y >= 0 && c->width > 0 && c->height > 0 &&
           (size_t)(c->x + c->width) <= width && (size_t)(c->y + c->height) <= height;
}

TEST(without_crops_there_is_the_whole_picture) {
    EverythingCrops c = crops_of(60, 44, 0, 0);
    CHECK(c.count == 1 && c.item[0].layer == 0);
    CHECK(c.item[0].crop.width == 60 && c.item[0].crop.height == 44);
    everything_crops_free(&c);
}

TEST(published_layers_have_4_and_16_parts) {
    EverythingCrops c = crops_of(600, 440, 0, 2);
    CHECK(c.count == 1 + 4 + 16);
    for (size_t i = 0; i < c.count; i++) CHECK(inside(&c.item[i].crop, 600, 440));
    everything_crops_free(&c);
}

/* Any stretch of a third of a side lies whole in one square, in both directions. */
static void check_cover(const EverythingCrops *c, int layer, int side, size_t width,
                        size_t height) {
    int stretch = side / 3;
    for (int y = 0; y + stretch <= (int)height; y += 3)
        for (int x = 0; x + stretch <= (int)width; x += 3) {
            bool whole = false;
            for (size_t i = 0; i < c->count && !whole; i++) {
                const Crop *a = &c->item[i].crop;
                whole = c->item[i].layer == layer && a->x <= x && a->y <= y &&
                        a->x + a->width >= x + stretch && a->y + a->height >= y + stretch;
            }
            CHECK(whole);
        }
}

TEST(squares_overlap_by_a_third_and_double_until_the_picture_is_one) {
    static const size_t sizes[][2] = {{256, 256}, {250, 71}, {49, 48}, {97, 130}};
    for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
        size_t width = sizes[n][0], height = sizes[n][1];
        size_t longer = width > height ? width : height;
        EverythingCrops c = crops_of(width, height, 48, 0);
        for (size_t i = 0; i < c.count; i++) CHECK(inside(&c.item[i].crop, width, height));
        int layer = 1;
        for (int side = 48; (size_t)side < longer; side *= 2)
            check_cover(&c, layer++, side, width, height);
        CHECK(c.item[c.count - 1].layer == layer - 1);
        everything_crops_free(&c);
    }
}

TEST(a_picture_smaller_than_a_square_has_none) {
    EverythingCrops c = crops_of(48, 30, 48, 0);
    CHECK(c.count == 1);
    everything_crops_free(&c);
}

TEST(a_large_picture_begins_with_larger_squares) {
    EverythingCrops c = crops_of(6000, 4000, 48, 0);
    size_t first = 0;
    for (size_t i = 0; i < c.count; i++) first += c.item[i].layer == 1;
    CHECK(first > 256 && first <= 1024);
    CHECK(c.item[1].crop.width == 192 || c.item[1].crop.width == 384);
    everything_crops_free(&c);
}

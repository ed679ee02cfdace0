#include "screen/quality.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"

enum { H = 6, W = 8 };
static const Extent size = {H, W};

static bool is_near(double got, double want) { return fabs(got - want) <= 1e-14 * fabs(want); }

static Quality measured(const uint8_t *grey, const uint8_t *mask) {
    Quality q;
    CHECK(!quality_measure(&q, grey, mask, NULL, size, NULL));
    return q;
}

TEST(grey_stays_grey_and_colours_are_weighted) {
    const uint8_t rgb[] = {
        77,  77,  77,  255, 0, 0,  0,  255, 0, 0, 0,
        255, 255, 255, 255, 9, 21, 13, 17,  5, 13}; /* these feel one off in any weight */
    uint8_t grey[7];
    grey_of_rgb(grey, rgb, 7);
    CHECK(memcmp(grey, (uint8_t[]){77, 76, 150, 29, 255, 17, 9}, 7) == 0);
}

TEST(the_laplacian_of_a_dot_and_of_a_mirrored_corner) {
    uint8_t grey[H * W] = {0}, none[H * W] = {0};
    grey[3 * W + 4] = 10; /* -40 there and 10 beside it */
    Quality q = measured(grey, none);
    CHECK(q.laplacian_sum == 0 && q.laplacian_squares == 1600 + 400);
    CHECK(is_near(q.laplacian_variance, 2000.0 / (H * W)));
    memset(grey, 0, sizeof grey);
    grey[1 * W + 1] = 10; /* seen twice from the pixels above it and to its left */
    q = measured(grey, none);
    CHECK(q.laplacian_sum == -40 + 20 + 20 + 10 + 10);
    CHECK(q.laplacian_squares == 1600 + 400 + 400 + 100 + 100);
    memset(grey, 0, sizeof grey);
    grey[0] = 10; /* the mirror does not repeat it */
    q = measured(grey, none);
    CHECK(q.laplacian_sum == -40 + 10 + 10);
}

TEST(entropy_counts_bits) {
    uint8_t grey[H * W], none[H * W] = {0};
    for (int i = 0; i < H * W; i++) grey[i] = (uint8_t)(i % 4 * 50);
    CHECK(is_near(measured(grey, none).entropy_bits, 2.0));
    memset(grey, 9, sizeof grey);
    CHECK(fabs(measured(grey, none).entropy_bits) <= 0.0);
}

TEST(contrast_is_that_around_the_object) {
    uint8_t grey[H * W], mask[H * W] = {0};
    memset(grey, 200, sizeof grey); /* far from the object */
    for (int y = 1; y <= 4; y++) memset(grey + y * W + 2, 10, 4);
    for (int y = 2; y <= 3; y++) {
        memset(grey + y * W + 3, 30, 2);
        memset(mask + y * W + 3, 1, 2);
    }
    Quality q = measured(grey, mask); /* 4 pixels of 30 among 12 of 10 */
    CHECK(q.box.x0 == 3 && q.box.y0 == 2 && q.box.x1 == 4 && q.box.y1 == 3);
    CHECK(q.dilated.x0 == 2 && q.dilated.y0 == 1 && q.dilated.x1 == 5 && q.dilated.y1 == 4);
    CHECK(is_near(q.michelson_contrast, 20.0 / 40.0));
    CHECK(is_near(q.rms_contrast, sqrt(75.0) / 15.0));
    CHECK(q.foreground == 4 && is_near(q.foreground_ratio, 4.0 / 48.0));
    CHECK(q.pieces == 1 && is_near(q.smallest_ratio, 4.0 / 48.0));
}

TEST(the_dilated_box_grows_by_a_tenth_and_stays_inside) {
    enum { SIDE = 40 };
    static uint8_t grey[SIDE * SIDE], mask[SIDE * SIDE];
    const struct { size_t sides, margin; } rule[] = {{1, 1}, {14, 1}, {15, 2}, {24, 2}, {25, 3}};
    for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
        Quality q;
        memset(mask, 0, sizeof mask);
        memset(mask + 1 * SIDE + 5, 1, rule[i].sides);
        CHECK(!quality_measure(&q, grey, mask, NULL, (Extent){SIDE, SIDE}, NULL));
        CHECK(q.dilated.x0 == 5 - rule[i].margin && q.dilated.y0 == 0);
        CHECK(q.dilated.x1 == 4 + rule[i].sides + rule[i].margin);
        CHECK(q.dilated.y1 == 1 + rule[i].margin);
    }
}

TEST(each_limit_has_its_fault) {
    const QualityLimits limits = quality_limits_default();
    const Quality good = {.laplacian_variance = 20.0,
                          .rms_contrast = 0.05,
                          .entropy_bits = 3.0,
                          .foreground_ratio = 0.9,
                          .smallest_ratio = 0.0005,
                          .pieces = 5};
    Quality bad = good;
    CHECK(quality_faults(&good, &limits) == 0);
    bad.laplacian_variance = 19.9;
    bad.entropy_bits = 2.9;
    CHECK(quality_faults(&bad, &limits) == (1u << FAULT_LAPLACIAN | 1u << FAULT_ENTROPY));
    bad = good;
    bad.foreground_ratio = 0.91;
    bad.pieces = 6;
    CHECK(quality_faults(&bad, &limits) == (1u << FAULT_RATIO | 1u << FAULT_PIECES));
    bad = good;
    bad.rms_contrast = (double)NAN;
    bad.smallest_ratio = 0.0004;
    CHECK(quality_faults(&bad, &limits) == (1u << FAULT_CONTRAST | 1u << FAULT_SMALLEST));
    CHECK(strcmp(quality_fault_name(FAULT_SMALLEST), "smallest_component_ratio") == 0);
}

TEST(without_an_object_there_is_no_box) {
    uint8_t grey[H * W] = {0}, none[H * W] = {0};
    Quality q = measured(grey, none);
    CHECK(q.pieces == 0 && q.foreground == 0 && q.dilated.x1 == 0);
    CHECK(isnan(q.rms_contrast) && isnan(q.michelson_contrast));
    memory_fail_at(1, false);
    CHECK(quality_measure(&q, grey, none, NULL, size, NULL) == VOXPERT_OUT_OF_MEMORY);
    memory_fail_at(0, false);
}

TEST(ignored_pixels_are_in_no_ratio_and_no_contrast) {
    uint8_t grey[H * W], mask[H * W] = {0}, ignored[H * W] = {0};
    Quality q, half;
    memset(grey, 50, sizeof grey);
    for (int i = 0; i < 4; i++) mask[2 * W + 2 + i] = 1, grey[2 * W + 2 + i] = 100;
    for (int i = 0; i < W; i++) ignored[3 * W + i] = 1, grey[3 * W + i] = 255;
    CHECK(!quality_measure(&q, grey, mask, ignored, size, NULL));
    CHECK(is_near(q.foreground_ratio, 4.0 / (H * W - W)));
    CHECK(is_near(q.smallest_ratio, 4.0 / (H * W - W)));
    CHECK(is_near(q.michelson_contrast, 50.0 / 150.0));
    CHECK(!quality_measure(&half, grey, mask, NULL, size, NULL));
    CHECK(half.michelson_contrast < q.michelson_contrast);
    memset(ignored, 1, sizeof ignored), memset(mask, 0, sizeof mask);
    CHECK(!quality_measure(&q, grey, mask, ignored, size, NULL));
    CHECK(q.foreground_ratio >= 0.0 && q.foreground_ratio <= 0.0);
}

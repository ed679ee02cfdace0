#include "eval/clicks.h"

#include <string.h>

#include "base/memory.h"
#include "eval/baseline.h"
#include "eval/overlap.h"
#include "tests/check.h"

enum { H = 9, W = 12 };
static const size_t size[3] = {1, H, W};

static void rectangle(uint8_t *mask, size_t y0, size_t x0, size_t y1, size_t x1) {
    for (size_t y = y0; y <= y1; y++) memset(mask + y * W + x0, 1, x1 - x0 + 1);
}

static bool is_at(const Click *c, size_t y, size_t x, bool positive) {
    return c->found && c->zyx[0] == 0 && c->zyx[1] == y && c->zyx[2] == x &&
           c->positive == positive;
}

TEST(the_first_click_is_deepest_inside_and_the_first_of_equals) {
    uint8_t truth[H * W] = {0};
    Click c;
    rectangle(truth, 2, 3, 6, 9); /* 5 x 7: depth 3 in the middle row, columns 5 to 7 */
    CHECK(!click_first(&c, truth, size, NULL, NULL));
    CHECK(is_at(&c, 4, 5, true));
}

TEST(the_border_of_the_image_counts_as_outside) {
    uint8_t truth[H * W] = {0};
    Click c;
    rectangle(truth, 0, 0, 4, 4);
    CHECK(!click_first(&c, truth, size, NULL, NULL));
    CHECK(is_at(&c, 2, 2, true));
}

TEST(the_next_click_goes_to_the_larger_error) {
    uint8_t truth[H * W] = {0}, prediction[H * W] = {0};
    Click c;
    rectangle(truth, 0, 0, 4, 4);
    rectangle(prediction, 0, 3, 4, 6); /* misses 15, adds 10 */
    CHECK(!click_next(&c, truth, prediction, size, NULL, NULL));
    CHECK(is_at(&c, 1, 1, true));
    rectangle(prediction, 0, 3, 8, 8); /* misses 15, adds 44 */
    CHECK(!click_next(&c, truth, prediction, size, NULL, NULL));
    CHECK(is_at(&c, 6, 6, false)); /* 8 from the corner of the truth at (4, 4) */
}

TEST(equal_errors_give_a_positive_click) {
    uint8_t truth[H * W] = {0}, prediction[H * W] = {0};
    Click c;
    rectangle(truth, 0, 0, 2, 2);
    rectangle(prediction, 4, 4, 6, 6);
    CHECK(!click_next(&c, truth, prediction, size, NULL, NULL));
    CHECK(is_at(&c, 1, 1, true));
}

TEST(a_perfect_or_empty_result_has_nowhere_to_click) {
    uint8_t truth[H * W] = {0};
    Click c;
    CHECK(!click_first(&c, truth, size, NULL, NULL));
    CHECK(!c.found);
    rectangle(truth, 1, 1, 3, 3);
    CHECK(!click_next(&c, truth, truth, size, NULL, NULL));
    CHECK(!c.found);
}

TEST(depth_in_a_volume_respects_the_spacing) {
    uint8_t truth[5 * 5 * 9];
    Click c;
    memset(truth, 1, sizeof truth);
    CHECK(!click_first(&c, truth, (size_t[]){5, 5, 9}, (double[]){1.0, 1.0, 0.25}, NULL));
    CHECK(c.found && c.zyx[2] == 4);       /* 1.25 to either side */
    CHECK(c.zyx[0] == 1 && c.zyx[1] == 1); /* 2 from the border: as deep as the middle */
}

TEST(every_failed_allocation_is_reported_and_leaks_nothing) {
    uint8_t truth[H * W] = {0}, prediction[H * W] = {0};
    rectangle(truth, 1, 1, 4, 4);
    Status status = VOXPERT_OUT_OF_MEMORY;
    Click c;
    for (size_t n = 1; status == VOXPERT_OUT_OF_MEMORY; n++) {
        memory_fail_at(n, false);
        status = click_next(&c, truth, prediction, size, NULL, NULL);
        CHECK(status == VOXPERT_OK || !c.found);
    }
    memory_fail_at(0, false);
    CHECK(status == VOXPERT_OK && c.found);
}

/* ---- Baselines ----------------------------------------------------------------------------- */

TEST(the_baselines_fill_their_box) {
    uint8_t mask[H * W];
    const double box[] = {2.0, 1.0, 8.0, 5.0};
    baseline_box(mask, (Extent){H, W}, box);
    CHECK(overlap_count(mask, mask, H * W).both == 7 * 5 && mask[1 * W + 2] && mask[5 * W + 8]);
    baseline_ellipse(mask, (Extent){H, W}, box);
    CHECK(!mask[1 * W + 2] && mask[3 * W + 2] && mask[1 * W + 5] && !mask[3 * W + 1]);
    /* Rows of |x| <= 3.5 sqrt(1 - y^2 / 6.25): 5, 7, 7, 7, 5 pixels. */
    CHECK(overlap_count(mask, mask, H * W).both == 31);
}

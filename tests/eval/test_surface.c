#include "eval/surface.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"

enum { H = 8, W = 9 };
static const size_t plane[3] = {1, H, W};
static const double unit[3] = {1.0, 1.0, 1.0};

static bool is_near(double got, double want) { return fabs(got - want) <= 1e-14 * fabs(want); }

static void rectangle(uint8_t *mask, size_t y0, size_t x0, size_t y1, size_t x1) {
    for (size_t y = y0; y <= y1; y++) memset(mask + y * W + x0, 1, x1 - x0 + 1);
}

/* ---- Where the points are ------------------------------------------------------------------- */

TEST(the_contour_of_a_pixel_is_a_rhomb) {
    uint8_t truth[H * W] = {0}, prediction[H * W] = {0};
    Surfaces s;
    truth[3 * W + 2] = prediction[3 * W + 6] = 1;
    CHECK(!surfaces_of_elements(&s, truth, prediction, plane, (double[]){9.0, 4.0, 3.0}, NULL));
    CHECK(s.truth.count == 4 && is_near(s.truth.weight, 10.0));
    /* Corners at x = 2 and 3 against 6 and 7, each 3 mm wide. */
    CHECK(is_near(s.truth.point[0].distance, 9.0) && is_near(s.truth.point[3].distance, 12.0));
    CHECK(is_near(surfaces_hausdorff(&s, 100.0), 12.0));
    CHECK(is_near(surfaces_mean_pooled(&s), 10.5));
    CHECK(is_near(surface_within(&s.truth, 9.0), 0.5) && surface_within(&s.truth, 8.9) <= 0.0);
    surfaces_free(&s);
}

TEST(a_mask_is_closed_at_the_border_of_the_image) {
    uint8_t all[H * W];
    Surfaces s;
    memset(all, 1, sizeof all);
    CHECK(!surfaces_of_elements(&s, all, all, plane, unit, NULL));
    CHECK(s.truth.count == 2 * (H - 1) + 2 * (W - 1) + 4);
    CHECK(is_near(s.truth.weight, 2.0 * (H - 1) + 2.0 * (W - 1) + 4.0 * sqrt(0.5)));
    CHECK(surfaces_hausdorff(&s, 100.0) <= 0.0 && is_near(surfaces_dice(&s, 0.0), 1.0));
    surfaces_free(&s);
    CHECK(!surfaces_of_borders(&s, all, all, plane, unit, NULL));
    CHECK(s.truth.count == 2 * H + 2 * W - 4);
    surfaces_free(&s);
}

TEST(the_border_of_a_square_is_its_outer_ring) {
    uint8_t truth[H * W] = {0}, prediction[H * W] = {0};
    Surfaces s;
    rectangle(truth, 1, 1, 5, 5);
    rectangle(prediction, 3, 3, 3, 3);
    CHECK(!surfaces_of_borders(&s, truth, prediction, plane, unit, NULL));
    CHECK(s.truth.count == 16 && s.prediction.count == 1);
    CHECK(is_near(s.prediction.point[0].distance, 2.0));
    CHECK(is_near(surfaces_hausdorff_pooled(&s, 100.0), sqrt(8.0)));
    /* On each side of the ring: 2 in the middle, twice sqrt 5, and a corner of sqrt 8. */
    CHECK(is_near(surface_mean(&s.truth), (2.0 + 2.0 * sqrt(5.0) + sqrt(8.0)) / 4.0));
    surfaces_free(&s);
}

TEST(a_volume_has_faces_along_z_and_a_picture_has_none) {
    uint8_t one[27] = {0}, all[27];
    Surfaces s;
    memset(all, 1, sizeof all);
    one[13] = 1;
    CHECK(!surfaces_of_elements(&s, all, one, (size_t[]){3, 3, 3}, unit, NULL));
    CHECK(s.truth.count == 64 - 8 && s.prediction.count == 8);
    CHECK(is_near(s.prediction.weight, sqrt(3.0)));
    CHECK(is_near(surfaces_hausdorff(&s, 100.0), sqrt(3.0))); /* from corner to corner */
    surfaces_free(&s);
    CHECK(!surfaces_of_borders(&s, all, one, (size_t[]){3, 3, 3}, unit, NULL));
    CHECK(s.truth.count == 26 && s.prediction.count == 1);
    surfaces_free(&s);
    CHECK(!surfaces_of_borders(&s, all, one, (size_t[]){1, 3, 9}, unit, NULL));
    CHECK(s.truth.count == 27 - 7);
    surfaces_free(&s);
}

TEST(spacing_scales_distances_along_its_axis) {
    uint8_t truth[8] = {1}, prediction[8] = {0, 0, 0, 0, 1}; /* one step along z */
    Surfaces s;
    CHECK(!surfaces_of_borders(&s, truth, prediction, (size_t[]){2, 2, 2},
                               (double[]){2.5, 1.0, 1.0}, NULL));
    CHECK(is_near(surfaces_mean_of_two(&s), 2.5));
    surfaces_free(&s);
}

/* ---- Empty masks ---------------------------------------------------------------------------- */

TEST(nothing_is_infinitely_far_from_something) {
    uint8_t truth[H * W] = {0}, none[H * W] = {0};
    Surfaces s;
    rectangle(truth, 1, 1, 5, 6);
    CHECK(!surfaces_of_elements(&s, truth, none, plane, unit, NULL));
    CHECK(s.truth.count > 0 && s.prediction.count == 0);
    CHECK(isinf(surfaces_hausdorff(&s, 95.0)) && isinf(surface_mean(&s.truth)));
    CHECK(isnan(surface_mean(&s.prediction)) && isnan(surfaces_mean_of_two(&s)));
    CHECK(isinf(surfaces_mean_pooled(&s)));
    CHECK(surfaces_dice(&s, 3.0) <= 0.0 && surface_within(&s.truth, 3.0) <= 0.0);
    CHECK(isnan(surface_within(&s.prediction, 3.0)));
    surfaces_free(&s);
    CHECK(!surfaces_of_borders(&s, none, truth, plane, unit, NULL));
    CHECK(isnan(surfaces_hausdorff_pooled(&s, 100.0)));
    CHECK(isinf(surfaces_hausdorff_of_two(&s, 100.0)));
    CHECK(isnan(surfaces_hausdorff_of_two(&s, 95.0)));
    surfaces_free(&s);
}

TEST(between_nothing_and_nothing_there_is_no_distance) {
    const uint8_t none[H * W] = {0};
    Surfaces s;
    CHECK(!surfaces_of_elements(&s, none, none, plane, unit, NULL));
    CHECK(isinf(surfaces_hausdorff(&s, 95.0)) && isnan(surfaces_dice(&s, 1.0)));
    CHECK(isnan(surfaces_mean_pooled(&s)) && isnan(surfaces_hausdorff_of_two(&s, 100.0)));
    surfaces_free(&s);
}

/* ---- Measures of known points --------------------------------------------------------------- */

static SurfacePoint far_point[] = {{0.0, 6.0}, {1.0, 3.0}, {8.0, 1.0}};
static SurfacePoint near_point[] = {{0.0, 1.0}, {2.0, 1.0}};
static const Surfaces known = {{far_point, 3, 10.0}, {near_point, 2, 2.0}};

TEST(means_are_weighted) {
    CHECK(is_near(surface_mean(&known.truth), 1.1));
    CHECK(is_near(surface_mean(&known.prediction), 1.0));
    CHECK(is_near(surfaces_mean_of_two(&known), 1.05));
    CHECK(is_near(surfaces_mean_pooled(&known), 13.0 / 12.0));
    CHECK(is_near(surfaces_dice(&known, 1.0), 10.0 / 12.0));
}

TEST(hausdorff_distances_come_in_three_kinds) {
    CHECK(is_near(surfaces_hausdorff(&known, 90.0), 2.0)); /* 90 % of the truth are within 1 */
    CHECK(is_near(surfaces_hausdorff(&known, 91.0), 8.0));
    CHECK(is_near(surfaces_hausdorff_pooled(&known, 75.0), 2.0)); /* 0 0 1 2 8 */
    CHECK(is_near(surfaces_hausdorff_pooled(&known, 90.0), 5.6));
    CHECK(is_near(surfaces_hausdorff_of_two(&known, 75.0), 4.5)); /* of 0 1 8; 1.5 of 0 2 */
    CHECK(is_near(surfaces_hausdorff(&known, 100.0), 8.0));
    CHECK(is_near(surfaces_hausdorff_pooled(&known, 100.0), 8.0));
    CHECK(is_near(surfaces_hausdorff_of_two(&known, 100.0), 8.0));
}

TEST(rounding_does_not_decide_what_is_within_the_tolerance) {
    uint8_t truth[H * W] = {0}, prediction[H * W] = {0};
    Surfaces s;
    truth[0] = prediction[3] = 1;
    for (int i = 1; i <= 40; i++) { /* 1.1 * 3 > 3.3 in binary, and so with many others */
        double step = 0.05 * i, tolerance = 0.15 * i;
        CHECK(!surfaces_of_borders(&s, truth, prediction, plane, (double[]){1.0, 1.0, step}, NULL));
        CHECK(is_near(surfaces_dice(&s, tolerance), 1.0));
        CHECK(surfaces_dice(&s, tolerance * (1.0 - 1e-9)) <= 0.0);
        surfaces_free(&s);
    }
}

TEST(every_failed_allocation_is_reported_and_leaks_nothing) {
    uint8_t truth[H * W] = {0}, prediction[H * W] = {0};
    Status status = VOXPERT_OUT_OF_MEMORY;
    Surfaces s;
    rectangle(truth, 1, 1, 4, 4);
    rectangle(prediction, 2, 1, 5, 4);
    for (size_t n = 1; status == VOXPERT_OUT_OF_MEMORY; n++) {
        memory_fail_at(n, false);
        status = surfaces_of_elements(&s, truth, prediction, plane, unit, NULL);
        CHECK(n > 4 || status == VOXPERT_OUT_OF_MEMORY);
        CHECK(status == VOXPERT_OK || !s.truth.point);
    }
    memory_fail_at(0, false);
    CHECK(status == VOXPERT_OK && s.truth.count > 0);
    surfaces_free(&s);
}

#include "eval/overlap.h"

#include <math.h>

#include "tests/check.h"

static bool is_near(double got, double want) { return fabs(got - want) <= 1e-15 * fabs(want); }

TEST(dice_and_iou_of_known_counts) {
    const uint8_t truth[] = {0, 1, 1, 255, 0, 0}, prediction[] = {0, 0, 7, 1, 1, 0};
    Overlap o = overlap_count(truth, prediction, 6);
    CHECK(o.truth == 3 && o.prediction == 3 && o.both == 2);
    CHECK(is_near(overlap_dice(o), 2.0 / 3.0));
    CHECK(is_near(overlap_iou(o), 0.5));
}

TEST(two_empty_masks_have_no_overlap_to_speak_of) {
    const uint8_t none[4] = {0}, one[4] = {1};
    CHECK(isnan(overlap_dice(overlap_count(none, none, 4))));
    CHECK(isnan(overlap_iou(overlap_count(none, none, 4))));
    CHECK(overlap_dice(overlap_count(one, none, 4)) <= 0.0);
    CHECK(overlap_iou(overlap_count(none, one, 4)) <= 0.0);
}

TEST(the_published_rules_add_a_little) {
    const Overlap o = {.truth = 3, .prediction = 5, .both = 2};
    CHECK(is_near(overlap_dice_by(o, OVERLAP_PLAIN), 0.5));
    CHECK(is_near(overlap_dice_by(o, OVERLAP_SAM_MED2D), 4.0000001 / 8.0000001));
    CHECK(is_near(overlap_iou_by(o, OVERLAP_SAM_MED2D), 2.0000001 / 6.0000001));
    CHECK(is_near(overlap_dice_by(o, OVERLAP_SEGMOTE), 4.0 / 8.00000001));
    CHECK(is_near(overlap_iou_by(o, OVERLAP_SEGMOTE), 2.0 / 6.00000001));
}

TEST(the_published_rules_disagree_about_two_empty_masks) {
    const Overlap none = {0};
    CHECK(is_near(overlap_dice_by(none, OVERLAP_SAM_MED2D), 1.0));
    CHECK(is_near(overlap_iou_by(none, OVERLAP_SAM_MED2D), 1.0));
    CHECK(is_near(overlap_dice_by(none, OVERLAP_SEGMOTE), 0.0));
    CHECK(is_near(overlap_iou_by(none, OVERLAP_SEGMOTE), 0.0));
}

TEST(volumes_are_compared_with_the_truth) {
    CHECK(is_near(overlap_volume_difference((Overlap){.truth = 8, .prediction = 6}), -0.25));
    CHECK(isinf(overlap_volume_difference((Overlap){.prediction = 1})));
    CHECK(isnan(overlap_volume_difference((Overlap){0})));
}

TEST(a_picture_has_an_area_and_no_volume) {
    const double spacing[] = {10.0, 0.5, 2.0};
    CHECK(is_near(voxels_volume(7, spacing, 3), 70.0));
    CHECK(is_near(voxels_volume(7, spacing, 2), 7.0));
}

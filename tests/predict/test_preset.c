#include "predict/preset.h"

#include <string.h>

#include "tests/check.h"

TEST(every_preset_is_found_by_its_name_and_no_other_is) {
    int count = 0;
    for (; preset_at(count); count++) {
        const Preset *p = preset_at(count);
        CHECK(preset_find(p->name) == p);
        CHECK(p->summary && p->summary[0]);
    }
    CHECK(count == 7);
    CHECK(!preset_at(-1));
    CHECK(!preset_find("SAM"));
    CHECK(!preset_find(""));
}

TEST(only_our_own_models_zoom_and_look_twice_by_themselves) {
    for (int i = 0; preset_at(i); i++) {
        const Preset *p = preset_at(i);
        CHECK((p->zoom > 0.0) == (strcmp(p->name, "voxpert") == 0));
        CHECK(p->mirror == (p->zoom > 0.0));
    }
}

TEST(lite_med_sam_keeps_the_aspect_and_takes_boxes_alone) {
    const Preset *p = preset_find("litemedsam");
    CHECK(p && p->resize == RESIZE_LONGEST_SIDE_AREA && p->min_max && p->boxes_alone && !p->direct);
}

TEST(sam_keeps_the_aspect_and_answers_with_the_mask_that_was_asked_for) {
    const Preset *p = preset_find("sam");
    CHECK(p->resize == RESIZE_LONGEST_SIDE);
    CHECK(!p->min_max && !p->blue_first && !p->best_of_all && !p->mask_probability && !p->direct);
}

TEST(both_of_sam_med2d_choose_the_best_mask_and_take_probabilities) {
    const Preset *p = preset_find("sam-med2d"), *test = preset_find("sam-med2d-test");
    CHECK(p->resize == RESIZE_SQUARE_NEAREST && !p->blue_first);
    CHECK(test->resize == RESIZE_PAD_OR_SQUARE && test->blue_first);
    CHECK(p->best_of_all && test->best_of_all);
    CHECK(p->mask_probability && test->mask_probability);
    CHECK(!p->min_max && !p->direct);
}

TEST(imis_fills_the_square_and_takes_logits) {
    const Preset *p = preset_find("imis");
    CHECK(p->resize == RESIZE_SQUARE_PILLOW);
    CHECK(!p->min_max && !p->blue_first && !p->best_of_all && !p->mask_probability && !p->direct);
}

TEST(medsam_knows_no_mean_and_interpolates_probabilities) {
    const Preset *p = preset_find("medsam");
    CHECK(p->resize == RESIZE_SQUARE_CUBIC);
    CHECK(p->min_max && p->direct && !p->best_of_all);
}

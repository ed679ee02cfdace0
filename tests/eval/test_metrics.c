#include "eval/metrics.h"

#include <string.h>

#include "tests/check.h"

static const MetricChoice all = {.groups = GROUPS_ALL, .tolerance = {2.0, 0.5}, .tolerances = 2};

static bool is_called(Metric m, const char *want) {
    char name[METRIC_NAME_MAX];
    metric_name(name, &all, m);
    return strcmp(name, want) == 0;
}

TEST(names_say_what_a_distance_is_between) {
    CHECK(is_called(METRIC_DICE, "Dice") && is_called(METRIC_N_REF, "n_ref"));
    CHECK(is_called(METRIC_HD95_ELEMENTS, "HD95_elements_mm"));
    CHECK(is_called(METRIC_HD95_BORDERS, "HD95_borders_mm"));
    CHECK(is_called(METRIC_NSD_ELEMENTS, "NSD_elements_2mm"));
    CHECK(is_called((Metric)(METRIC_NSD_ELEMENTS + 1), "NSD_elements_0.5mm"));
    CHECK(is_called((Metric)(METRIC_NSD_BORDERS + 1), "NSD_borders_0.5mm"));
    CHECK(is_called(METRIC_LESION_F1, "lesion_F1"));
}

/* In each unit; a length in mm says nothing about what its size is. */
TEST(every_metric_is_found_by_its_name) {
    for (int i = 0; i < 4 * METRICS; i++) {
        Metric m = (Metric)(i / 4), found = METRICS;
        MetricChoice c = {.groups = 0}, want = all;
        char name[METRIC_NAME_MAX], again[METRIC_NAME_MAX];
        want.pictures = i % 2, want.unscaled = i / 2 % 2;
        if (!metric_measured(&want, m)) continue;
        metric_name(name, &want, m);
        c.tolerance[0] = 2.0, c.tolerance[1] = 0.5, c.tolerances = 2;
        CHECK(metric_find(&found, &c, name) && found == m);
        CHECK(metric_measured(&c, found) && c.tolerances == 2);
        metric_name(again, &c, m);
        CHECK(strcmp(again, name) == 0);
    }
}

TEST(names_carry_the_unit_that_was_measured_in) {
    static const struct {
        bool pictures, unscaled;
        const char *distance, *share, *size, *relative;
    } want[] = {
        {false, false, "HD_borders_mm", "NSD_elements_2mm", "volume_ref_mm3",
         "volume_error_relative"},
        {true, false, "HD_borders_mm", "NSD_elements_2mm", "area_ref_mm2", "area_error_relative"},
        {false, true, "HD_borders_voxels", "NSD_elements_2voxels", "volume_ref_voxels",
         "volume_error_relative"},
        {true, true, "HD_borders_px", "NSD_elements_2px", "area_ref_px", "area_error_relative"},
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        MetricChoice c = all;
        char name[METRIC_NAME_MAX];
        c.pictures = want[i].pictures, c.unscaled = want[i].unscaled;
        metric_name(name, &c, METRIC_HD_BORDERS);
        CHECK(strcmp(name, want[i].distance) == 0);
        metric_name(name, &c, METRIC_NSD_ELEMENTS);
        CHECK(strcmp(name, want[i].share) == 0);
        metric_name(name, &c, METRIC_VOLUME_REF);
        CHECK(strcmp(name, want[i].size) == 0);
        metric_name(name, &c, METRIC_VOLUME_RELATIVE);
        CHECK(strcmp(name, want[i].relative) == 0);
    }
    CHECK(metric_has_unit(METRIC_ASSD_BORDERS) && metric_has_unit(METRIC_NSD_BORDERS));
    CHECK(metric_has_unit(METRIC_VOLUME_ERROR) && !metric_has_unit(METRIC_VOLUME_RELATIVE));
    CHECK(!metric_has_unit(METRIC_DICE) && !metric_has_unit(METRIC_N_REF));
}

TEST(lengths_of_earlier_summaries_are_in_mm) {
    MetricChoice c = {.unscaled = true};
    Metric m;
    CHECK(metric_find(&m, &c, "HD95_elements") && m == METRIC_HD95_ELEMENTS && !c.unscaled);
}

TEST(a_tolerance_joins_when_it_is_found) {
    MetricChoice c = {.groups = 0};
    Metric m;
    CHECK(metric_find(&m, &c, "NSD_borders_1.25mm") && m == METRIC_NSD_BORDERS);
    CHECK(metric_find(&m, &c, "NSD_elements_3mm") && m == METRIC_NSD_ELEMENTS + 1);
    CHECK(metric_find(&m, &c, "NSD_elements_1.25mm") && m == METRIC_NSD_ELEMENTS);
    CHECK(c.tolerances == 2 && c.groups == 1u << GROUP_NSD);
    static const char *const none[] = {"NSD_elements",
                                       "NSD_elements_mm",
                                       "NSD_elements_-1mm",
                                       "NSD_elements_2",
                                       "dice",
                                       "Dice2",
                                       ""};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) CHECK(!metric_find(&m, &c, none[i]));
    for (int i = 0; i < TOLERANCES_MAX; i++) {
        char name[METRIC_NAME_MAX] = "NSD_elements_10mm";
        name[14] = (char)('0' + i);
        CHECK(metric_find(&m, &c, name) == (i < TOLERANCES_MAX - 2));
    }
}

TEST(what_is_not_chosen_is_not_measured_but_for_nnunets) {
    const MetricChoice c = {.groups = 1 << GROUP_ASSD};
    CHECK(metric_measured(&c, METRIC_TN) && !metric_chosen(&c, METRIC_TN));
    CHECK(metric_measured(&c, METRIC_DICE) && !metric_chosen(&c, METRIC_DICE));
    CHECK(metric_chosen(&c, METRIC_ASSD_BORDERS) && !metric_measured(&c, METRIC_HD_BORDERS));
    CHECK(!metric_measured(&all, (Metric)(METRIC_NSD_BORDERS + 2)));
    CHECK(metric_compares(METRIC_NSD_BORDERS) && !metric_compares(METRIC_TP));
}

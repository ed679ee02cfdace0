#include "eval/label_map.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"

static const size_t size[3] = {2, 3, 4};
static const uint32_t map[24] = {
    0, 5, 5, 0, //
    0, 0, 5, 0, //
    9, 0, 0, 0, //

    0, 0, 0, 0, //
    5, 0, 0, 7, //
    0, 0, 0, 7,
};

static bool is_box(const LabelBounds *b, size_t z0, size_t y0, size_t x0, size_t z1, size_t y1,
                   size_t x1) {
    return memcmp(b, &(LabelBounds){{z0, y0, x0}, {z1, y1, x1}}, sizeof *b) == 0;
}

TEST(labels_are_listed_in_order) {
    const uint32_t many[] = {0, 7, 7, 1, 0, 300000, 7, 2, 1};
    LabelValues found = {0}, none = {0};
    CHECK(!label_values_find(&found, many, 9, NULL));
    CHECK(found.count == 4 && memcmp(found.value, (uint32_t[]){1, 2, 7, 300000}, 16) == 0);
    label_values_free(&found);
    CHECK(!label_values_find(&none, many, 1, NULL) && none.count == 0 && !none.value);
}

TEST(each_value_has_its_bounds) {
    LabelPlaces p;
    CHECK(!label_places_find(&p, map, size, NULL) && p.count == 3);
    CHECK(p.value[0] == 5 && is_box(&p.bounds[0], 0, 0, 0, 1, 1, 2));
    CHECK(p.value[1] == 7 && is_box(&p.bounds[1], 1, 1, 3, 1, 2, 3));
    CHECK(p.value[2] == 9 && is_box(&p.bounds[2], 0, 2, 0, 0, 2, 0));
    label_places_free(&p);
}

TEST(bounds_of_several_values_are_around_all) {
    LabelPlaces p;
    LabelBounds b = {{0}, {0}};
    CHECK(!label_places_find(&p, map, size, NULL));
    CHECK(!label_places_widen(&p, (uint32_t[]){1, 6, 10}, 3, &b, false));
    CHECK(label_places_widen(&p, (uint32_t[]){7, 8}, 2, &b, false));
    CHECK(is_box(&b, 1, 1, 3, 1, 2, 3));
    CHECK(label_places_widen(&p, (uint32_t[]){9}, 1, &b, true) && is_box(&b, 0, 1, 0, 1, 2, 3));
    CHECK(label_places_widen(&p, NULL, 0, &b, true)); /* what they held stays */
    CHECK(label_places_widen(&p, (uint32_t[]){0}, 1, &b, false) && is_box(&b, 0, 0, 0, 1, 2, 3));
    label_places_free(&p);
}

TEST(a_failed_allocation_leaves_nothing) {
    LabelPlaces p;
    Status status = VOXPERT_OUT_OF_MEMORY;
    for (size_t n = 1; status && n < 20; n++) {
        memory_fail_at(n, false);
        status = label_places_find(&p, map, size, NULL);
        CHECK(status == VOXPERT_OK || (!p.value && !p.bounds));
    }
    memory_fail_at(0, false);
    CHECK(status == VOXPERT_OK);
    label_places_free(&p);
}

#include "predict/found_masks.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"

enum { MOST = 8 };

typedef struct Case {
    float box[MOST][4], score[MOST];
    size_t count;
} Case;

/* Indices of the survivors in their order, as digits. */
static void survivors(const Case *c, float threshold, char out[MOST + 1]) {
    FoundMasks f = {.item = memory_new(MOST * sizeof *f.item), .count = c->count};
    for (size_t i = 0; i < c->count; i++) {
        memcpy(f.item[i].box, c->box[i], sizeof c->box[i]);
        f.item[i].stability = (float)i;
        CHECK(!found_mask_set(&f.item[i], (const uint8_t[]){1}, (Extent){1, 1}, 0, 0, NULL));
    }
    CHECK(!found_masks_suppress(&f, 0, c->score, threshold, NULL));
    for (size_t i = 0; i < f.count; i++) out[i] = (char)('0' + (int)f.item[i].stability);
    out[f.count] = '\0';
    found_masks_free(&f);
    CHECK(!f.item && !f.count);
}

static bool keeps(const Case *c, float threshold, const char *want) {
    char got[MOST + 1];
    survivors(c, threshold, got);
    check_report(strcmp(got, want) == 0, __FILE__, __LINE__, "kept %s, not %s", got, want);
    return strcmp(got, want) == 0;
}

TEST(what_stays_is_in_descending_order_of_score) {
    Case c = {.box = {{0, 0, 2, 2}, {10, 0, 12, 2}, {20, 0, 22, 2}},
              .score = {0.2f, 0.9f, 0.5f},
              .count = 3};
    CHECK(keeps(&c, 0.5f, "120"));
}

TEST(of_two_that_overlap_the_better_stays) {
    Case c = {.box = {{0, 0, 10, 10}, {1, 0, 11, 10}, {30, 0, 40, 10}},
              .score = {0.5f, 0.6f, 0.1f},
              .count = 3};
    CHECK(keeps(&c, 0.8f, "12")); /* 90 / 110 = 0.82 */
    CHECK(keeps(&c, 0.82f, "102"));
}

TEST(an_overlap_of_exactly_the_threshold_is_none) {
    Case c = {.box = {{0, 0, 2, 1}, {0, 0, 1, 1}}, .score = {1, 1}, .count = 2};
    CHECK(keeps(&c, 0.5f, "01"));
    CHECK(keeps(&c, 0.49f, "0"));
}

TEST(equal_scores_keep_their_order) {
    Case c = {.box = {{0, 0, 4, 4}, {0, 0, 4, 4}, {9, 0, 12, 4}, {0, 0, 4, 4}},
              .score = {1, 1, 1, 1},
              .count = 4};
    CHECK(keeps(&c, 0.7f, "02"));
}

TEST(what_was_removed_removes_nothing) {
    Case c = {
        .box = {{0, 0, 10, 10}, {4, 0, 14, 10}, {8, 0, 18, 10}}, .score = {3, 2, 1}, .count = 3};
    CHECK(keeps(&c, 0.4f, "02")); /* 1 overlaps both by 60 / 140; 0 and 2 by 20 / 180 */
}

/* Areas are without the + 1 of inclusive pixels: a mask of one row has none. */
TEST(boxes_without_area_neither_remove_nor_are_removed) {
    Case c = {.box = {{3, 3, 3, 3}, {3, 3, 3, 3}, {0, 3, 9, 3}, {0, 0, 9, 9}},
              .score = {1, 1, 1, 1},
              .count = 4};
    CHECK(keeps(&c, 0.0f, "0123"));
}

TEST(nothing_stays_of_nothing) {
    Case c = {.count = 0};
    CHECK(keeps(&c, 0.5f, ""));
}

TEST(items_before_the_first_are_not_looked_at) {
    FoundMasks f = {.item = memory_new(3 * sizeof *f.item), .count = 3};
    for (int i = 0; i < 3; i++) {
        memcpy(f.item[i].box, (float[]){0, 0, 5, 5}, sizeof f.item[i].box);
        CHECK(!found_mask_set(&f.item[i], (const uint8_t[]){1}, (Extent){1, 1}, 0, 0, NULL));
        f.item[i].stability = (float)i;
    }
    CHECK(!found_masks_suppress(&f, 1, (float[]){0.1f, 0.2f}, 0.5f, NULL));
    CHECK(f.count == 2 && f.item[0].stability == 0.0f && f.item[1].stability == 2.0f);
    found_masks_free(&f);
}

TEST(without_memory_nothing_is_lost) {
    FoundMasks f = {.item = memory_new(2 * sizeof *f.item), .count = 2};
    for (size_t n = 1; n <= 2; n++) {
        memory_fail_at(n, false);
        CHECK(found_masks_suppress(&f, 0, (float[]){1, 2}, 0.5f, NULL) == VOXPERT_OUT_OF_MEMORY);
        memory_fail_at(0, false);
        CHECK(f.count == 2);
    }
    found_masks_free(&f);
}

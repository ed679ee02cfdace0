#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

TEST(text_grows) {
    Text t = {0};
    for (int i = 0; i < 100; i++) text_add(&t, "%d,", i);
    CHECK(!t.failed && t.length == strlen(t.chars) && t.length == 290);
    text_free(&t);
}

TEST(numbers_are_taken_whole_or_not_at_all) {
    double d;
    CHECK(text_to_double(&d, "1.5") && d == 1.5);
    CHECK(text_to_double(&d, "-2e3") && d == -2000.0);
    CHECK(!text_to_double(&d, "1,5"));
    CHECK(!text_to_double(&d, "nan"));
    CHECK(!text_to_double(&d, "inf"));
    CHECK(!text_to_double(&d, ""));
    CHECK(!text_to_double(&d, " 1"));
    long l;
    CHECK(text_to_long(&l, "57") && l == 57);
    CHECK(!text_to_long(&l, "99999999999999999999"));
}

TEST(globs_match_across_dots) {
    CHECK(text_matches("image_encoder.blocks.3.attn.qkv.weight", "*blocks.?.attn*"));
    CHECK(text_matches("abc", "*"));
    CHECK(!text_matches("mask_decoder.iou_token.weight", "image_encoder.*"));
    CHECK(text_matches("aXbXc", "a*b*c"));
}

#include "base/quote.h"

#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

static void *number_text(void *unused) {
    Text t = {0};
    (void)unused;
    text_add(&t, "%g", 0.25);
    return t.chars;
}

TEST(the_first_numbers_may_be_written_in_several_threads) {
    pthread_t thread[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&thread[i], NULL, number_text, NULL) == 0);
    for (int i = 0; i < 4; i++) {
        void *chars = NULL;
        CHECK(pthread_join(thread[i], &chars) == 0 && chars && strcmp(chars, "0.25") == 0);
        free(chars);
    }
}

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

TEST(numbers_do_not_follow_the_locale) {
    static const char *const commas[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8"};
    const char *found = NULL;
    for (int i = 0; !found && i < 4; i++) found = setlocale(LC_NUMERIC, commas[i]);
    if (!found) check_skip("there is no locale that writes 1,5");
    Text t = {0};
    double d;
    char theirs[8];
    snprintf(theirs, sizeof theirs, "%g", 1.5);
    text_add(&t, "%g", 1.5);
    CHECK(strcmp(theirs, "1,5") == 0); /* or nothing was shown */
    CHECK(t.chars && strcmp(t.chars, "1.5") == 0);
    CHECK(text_to_double(&d, "1.5") && d == 1.5 && !text_to_double(&d, "1,5"));
    text_free(&t);
    setlocale(LC_NUMERIC, "C");
}

TEST(quoted_text_is_a_string_of_json) {
    Text t = {0};
    text_add_quoted(&t, "a \"b\" c:\\d\n\x1f\xc3\xa9");
    CHECK(t.chars && strcmp(t.chars, "\"a \\\"b\\\" c:\\\\d\\u000a\\u001f\xc3\xa9\"") == 0);
    text_free(&t);
    text_add_quoted(&t, "");
    CHECK(t.chars && strcmp(t.chars, "\"\"") == 0);
    text_free(&t);
    text_add_quoted(&t, "a\xff\xc3\xa9");
    CHECK(t.chars && strcmp(t.chars, "\"a\\\\xFF\xc3\xa9\"") == 0);
    text_free(&t);
}

TEST(globs_match_across_dots) {
    CHECK(text_matches("image_encoder.blocks.3.attn.qkv.weight", "*blocks.?.attn*"));
    CHECK(text_matches("abc", "*"));
    CHECK(!text_matches("mask_decoder.iou_token.weight", "image_encoder.*"));
    CHECK(text_matches("aXbXc", "a*b*c"));
}

TEST(utf8_is_told_from_what_only_looks_like_it) {
    static const char *const good[] = {"",
                                       "abc",
                                       "\xc3\xa9",
                                       "\xe2\x82\x82x",
                                       "\xf0\x9f\xa7\xa0",
                                       "\xf4\x8f\xbf\xbf",
                                       "\xed\x9f\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc3",
                                      "\xc0\x80",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xe2\x82x",
                                      "\xff\xfe",
                                      "ok\xe2\x82"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(text_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!text_is_utf8(bad[i], strlen(bad[i])));
    CHECK(text_is_utf8("\0a", 2)); /* zero is a character like others */
}

TEST(a_number_has_the_fewest_digits_that_read_back_the_same) {
    static const double values[] = {0.1, 2.256,    1.0 / 3.0, 5e-324, -1.7976931348623157e308,
                                    0.0, 0.1 + 0.2};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        Text t = {0};
        double back = 1.0;
        text_add_double(&t, values[i]);
        CHECK(text_to_double(&back, t.chars) && !(back < values[i]) && !(back > values[i]));
        CHECK(i > 1 || strlen(t.chars) <= 5);
        text_free(&t);
    }
}

TEST(what_is_no_utf8_is_a_json_string_all_the_same) {
    Text t = {0};
    text_add_quoted(&t, "caf\xE9 \"1\"\n");
    CHECK(t.chars && strcmp(t.chars, "\"caf\\\\xE9 \\\"1\\\"\\\\x0A\"") == 0);
    text_free(&t);
    text_add_quoted(&t, "caf\xC3\xA9\n");
    CHECK(t.chars && strcmp(t.chars, "\"caf\xC3\xA9\\u000a\"") == 0);
    text_free(&t);
}

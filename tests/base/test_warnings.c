#include "base/warnings.h"

#include <string.h>

#include "tests/check.h"

TEST(a_sentence_is_kept_once_and_in_order) {
    Warnings w = {0};
    CHECK(strcmp(warnings_lines(&w), "") == 0);
    warnings_add(&w, "%s: first", "a.png");
    warnings_add(&w, "b.png: second");
    warnings_add(&w, "a.png: first");
    CHECK(w.count == 2 && strcmp(warnings_lines(&w), "a.png: first\nb.png: second\n") == 0);
    warnings_free(&w);
    CHECK(w.count == 0);
}

TEST(a_part_of_a_sentence_is_not_the_sentence) {
    Warnings w = {0};
    warnings_add(&w, "a.png: first and more");
    warnings_add(&w, "a.png: first");
    CHECK(w.count == 2);
    warnings_free(&w);
}

TEST(a_name_cannot_add_a_line_or_a_control) {
    Warnings w = {0};
    warnings_add(&w, "a\nb\033[2J: odd");
    CHECK(w.count == 1 && strcmp(warnings_lines(&w), "a\\x0Ab\\x1B[2J: odd\n") == 0);
    warnings_free(&w);
}

TEST(lists_are_merged_and_walked) {
    Warnings a = {0}, b = {0};
    warnings_add(&a, "one");
    warnings_add(&b, "one");
    warnings_add(&b, "two");
    warnings_merge(&a, &b);
    const char *next = warnings_lines(&a), *sentence;
    size_t length, seen = 0;
    while (warnings_next(&next, &sentence, &length)) {
        CHECK(length == 3 && strncmp(sentence, seen ? "two" : "one", 3) == 0);
        seen++;
    }
    CHECK(seen == 2 && a.count == 2);
    warnings_free(&a);
    warnings_free(&b);
}

TEST(lists_are_written_as_json_and_as_a_csv_field) {
    Warnings w = {0};
    Text json = {0}, csv = {0};
    warnings_json(&json, &w, 2);
    warnings_csv(&csv, &w);
    CHECK(strcmp(json.chars, "[]") == 0 && strcmp(csv.chars, "") == 0);
    warnings_add(&w, "a \"b\": odd");
    warnings_add(&w, "c: odd");
    json.length = csv.length = 0;
    warnings_json(&json, &w, 2);
    warnings_csv(&csv, &w);
    CHECK(strcmp(json.chars, "[\n      \"a \\\"b\\\": odd\",\n      \"c: odd\"\n  ]") == 0);
    CHECK(strcmp(csv.chars, "\"a \"\"b\"\": odd; c: odd\"") == 0);
    text_free(&json);
    text_free(&csv);
    warnings_free(&w);
}

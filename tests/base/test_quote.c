#include "base/quote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

typedef void Add(Text *t, const char *text);

static bool becomes(Add *add, const char *from, const char *to) {
    Text t = {0};
    add(&t, from);
    bool same = !t.failed && strcmp(t.chars ? t.chars : "", to) == 0;
    if (!same) fprintf(stderr, "got %s\n", t.chars ? t.chars : "nothing");
    text_free(&t);
    return same;
}

TEST(control_characters_become_visible) {
    CHECK(becomes(text_add_printable, "liver.png", "liver.png"));
    CHECK(becomes(text_add_printable, "a\nb\tc\x7f", "a\\x0Ab\\x09c\\x7F"));
    CHECK(becomes(text_add_printable, "\033[2J", "\\x1B[2J"));
    CHECK(becomes(text_add_printable, "\xc2\x9b[2J", "\\xC2\\x9B[2J")); /* a C1 control */
    CHECK(becomes(text_add_printable, "a\xe2\x80\xaegnp",
                  "a\\xE2\\x80\\xAEgnp")); /* turns the line */
    CHECK(becomes(text_add_printable, "", ""));
}

TEST(what_is_no_utf8_becomes_visible_and_the_rest_stays) {
    CHECK(becomes(text_add_printable, "f\xfc\xdf", "f\\xFC\\xDF"));               /* Latin-1 */
    CHECK(becomes(text_add_printable, "f\xc3\xbc\xc3\x9f", "f\xc3\xbc\xc3\x9f")); /* UTF-8 */
    CHECK(becomes(text_add_printable, "\xe2\x82", "\\xE2\\x82"));                 /* cut */
    CHECK(becomes(text_add_printable, "\xc0\xaf", "\\xC0\\xAF"));                 /* overlong */
    CHECK(becomes(text_add_printable, "\xf0\x9f\xab\x80", "\xf0\x9f\xab\x80"));
}

TEST(plain_text_is_what_needs_no_escape) {
    CHECK(text_is_plain("") && text_is_plain("Fu\xc3\x9f 'x' $(y)"));
    CHECK(!text_is_plain("a\nb") && !text_is_plain("\xff") && !text_is_plain("\xc2\x80"));
}

TEST(a_message_that_does_not_fit_is_cut_between_characters) {
    char out[6];
    CHECK(!text_printable(out, sizeof out,
                          "ab\n\xc3\xbc"
                          "c") &&
          strcmp(out, "ab") == 0);
    CHECK(text_printable(out, sizeof out,
                         "ab\xc3\xbc"
                         "c") &&
          strcmp(out, "ab\xc3\xbc"
                      "c") == 0);
    CHECK(!text_printable(out, sizeof out, "abcd\xc3\xbc") && strcmp(out, "abcd") == 0);
}

TEST(a_word_of_a_shell_is_quoted_where_it_must_be) {
    CHECK(becomes(text_add_shell_word, "a/b-1.nii.gz", "a/b-1.nii.gz"));
    CHECK(becomes(text_add_shell_word, "", "''"));
    CHECK(becomes(text_add_shell_word, "a b", "'a b'"));
    CHECK(becomes(text_add_shell_word, "~", "'~'"));
    CHECK(becomes(text_add_shell_word, "a=b", "'a=b'"));
    CHECK(becomes(text_add_shell_word, "x'$(touch PWNED)'", "'x'\\''$(touch PWNED)'\\'''"));
}

/* The shell itself is the judge: any bytes come back as they were. */
TEST(a_shell_gives_back_each_quoted_word) {
    unsigned seed = 7;
    for (int round = 0; round < 50; round++) {
        char word[12], got[16] = "";
        int length = 1 + (int)(seed % 10);
        for (int i = 0; i < length; i++) {
            seed = seed * 1664525u + 1013904223u;
            word[i] = (char)(1 + (seed >> 16) % 255);
        }
        word[length] = '\0';
        Text t = {0};
        text_add(&t, "printf %%s ");
        text_add_shell_word(&t, word);
        FILE *shell = popen(t.chars, "r");
        CHECK(shell && fread(got, 1, sizeof got - 1, shell) == (size_t)length);
        CHECK(shell && pclose(shell) == 0 && strcmp(got, word) == 0);
        text_free(&t);
    }
}

TEST(a_string_of_gnuplot_stays_on_its_line_and_within_its_quotes) {
    CHECK(becomes(text_add_gnuplot_string, "cup", "'cup'"));
    CHECK(becomes(text_add_gnuplot_string, "it's", "'it''s'"));
    CHECK(becomes(text_add_gnuplot_string, "x\nsystem \"touch PWNED\"\n#",
                  "'x\\x0Asystem \"touch PWNED\"\\x0A#'"));
    CHECK(becomes(text_add_gnuplot_string, "`touch PWNED`", "'`touch PWNED`'"));
}

TEST(a_field_of_a_table_is_quoted_by_rfc_4180) {
    CHECK(becomes(text_add_csv_field, "liver", "liver"));
    CHECK(becomes(text_add_csv_field, "a,b", "\"a,b\""));
    CHECK(becomes(text_add_csv_field, "a;b", "\"a;b\""));
    CHECK(becomes(text_add_csv_field, "\t", "\"\t\""));
    CHECK(becomes(text_add_csv_field, "say \"x\"", "\"say \"\"x\"\"\""));
    CHECK(becomes(text_add_csv_field, "a\nb", "\"a\nb\""));
    CHECK(becomes(text_add_csv_field, " a", "\" a\""));
    CHECK(becomes(text_add_csv_field, "a\xff,\xc3\xa9", "\"a\\xFF,\xc3\xa9\""));
}

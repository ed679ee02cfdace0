#include "base/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/quote.h"
#include "tests/check.h"

/* All rows as "a|b/c|d/", quoted fields between <>, or the error's message. */
static void read_all(char out[512], const char *name, const char *bytes, size_t size) {
    CsvReader csv;
    Error error = {0};
    Status status = csv_open(&csv, name, bytes, size, &error);
    size_t used = 0;
    out[0] = '\0';
    while (!status && !(status = csv_row(&csv, &error)) && csv.fields) {
        for (size_t i = 0; i < csv.fields; i++)
            used += (size_t)snprintf(out + used, 512 - used, csv.quoted[i] ? "%s<%s>" : "%s%s",
                                     i ? "|" : "", csv.field[i]);
        used += (size_t)snprintf(out + used, 512 - used, "/");
    }
    csv_close(&csv);
    if (status) snprintf(out, 512, "%.500s", error.message);
}

TEST(rows_are_what_was_meant) {
    static const struct {
        const char *text, *rows;
    } sheets[] = {
        {"", ""},
        {"\n\r\n ,, \n", ""},
        {"a,b\n1,2\n", "a|b/1|2/"},
        {"a,b\n1,2", "a|b/1|2/"},
        {"a,b\r\n1,2\r\n", "a|b/1|2/"},
        {"a,b\r1,2\r", "a|b/1|2/"},
        {"\xef\xbb\xbf"
         "a,b\n",
         "a|b/"},
        {"a;b\n1,5;2\n", "a|b/1,5|2/"},
        {"a\tb c\n1,5\t\n", "a|b c/1,5|/"},
        {"\"x;y;z\",b,c\n", "<x;y;z>|b|c/"},
        {"sep=;\na,b\n", "a,b/"},
        {"sep=;\r\na;b\r\n", "a|b/"},
        {"sep=\nx\n", "sep=/x/"},
        {" a , b \n", "a|b/"},
        {" \"a\" , \" b \" \n", "<a>|< b >/"},
        {"\"a \"\"b\"\"\",\"\"\n", "<a \"b\">|<>/"},
        {"\"a\nb\",c\n", "<a\nb>|c/"},
        {"5\" disk,b\n", "5\" disk|b/"},
        {"a,b,\n", "a|b|/"},
        {"lésion,b\n", "lésion|b/"},
    };
    for (size_t i = 0; i < sizeof sheets / sizeof *sheets; i++) {
        char got[512];
        read_all(got, "t.csv", sheets[i].text, strlen(sheets[i].text));
        check_report(strcmp(got, sheets[i].rows) == 0, __FILE__, __LINE__, "sheet %zu: %s", i, got);
    }
}

TEST(what_is_no_sheet_is_refused_with_its_line) {
    static const struct {
        const char *text, *message;
        size_t size; /* 0: up to the zero */
    } sheets[] = {
        {"a,b\n1,\"2\n3,4\n", "t.csv: line 2: a quote is not closed", 0},
        {"a,b\n\"1\n2\",\"3\n4,5\n", "t.csv: line 3: a quote is not closed", 0},
        {"a,b\n\"1\"x,2\n", "t.csv: line 2: a quote ends inside a field", 0},
        {"a,b\n1,\xff\n", "t.csv: line 2: is no UTF-8; save the sheet as \"CSV UTF-8\"", 0},
        {"a,b\n1,2\0\n", "t.csv: line 2: holds a byte of 0", 9},
        {"\xff\xfe"
         "a",
         "t.csv: line 1: is UTF-16 or UTF-32 text; save the sheet as \"CSV UTF-8\"", 0},
    };
    for (size_t i = 0; i < sizeof sheets / sizeof *sheets; i++) {
        char got[512];
        const char *text = sheets[i].text;
        read_all(got, "t.csv", text, sheets[i].size ? sheets[i].size : strlen(text));
        check_report(strcmp(got, sheets[i].message) == 0, __FILE__, __LINE__, "sheet %zu: %s", i,
                     got);
    }
    char got[512];
    read_all(got, NULL, "\"", 1);
    CHECK(strcmp(got, "line 1: a quote is not closed") == 0);
}

TEST(lines_are_counted_through_quotes_and_empty_lines) {
    static const char text[] = "a,b\n\n\"x\r\ny\",2\r\nz,3\n";
    CsvReader csv;
    Error error = {0};
    static const size_t lines[] = {1, 3, 5};
    CHECK(csv_open(&csv, "t.csv", text, sizeof text - 1, &error) == VOXPERT_OK);
    for (size_t i = 0; i < 3; i++)
        CHECK(csv_row(&csv, &error) == VOXPERT_OK && csv.fields == 2 && csv.line == lines[i]);
    CHECK(csv_error(&csv, &error, "no %s", "end") == VOXPERT_BAD_INPUT);
    CHECK(strcmp(error.message, "t.csv: line 5: no end") == 0);
    CHECK(csv_row(&csv, &error) == VOXPERT_OK && csv.fields == 0);
    CHECK(csv_row(&csv, &error) == VOXPERT_OK && csv.fields == 0);
    csv_close(&csv);
}

TEST(fields_that_are_written_are_read_again) {
    static const char *const fields[] = {"a",    "",    "a,b",    "a\"b", " a ",
                                         "a\nb", "a;b", "lésion", "\t"};
    enum { COUNT = sizeof fields / sizeof *fields };
    Text t = {0};
    for (size_t i = 0; i < COUNT; i++) {
        text_add(&t, "%s", i ? "," : "");
        text_add_csv_field(&t, fields[i]);
    }
    CsvReader csv;
    CHECK(csv_open(&csv, "t.csv", t.chars, t.length, NULL) == VOXPERT_OK);
    CHECK(csv_row(&csv, NULL) == VOXPERT_OK && csv.fields == COUNT);
    for (size_t i = 0; i < COUNT && i < csv.fields; i++)
        check_report(strcmp(csv.field[i], fields[i]) == 0, __FILE__, __LINE__, "field %zu: %s", i,
                     csv.field[i]);
    csv_close(&csv);
    text_free(&t);
}

TEST(rows_of_any_width_are_read_and_every_failed_allocation_is_reported) {
    Text t = {0};
    for (size_t i = 0; i < 1000; i++) text_add(&t, "%s%zu", i ? ";" : "", i);
    Status status = VOXPERT_OUT_OF_MEMORY;
    size_t n = 0;
    while (status == VOXPERT_OUT_OF_MEMORY && n < 100) {
        CsvReader csv;
        memory_fail_at(++n, false);
        status = csv_open(&csv, "t.csv", t.chars, t.length, NULL);
        if (!status) status = csv_row(&csv, NULL);
        memory_fail_at(0, false);
        if (!status) CHECK(csv.fields == 1000 && strcmp(csv.field[999], "999") == 0);
        csv_close(&csv);
    }
    CHECK(status == VOXPERT_OK && n > 4);
    text_free(&t);
}

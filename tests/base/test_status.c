/* Messages of failures, and the fields that they are about. */
#include "base/status.h"

#include <string.h>

#include "tests/check.h"

TEST(a_message_may_be_about_an_option_or_setting) {
    Error error;
    memset(&error, 'x', sizeof error);
    CHECK(error_set_field(&error, VOXPERT_BAD_ARGUMENT, "batch", "batch %d is no multiple of %d", 4,
                          5) == VOXPERT_BAD_ARGUMENT);
    CHECK(error.status == VOXPERT_BAD_ARGUMENT && strcmp(error.field, "batch") == 0);
    CHECK(strcmp(error.message, "batch 4 is no multiple of 5") == 0);
}

TEST(one_that_is_about_none_says_so_whatever_stood_there_before) {
    Error error = {.field = "batch"};
    CHECK(error_set(&error, VOXPERT_BAD_INPUT, "a\nb") == VOXPERT_BAD_INPUT);
    CHECK(error.field[0] == '\0' && strcmp(error.message, "a\\x0Ab") == 0);
}

TEST(a_prefix_keeps_the_field) {
    Error error = {0};
    CHECK(error_set_field(&error, VOXPERT_BAD_MODEL, "base", "it is an adapter") ==
          VOXPERT_BAD_MODEL);
    CHECK(error_prefix(&error, VOXPERT_BAD_MODEL, "a.pth") == VOXPERT_BAD_MODEL);
    CHECK(strcmp(error.field, "base") == 0);
    CHECK(strcmp(error.message, "a.pth: it is an adapter") == 0);
}

TEST(a_name_that_is_too_long_is_cut_and_no_error_is_needed) {
    Error error;
    CHECK(error_set_field(NULL, VOXPERT_BAD_INPUT, "x", "y") == VOXPERT_BAD_INPUT);
    CHECK(error_set_field(&error, VOXPERT_BAD_INPUT, "a-name-of-more-than-thirty-one-bytes", "y") ==
          VOXPERT_BAD_INPUT);
    CHECK(strlen(error.field) == sizeof error.field - 1);
}

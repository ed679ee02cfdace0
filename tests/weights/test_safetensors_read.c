#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/text.h"
#include "tests/check.h"
#include "tests/weights/torch_file.h"
#include "weights/checkpoint.h"

static Checkpoint *open_header(const char *header, size_t data, Bytes *file, Error *error) {
    Checkpoint *c;
    *file = safetensors_file(header, data);
    Status status = checkpoint_open_memory(&c, file->at, file->size, "x.safetensors", error);
    check_report(!status == !!c, __FILE__, __LINE__, "status %d", (int)status);
    return c;
}

static void check_refused(const char *header, size_t data, const char *words) {
    Bytes file;
    Error error = {0};
    Checkpoint *c = open_header(header, data, &file, &error);
    check_report(!c && error.status == VOXPERT_BAD_MODEL && strstr(error.message, words), __FILE__,
                 __LINE__, "%s: no '%s' in: %s", header, words, error.message);
    checkpoint_close(c);
    bytes_free(&file);
}

static void check_read(const char *header, size_t data, size_t count) {
    Bytes file;
    Error error = {0};
    Checkpoint *c = open_header(header, data, &file, &error);
    check_report(c && checkpoint_count(c) == count, __FILE__, __LINE__, "%s: %s", header,
                 error.message);
    checkpoint_close(c);
    bytes_free(&file);
}

TEST(a_header_need_not_hold_tensors) {
    check_read("{}", 0, 0);
    check_read("{}     ", 0, 0);
    check_read("{\"__metadata__\":{}}", 0, 0);
}

TEST(empty_tensors_may_lie_anywhere) {
    check_read("{\"e\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4]},"
               "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
               "\"b\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[4,12]},"
               "\"f\":{\"dtype\":\"F32\",\"shape\":[5,0],\"data_offsets\":[0,0]}}",
               12, 4);
}

TEST(tensors_come_in_the_order_of_their_data) {
    Bytes file;
    Checkpoint *c = open_header("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]},"
                                "\"b\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
                                3, &file, NULL);
    CHECK(c && strcmp(checkpoint_tensor(c, 0)->name, "b") == 0);
    CHECK(c && checkpoint_tensor(c, 1)->bytes == file.at + file.size - 2);
    checkpoint_close(c);
    bytes_free(&file);
}

TEST(json_that_is_no_header_is_refused) {
    check_refused("", 0, "zero bytes only");
    check_refused(" {}", 0, "JSON");
    check_refused("{}x", 0, "JSON");
    check_refused("{\"a\":1}", 0, "'a': is not a JSON object");
    check_refused("{\"a\":[[[[1]]]]}", 0, "nested deeper");
    check_refused("{\"a\":{\"a\":{\"a\":{}}}}", 0, "nested deeper");
    check_refused("{\"a\\\"[[[[[\":1}", 0, "is not a JSON object"); /* brackets in a name */
    check_refused("{\"\\u0061\":{},\"a\":{}}", 0, "duplicate");
    check_refused("{\"\\u0000\":{}}", 0, "JSON");
    check_refused("{\"__metadata__\":[]}", 0, "__metadata__");
}

TEST(values_are_counted_before_they_take_memory) {
    Text header = {0};
    text_add(&header, "{\"a\":[0");
    for (int i = 0; i < 1 << 20; i++) text_add(&header, ",0");
    text_add(&header, "]}");
    check_refused(header.chars, 0, "more than a million values");
    text_free(&header);
}

TEST(a_tensor_needs_its_three_fields) {
    check_refused("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "'a': its dtype");
    check_refused("{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
                  "'a': its dtype");
    check_refused("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "'a': its shape");
    check_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "'a': its data_offsets");
    check_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}", 4,
                  "'a': its data_offsets");
    check_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],"
                  "\"data_offsets\":[0,4]}}",
                  4, "at most 8");
    check_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "shape");
}

TEST(sizes_do_not_wrap_around) {
    check_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],"
                  "\"data_offsets\":[0,0]}}",
                  0, "overflows"); /* 2^62 elements of 4 bytes */
    check_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[0,4294967296,4294967296,2],"
                  "\"data_offsets\":[0,0]}}",
                  0, "overflows");
}

TEST(an_old_name_beside_its_new_one_is_refused) {
    check_refused("{\"hq_mlp\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                  "\"expert_mlp\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
                  3, "'expert_mlp' is there twice with different values, as 'hq_mlp' and");
}

/* 375 MB without disk blocks behind them: opening must not read the data. */
TEST(a_large_file_opens_in_milliseconds) {
    static const char header[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1024,91553],"
                                 "\"data_offsets\":[0,375001088]}}";
    char path[] = "/tmp/voxpert_large_XXXXXX";
    int fd = mkstemp(path);
    Bytes file = safetensors_file(header, 0);
    CHECK(fd >= 0 && write(fd, file.at, file.size) == (ssize_t)file.size);
    CHECK(ftruncate(fd, (off_t)file.size + 375001088) == 0);
    close(fd);
    Checkpoint *c;
    double start = system_seconds();
    REQUIRE(checkpoint_open(&c, path, NULL) == VOXPERT_OK);
    CHECK(system_seconds() - start < 0.02);
    CHECK(c && checkpoint_find(c, "a")->count == 93750272);
    checkpoint_close(c);
    unlink(path);
    bytes_free(&file);
}

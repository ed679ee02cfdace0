#include "base/byte_stream.h"

#include <string.h>

#include "tests/check.h"
#include "tests/packed.h"

/* Reads everything, `step` bytes at a time; returns how many there were. */
static size_t read_all(const uint8_t *bytes, size_t size, size_t step, uint8_t *out, Status *status,
                       Error *error) {
    ByteStream s;
    size_t total = 0, got = step;
    *status = byte_stream_open(&s, "stream", bytes, size, error);
    while (!*status && got == step) {
        *status = byte_stream_read(&s, out + total, step, &got, error);
        total += got;
    }
    byte_stream_close(&s);
    return total;
}

TEST(plain_bytes_come_as_they_are) {
    uint8_t out[64];
    Status status;
    for (size_t step = 1; step < 20; step++) {
        memset(out, 0, sizeof out);
        CHECK(read_all((const uint8_t *)"plain bytes", 11, step, out, &status, NULL) == 11);
        CHECK(status == VOXPERT_OK && memcmp(out, "plain bytes", 12) == 0);
    }
    CHECK(read_all(NULL, 0, 4, out, &status, NULL) == 0 && status == VOXPERT_OK);
}

TEST(gzip_members_are_one_stream_and_what_follows_is_ignored) {
    uint8_t packed[256], out[64];
    size_t size = packed_text(packed, sizeof packed, "first, ");
    size += packed_text(packed + size, sizeof packed - size, "second");
    memcpy(packed + size, "rest", 4);
    Status status;
    for (size_t step = 1; step < 20; step++) {
        memset(out, 0, sizeof out);
        CHECK(read_all(packed, size + 4, step, out, &status, NULL) == 13);
        CHECK(status == VOXPERT_OK && memcmp(out, "first, second", 14) == 0);
    }
}

TEST(gzip_cut_or_changed_is_told) {
    uint8_t packed[256], out[64];
    size_t size = packed_text(packed, sizeof packed, "some text that is packed");
    Status status;
    Error error;
    for (size_t cut = 2; cut < size; cut++) {
        read_all(packed, cut, 40, out, &status, &error);
        CHECK(status == VOXPERT_BAD_INPUT && strstr(error.message, "stream: ") == error.message);
    }
    packed[size - 8] ^= 1;
    read_all(packed, size, 40, out, &status, &error);
    CHECK(status == VOXPERT_BAD_INPUT && strstr(error.message, "checksum"));
}

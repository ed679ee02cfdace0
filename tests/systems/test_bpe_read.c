/* Files of merges: both published forms, packed or not, and every way to be wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"
#include "tests/packed.h"
#include "tests/systems/small_bpe.h"

static Status open_text(Bpe *b, const char *text, int vocabulary, Error *error) {
    return bpe_open_memory(b, (const uint8_t *)text, strlen(text), "merges", vocabulary, error);
}

/* ---- What is read --------------------------------------------------------------------------- */

TEST(a_merge_of_a_file_is_found_by_its_halves) {
    Bpe b = small_bpe();
    int l = bpe_byte_token('l'), i = bpe_byte_token('i');
    CHECK(bpe_merged(&b, l, i) == SMALL_LI);
    CHECK(bpe_merged(&b, i, l) < 0 && bpe_merged(&b, l, i + BPE_BYTES) < 0);
    CHECK(bpe_merged(&b, SMALL_LIV, SMALL_ER_END) == SMALL_LIVER_END);
    CHECK(bpe_merged(&b, -1, i) < 0);
    CHECK(bpe_begin(&b) == SMALL_BEGIN && bpe_end(&b) == SMALL_END);
    bpe_close(&b);
}

TEST(lines_beyond_the_vocabulary_are_passed_over) {
    Bpe b;
    CHECK(open_text(&b, "\"some.txt#version: 0.2\nl i\nli v\nnot a merge at all", BPE_LEAST + 2,
                    NULL) == VOXPERT_OK);
    CHECK(bpe_end(&b) == BPE_LEAST + 1);
    bpe_close(&b);
    CHECK(open_text(&b, "#version", BPE_LEAST, NULL) == VOXPERT_OK); /* bytes alone */
    CHECK(bpe_merged(&b, 0, 1) < 0);
    bpe_close(&b);
}

TEST(the_last_line_needs_no_end) {
    Bpe b;
    CHECK(open_text(&b, "#version\na b", BPE_LEAST + 1, NULL) == VOXPERT_OK);
    bpe_close(&b);
}

TEST(a_packed_file_is_the_same_and_a_damaged_one_is_refused) {
    uint8_t packed[512];
    size_t size = packed_text(packed, sizeof packed, small_bpe_text);
    Bpe plain = small_bpe(), b;
    CHECK(bpe_open_memory(&b, packed, size, "packed", SMALL_VOCABULARY, NULL) == VOXPERT_OK);
    CHECK(memcmp(b.pair, plain.pair, 8 * sizeof *b.pair) == 0);
    bpe_close(&b);
    bpe_close(&plain);

    Error error;
    for (size_t cut = 2; cut < size; cut++) {
        CHECK(bpe_open_memory(&b, packed, cut, "packed", SMALL_VOCABULARY, &error) ==
              VOXPERT_BAD_INPUT);
        CHECK(strstr(error.message, "packed: ") == error.message);
    }
    packed[size - 5] ^= 1; /* of the checksum */
    CHECK(bpe_open_memory(&b, packed, size, "packed", SMALL_VOCABULARY, &error) ==
          VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "checksum") && !b.pair && !b.slot);
}

TEST(a_file_is_found_by_its_path) {
    char path[] = "/tmp/voxpert_merges_XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0) abort();
    close(fd);
    Bpe b;
    CHECK(file_write(path, small_bpe_text, strlen(small_bpe_text), NULL) == VOXPERT_OK);
    CHECK(bpe_open(&b, path, SMALL_VOCABULARY, NULL) == VOXPERT_OK);
    bpe_close(&b);
    CHECK(file_write(path, "", 0, NULL) == VOXPERT_OK);
    Error error;
    CHECK(bpe_open(&b, path, SMALL_VOCABULARY, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, path) != NULL);
    unlink(path);
    CHECK(bpe_open(&b, path, SMALL_VOCABULARY, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, path) != NULL);
    bpe_close(&b);
}

/* ---- What is refused ------------------------------------------------------------------------ */

TEST(a_wrong_file_is_told_by_line_and_rule) {
    static const char *const pair = "merges, line 2: must be two tokens";
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "merges: the first line must name a #version"},
        {"l i\nli v\n", "merges: the first line must name a #version"},
        {"#version\n", "merges: ends after 0 merges, and a vocabulary of 516 tokens needs 2"},
        {"#version\nl i\n", "merges: ends after 1 merges"},
        {"#version\n\nl i\n", pair},
        {"#version\nli\nl v\n", pair},
        {"#version\n l\nl v\n", pair},
        {"#version\nl \nl v\n", pair},
        {"#version\nl  i\nl v\n", pair},
        {"#version\nl i v\nl v\n", pair},
        {"#version\nl i\nlv i\n", "merges, line 3: its first token comes from no line before"},
        {"#version\nl i\nl iv\n", "merges, line 3: its second token comes from no line before"},
        {"#version\nl i\r\nl v\n", "merges, line 2: its second token"},
        {"#version\nl i</w\nl v\n", "merges, line 2: its second token"},
        {"#version\nl li\nl i\n", "merges, line 2: its second token"},
        {"#version\n\xFF i\nl v\n", "merges, line 2: its first token"},
        {"#version\n\xC5\x84 i\nl v\n", "merges, line 2: its first token"}, /* one after the last */
        {"#version\n\xC3 i\nl v\n", "merges, line 2: its first token"},
        {"#version\nl i\nl i\n", "merges, line 3: its merge makes a token that is there already"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Bpe b;
        Error error = {0};
        Status status = open_text(&b, cases[i].text, BPE_LEAST + 2, &error);
        check_report(status == VOXPERT_BAD_INPUT && !b.pair && !b.slot, __FILE__, __LINE__,
                     "case %zu: status %d", i, (int)status);
        check_report(strstr(error.message, cases[i].message) == error.message, __FILE__, __LINE__,
                     "case %zu: %s", i, error.message);
    }
}

TEST(a_token_may_come_about_in_one_way_only) {
    Bpe b;
    Error error;
    CHECK(open_text(&b, "#version\na b\nb c\na bc\nab c\n", BPE_LEAST + 4, &error) ==
          VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "merges, line 5: its merge makes") == error.message);
}

TEST(a_vocabulary_holds_the_bytes_at_least) {
    Bpe b;
    Error error;
    CHECK(open_text(&b, "#version", BPE_LEAST - 1, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "514 tokens at least, not 513") != NULL);
    CHECK(open_text(&b, "#version", INT32_MAX, &error) == VOXPERT_BAD_INPUT); /* in little memory */
}

TEST(a_file_that_never_ends_is_refused) {
    enum { PACKED = 1 << 17 }; /* 64 MiB of one letter in a thousandth of it */
    uint8_t *packed = malloc(PACKED);
    char *text = malloc((64 << 20) + 1);
    if (!packed || !text) abort();
    memset(text, 'x', 64 << 20);
    text[64 << 20] = '\0';
    size_t size = packed_text(packed, PACKED, text);
    Bpe b;
    Error error;
    CHECK(bpe_open_memory(&b, packed, size, "bomb", BPE_LEAST, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "bomb: must unpack to less than 64 MiB") != NULL);
    free(text);
    free(packed);
}

/* ---- Memory --------------------------------------------------------------------------------- */

TEST(reading_survives_every_refusal_of_memory) {
    uint8_t packed[512];
    size_t size = packed_text(packed, sizeof packed, small_bpe_text);
    bool refused = true;
    for (size_t n = 1; refused; n++) {
        Bpe b;
        Error error;
        memory_fail_at(n, false);
        Status status = bpe_open_memory(&b, packed, size, "packed", SMALL_VOCABULARY, &error);
        refused = memory_requests() >= n;
        memory_fail_at(0, false);
        CHECK(status == (refused ? VOXPERT_OUT_OF_MEMORY : VOXPERT_OK));
        bpe_close(&b);
    }
}

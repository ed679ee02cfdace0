/* Histories and the files for TensorBoard. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"
#include "tests/train/tiny.h"
#include "train/events.h"
#include "train/history.h"

TEST(crc32c_is_castagnoli_s) {
    CHECK(crc32c("123456789", 9) == 0xE3069283u); /* the check value of its catalogue entry */
    CHECK(crc32c("", 0) == 0);
    uint32_t crc = 0xE3069283u;
    CHECK(crc32c_masked("123456789", 9) == ((crc >> 15 | crc << 17) + 0xA282EAD8u));
}

static uint64_t little_endian(const uint8_t *at, int bytes) {
    uint64_t x = 0;
    for (int i = 0; i < bytes; i++) x |= (uint64_t)at[i] << 8 * i;
    return x;
}

TEST(event_records_are_framed_by_their_checksums) {
    Events e = {0};
    events_begin(&e);
    events_scalar(&e, 1.5, 300, "training/loss", 0.25);
    size_t at = 0;
    int records = 0;
    while (at < e.size) {
        size_t length = (size_t)little_endian(e.bytes + at, 8);
        CHECK(little_endian(e.bytes + at + 8, 4) == crc32c_masked(e.bytes + at, 8));
        CHECK(little_endian(e.bytes + at + 12 + length, 4) ==
              crc32c_masked(e.bytes + at + 12, length));
        at += length + 16;
        records++;
    }
    CHECK(at == e.size && records == 2);
    /* Event{wall_time 1.5, step 300, summary{value{tag, 0.25}}}, byte by byte */
    static const uint8_t want[] = {0x09, 0,    0,    0,    0,    0,    0,    0xF8, 0x3F,
                                   0x10, 0xAC, 0x02, 0x2A, 0x16, 0x0A, 0x14, 0x0A, 0x0D,
                                   't',  'r',  'a',  'i',  'n',  'i',  'n',  'g',  '/',
                                   'l',  'o',  's',  's',  0x15, 0,    0,    0x80, 0x3E};
    CHECK(memcmp(e.bytes + e.size - 4 - sizeof want, want, sizeof want) == 0);
    events_free(&e);
}

TEST(a_history_is_read_back_up_to_a_step) {
    const char *out = tiny_folder("history");
    CHECK(folder_make(out, NULL) == VOXPERT_OK);
    History h;
    CHECK(history_open(&h, out, NULL, 0, NULL) == VOXPERT_OK);
    for (int i = 1; i <= 3; i++) {
        HistoryRow row = {.step = 20 * i,
                          .loss = 1.0 / i,
                          .dice = 0.1 * i,
                          .validated = i == 2,
                          .box = 0.5,
                          .score = 0.25};
        CHECK(history_add(&h, &row, NULL) == VOXPERT_OK);
    }
    CHECK(history_write(&h, NULL) == VOXPERT_OK);
    history_close(&h);
    CHECK(history_open(&h, out, NULL, 40, NULL) == VOXPERT_OK);
    CHECK(h.count == 2 && h.row[1].step == 40 && h.row[1].validated && !h.row[0].validated);
    CHECK(fabs(h.row[1].loss - 0.5) < 1e-9 && fabs(h.row[1].score - 0.25) < 1e-9);
    history_close(&h);
    char *path = path_join(out, "history.jsonl");
    CHECK(file_write(path, "{\"step\": 1}\n", 12, NULL) == VOXPERT_OK);
    Error error = {0};
    CHECK(history_open(&h, out, NULL, 40, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "line 1"));
    memory_free(path);
}

static bool holds(const char *folder, const char *name, const char *word) {
    char *path = path_join(folder, name);
    FileMap map = {0};
    bool ok = file_map(&map, path, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK &&
              map.size == strlen(word) && memcmp(map.bytes, word, map.size) == 0;
    file_unmap(&map);
    memory_free(path);
    return ok;
}

/* A set may be called "all", and have a comma and quotes in its name. */
TEST(usage_of_sets_with_odd_names_is_written_and_read_back) {
    static const char *const sets[] = {"all", "a,\"b\""};
    static const double usage[] = {0.5, 0.5, 0.25, 0.75, 1.0, 0.0};
    const HistoryExperts experts = {.experts = 2, .sets = 2, .set = sets};
    const char *out = tiny_folder("odd");
    History h;
    CHECK(folder_make(out, NULL) == VOXPERT_OK);
    CHECK(history_open(&h, out, &experts, 0, NULL) == VOXPERT_OK);
    CHECK(!history_add(&h, &(HistoryRow){.step = 10, .routed = true, .usage = usage}, NULL));
    CHECK(history_write(&h, NULL) == VOXPERT_OK);
    history_close(&h);
    CHECK(history_open(&h, out, &experts, 10, NULL) == VOXPERT_OK && h.count == 1);
    CHECK(h.count == 1 && memcmp(h.row[0].usage, usage, sizeof usage) == 0);
    history_close(&h);
    CHECK(holds(out, "routing.csv",
                "step,set,expert_1,expert_2\n10,all/sets,0.5,0.5\n10,all,0.25,0.75\n"
                "10,\"a,\"\"b\"\"\",1,0\n"));
}

/* Modalities have a column, rows of their own without a set, and a key of their own. */
TEST(usage_is_recorded_by_modality) {
    static const char *const sets[] = {"a", "b"}, *const modalities[] = {"ct"};
    static const int modality_of[] = {0, -1};
    static const double usage[] = {0.5, 0.5, 0.25, 0.75, 1.0, 0.0, 0.25, 0.75};
    const HistoryExperts experts = {.experts = 2,
                                    .sets = 2,
                                    .set = sets,
                                    .modalities = 1,
                                    .modality = modalities,
                                    .modality_of = modality_of};
    const char *out = tiny_folder("modality");
    History h;
    CHECK(folder_make(out, NULL) == VOXPERT_OK);
    CHECK(history_open(&h, out, &experts, 0, NULL) == VOXPERT_OK);
    CHECK(!history_add(&h, &(HistoryRow){.step = 10, .routed = true, .usage = usage}, NULL));
    CHECK(history_write(&h, NULL) == VOXPERT_OK);
    history_close(&h);
    CHECK(history_open(&h, out, &experts, 10, NULL) == VOXPERT_OK && h.count == 1);
    CHECK(h.count == 1 && memcmp(h.row[0].usage, usage, sizeof usage) == 0);
    history_close(&h);
    CHECK(holds(out, "routing.csv",
                "step,set,modality,expert_1,expert_2\n10,all,,0.5,0.5\n10,a,ct,0.25,0.75\n"
                "10,b,,1,0\n10,,ct,0.25,0.75\n"));
}

/* A program that reads its script, writes `word`, and ends with `code`. */
static void plant_gnuplot(const char *folder, const char *word, int code) {
    char text[200], *path = path_join(folder, "gnuplot");
    int n = snprintf(text, sizeof text, "#!/bin/sh\ncat >\"${0%%/*}/script\"\nprintf %s\nexit %d\n",
                     word, code);
    CHECK(file_write(path, text, (size_t)n, NULL) == VOXPERT_OK && chmod(path, 0755) == 0);
    memory_free(path);
}

TEST(curves_are_there_as_a_whole_or_as_they_were) {
    const char *out = tiny_folder("curves");
    char *before = memory_text(getenv("PATH"));
    CHECK(folder_make(out, NULL) == VOXPERT_OK && setenv("PATH", out, 1) == 0);
    History h;
    CHECK(history_open(&h, out, NULL, 0, NULL) == VOXPERT_OK);
    for (int i = 1; i <= 2; i++)
        CHECK(history_add(&h, &(HistoryRow){.step = i}, NULL) == VOXPERT_OK);
    bool drawn = false;
    plant_gnuplot(out, "whole", 0);
    CHECK(history_draw(&h, &drawn, NULL) == VOXPERT_OK && drawn);
    CHECK(holds(out, "curves.svg", "whole") && holds(out, "curves.png", "whole"));
    plant_gnuplot(out, "half", 1);
    CHECK(history_draw(&h, &drawn, NULL) == VOXPERT_OK && !drawn);
    CHECK(holds(out, "curves.svg", "whole") && holds(out, "curves.png", "whole"));
    FileNames names;
    CHECK(folder_list(&names, out, NULL) == VOXPERT_OK && names.count == 4);
    file_names_free(&names);
    history_close(&h);
    setenv("PATH", before, 1);
    memory_free(before);
}

/* What a resumed run notices, and what it may go on with. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "cases/data_record.h"
#include "tests/check.h"
#include "tests/stored.h"
#include "tests/train/tiny.h"
#include "tests/train/tiny_data.h"
#include "tests/train/watch.h"

enum { PICTURES = 4, PATH = 400 };

/* Folders for one test. */
typedef struct Place {
    char data[PATH], moved[PATH], out[PATH], option[PATH + 40];
    const char *list[1];
} Place;

static void within(char out[PATH], const char *folder, const char *name) {
    snprintf(out, PATH, "%.300s/%s", folder, name);
}

static void place_open(Place *p, const char *name) {
    const char *folder = tiny_folder(name);
    char elsewhere[PATH];
    within(elsewhere, folder, "elsewhere");
    CHECK(folder_make(elsewhere, NULL) == VOXPERT_OK);
    within(p->data, folder, "body");
    within(p->moved, elsewhere, "body");
    within(p->out, folder, "run");
    tiny_data_write(p->data, PICTURES, 0);
}

static void take(Place *p, const char *data, const char *option) {
    snprintf(p->option, sizeof p->option, "%s%s", data, option);
    p->list[0] = p->option;
}

static TrainOptions options_of(Place *p, const char *out) {
    TrainOptions o = tiny_options(out);
    take(p, p->data, ":train");
    o.data = p->list, o.folders = 1, o.shapes = 0;
    return o;
}

/* Half of a run; the options that go on with it. */
static TrainOptions begun(Place *p, const char *name) {
    place_open(p, name);
    TrainOptions o = options_of(p, p->out);
    Watch half = {.stop_at = 3};
    must(&o, &half);
    o.resume = true;
    return o;
}

static void refused(const TrainOptions *o, const char *words, const char *more) {
    Watch w = {0};
    Error error = {0};
    Status status = go(o, &w, &error);
    check_report(status == VOXPERT_BAD_INPUT && strstr(error.message, words) &&
                     strstr(error.message, more) && strstr(error.message, "state.safetensors"),
                 __FILE__, __LINE__, "want \"%s\" and \"%s\"; got %d: %s", words, more, (int)status,
                 error.message);
}

static void swap_files(const char *folder, const char *a, const char *b) {
    char first[PATH], second[PATH], aside[PATH];
    within(first, folder, a);
    within(second, folder, b);
    within(aside, folder, "aside");
    CHECK(rename(first, aside) == 0 && rename(second, first) == 0 && rename(aside, second) == 0);
}

/* An image, its mask and its regions. */
static void rename_case(const char *folder, const char *from, const char *to) {
    static const char *const inside[] = {"images", "masks", "regions"};
    for (int i = 0; i < 3; i++) {
        char part[PATH], old[PATH], new[PATH];
        within(part, folder, inside[i]);
        within(old, part, from);
        within(new, part, to);
        CHECK(rename(old, new) == 0);
    }
}

/* ---- Precision -------------------------------------------------------------------------- */

TEST(a_state_of_a_precision_that_is_unknown_is_refused) {
    Place p;
    char state[PATH], first[PATH];
    TrainOptions o = begun(&p, "precision");
    within(state, p.out, "state.safetensors");
    within(first, p.out, "first");
    CHECK(rename(state, first) == 0);
    stored_restate(first, state, "precision", "int8");
    Watch w = {0};
    Error error = {0};
    CHECK(go(&o, &w, &error) == VOXPERT_BAD_MODEL);
    CHECK(strstr(error.message, "state.safetensors: its metadata \"precision\" is \"int8\""));
    stored_restate(first, state, "precision", "f32");
    must(&o, &w);
}

/* ---- Data ------------------------------------------------------------------------------- */

TEST(data_and_folder_that_were_moved_are_the_same) {
    Place p;
    place_open(&p, "moved");
    const char *whole = tiny_folder("unmoved");
    TrainOptions o = options_of(&p, whole);
    Watch w = {0}, half = {.stop_at = 3};
    must(&o, &w);
    o = options_of(&p, p.out);
    must(&o, &half);
    CHECK(rename(p.data, p.moved) == 0);
    take(&p, p.moved, ":train");
    o.resume = true;
    must(&o, &w);
    CHECK(tiny_same_weights(whole, p.out));
    CHECK(rename(p.moved, p.data) == 0);
}

TEST(a_renamed_folder_goes_on_under_its_old_name) {
    Place p;
    place_open(&p, "renamed");
    char renamed[PATH], other[PATH];
    within(renamed, p.out, "../other \xC3\xA4 name");
    within(other, p.out, "../another");
    const char *whole = tiny_folder("unrenamed");
    TrainOptions o = options_of(&p, whole);
    Watch w = {0}, half = {.stop_at = 3}, goes_on = {0};
    must(&o, &w);
    o = options_of(&p, p.out);
    must(&o, &half);
    CHECK(rename(p.data, renamed) == 0);
    take(&p, renamed, ":train");
    o.resume = true;
    must(&o, &goes_on);
    CHECK(goes_on.warnings == 1 && strstr(goes_on.warned, "holds what the run was begun with as "
                                                          "\"body\""));
    CHECK(tiny_same_weights(whole, p.out));
    CHECK(rename(renamed, other) == 0);
    swap_files(other, "masks/case1.png", "masks/case2.png"); /* renamed and changed */
    take(&p, other, ":train");
    refused(&o, "other data than it was begun with", "body");
    swap_files(other, "masks/case1.png", "masks/case2.png");
    CHECK(rename(other, p.data) == 0);
}

TEST(a_changed_label_is_noticed) {
    Place p;
    TrainOptions o = begun(&p, "label");
    swap_files(p.data, "masks/case1.png", "masks/case2.png");
    refused(&o, "case \"body/case1\"", "has another image, other labels");
}

TEST(a_changed_image_is_noticed) {
    Place p;
    TrainOptions o = begun(&p, "image");
    swap_files(p.data, "images/case2.png", "images/case3.png");
    refused(&o, "case \"body/case2\"", "has another image, other labels");
}

TEST(changed_regions_are_noticed) {
    Place p;
    TrainOptions o = begun(&p, "regions");
    swap_files(p.data, "regions/case2.png", "masks/case0.png");
    refused(&o, "case \"body/case", "has another image, other labels");
}

TEST(a_case_that_went_or_came_is_noticed) {
    Place p;
    TrainOptions o = begun(&p, "went");
    rename_case(p.data, "case3.png", "case9.png");
    refused(&o, "case \"body/case3\"", "is no longer there");
    rename_case(p.data, "case9.png", "case3.png");
    tiny_data_write(p.data, PICTURES + 1, 0);
    refused(&o, "case \"body/case4\"", "is new");
}

TEST(another_part_and_another_option_are_noticed) {
    Place p;
    TrainOptions o = begun(&p, "part");
    take(&p, p.data, ":train:weight=2");
    refused(&o, "data set \"body\"", "has other options");
    take(&p, p.data, ":train:names=names.json");
    refused(&o, "data set \"body\"", "other names of its labels");
}

TEST(unchanged_data_go_on) {
    Place p;
    TrainOptions o = begun(&p, "unchanged");
    Watch w = {0};
    must(&o, &w);
    CHECK(w.warnings == 0);
}

/* ---- The record ------------------------------------------------------------------------- */

#define HASH  "0123456789abcdef0123456789abcdef "
#define OTHER "0123456789abcdef0123456789abcdee "

static void compare(const char *before, const char *now, const char *words) {
    Error error = {0};
    Status status = data_record_compare(before, now, "s", &error);
    check_report(words ? status == VOXPERT_BAD_INPUT && strstr(error.message, words)
                       : status == VOXPERT_OK,
                 __FILE__, __LINE__, "want \"%s\"; got %d: %s", words ? words : "", (int)status,
                 error.message);
}

TEST(records_are_compared_line_by_line) {
    compare("", "", NULL);
    compare("case " HASH "\"a\"\n", "case " HASH "\"a\"\n", NULL);
    compare("case " HASH "\"a\"\n", "case " OTHER "\"a\"\n", "case \"a\" has another image");
    compare("set " HASH "\"a\"\n", "set " OTHER "\"a\"\n", "data set \"a\" has other options");
    compare("case " HASH "\"a\"\n", "", "case \"a\" is no longer there");
    compare("", "case " HASH "\"a\"\n", "case \"a\" is new");
    compare("case " HASH "\"a\"\ncase " HASH "\"b\"\n", "case " HASH "\"b\"\ncase " HASH "\"a\"\n",
            "another place");
    compare("set " HASH "\"a\"\n", "case " HASH "\"a\"\n", "data set \"a\" is no longer there");
    compare("vocabulary " HASH "\"\"\n", "vocabulary " OTHER "\"\"\n",
            "the vocabulary of its texts");
    compare("network " HASH "\"\"\n", "", "the configuration of the model");
    compare("", "vocabulary " HASH "\"\"\n", "the vocabulary of its texts");
    compare("nonsense", "", "is damaged");
    compare("case " HASH "\"a\"\nnonsense\n", "case " HASH "\"a\"\n", "is damaged");
}

/* ---- The model -------------------------------------------------------------------------- */

TEST(another_base_is_noticed_and_the_same_may_lie_elsewhere) {
    const char *first = tiny_folder("base"), *second = tiny_folder("stranger");
    const char *out = tiny_folder("onbase");
    TrainOptions o = tiny_options(first);
    Watch w = {0}, half = {.stop_at = 3};
    must(&o, &w);
    o = tiny_options(second);
    o.seed = 2;
    must(&o, &w);
    char *base = path_join(first, "model.safetensors");
    char *copy = path_join(first, "copy.safetensors");
    char *other = path_join(second, "model.safetensors");
    CHECK(tiny_copy_file(base, copy));
    o = tiny_options(out);
    o.config = NULL, o.base = base;
    must(&o, &half);
    o.resume = true, o.base = other;
    refused(&o, "another base", "");
    CHECK(tiny_copy_file(other, base)); /* under the name of the first */
    o.base = base;
    refused(&o, "another base", "");
    o.base = copy;
    must(&o, &w);
    memory_free(base);
    memory_free(copy);
    memory_free(other);
}

static void put_in_header(const char *file, const char *from, const char *to) {
    FileMap map;
    CHECK(strlen(from) == strlen(to) &&
          file_map(&map, file, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
    uint8_t *bytes = memory_new(map.size);
    memcpy(bytes, map.bytes, map.size);
    uint8_t *at = memmem(bytes, map.size, from, strlen(from));
    CHECK(at != NULL);
    memcpy(at, to, strlen(to));
    CHECK(file_write(file, bytes, map.size, NULL) == VOXPERT_OK);
    file_unmap(&map);
    memory_free(bytes);
}

/* Weights do not show how many heads share them. */
TEST(another_configuration_of_the_same_weights_is_noticed) {
    const char *first = tiny_folder("headed"), *out = tiny_folder("onheaded");
    TrainOptions o = tiny_options(first);
    Watch w = {0}, half = {.stop_at = 3};
    must(&o, &w);
    char *base = path_join(first, "model.safetensors");
    o = tiny_options(out);
    o.config = NULL, o.base = base;
    must(&o, &half);
    put_in_header(base, "decoder.transformer.heads\\\": 2", "decoder.transformer.heads\\\": 4");
    o.resume = true;
    refused(&o, "the configuration of the model that it began from", "is not what");
    put_in_header(base, "decoder.transformer.heads\\\": 4", "decoder.transformer.heads\\\": 2");
    must(&o, &w);
    memory_free(base);
}

/* ---- Time ------------------------------------------------------------------------------- */

/* Makes the file say that the run took years: the last number of its position, in place. */
static void age(const char *folder) {
    Checkpoint *c = tiny_open(folder, "state.safetensors");
    char position[200];
    snprintf(position, sizeof position, "%s", checkpoint_metadata(c, "position"));
    checkpoint_close(c);
    char *path = path_join(folder, "state.safetensors");
    FileMap map;
    REQUIRE(file_map(&map, path, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
    uint8_t *bytes = memory_new(map.size);
    memcpy(bytes, map.bytes, map.size);
    uint8_t *at = memmem(bytes, map.size, position, strlen(position));
    size_t seconds = (size_t)(strrchr(position, ' ') - position) + 1;
    CHECK(at != NULL);
    memset(at + seconds, '9', strlen(position) - seconds);
    CHECK(file_write(path, bytes, map.size, NULL) == VOXPERT_OK);
    file_unmap(&map);
    memory_free(bytes);
    memory_free(path);
}

TEST(a_limit_of_time_does_not_count_earlier_parts_of_a_run) {
    const char *out = tiny_folder("nightly");
    TrainOptions o = tiny_options(out);
    Watch w = {0};
    TrainResult result = {0};
    must(&o, &w);
    age(out);
    o.resume = true, o.steps = 8, o.time_limit = 1e5;
    CHECK(train_run(&o, NULL, &result, NULL) == VOXPERT_OK);
    CHECK(!result.out_of_time && result.steps == 8);
    o.steps = 1000000, o.time_limit = 1e-7;
    CHECK(train_run(&o, NULL, &result, NULL) == VOXPERT_OK);
    CHECK(result.out_of_time && result.steps == 8);
}

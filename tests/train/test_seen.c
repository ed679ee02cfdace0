#include "assess/seen.h"
#include "base/quote.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"
#include "tests/data/small_set.h"

enum { CASES = 12 };

static void make_set(const SmallSet *s, const char *folder) {
    for (int i = 0; i < CASES; i++) {
        char name[64];
        uint8_t image[12], mask[12] = {0, 1, 1, 0, 1, 1};
        for (int k = 0; k < 12; k++) image[k] = (uint8_t)(9 * i + k);
        snprintf(name, sizeof name, "%s/images/case%d.png", folder, i);
        small_image(s, name, 4, 3, image);
        snprintf(name, sizeof name, "%s/masks/case%d.png", folder, i);
        small_image(s, name, 4, 3, mask);
    }
}

/* A checkpoint of no tensors that carries a record. */
static void open_model(Model *m, uint8_t bytes[4096], const SplitRecord *trained) {
    Text value = {0}, header = {0};
    Error error = {0};
    split_record_metadata(&value, trained);
    text_add(&header, "{\"__metadata__\": {\"" SPLIT_METADATA "\": ");
    text_add_quoted(&header, value.chars);
    text_add(&header, "}, \"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}");
    memset(bytes, 0, 4096);
    bytes[0] = (uint8_t)header.length, bytes[1] = (uint8_t)(header.length >> 8);
    CHECK(header.length + 12 < 4096);
    memcpy(bytes + 8, header.chars, header.length);
    *m = (Model){0};
    Status status =
        checkpoint_open_memory(&m->file, bytes, header.length + 12, "trained.safetensors", &error);
    check_report(!status, __FILE__, __LINE__, "%s", error.message);
    text_free(&value);
    text_free(&header);
}

static void open_data(Dataset *d, const SmallSet *s, const char *where) {
    Error error = {0};
    *d = (Dataset){0};
    Status status = dataset_add(d, small_path(s, where), &error);
    check_report(!status, __FILE__, __LINE__, "%s", error.message);
}

static size_t count_part(const Dataset *d, SplitPart part) {
    size_t count = 0;
    for (size_t i = 0; i < d->split.count; i++) count += d->split.item[i].part == part;
    return count;
}

TEST(a_renamed_folder_does_not_test_on_what_was_trained_on) {
    SmallSet s;
    Dataset skin, same, other;
    Model m;
    uint8_t bytes[4096];
    Error error = {0};
    small_set_open(&s);
    make_set(&s, "skin");
    make_set(&s, "alias");
    open_data(&skin, &s, "skin");
    open_model(&m, bytes, &skin.split);
    CHECK(count_part(&skin, SPLIT_TEST) > 0 && count_part(&skin, SPLIT_TRAIN) > 0);

    /* The same split under another name: the test part is new to the model. */
    open_data(&same, &s, "alias");
    CHECK(!seen_cases_check(&same, &m, SPLIT_TEST, &error) && same.warnings.count == 0);

    /* Another split: its test part was trained on. */
    open_data(&other, &s, "alias:split=1");
    CHECK(seen_cases_check(&other, &m, SPLIT_TEST, &error) == VOXPERT_BAD_INPUT);
    check_report(strstr(error.message, "trained.safetensors was trained on ") == error.message &&
                     strstr(error.message, "alias/case"),
                 __FILE__, __LINE__, "%s", error.message);
    CHECK(!seen_cases_check(&other, &m, SPLIT_PARTS, &error) && other.warnings.count == 1);
    CHECK(strstr(warnings_lines(&other.warnings), "of the 12 cases of part \"all\"") != NULL);
    dataset_free(&skin);
    dataset_free(&same);
    dataset_free(&other);
    checkpoint_close(m.file);
    small_set_close(&s);
}

TEST(a_base_counts_as_its_adapter_does) {
    SmallSet s;
    Dataset d;
    Model base, adapter = {0};
    uint8_t bytes[4096];
    SplitRecord nothing = {0};
    uint8_t more[4096];
    small_set_open(&s);
    make_set(&s, "skin");
    open_data(&d, &s, "skin:train");
    open_model(&base, bytes, &d.split);
    dataset_free(&d);
    open_data(&d, &s, "skin");
    open_model(&adapter, more, &nothing);
    CHECK(!seen_cases_check(&d, &adapter, SPLIT_TEST, NULL));
    adapter.base = base.file;
    CHECK(seen_cases_check(&d, &adapter, SPLIT_TEST, NULL) == VOXPERT_BAD_INPUT);
    checkpoint_close(base.file);
    checkpoint_close(adapter.file);
    dataset_free(&d);
    small_set_close(&s);
}

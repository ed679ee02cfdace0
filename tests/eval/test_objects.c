#include "eval/objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"
#include "tests/golden/picture.h"

/* The part of an image by version 1 of the rule. */
static SplitPart part_of(const char *set, const char *stem, bool by_patient) {
    char group[256];
    snprintf(group, sizeof group, "%.*s", (int)split_group_length(stem, by_patient), stem);
    return split_part(SPLIT_RULE_SET, set, group);
}

TEST(groups_fall_where_their_hash_says) {
    static const struct {
        const char *set, *stem;
        bool by_patient;
        SplitPart part;
    } known[] = {{"ct_liver", "10001_102", true, SPLIT_TRAIN},
                 {"ct_liver", "10001", false, SPLIT_TRAIN},
                 {"mr_heart", "patient001_frame01", true, SPLIT_TEST},
                 {"xr_shenzhen", "CHNCXR_0002_0", false, SPLIT_TRAIN},
                 {"us_breast", "1-benign_0804-s", false, SPLIT_TEST},
                 {"micro_nuclei", "003cee89357d", true, SPLIT_TEST}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        CHECK(part_of(known[i].set, known[i].stem, known[i].by_patient) == known[i].part);
}

/* FNV-1a 64 of the group alone, modulo 10, from Python. */
TEST(the_newest_rule_does_not_look_at_the_folder) {
    static const struct {
        const char *group;
        SplitPart part;
    } known[] = {{"10001", SPLIT_TRAIN},
                 {"patient001", SPLIT_TRAIN},
                 {"IMD002", SPLIT_TRAIN},
                 {"IMD003", SPLIT_VALIDATION},
                 {"e", SPLIT_VALIDATION}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        CHECK(split_part(SPLIT_RULE_DEFAULT, "a", known[i].group) == known[i].part);
        CHECK(split_part(SPLIT_RULE_GROUP, "b", known[i].group) == known[i].part);
    }
}

static void count_parts(const char *set, bool by_patient, size_t parts[3]) {
    char relative[128], stem[256];
    FileNames names;
    snprintf(relative, sizeof relative, "data/2d/%s/images", set);
    parts[0] = parts[1] = parts[2] = 0;
    CHECK(!folder_list(&names, check_shared(relative), NULL));
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.name[i];
        snprintf(stem, sizeof stem, "%.*s", (int)(strlen(name) - strlen(path_extension(name))),
                 name);
        parts[part_of(set, stem, by_patient)]++;
    }
    file_names_free(&names);
}

TEST(the_sets_are_split_as_the_python_rule_splits_them) {
    static const struct {
        const char *set;
        bool by_patient;
        size_t train, validation, test;
    } known[] = {{"ct_liver", true, 208, 30, 74},      {"mr_prostate", true, 26, 3, 7},
                 {"xr_shenzhen", false, 164, 27, 49},  {"us_breast", false, 21, 3, 12},
                 {"derm_ph2", false, 86, 6, 28},       {"endo_kvasir", false, 65, 13, 22},
                 {"fundus_drishti", false, 24, 1, 11}, {"micro_nuclei", false, 63, 11, 16},
                 {"micro_wbc", false, 202, 32, 66}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t parts[3];
        count_parts(known[i].set, known[i].by_patient, parts);
        bool same = parts[SPLIT_TRAIN] == known[i].train &&
                    parts[SPLIT_VALIDATION] == known[i].validation &&
                    parts[SPLIT_TEST] == known[i].test;
        check_report(same, __FILE__, __LINE__, "%s: %zu %zu %zu", known[i].set, parts[SPLIT_TRAIN],
                     parts[SPLIT_VALIDATION], parts[SPLIT_TEST]);
    }
}

/* ---- Objects ------------------------------------------------------------------------------ */

enum { H = 4, W = 8 };
static const size_t size[3] = {1, H, W};
static const ObjectRule all = {OBJECTS_COMPONENTS, 1, UINT16_MAX, 1};

/* Two pieces of 1, a ring of 2 around 3, and one pixel of 300. */
static const uint16_t map[H * W] = {1, 0, 0, 2, 2, 2, 0, 1, 0, 1, 0, 2, 3, 2,   0, 1,
                                    0, 0, 0, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 300, 0, 0};

TEST(each_piece_of_each_value_is_an_object) {
    Objects o;
    uint8_t mask[H * W];
    CHECK(!objects_find(&o, map, size, all, NULL));
    CHECK(o.count == 5);
    const uint16_t values[] = {1, 1, 2, 3, 300};
    const size_t voxels[] = {2, 2, 8, 1, 1};
    for (size_t i = 0; i < 5; i++)
        CHECK(o.object[i].value == values[i] && o.object[i].voxels == voxels[i]);
    double box[4];
    object_box(&o.object[2], box);
    CHECK(box[0] <= 3.0 && box[0] >= 3.0 && box[1] <= 0.0 && box[2] >= 5.0 && box[3] >= 2.0);
    objects_mask(&o, 1, H * W, mask);
    CHECK(mask[7] == 1 && mask[15] == 1 && mask[0] == 0);
    objects_free(&o);
}

TEST(merged_values_count_as_one) {
    Objects o;
    ObjectRule disc = {OBJECTS_MERGED, 2, 3, 1};
    CHECK(!objects_find(&o, map, size, disc, NULL));
    CHECK(o.count == 1 && o.object[0].value == 2 && o.object[0].voxels == 9);
    CHECK(o.label[1 * W + 4] == 1 && o.label[0] == 0);
    objects_free(&o);
}

TEST(an_instance_is_one_object_in_any_number_of_pieces) {
    Objects o;
    ObjectRule rule = {OBJECTS_INSTANCES, 1, UINT16_MAX, 2};
    CHECK(!objects_find(&o, map, size, rule, NULL));
    CHECK(o.count == 2 && o.object[0].value == 1 && o.object[0].voxels == 4);
    CHECK(o.object[0].low[2] == 0 && o.object[0].high[2] == 7 && o.object[0].high[1] == 1);
    CHECK(o.label[0] == 1 && o.label[15] == 1 && o.label[3] == 2 && o.label[12] == 0);
    objects_free(&o);
}

TEST(objects_have_at_least_a_two_thousandth_of_the_image) {
    CHECK(objects_least((size_t[]){1, 256, 256}) == 33); /* 32.768 */
    CHECK(objects_least((size_t[]){1, 300, 400}) == 60);
    enum { SIDE = 100 };
    uint16_t *values = calloc(SIDE * SIDE, sizeof *values);
    Objects o;
    for (int i = 0; i < 4; i++) values[i] = 1;
    for (int i = 0; i < 5; i++) values[3 * SIDE + i] = 1;
    CHECK(!objects_find(&o, values, (size_t[]){1, SIDE, SIDE},
                        (ObjectRule){OBJECTS_COMPONENTS, 1, 1, 0}, NULL));
    CHECK(o.count == 1 && o.object[0].voxels == 5 && o.object[0].low[1] == 3);
    objects_free(&o);
    free(values);
}

TEST(volumes_use_all_26_neighbours) {
    uint16_t values[3 * 3 * 3] = {0};
    Objects o;
    values[0] = values[13] = values[26] = 5;
    CHECK(!objects_find(&o, values, (size_t[]){3, 3, 3}, all, NULL));
    CHECK(o.count == 1 && o.object[0].voxels == 3 && o.object[0].high[0] == 2);
    objects_free(&o);
}

TEST(nuclei_are_found_by_their_instance_ids) {
    Extent e = {0};
    uint16_t *values =
        picture_read_labels(check_shared("data/2d/micro_nuclei/masks/0402a81e7526.png"), &e);
    Objects o;
    ObjectRule rule = {OBJECTS_INSTANCES, 1, UINT16_MAX, 0};
    CHECK(values && !objects_find(&o, values, (size_t[]){1, e.height, e.width}, rule, NULL));
    size_t sum = 0, labelled = 0;
    for (size_t i = 0; i < o.count; i++) {
        sum += o.object[i].voxels;
        CHECK(o.object[i].voxels >= objects_least((size_t[]){1, e.height, e.width}));
    }
    for (size_t i = 0; i < extent_pixels(e); i++) labelled += o.label[i] != 0;
    CHECK(o.count > 5 && sum == labelled);
    objects_free(&o);
    free(values);
}

TEST(a_jittered_box_stays_near_and_inside) {
    Random random = random_begin(1, 0, 0, 0);
    double lowest = 100.0, highest = 0.0;
    for (int i = 0; i < 500; i++) {
        double box[4] = {30.0, 2.0, 89.0, 51.0}; /* 60 x 50: at most 3 and 2 pixels */
        box_jitter(box, (Extent){53, 200}, &random);
        CHECK(box[0] >= 27.0 && box[0] <= 33.0 && box[2] >= 86.0 && box[2] <= 92.0);
        CHECK(box[1] >= 0.0 && box[1] <= 4.0 && box[3] >= 49.0 && box[3] <= 52.0);
        lowest = box[0] < lowest ? box[0] : lowest;
        highest = box[0] > highest ? box[0] : highest;
    }
    CHECK(lowest <= 27.0 && highest >= 33.0); /* both ends occur */
    CHECK(random.counter >= 2000);
}

TEST(every_failed_allocation_is_reported_and_leaks_nothing) {
    static const ObjectKind kinds[] = {OBJECTS_COMPONENTS, OBJECTS_MERGED, OBJECTS_INSTANCES};
    for (size_t k = 0; k < 3; k++) {
        Status status = VOXPERT_OUT_OF_MEMORY;
        for (size_t n = 1; status == VOXPERT_OUT_OF_MEMORY; n++) {
            Objects o;
            ObjectRule rule = {kinds[k], 1, UINT16_MAX, 1};
            memory_fail_at(n, false);
            status = objects_find(&o, map, size, rule, NULL);
            CHECK(status == VOXPERT_OK || (o.label == NULL && o.object == NULL));
            objects_free(&o);
        }
        CHECK(status == VOXPERT_OK);
    }
    memory_fail_at(0, false);
}

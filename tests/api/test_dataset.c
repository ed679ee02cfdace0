#include <string.h>

#include <voxpert/dataset.h>
#include <voxpert/voxpert.h>

#include "tests/check.h"
#include "tests/data/small_set.h"

TEST(findings_come_with_rule_remedy_and_place) {
    SmallSet s;
    VoxpertDataset *set;
    VoxpertFinding f;
    VoxpertError error;
    small_set_open(&s);
    small_nnunet(&s);
    small_image(&s, "labelsTr/c_1.png", 4, 3, (const uint8_t[12]){0, 7});
    CHECK(!voxpert_dataset_open(&set, s.folder, NULL, &error));
    CHECK(voxpert_dataset_cases(set) == 3 && !voxpert_dataset_finding(set, 0, &f));
    CHECK(!voxpert_dataset_check(set, NULL, NULL, &error));
    CHECK(voxpert_dataset_finding(set, 0, &f) && !voxpert_dataset_finding(set, 1, &f));
    CHECK(strcmp(f.file, "labelsTr/c_1.png") == 0 && f.rule && f.remedy && f.detail && !f.warning);
    CHECK(strcmp(f.facts, "{\"value\":7,\"voxels\":1}") == 0);
    voxpert_dataset_close(set);
    small_set_close(&s);
}

TEST(a_description_is_json_of_its_cases) {
    SmallSet s;
    VoxpertDataset *set;
    char *text;
    small_set_open(&s);
    small_nnunet(&s);
    CHECK(!voxpert_dataset_open(&set, s.folder, NULL, NULL));
    CHECK(!voxpert_dataset_describe(set, &text, NULL));
    json_t *json = json_loads(text, 0, NULL);
    CHECK(json_array_size(json_object_get(json, "cases")) == 3);
    CHECK(json_array_size(json_object_get(json, "labels")) == 3);
    CHECK(strcmp(json_string_value(json_object_get(json, "format")), "nnunet") == 0);
    json_decref(json);
    voxpert_free(text);
    voxpert_dataset_close(set);
    small_set_close(&s);
}

TEST(misuse_of_data_sets_is_refused) {
    VoxpertDataset *set;
    char *text;
    CHECK(voxpert_dataset_open(&set, NULL, NULL, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_dataset_open(&set, ".", &(VoxpertDatasetOptions){.fold = -1}, NULL) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_dataset_check(NULL, NULL, NULL, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_dataset_describe(NULL, &text, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_dataset_cases(NULL) == 0 && !voxpert_dataset_finding(NULL, 0, NULL));
    voxpert_dataset_close(NULL);
}

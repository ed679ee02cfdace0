#include "data/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "data/check.h"
#include "data/load.h"
#include "tests/check.h"
#include "tests/data/small_set.h"

static const CatalogCase *named(const Catalog *c, const char *name) {
    for (size_t i = 0; i < c->cases; i++) {
        if (strcmp(c->item[i].name, name) == 0) return &c->item[i];
    }
    return NULL;
}

static void opened(Catalog *c, const char *path) {
    Error error = {0};
    Status status = catalog_open(c, path, NULL, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
}

/* The layers of a case; false, and a failure: they cannot be read. */
static bool layers_of(LabelLayers *l, const Catalog *c, const CatalogCase *item) {
    Volume *image = NULL;
    Error error = {0};
    *l = (LabelLayers){0};
    Status status = case_image(&image, item, 0, &error);
    if (!status) status = case_labels(l, c, item, image, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
    volume_free(image);
    return !status;
}

TEST(folder_pairs_are_joined_by_stem) {
    SmallSet s;
    Catalog c;
    small_set_open(&s);
    small_image(&s, "images/b.png", 4, 3, NULL);
    small_image(&s, "images/a.png", 4, 3, NULL);
    small_image(&s, "masks/a.bmp", 4, 3, NULL);
    small_image(&s, "masks/c.png", 4, 3, NULL);
    opened(&c, s.folder);
    CHECK(c.format == DATA_PAIRS && c.cases == 2);
    CHECK(strcmp(c.item[0].name, "a") == 0 && c.item[0].form == LABELS_MAP);
    CHECK(strcmp(catalog_relative(&c, c.item[0].label[0]), "masks/a.bmp") == 0);
    CHECK(c.item[1].form == LABELS_NONE && !c.item[1].listed);
    CHECK(c.findings == 2 && c.finding[0].rule == RULE_HAS_LABEL && !c.finding[0].warning);
    CHECK(c.finding[1].rule == RULE_HAS_IMAGE && c.finding[1].warning);
    CHECK(catalog_verdict(&c, NULL) == VOXPERT_BAD_INPUT);
    catalog_close(&c);
    small_set_close(&s);
}

TEST(nnunet_folds_give_the_parts) {
    SmallSet s;
    Catalog c;
    Error error = {0};
    small_set_open(&s);
    small_nnunet(&s);
    small_image(&s, "imagesTs/t_0000.png", 4, 3, NULL);
    opened(&c, s.folder);
    CHECK(c.format == DATA_NNUNET && c.cases == 4 && c.findings == 0 && c.labels == 3);
    CHECK(!named(&c, "c_1")->listed && named(&c, "t")->listed &&
          named(&c, "t")->part == SPLIT_TEST);
    catalog_close(&c);

    small_text(&s, "splits_final.json",
               "[{\"train\": [\"c_1\", \"c_2\"], \"val\": [\"c_3\"]}, {\"train\": [\"c_2\"], "
               "\"val\": [\"c_1\"]}]");
    opened(&c, s.folder);
    CHECK(c.folds == 2 && named(&c, "c_3")->part == SPLIT_VALIDATION);
    CHECK(named(&c, "c_1")->part == SPLIT_TRAIN && named(&c, "c_1")->listed);
    catalog_close(&c);
    REQUIRE(!catalog_open(&c, s.folder, &(CatalogOptions){.fold = 1}, &error));
    CHECK(named(&c, "c_1")->part == SPLIT_VALIDATION && named(&c, "c_3")->part == SPLIT_TEST);
    catalog_close(&c);
    CHECK(catalog_open(&c, s.folder, &(CatalogOptions){.fold = 2}, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "folds 0 to 1"));
    small_set_close(&s);
}

TEST(regions_overlap_and_ignored_voxels_are_no_object) {
    SmallSet s;
    Catalog c;
    LabelLayers l;
    small_set_open(&s);
    small_nnunet(&s);
    small_text(&s, "dataset.json",
               "{\"channel_names\": {\"0\": \"CT\"}, \"labels\": {\"background\": 0, \"cell\": [1, "
               "2], \"core\": 2, \"ignore\": 3}, \"regions_class_order\": [1, 2], \"numTraining\": "
               "3, \"file_ending\": \".png\"}");
    const uint8_t label[12] = {1, 2, 3, 0, 2};
    small_image(&s, "labelsTr/c_1.png", 4, 3, label);
    opened(&c, s.folder);
    CHECK(c.findings == 0);
    if (layers_of(&l, &c, named(&c, "c_1"))) {
        CHECK(l.count == 2 && l.values == 4 && !l.whole);
        CHECK(l.voxel[0] == 0 && l.voxel[1] == 3 && l.voxel[2] == 2 && l.voxel[3] == 0);
        CHECK(l.layer[0][0] == 2 && l.layer[0][1] == 2 && l.layer[1][1] == 3 && l.layer[0][2] == 0);
    }
    label_layers_free(&l);
    catalog_close(&c);
    small_set_close(&s);
}

TEST(sam_med2d_lists_turn_masks_into_objects) {
    SmallSet s;
    Catalog c;
    LabelLayers l;
    const uint8_t one[12] = {0, 255, 255}, two[12] = {0, 0, 1, 1};
    small_set_open(&s);
    small_image(&s, "images/a.png", 4, 3, NULL);
    small_image(&s, "images/b.png", 4, 3, NULL);
    small_image(&s, "masks/a_0.png", 4, 3, one);
    small_image(&s, "masks/a_1.png", 4, 3, two);
    small_text(&s, "image2label_train.json",
               "{\"images/a.png\": [\"masks/a_0.png\", \"masks/a_1.png\"]}");
    small_text(&s, "label2image_test.json", "{\"masks/a_0.png\": \"images/b.png\"}");
    opened(&c, small_path(&s, "image2label_train.json"));
    CHECK(c.format == DATA_SAM_MED2D && c.cases == 2 && c.findings == 0);
    CHECK(c.item[0].part == SPLIT_TRAIN && c.item[1].part == SPLIT_TEST && c.item[1].labels == 1);
    if (layers_of(&l, &c, &c.item[0]))
        CHECK(l.whole && l.count == 2 && l.voxel[0] == 2 && l.voxel[1] == 2);
    label_layers_free(&l);
    catalog_close(&c);
    small_set_close(&s);
}

TEST(paths_of_lists_written_one_folder_above_are_found) {
    SmallSet s;
    Catalog c;
    small_set_open(&s);
    small_image(&s, "demo/images/a.png", 4, 3, NULL);
    small_text(&s, "demo/image2label_train.json", "{\"demo/images/a.png\": []}");
    opened(&c, small_path(&s, "demo"));
    CHECK(c.findings == 0 && file_exists(c.item[0].image[0]));
    catalog_close(&c);
    small_set_close(&s);
}

static const char imis_json[] =
    "{\"labels\": {\"0\": \"background\", \"1\": \"a\", \"2\": \"b\"}, \"training\": [{\"image\": "
    "\"image/x.png\", \"label\": \"label/x.(2, 3, 4, 1).npz\"}], \"test\": []}";

TEST(csr_rows_are_labels) {
    SmallSet s;
    Catalog c;
    LabelLayers l;
    small_set_open(&s);
    small_image(&s, "image/x.png", 4, 3, NULL);
    small_csr(&s, "label/x.(2, 3, 4, 1).npz", (const int32_t[]){0, 1, 5, 5, 11}, 5, 3);
    small_text(&s, "dataset.json", imis_json);
    opened(&c, s.folder);
    CHECK(c.format == DATA_IMIS && c.cases == 1 && c.findings == 0 && c.labels == 3);
    if (layers_of(&l, &c, &c.item[0])) {
        CHECK(l.values == 2 && l.voxel[0] == 3 && l.voxel[1] == 2 && l.count == 2);
        CHECK(l.layer[0][5] == 1 && l.layer[1][5] == 2 && l.layer[1][11] == 2);
    }
    label_layers_free(&l);
    catalog_close(&c);
    small_set_close(&s);
}

TEST(a_challenge_file_tells_colours_from_depth_by_its_labels) {
    SmallSet s;
    Catalog c;
    const uint8_t bytes[36] = {0};
    small_set_open(&s);
    const SmallArray flat[] = {{"imgs", "|u1", 3, {3, 4, 3}, bytes, 36},
                               {"gts", "|u1", 2, {3, 4}, bytes, 12}};
    const SmallArray deep[] = {{"imgs", "|u1", 3, {3, 4, 3}, bytes, 36},
                               {"gts", "|u1", 3, {3, 4, 3}, bytes, 36}};
    small_npz(&s, "flat.npz", flat, 2);
    small_npz(&s, "deep.npz", deep, 2);
    small_npz(&s, "to_do.npz", deep, 1);
    opened(&c, s.folder);
    CHECK(c.format == DATA_CHALLENGE && c.cases == 3);
    CHECK(named(&c, "to_do")->form == LABELS_NONE && named(&c, "deep")->form == LABELS_ARRAY);
    Volume *v = NULL;
    CHECK(!case_image(&v, named(&c, "flat"), 0, NULL) && v->channels == 3 && v->depth == 1);
    volume_free(v);
    v = NULL;
    CHECK(!case_image(&v, named(&c, "deep"), 0, NULL) && v->channels == 1 && v->depth == 3);
    volume_free(v);
    catalog_close(&c);
    opened(&c, small_path(&s, "flat.npz"));
    CHECK(c.cases == 1 && strcmp(c.name, "flat") == 0);
    catalog_close(&c);
    small_set_close(&s);
}

TEST(coco_annotations_are_outlines_or_run_lengths) {
    SmallSet s;
    Catalog c;
    LabelLayers l;
    small_set_open(&s);
    small_image(&s, "train/a.png", 4, 3, NULL);
    small_text(
        &s, "annotations/instances_train.json",
        "{\"images\": [{\"id\": 7, \"file_name\": \"a.png\", \"height\": 3, \"width\": 4}], "
        "\"annotations\": [{\"image_id\": 7, \"category_id\": 2, \"segmentation\": [[1, 0, 3, 0, "
        "3, 2, 1, 2]]}, {\"image_id\": 7, \"category_id\": 2, \"segmentation\": {\"size\": [3, 4], "
        "\"counts\": [10, 2]}}], \"categories\": [{\"id\": 2, \"name\": \"cell\"}]}");
    opened(&c, s.folder);
    CHECK(c.format == DATA_COCO && c.cases == 1 && c.findings == 0 && c.labels == 1);
    CHECK(c.item[0].listed && c.item[0].part == SPLIT_TRAIN && c.item[0].shapes == 2);
    if (layers_of(&l, &c, &c.item[0])) {
        CHECK(l.whole && l.voxel[0] == 4 && l.voxel[1] == 2 && l.count == 1);
        CHECK(l.layer[0][1] == 1 && l.layer[0][6] == 1 && l.layer[0][7] == 2 && !l.layer[0][8]);
    }
    label_layers_free(&l);
    catalog_close(&c);
    small_set_close(&s);
}

TEST(crowds_are_no_objects_and_other_lists_are_named_as_they_are) {
    SmallSet s;
    Catalog c;
    LabelLayers l;
    Error error = {0};
    small_set_open(&s);
    small_image(&s, "a.png", 4, 3, NULL);
    small_text(&s, "coco.json",
               "{\"images\": [{\"id\": 1, \"file_name\": \"a.png\"}], \"annotations\": "
               "[{\"image_id\": 1, \"iscrowd\": 1, \"segmentation\": {\"size\": [3, 4], "
               "\"counts\": [0, 12]}}, {\"image_id\": 1, \"segmentation\": [[0, 0, 2, 0, 2, 1, 0, "
               "1]]}]}");
    opened(&c, small_path(&s, "coco.json"));
    if (layers_of(&l, &c, &c.item[0])) CHECK(l.voxel[0] == 0 && l.voxel[1] == 2 && l.count == 1);
    label_layers_free(&l);
    catalog_close(&c);
    small_text(&s, "lists/few.json", "{\"data\": \"../coco.json\", \"cases\": [\"b.png\"]}");
    opened(&c, small_path(&s, "lists/few.json"));
    CHECK(catalog_verdict(&c, &error) == VOXPERT_BAD_INPUT);
    const char *named_list = strstr(error.message, s.folder);
    CHECK(named_list && !strstr(named_list + 1, s.folder) &&
          strstr(error.message, "lists/few.json"));
    catalog_close(&c);
    small_set_close(&s);
}

TEST(sam_med3d_folders_tell_part_and_class) {
    SmallSet s;
    Catalog c;
    small_set_open(&s);
    small_image(&s, "train/liver/ct_a/imagesTr/x.png", 4, 3, NULL);
    small_image(&s, "train/liver/ct_a/labelsTr/x.png", 4, 3, NULL);
    small_image(&s, "train/spleen/ct_a/imagesTr/x.png", 4, 3, NULL);
    small_image(&s, "train/spleen/ct_a/labelsTr/x.png", 4, 3, NULL);
    small_image(&s, "validation/liver/ct_a/imagesTr/y.png", 4, 3, NULL);
    opened(&c, s.folder);
    CHECK(c.format == DATA_SAM_MED3D && c.cases == 3 && c.findings == 1);
    CHECK(c.finding[0].rule == RULE_HAS_LABEL);
    CHECK(named(&c, "train/liver/ct_a/x") && named(&c, "train/spleen/ct_a/x"));
    CHECK(named(&c, "validation/liver/ct_a/y")->part == SPLIT_VALIDATION);
    catalog_close(&c);
    small_set_close(&s);
}

TEST(a_folder_whose_name_holds_control_characters_is_refused) {
    SmallSet s;
    Catalog c;
    Error error = {0};
    small_set_open(&s);
    small_image(&s, "a\nb/images/1.png", 4, 3, NULL);
    small_image(&s, "a\nb/masks/1.png", 4, 3, NULL);
    CHECK(catalog_open(&c, small_path(&s, "a\nb"), NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "rename its folder") != NULL);
    small_set_close(&s);
}

TEST(a_list_picks_cases_and_their_parts) {
    SmallSet s;
    Catalog c;
    Error error = {0};
    small_set_open(&s);
    small_nnunet(&s);
    remove(small_path(&s, "labelsTr/c_2.png")); /* what is left out does not matter */
    small_text(&s, "lists/best.json",
               "{\"data\": \"..\", \"cases\": [{\"name\": \"c_3\", \"part\": \"test\"}, \"c_1\"]}");
    opened(&c, small_path(&s, "lists/best.json"));
    CHECK(c.cases == 2 && c.format == DATA_NNUNET && strcmp(c.name, "best") == 0);
    CHECK(strcmp(c.item[0].name, "c_3") == 0 && c.item[0].part == SPLIT_TEST && c.item[0].listed);
    CHECK(strcmp(c.item[1].name, "c_1") == 0 && !c.item[1].listed);
    CHECK(catalog_verdict(&c, &error) == VOXPERT_OK);
    catalog_close(&c);

    small_text(&s, "lists/best.json",
               "{\"name\": \"good\", \"data\": \"..\", \"cases\": [\"c_1\"]}");
    opened(&c, small_path(&s, "lists/best.json"));
    CHECK(c.cases == 1 && strcmp(c.name, "good") == 0);
    catalog_close(&c);
    const char *const hostile[] = {"x\\nsystem 'touch PWNED'\\n#", "a\\u001b[2J", "\\u007f",
                                   "\\u009b31m", "\\u202eevil"};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        char list[128];
        snprintf(list, sizeof list, "{\"name\": \"%s\", \"data\": \"..\", \"cases\": [\"c_1\"]}",
                 hostile[i]);
        small_text(&s, "lists/best.json", list);
        CHECK(catalog_open(&c, small_path(&s, "lists/best.json"), NULL, &error) ==
              VOXPERT_BAD_INPUT);
        CHECK(strstr(error.message, "control character") != NULL);
    }
    const char *const no_names[] = {"7", "\"\"", "\"a/b\"", "\"..\""};
    for (size_t i = 0; i < sizeof no_names / sizeof *no_names; i++) {
        char list[128];
        snprintf(list, sizeof list, "{\"name\": %s, \"data\": \"..\", \"cases\": []}", no_names[i]);
        small_text(&s, "lists/best.json", list);
        CHECK(catalog_open(&c, small_path(&s, "lists/best.json"), NULL, &error) ==
              VOXPERT_BAD_INPUT);
        CHECK(strstr(error.message, "field name"));
    }

    small_text(&s, "lists/best.json", "{\"data\": \"..\", \"cases\": [\"c_9\"]}");
    opened(&c, small_path(&s, "lists/best.json"));
    CHECK(catalog_verdict(&c, &error) == VOXPERT_BAD_INPUT);
    catalog_close(&c);
    small_text(&s, "lists/best.json", "{\"cases\": []}");
    CHECK(catalog_open(&c, small_path(&s, "lists/best.json"), NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "field data"));
    small_text(&s, "lists/best.json", "{\"data\": \"best.json\", \"cases\": []}");
    CHECK(catalog_open(&c, small_path(&s, "lists/best.json"), NULL, &error) == VOXPERT_BAD_INPUT);
    small_set_close(&s);
}

TEST(what_is_no_data_set_is_refused_in_a_sentence) {
    SmallSet s;
    Catalog c;
    Error error = {0};
    small_set_open(&s);
    CHECK(catalog_open(&c, small_path(&s, "nothing"), NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "no such file"));
    CHECK(catalog_open(&c, s.folder, NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "images"));
    small_text(&s, "a.json", "{\"a\": 1}");
    CHECK(catalog_open(&c, small_path(&s, "a.json"), NULL, &error) == VOXPERT_BAD_INPUT);
    small_text(&s, "b.json", "{\n\n\"a\": }");
    CHECK(catalog_open(&c, small_path(&s, "b.json"), NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "line 3"));
    small_text(&s, "c.txt", "");
    CHECK(catalog_open(&c, small_path(&s, "c.txt"), NULL, &error) == VOXPERT_BAD_INPUT);
    small_set_close(&s);
}

TEST(patients_are_told_by_numbers_or_by_request) {
    Catalog c = {0};
    CHECK(catalog_patient(&c, "10023_7") == 5 && catalog_patient(&c, "patient001_2") == 10);
    CHECK(catalog_patient(&c, "hippocampus_049") == 0 && catalog_patient(&c, "a12_1") == 0);
    CHECK(catalog_patient(&c, "10023") == 0);
    c.options.patient = true;
    CHECK(catalog_patient(&c, "wbc_006") == 3 && catalog_patient(&c, "10023") == 5);
}

/* Every request for memory refused in turn: opening, checking, reading the labels. */
static void survives(const char *path, size_t cases) {
    bool done = false;
    for (size_t n = 1; !done && n < 4000; n++) {
        Catalog c;
        Error error = {0};
        memory_fail_at(n, false);
        Status status = catalog_open(&c, path, NULL, &error);
        if (!status) status = catalog_check(&c, NULL, NULL, &error);
        for (size_t i = 0; !status && i < c.cases; i++) {
            Volume *image;
            LabelLayers layers = {0};
            status = case_image(&image, &c.item[i], 0, &error);
            if (!status) status = case_labels(&layers, &c, &c.item[i], image, &error);
            label_layers_free(&layers);
            volume_free(image);
        }
        done = memory_requests() < n;
        memory_fail_at(0, false);
        check_report(status == VOXPERT_OUT_OF_MEMORY || done, __FILE__, __LINE__,
                     "%s, request %zu: status %d %s", path, n, (int)status, error.message);
        if (done) CHECK(status == VOXPERT_OK && c.findings == 0 && c.cases == cases);
        catalog_close(&c);
    }
    CHECK(done);
}

TEST(a_failed_allocation_leaves_nothing_behind) {
    SmallSet s;
    const uint8_t mask[12] = {0, 1}, other[12] = {7, 8};
    small_set_open(&s);
    small_nnunet(&s);
    small_text(&s, "splits_final.json", "[{\"train\": [\"c_1\"], \"val\": [\"c_2\", \"c_3\"]}]");
    small_text(&s, "list.json", "{\"data\": \".\", \"cases\": [\"c_1\", \"c_2\"]}");
    survives(small_path(&s, "list.json"), 2);

    small_image(&s, "pairs/images/a.png", 4, 3, NULL);
    small_image(&s, "pairs/labels/a.png", 4, 3, mask);
    survives(small_path(&s, "pairs"), 1);

    small_image(&s, "med2d/1001_a.png", 4, 3, NULL);
    small_image(&s, "med2d/1002_a.png", 4, 3, other);
    small_image(&s, "med2d/m.png", 4, 3, mask);
    small_text(&s, "med2d/image2label_train.json", "{\"1001_a.png\": [\"m.png\", \"m.png\"]}");
    small_text(&s, "med2d/label2image_test.json", "{\"m.png\": \"1002_a.png\"}");
    survives(small_path(&s, "med2d"), 2);

    small_image(&s, "imis/image/x.png", 4, 3, NULL);
    small_csr(&s, "imis/label/x.(2, 3, 4, 1).npz", (const int32_t[]){0, 1, 0}, 3, 2);
    small_text(&s, "imis/dataset.json", imis_json);
    survives(small_path(&s, "imis"), 1);

    const SmallArray arrays[] = {{"imgs", "|u1", 2, {3, 4}, other, 12},
                                 {"gts", "|u1", 2, {3, 4}, mask, 12}};
    small_npz(&s, "npz/a.npz", arrays, 2);
    survives(small_path(&s, "npz"), 1);

    small_image(&s, "coco/a.png", 4, 3, NULL);
    small_text(
        &s, "coco/coco.json",
        "{\"images\": [{\"id\": 1, \"file_name\": \"a.png\", \"width\": 4, \"height\": 3}], "
        "\"annotations\": [{\"image_id\": 1, \"category_id\": 1, \"segmentation\": [[0, 0, 2, "
        "0, 2, 2]]}, {\"image_id\": 1, \"category_id\": 1, \"segmentation\": {\"size\": [3, 4], "
        "\"counts\": [1, 2, 9]}}], \"categories\": [{\"id\": 1, \"name\": \"cell\"}]}");
    survives(small_path(&s, "coco/coco.json"), 1);

    small_image(&s, "med3d/train/a/b/imagesTr/x.png", 4, 3, NULL);
    small_image(&s, "med3d/train/a/b/labelsTr/x.png", 4, 3, mask);
    survives(small_path(&s, "med3d"), 1);
    small_set_close(&s);
}

TEST(near_misses_and_files_of_another_kind_are_named) {
    SmallSet s;
    Catalog c = {0};
    Error error = {0};
    small_set_open(&s);
    small_image(&s, "ImagesTr/a_0000.png", 4, 3, NULL);
    small_image(&s, "LabelsTr/a.png", 4, 3, NULL);
    CHECK(catalog_open(&c, s.folder, NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "is ImagesTr/ meant to be imagesTr/?") &&
          strstr(error.message, "is LabelsTr/ meant to be labelsTr/?"));
    small_text(&s, "instances_train.json",
               "version https://git-lfs.github.com/spec/v1\noid sha256:"
               "0000000000000000000000000000000000000000000000000000000000000000\nsize 12\n");
    CHECK(!catalog_open(&c, small_path(&s, "instances_train.json"), NULL, &error) ||
          strstr(error.message, "is a Git LFS pointer, not JSON"));
    for (size_t i = 0; i < c.findings; i++)
        CHECK(strstr(c.finding[i].detail, "is a Git LFS pointer, not JSON") != NULL);
    catalog_close(&c);
    small_set_close(&s);
}

#include "data/challenge.h"
#include "data/load.h"

#include <stdio.h>
#include <string.h>

#include "data/check.h"
#include "tests/check.h"
#include "tests/data/small_set.h"

enum { W = 4, H = 3, D = 2 };

/* A NIfTI volume whose voxel (i, j, k) of the image's order holds values[(k * H + j) * W + i],
 * stored with i reversed where `mirrored`. */
static void write_volume(const SmallSet *s, const char *name, const int16_t *values, bool mirrored,
                         double moved_mm) {
    Volume *v;
    CHECK(!volume_new(&v, (VolumeSize){1, D, H, W, 1}, SAMPLE_I16, NULL));
    for (int i = 0; i < W * H * D; i++) {
        int x = i % W, to = mirrored ? i - x + W - 1 - x : i;
        ((int16_t *)v->samples)[to] = values[i];
    }
    v->grid.source = GRID_SFORM;
    v->grid.affine_ras[0][0] = mirrored ? -0.7 : 0.7;
    v->grid.affine_ras[0][3] = (mirrored ? 0.7 * (W - 1) : 0.0) - 30.0 + moved_mm;
    v->grid.spacing_xyz_mm[0] = 0.7;
    CHECK(!volume_write(v, small_path(s, name), NULL));
    volume_free(v);
}

static void write_set(const SmallSet *s, const int16_t *label, bool mirrored, double moved_mm) {
    int16_t image[W * H * D];
    for (int i = 0; i < W * H * D; i++) image[i] = (int16_t)(10 * i);
    small_image(s, "images/skip.png", 2, 2, NULL); /* makes the folders */
    small_image(s, "masks/skip.png", 2, 2, NULL);
    CHECK(!remove(small_path(s, "images/skip.png")) && !remove(small_path(s, "masks/skip.png")));
    write_volume(s, "images/a.nii", image, false, 0.0);
    write_volume(s, "masks/a.nii", label, mirrored, moved_mm);
}

/* The labels of the first case on its image's grid. */
static Status labels_of(LabelLayers *out, const SmallSet *s, const char *name, Error *error) {
    Catalog c;
    Volume *image = NULL;
    *out = (LabelLayers){0};
    Status status = catalog_open(&c, small_path(s, name), NULL, error);
    if (!status) status = case_image(&image, &c.item[0], 0, error);
    if (!status) status = case_labels(out, &c, &c.item[0], image, error);
    volume_free(image);
    catalog_close(&c);
    return status;
}

static const int16_t label[W * H * D] = {0, 0, 1, 2, 0, 0, 3, 0, 4};

TEST(a_mirrored_label_is_brought_onto_its_image) {
    SmallSet s;
    LabelLayers l;
    Error error = {0};
    small_set_open(&s);
    write_set(&s, label, true, 0.0);
    Status status = labels_of(&l, &s, "", &error);
    check_report(!status, __FILE__, __LINE__, "%s", error.message);
    for (int i = 0; i < W * H * D; i++) CHECK(l.layer[0][i] == (uint32_t)label[i]);
    CHECK(l.warnings.count == 1 && strstr(warnings_lines(&l.warnings), "-i, j, k"));
    label_layers_free(&l);
    CHECK(small_breaches(&s, RULE_SAME_ORDER) == 1 && small_breaches(&s, RULE_SAME_AFFINE) == 0);
    write_set(&s, label, false, 0.0);
    CHECK(!labels_of(&l, &s, "", &error) && l.warnings.count == 0);
    label_layers_free(&l);
    small_set_close(&s);
}

TEST(a_label_of_another_place_is_refused) {
    SmallSet s;
    LabelLayers l;
    Error error = {0};
    small_set_open(&s);
    write_set(&s, label, true, 2.0);
    CHECK(labels_of(&l, &s, "", &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "resample") != NULL);
    CHECK(small_breaches(&s, RULE_SAME_AFFINE) == 1);
    small_set_close(&s);
}

TEST(the_void_label_is_ignored_with_a_warning) {
    const int16_t with_void[W * H * D] = {-1, -1, 1, 2};
    SmallSet s;
    LabelLayers l;
    Error error = {0};
    small_set_open(&s);
    write_set(&s, with_void, false, 0.0);
    Status status = labels_of(&l, &s, "", &error);
    check_report(!status, __FILE__, __LINE__, "%s", error.message);
    CHECK(l.layer[0][0] == 0 && l.layer[0][2] == 1);
    CHECK(strstr(warnings_lines(&l.warnings), "2 voxels hold -1 and are ignored") != NULL);
    CHECK(l.ignored != NULL);
    for (int i = 0; l.ignored && i < W * H * D; i++) CHECK(l.ignored[i] == (i < 2));
    label_layers_free(&l);
    CHECK(small_breaches(&s, RULE_LABEL_INTEGER) == 1);
    small_set_close(&s);
}

TEST(the_label_ignore_of_nnunet_is_neither_object_nor_background) {
    SmallSet s;
    LabelLayers l;
    Error error = {0};
    for (int regions = 0; regions < 2; regions++) {
        small_set_open(&s);
        small_nnunet(&s);
        small_text(&s, "dataset.json",
                   regions ? "{\"channel_names\": {\"0\": \"CT\"}, \"labels\": {\"background\": 0, "
                             "\"all\": [1, 2], \"ignore\": 3}, \"regions_class_order\": [1], "
                             "\"numTraining\": 3, \"file_ending\": \".png\"}"
                           : "{\"channel_names\": {\"0\": \"CT\"}, \"labels\": {\"background\": 0, "
                             "\"a\": 1, \"b\": 2, \"ignore\": 3}, \"numTraining\": 3, "
                             "\"file_ending\": \".png\"}");
        small_image(&s, "labelsTr/c_1.png", 4, 3, (uint8_t[12]){0, 1, 2, 3, 3});
        Status status = labels_of(&l, &s, "", &error);
        check_report(!status, __FILE__, __LINE__, "%s", error.message);
        CHECK(l.ignored != NULL && l.warnings.count == 0);
        for (int i = 0; l.ignored && i < 12; i++) {
            CHECK(l.ignored[i] == (i == 3 || i == 4));
            for (size_t n = 0; n < l.count; n++) CHECK((l.layer[n][i] != 0) == (i == 1 || i == 2));
        }
        label_layers_free(&l);
        small_image(&s, "labelsTr/c_1.png", 4, 3, (uint8_t[12]){3, 3, 3});
        CHECK(small_breaches(&s, RULE_LABEL_FOREGROUND) == 1);
        small_set_close(&s);
    }
}

/* Where the list says WIDTH x HEIGHT of an image of 4 x 3. */
static void list_is_refused(size_t width, size_t height, const char *cause) {
    SmallSet s;
    LabelLayers l;
    char list[256];
    Error error = {0};
    small_set_open(&s);
    small_image(&s, "a.png", 4, 3, NULL);
    snprintf(
        list, sizeof list,
        "{\"images\": [{\"id\": 1, \"file_name\": \"a.png\", \"width\": %zu, \"height\": %zu}], "
        "\"annotations\": [{\"image_id\": 1, \"segmentation\": [[0, 0, 2, 0, 2, 2]]}]}",
        width, height);
    small_text(&s, "coco.json", list);
    Status status = labels_of(&l, &s, "coco.json", &error);
    check_report(cause ? status == VOXPERT_BAD_INPUT && strstr(error.message, cause) : !status,
                 __FILE__, __LINE__, "%s", error.message);
    label_layers_free(&l);
    small_set_close(&s);
}

TEST(a_size_that_a_list_says_must_be_the_images) {
    list_is_refused(4, 3, NULL);
    list_is_refused(3, 4, "sides are swapped");
    list_is_refused(8, 6, "shrunk after it was annotated, by a factor of 2");
    list_is_refused(2, 3, "another image, or it was cut");
}

TEST(a_size_that_a_list_does_not_say_plainly_is_a_warning) {
    static const struct {
        const char *size, *word; /* NULL: no warning */
    } lists[] = {{", \"width\": 4, \"height\": 3", NULL},
                 {", \"width\": 4.0, \"height\": 3.0", NULL},
                 {", \"width\": \"4\", \"height\": \"3\"", "as texts"},
                 {"", "no usable height and width"},
                 {", \"width\": null, \"height\": 3", "no usable height and width"}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        SmallSet s;
        LabelLayers l;
        char list[300];
        Error error = {0};
        small_set_open(&s);
        small_image(&s, "a.png", 4, 3, NULL);
        snprintf(list, sizeof list,
                 "{\"images\": [{\"id\": 1, \"file_name\": \"a.png\"%s}], \"annotations\": "
                 "[{\"image_id\": 1, \"segmentation\": [[0, 0, 2, 0, 2, 2]]}]}",
                 lists[i].size);
        small_text(&s, "coco.json", list);
        Status status = labels_of(&l, &s, "coco.json", &error);
        const char *lines = warnings_lines(&l.warnings);
        check_report(!status && (lists[i].word ? strstr(lines, lists[i].word) != NULL : !*lines),
                     __FILE__, __LINE__, "%zu: %s%s", i, error.message, lines);
        label_layers_free(&l);
        small_set_close(&s);
    }
}

#include "data/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "tests/check.h"
#include "tests/data/small_set.h"

/* The first finding of a rule after opening and checking; NULL where there is none. */
static const Finding *found(Catalog *c, const SmallSet *s, DataRule rule) {
    Error error = {0};
    *c = (Catalog){0};
    Status status = catalog_open(c, s->folder, NULL, &error);
    if (!status) status = catalog_check(c, NULL, NULL, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
    for (size_t i = 0; i < c->findings; i++) {
        if (c->finding[i].rule == rule) return &c->finding[i];
    }
    return NULL;
}

/* Changes a good set of nnU-Net by one file and looks for the rule. */
static void json_breaks(const char *json, DataRule rule, const char *field) {
    SmallSet s;
    Catalog c;
    small_set_open(&s);
    small_nnunet(&s);
    small_text(&s, "dataset.json", json);
    const Finding *f = found(&c, &s, rule);
    check_report(f && (!field || (f->field && strcmp(f->field, field) == 0)), __FILE__, __LINE__,
                 "%s", data_rule_name(rule));
    catalog_close(&c);
    small_set_close(&s);
}

#define HEAD "{\"channel_names\": {\"0\": \"CT\"}, \"numTraining\": 3, \"file_ending\": \".png\", "

TEST(each_field_of_dataset_json_has_its_rules) {
    json_breaks(HEAD "\"labels\": {\"background\": 0, \"a\": 1, \"c\": 3}}",
                RULE_LABELS_CONSECUTIVE, "labels");
    json_breaks(HEAD "\"labels\": {\"background\": 0, \"a\": 1, \"b\": 2, \"ignore\": 1}}",
                RULE_LABELS_IGNORE, "labels");
    json_breaks(HEAD "\"labels\": {\"background\": 0, \"a\": [1, 2], \"b\": 2}}",
                RULE_REGIONS_ORDER, "regions_class_order");
    json_breaks(HEAD "\"labels\": {\"background\": 0, \"a\": \"one\"}}", RULE_FORM, "labels");
    json_breaks(HEAD "\"labels\": []}", RULE_FORM, "labels");
    json_breaks("{\"channel_names\": {\"1\": \"CT\"}, \"labels\": {\"background\": 0, \"a\": 1, "
                "\"b\": 2}, \"file_ending\": \".png\"}",
                RULE_CHANNELS_NAMED, "channel_names");
    json_breaks("[]", RULE_FORM, NULL);
    json_breaks("{", RULE_JSON, NULL);
}

TEST(a_good_set_has_no_findings_and_a_strange_value_one) {
    SmallSet s;
    const uint8_t label[12] = {0, 9, 9};
    small_set_open(&s);
    small_nnunet(&s);
    for (int r = 0; r < DATA_RULES; r++) CHECK(small_breaches(&s, (DataRule)r) == 0);
    small_image(&s, "labelsTr/c_2.png", 4, 3, label);
    CHECK(small_breaches(&s, RULE_LABEL_KNOWN) == 1);
    small_image(&s, "labelsTr/c_2.png", 3, 4, label);
    CHECK(small_breaches(&s, RULE_SAME_SHAPE) == 1);
    small_text(&s, "labelsTr/c_2.png", "no picture");
    CHECK(small_breaches(&s, RULE_READABLE) == 1);
    small_set_close(&s);
}

TEST(fixes_are_commands_for_a_shell) {
    SmallSet s;
    Catalog c;
    small_set_open(&s);
    small_nnunet(&s);
    if (rename(small_path(&s, "imagesTr/c_2_0000.png"), small_path(&s, "imagesTr/c_2.png")))
        CHECK(0);
    const Finding *f = found(&c, &s, RULE_SUFFIX);
    CHECK(f && f->fix && strncmp(f->fix, "mv ", 3) == 0 && strstr(f->fix, "c_2_0000.png"));
    CHECK(c.findings == 1); /* the rest follows the name that was meant */
    catalog_close(&c);
    small_set_close(&s);
}

TEST(twins_are_worse_on_both_sides_of_a_split) {
    SmallSet s;
    Catalog c;
    const uint8_t image[12] = {5, 6, 7};
    small_set_open(&s);
    small_nnunet(&s);
    small_image(&s, "imagesTr/c_1_0000.png", 4, 3, image);
    small_image(&s, "imagesTr/c_3_0000.png", 4, 3, image);
    const Finding *f = found(&c, &s, RULE_SAME_VOXELS);
    CHECK(f && f->warning && strstr(f->file, "c_1") && strstr(f->other, "c_3"));
    catalog_close(&c);
    small_text(&s, "splits_final.json", "[{\"train\": [\"c_1\", \"c_2\"], \"val\": [\"c_3\"]}]");
    f = found(&c, &s, RULE_SAME_VOXELS);
    CHECK(f && !f->warning);
    catalog_close(&c);
    small_set_close(&s);
}

TEST(a_patient_on_both_sides_is_told_of) {
    SmallSet s;
    Catalog c;
    const uint8_t other[12] = {9};
    small_set_open(&s);
    small_image(&s, "i/10023_1.png", 4, 3, NULL);
    small_image(&s, "i/10024_1.png", 4, 3, other);
    small_image(&s, "i/10023_2.png", 3, 4, NULL);
    small_text(&s, "image2label_train.json", "{\"i/10023_1.png\": [], \"i/10024_1.png\": []}");
    small_image(&s, "m.png", 3, 4, (const uint8_t[12]){0, 1});
    small_text(&s, "label2image_test.json", "{\"m.png\": \"i/10023_2.png\"}");
    const Finding *f = found(&c, &s, RULE_PATIENTS_APART);
    CHECK(f && strcmp(f->facts, "{\"patient\":\"10023\"}") == 0 && c.findings == 1);
    catalog_close(&c);
    small_set_close(&s);
}

TEST(annotations_that_are_none_are_told_of_one_by_one) {
    SmallSet s;
    Catalog c;
    small_set_open(&s);
    small_image(&s, "a.png", 4, 3, NULL);
    small_text(&s, "coco.json",
               "{\"images\": [{\"id\": 1, \"file_name\": \"a.png\", \"height\": 3, \"width\": 9}], "
               "\"annotations\": [{\"image_id\": 1, \"segmentation\": [[1, 2, 3]]}, {\"image_id\": "
               "1, \"bbox\": [0, 0, 1, 1]}, {\"image_id\": 2, \"segmentation\": []}, "
               "{\"image_id\": 1, \"segmentation\": [[50, 50, 60, 50, 60, 60]]}]}");
    Error error = {0};
    REQUIRE(!catalog_open(&c, small_path(&s, "coco.json"), NULL, &error));
    CHECK(!catalog_check(&c, NULL, NULL, &error));
    int broken = 0, empty = 0, form = 0, size = 0;
    for (size_t i = 0; i < c.findings; i++) {
        broken += c.finding[i].rule == RULE_SHAPES;
        empty += c.finding[i].rule == RULE_MASK_FOREGROUND;
        form += c.finding[i].rule == RULE_FORM;
        size += c.finding[i].rule == RULE_LIST_SIZE;
    }
    CHECK(broken == 3 && empty == 1 && form == 1 && size == 1); /* the last lies outside, too */
    catalog_close(&c);
    small_set_close(&s);
}

/* How often `rule` is broken by a list of one image, with a word of the last finding. */
static void check_list(const char *list, DataRule rule, const char *word) {
    SmallSet s;
    Catalog c;
    Error error = {0};
    size_t found = 0;
    small_set_open(&s);
    small_image(&s, "a.png", 4, 3, NULL);
    small_text(&s, "coco.json", list);
    Status status = catalog_open(&c, small_path(&s, "coco.json"), NULL, &error);
    check_report(!status, __FILE__, __LINE__, "%s: %s", list, error.message);
    if (!status) CHECK(!catalog_check(&c, NULL, NULL, &error));
    for (size_t i = 0; i < c.findings; i++)
        found += c.finding[i].rule == rule && strstr(c.finding[i].detail, word);
    check_report(found == 1, __FILE__, __LINE__, "%s: %zu of %zu findings", list, found,
                 c.findings);
    catalog_close(&c);
    small_set_close(&s);
}

#define LIST(SIZES, ANNOTATION, REST)                                                              \
    "{\"images\": [{\"id\": 1, \"file_name\": \"a.png\"" SIZES                                     \
    "}], \"annotations\": [{\"image_id\": "                                                        \
    "1, " ANNOTATION "}]" REST "}"
#define SIZED ", \"width\": 4, \"height\": 3"
#define DRAWN "\"category_id\": 1, \"segmentation\": [[0, 0, 2, 0, 2, 2]]"
#define NAMED ", \"categories\": [{\"id\": 1, \"name\": \"cell\"}]"

TEST(what_a_coco_list_leaves_open_is_found) {
    check_list(LIST(", \"width\": \"8\", \"height\": \"6\"", DRAWN, NAMED), RULE_LIST_SIZE,
               "shrunk");
    check_list(LIST(", \"width\": \"4\", \"height\": \"3\"", DRAWN, NAMED), RULE_FORM, "as texts");
    check_list(LIST("", DRAWN, NAMED), RULE_LIST_SIZE, "no usable height and width");
    check_list(LIST(", \"width\": null, \"height\": 0", DRAWN, NAMED), RULE_LIST_SIZE, "no usable");
    check_list(LIST(SIZED, "\"category_id\": 1, \"segmentation\": [[0, 0, 17, 0, 17, 12]]", NAMED),
               RULE_SHAPES, "beyond the picture");
    check_list(LIST(SIZED, "\"segmentation\": [[0, 0, 2, 0, 2, 2]]", NAMED), RULE_CATEGORY,
               "have no category_id");
    check_list(LIST(SIZED, "\"category_id\": null, \"segmentation\": [[0, 0, 2, 0, 2, 2]]", NAMED),
               RULE_CATEGORY, "neither a number");
    check_list(LIST(SIZED, DRAWN, ""), RULE_CATEGORY, "has no categories");
    check_list(LIST(SIZED, DRAWN ", \"area\": NaN, \"note\": \"a NaN \\\" Infinity\"", NAMED),
               RULE_FORM, "1 values are NaN or infinite");
    check_list(LIST(SIZED, "\"category_id\": 1, \"segmentation\": [[0, 0, NaN, 0, 2, 2]]", NAMED),
               RULE_SHAPES, "no number");
}

static void write_typed(const SmallSet *s, const char *name, SampleType type) {
    Volume *v;
    CHECK(!volume_new(&v, (VolumeSize){1, 1, 3, 4, 1}, type, NULL));
    memset(v->samples, (int)type + 1, 12);
    CHECK(!volume_write(v, small_path(s, name), NULL));
    volume_free(v);
}

TEST(all_sample_types_of_a_set_are_listed) {
    SmallSet s;
    Catalog c;
    small_set_open(&s);
    small_text(&s, "images/readme.txt", "for its folder");
    for (int i = 0; i < 4; i++) {
        static const SampleType types[] = {SAMPLE_U8, SAMPLE_U8, SAMPLE_U16, SAMPLE_F32};
        char name[32];
        snprintf(name, sizeof name, "masks/%d.png", i);
        small_image(&s, name, 4, 3, (const uint8_t[12]){0, 1});
        snprintf(name, sizeof name, "images/%d.tif", i);
        write_typed(&s, name, types[i]);
    }
    const Finding *f = found(&c, &s, RULE_SAMPLE_TYPE);
    CHECK(f && strstr(f->detail, "2 of 4 images") &&
          strstr(f->detail, "1 uint16, 1 float32, not uint8"));
    catalog_close(&c);
    small_set_close(&s);
}

TEST(damaged_matrices_and_wrong_names_are_found) {
    SmallSet s;
    const int32_t index[] = {0, 1, 11}, outside[] = {0, 1, 12};
    small_set_open(&s);
    small_image(&s, "image/x.png", 4, 3, NULL);
    small_csr(&s, "label/x.(2, 3, 4, 1).npz", index, 3, 2);
    small_text(&s, "dataset.json",
               "{\"labels\": {\"0\": \"background\", \"1\": \"a\", \"2\": \"b\"}, \"training\": "
               "[{\"image\": \"image/x.png\", \"label\": \"label/x.(2, 3, 4, 1).npz\"}]}");
    for (int r = 0; r < DATA_RULES; r++) CHECK(small_breaches(&s, (DataRule)r) == 0);
    small_csr(&s, "label/x.(2, 3, 4, 1).npz", outside, 3, 2);
    CHECK(small_breaches(&s, RULE_READABLE) == 1);
    small_csr(&s, "label/x.(2, 3, 4, 1).npz", index, 3, 4); /* begins past its end */
    CHECK(small_breaches(&s, RULE_READABLE) == 1);
    small_csr(&s, "label/x.(2, 3, 4, 1).npz", NULL, 0, 0);
    CHECK(small_breaches(&s, RULE_LABEL_FOREGROUND) == 1);
    small_set_close(&s);
}

TEST(prompts_that_cannot_be_read_are_a_warning) {
    SmallSet s;
    const uint8_t bytes[12] = {0, 1};
    const double boxes[4] = {0.5, 1, 2, 3};
    const SmallArray arrays[] = {{"imgs", "|u1", 2, {3, 4}, bytes, 12},
                                 {"gts", "|u1", 2, {3, 4}, bytes, 12},
                                 {"boxes", "<f8", 2, {1, 4}, boxes, sizeof boxes}};
    small_set_open(&s);
    small_npz(&s, "a.npz", arrays, 3);
    CHECK(small_breaches(&s, RULE_PROMPTS) == 1 && small_breaches(&s, RULE_READABLE) == 0);
    small_npz(&s, "a.npz", arrays, 2);
    CHECK(small_breaches(&s, RULE_PROMPTS) == 0);
    small_set_close(&s);
}

TEST(boxes_outside_or_with_swapped_corners_are_a_warning) {
    static const struct {
        int64_t box[4];
        int breaches;
    } cases[] = {{{0, 0, 3, 2}, 0},  {{0, 0, 4, 3}, 0}, {{0, 0, 5, 2}, 1}, {{0, 0, 3, 4}, 1},
                 {{-1, 0, 3, 2}, 1}, {{3, 0, 1, 2}, 1}, {{1, 1, 1, 1}, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SmallSet s;
        const uint8_t bytes[12] = {0, 1};
        const SmallArray arrays[] = {
            {"imgs", "|u1", 2, {3, 4}, bytes, 12},
            {"gts", "|u1", 2, {3, 4}, bytes, 12},
            {"boxes", "<i8", 2, {1, 4}, cases[i].box, sizeof cases[i].box}};
        small_set_open(&s);
        small_npz(&s, "a.npz", arrays, 3);
        CHECK(small_breaches(&s, RULE_PROMPTS) == cases[i].breaches);
        small_set_close(&s);
    }
}

TEST(another_sample_type_is_reported) {
    SmallSet s;
    Volume *v;
    small_set_open(&s);
    small_nnunet(&s);
    CHECK(small_breaches(&s, RULE_SAMPLE_TYPE) == 0);
    CHECK(!volume_new(&v, (VolumeSize){1, 1, 3, 4, 1}, SAMPLE_U16, NULL));
    for (int i = 0; i < 12; i++) ((uint16_t *)v->samples)[i] = (uint16_t)(1000 + i);
    CHECK(!volume_write(v, small_path(&s, "imagesTr/c_2_0000.png"), NULL));
    CHECK(small_breaches(&s, RULE_SAMPLE_TYPE) == 1);
    volume_free(v);
    small_set_close(&s);
}

TEST(what_was_odd_in_a_file_is_a_warning) {
    Catalog c = {0};
    Volume *v;
    CHECK(!volume_new(&v, (VolumeSize){1, 1, 1, 1, 1}, SAMPLE_U8, NULL));
    volume_warn(v, "was odd");
    volume_warn(v, "was odd too");
    check_warnings(&c, "a.png", v);
    CHECK(c.findings == 2 && c.finding[0].warning && c.finding[0].rule == RULE_DECODED);
    CHECK(strcmp(c.finding[0].detail, "was odd") == 0);
    CHECK(strcmp(c.finding[1].detail, "was odd too") == 0);
    volume_free(v);
    catalog_close(&c);
}

TEST(values_are_counted_once_each) {
    Volume *v;
    ValueCounts counts;
    CHECK(!volume_new(&v, (VolumeSize){1, 1, 2, 3, 1}, SAMPLE_F32, NULL));
    const float values[6] = {2.0f, 2.0f, -1.0f, 2.0f, NAN, 0.5f};
    memcpy(v->samples, values, sizeof values);
    values_count(&counts, v);
    CHECK(counts.none == 1);
    CHECK(counts.count == 3 && counts.item[0].value <= -1.0 && counts.item[2].voxels == 3);
    volume_free(v);
}

TEST(a_label_map_of_colours_is_none) {
    SmallSet s;
    Volume *v;
    small_set_open(&s);
    small_nnunet(&s);
    CHECK(!volume_new(&v, (VolumeSize){1, 1, 3, 4, 3}, SAMPLE_U8, NULL));
    memset(v->samples, 1, 36);
    CHECK(!volume_write(v, small_path(&s, "labelsTr/c_2.png"), NULL));
    CHECK(small_breaches(&s, RULE_LABEL_INTEGER) == 0);
    ((uint8_t *)v->samples)[4] = 2;
    CHECK(!volume_write(v, small_path(&s, "labelsTr/c_2.png"), NULL));
    CHECK(small_breaches(&s, RULE_LABEL_INTEGER) == 1);
    volume_free(v);
    small_set_close(&s);
}

static bool stop_at_two(void *context, size_t done, size_t all) {
    (void)context;
    return done < 2 && all == 3;
}

TEST(a_check_can_be_ended) {
    SmallSet s;
    Catalog c;
    small_set_open(&s);
    small_nnunet(&s);
    REQUIRE(!catalog_open(&c, s.folder, NULL, NULL));
    CHECK(catalog_check(&c, stop_at_two, NULL, NULL) == VOXPERT_INTERRUPTED);
    catalog_close(&c);
    small_set_close(&s);
}

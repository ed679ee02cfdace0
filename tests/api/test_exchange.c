/* Prompts, label maps and reports as a server has them: in memory, as JSON. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <voxpert/exchange.h>

#include "base/memory.h"
#include "tests/check.h"

enum { WIDTH = 12, HEIGHT = 8, PIXELS = WIDTH * HEIGHT };

static VoxpertError error;

static VoxpertPrompts *prompts_of(const char *name, const char *text) {
    VoxpertPrompts *prompts = NULL;
    REQUIRE(voxpert_prompts_open_memory(&prompts, text, strlen(text), name, &error) == VOXPERT_OK);
    return prompts;
}

static void refused(const char *name, const char *text, const char *word) {
    VoxpertPrompts *prompts = NULL;
    CHECK(voxpert_prompts_open_memory(&prompts, text, strlen(text), name, &error) ==
          VOXPERT_BAD_INPUT);
    CHECK(prompts == NULL);
    if (!strstr(error.message, word)) check_report(false, __FILE__, __LINE__, "%s", error.message);
}

/* ---- Prompts ------------------------------------------------------------------------------ */

TEST(json_lines_and_sheets_say_the_same) {
    static const char *const texts[][2] = {
        {"p.json", "{\"image\": \"a.png\", \"objects\": [{\"label\": \"cell\", \"value\": 3, "
                   "\"boxes\": [[1, 2, 5, 6]]}]}"},
        {"p.json", "{\"a.png\": {\"objects\": [{\"label\": \"cell\", \"value\": 3, \"boxes\": [1, "
                   "2, 5, 6]}]}}"},
        {"p.jsonl", "\n{\"image\": \"a.png\", \"objects\": [{\"label\": \"cell\", \"value\": 3, "
                    "\"boxes\": [[1, 2, 5, 6]]}]}\n\n"},
        {"p.csv", "image,x0,y0,x1,y1,label,value\na.png,1,2,5,6,cell,3\n"},
        {"p.tsv", "image\tx\ty\twidth\theight\tlabel\tvalue\na.png\t1\t2\t5\t5\tcell\t3\n"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        VoxpertPrompts *prompts = prompts_of(texts[i][0], texts[i][1]);
        REQUIRE(voxpert_prompts_count(prompts) == 1);
        const VoxpertPromptsEntry *e = voxpert_prompts_find(prompts, "folder/a.png");
        REQUIRE(e && e->objects.count == 1);
        const VoxpertObject *o = &e->objects.item[0];
        CHECK(o->number == 1 && o->value == 3 && strcmp(o->label, "cell") == 0 && o->has_box);
        CHECK(o->box.x0 == 1 && o->box.y0 == 2 && o->box.x1 == 5 && o->box.y1 == 6);
        CHECK(!voxpert_prompts_find(prompts, "b.png"));
        voxpert_prompts_close(prompts);
    }
}

TEST(points_slices_and_names_of_one_object) {
    VoxpertPrompts *prompts =
        prompts_of("dir/p.json",
                   "{\"slice\": \"k:57:3\", \"space\": \"voxel-ijk\", \"objects\": [{\"points\": "
                   "[[1, 2], {\"p\": [3, 4], \"positive\": false}], \"mask\": \"m.png\", "
                   "\"expert\": \"auto\", \"class\": \"liver\", \"text\": \"left lung\"}]}");
    const VoxpertPromptsEntry *e = voxpert_prompts_entry(prompts, 0);
    REQUIRE(e && e->objects.count == 1);
    const VoxpertObject *o = &e->objects.item[0];
    CHECK(!e->image && e->voxels && e->slice.slice_axis == 'k' && e->slice.slice == 57);
    CHECK(e->slice.frame == 3 && e->slice.frame_chosen);
    REQUIRE(o->point_count == 2);
    CHECK(o->points[0].x == 1 && o->points[0].y == 2 && o->points[0].inside);
    CHECK(o->points[1].x == 3 && o->points[1].y == 4 && !o->points[1].inside);
    CHECK(strcmp(o->mask_path, "dir/m.png") == 0 && !o->expert);
    CHECK(strcmp(o->class_name, "liver") == 0 && strcmp(o->text, "left lung") == 0);
    VoxpertFileOptions options = {0};
    CHECK(!voxpert_prompts_slice(prompts, e, &options, &error) && options.slice == 57);
    options.slice = 56;
    CHECK(voxpert_prompts_slice(prompts, e, &options, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strcmp(error.field, "slice") == 0);
    voxpert_prompts_close(prompts);
}

TEST(what_is_wrong_is_named_with_its_place) {
    refused("p.json", "{\"image\": \"a.png\", \"object\": []}", "p.json: object: is not known");
    refused("p.json", "{\"objects\": [{\"boxes\": [[1, 2, 3]]}]}",
            "p.json: objects[0].boxes: a box must be four finite numbers");
    refused("p.json", "{\"objects\": [{\"points\": [[1, 2], [3]]}]}", "objects[0].points[1]");
    refused("p.json", "{\"objects\": [{\"text\": \" -_\", \"points\": [[1, 2]]}]}",
            "objects[0].text: the name is empty");
    refused("p.jsonl", "{\"image\": \"a\", \"objects\": [{\"points\": [[1, 2]]}]}\n{\"image\"\n",
            "p.jsonl: line 2: is no JSON");
    refused("p.jsonl", "\n{\"image\": \"a\", \"objects\": 1}\n",
            "p.jsonl: line 2.objects: must be");
    refused("p.csv", "image,x,y\na.png,1,2\n,1,2\n", "p.csv: line 3: image: is empty");
    refused("p.json", "[]", "holds no prompts");
    refused("p.json", "", "is no JSON");
    refused("p.json",
            "version https://git-lfs.github.com/spec/v1\noid sha256:"
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\nsize 5\n",
            "Git LFS pointer");
    refused("p.json",
            "[{\"image\": \"a\", \"objects\": [{\"points\": [[1, 2]]}]}, {\"image\": "
            "\"a\", \"objects\": [{\"points\": [[1, 2]]}]}]",
            "two entries");
}

TEST(prompts_are_brought_onto_the_image_and_checked) {
    const VoxpertImage image = {.width = WIDTH, .height = HEIGHT};
    VoxpertPrompts *prompts = prompts_of(
        "p.json", "{\"objects\": [{\"boxes\": [[5, 6, 1, 2]]}, {\"boxes\": [[1, 2, 40, 6]]}]}");
    VoxpertObjects *objects = &voxpert_prompts_entry(prompts, 0)->objects;
    char *warnings = NULL;
    CHECK(!voxpert_objects_fit(objects, &image, &warnings, &error));
    CHECK(warnings && strncmp(warnings, "object 1: ", 10) == 0);
    CHECK(objects->item[0].box.x0 == 1 && objects->item[0].box.x1 == 5);
    CHECK(voxpert_objects_check(objects, &image, false, &error) == VOXPERT_BAD_INPUT);
    CHECK(strncmp(error.message, "p.json: object 2: ", 18) == 0);
    voxpert_free(warnings);
    voxpert_prompts_close(prompts);
}

TEST(values_are_the_own_ones_the_numbers_or_the_least_that_are_free) {
    VoxpertObjects objects = {0};
    VoxpertObject *o;
    int values[4];
    for (int i = 1; i <= 4; i++) REQUIRE(!voxpert_objects_add(&objects, i, &o, &error));
    objects.item[0].value = 2;
    objects.item[3].value = 9;
    CHECK(!voxpert_objects_values(&objects, 0, values, &error));
    CHECK(values[0] == 2 && values[1] == 1 && values[2] == 3 && values[3] == 9);
    CHECK(!voxpert_objects_values(&objects, 7, values, &error));
    CHECK(values[0] == 2 && values[1] == 7 && values[2] == 7 && values[3] == 9);
    objects.count = 1;
    objects.item[0].value = 0;
    CHECK(!voxpert_objects_values(&objects, 0, values, &error) && values[0] == 255);
    objects.count = 4;
    voxpert_objects_free(&objects);
}

TEST(an_object_keeps_what_it_has) {
    VoxpertObjects objects = {0};
    VoxpertObject *o;
    const double box[4] = {1, 2, 3, 4};
    REQUIRE(!voxpert_objects_add(&objects, 5, &o, &error));
    CHECK(!voxpert_object_box(o, box, &error));
    CHECK(voxpert_object_box(o, box, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strcmp(error.message, "object 5 has a box already") == 0);
    CHECK(!voxpert_object_set(o, VOXPERT_OBJECT_TEXT, "liver", &error));
    CHECK(voxpert_object_set(o, VOXPERT_OBJECT_TEXT, "lung", &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strcmp(o->text, "liver") == 0);
    CHECK(!voxpert_object_point(o, 7, 8, false, &error));
    char *json = NULL;
    CHECK(!voxpert_objects_json(&objects, &json, &error));
    CHECK(json && strcmp(json, "{\"objects\":[{\"boxes\":[[1.0,2.0,3.0,4.0]],\"points\":[{\"p\":["
                               "7.0,8.0],\"positive\":false}],\"text\":\"liver\"}]}") == 0);
    voxpert_free(json);
    voxpert_objects_free(&objects);
}

/* ---- Results ------------------------------------------------------------------------------ */

/* Inside where x0 <= x < x1, with that logit. */
static VoxpertMasks band(float *logits, int x0, int x1, float inside, float *iou) {
    for (int i = 0; i < PIXELS; i++) logits[i] = i % WIDTH >= x0 && i % WIDTH < x1 ? inside : -1.0f;
    return (VoxpertMasks){
        .count = 1, .width = WIDTH, .height = HEIGHT, .logits = logits, .iou = iou};
}

TEST(the_larger_logit_wins_and_ties_go_to_the_earlier_object) {
    float logits[PIXELS], iou = 0.5f;
    const VoxpertObject first = {.number = 1}, second = {.number = 2};
    VoxpertResult *r = NULL;
    REQUIRE(!voxpert_result_open(&r, WIDTH, HEIGHT, &error));
    VoxpertMasks masks = band(logits, 0, 4, 2.0f, &iou);
    CHECK(!voxpert_result_add(r, &first, 1, &masks, NULL, &error));
    masks = band(logits, 3, 6, 1.0f, &iou);
    CHECK(!voxpert_result_add(r, &second, 2, &masks, NULL, &error));
    masks = band(logits, 5, 8, 1.0f, &iou);
    CHECK(!voxpert_result_add(r, &second, 3, &masks, NULL, &error));
    masks = band(logits, 6, 8, 3.0f, &iou);
    CHECK(!voxpert_result_add(r, &second, 4, &masks, NULL, &error));
    static const uint16_t want[WIDTH] = {1, 1, 1, 1, 2, 2, 4, 4, 0, 0, 0, 0};
    const uint16_t *labels = voxpert_result_labels(r);
    for (int i = 0; i < PIXELS; i++) CHECK(labels[i] == want[i % WIDTH]);
    CHECK(voxpert_result_warnings(r)[0] == '\0');
    voxpert_result_close(r);
}

TEST(records_say_what_the_masks_are) {
    float logits[PIXELS], iou = 0.25f;
    const VoxpertObject object = {.number = 7, .label = (char[]){"cell"}};
    VoxpertResult *r = NULL;
    REQUIRE(!voxpert_result_open(&r, WIDTH, HEIGHT, &error));
    VoxpertMasks masks = band(logits, 2, 5, 1.0f, &iou);
    CHECK(!voxpert_result_add(r, &object, 9, &masks, NULL, &error));
    masks = band(logits, 0, 0, 1.0f, &iou);
    CHECK(!voxpert_result_add(r, &object, 9, &masks, NULL, &error));
    CHECK(strcmp(voxpert_result_warnings(r),
                 "object 7: nothing was found, its mask has no pixel\n") == 0);
    char *text = NULL;
    CHECK(!voxpert_result_objects(r, &text, &error));
    json_t *list = json_loads(text ? text : "", 0, NULL);
    REQUIRE(json_array_size(list) == 2);
    json_t *want = json_pack("{s:i,s:i,s:f,s:i,s:[iiii],s:[iiii],s:s}", "object", 7, "value", 9,
                             "score", 0.25, "area", 3 * HEIGHT, "bbox", 2, 0, 3, HEIGHT, "crop_box",
                             0, 0, 0, 0, "label", "cell");
    json_t *got = json_copy(json_array_get(list, 0));
    json_object_del(got, "segmentation");
    CHECK(json_equal(got, want));
    json_decref(got);
    json_decref(want);
    json_decref(list);
    voxpert_free(text);
    voxpert_result_close(r);
}

TEST(masks_of_another_size_or_without_logits_are_refused) {
    float logits[PIXELS], iou = 0.25f;
    const VoxpertObject object = {.number = 1};
    VoxpertResult *r = NULL;
    REQUIRE(!voxpert_result_open(&r, WIDTH, HEIGHT, &error));
    VoxpertMasks masks = band(logits, 2, 5, 1.0f, &iou);
    masks.width = HEIGHT, masks.height = WIDTH;
    CHECK(voxpert_result_add(r, &object, 1, &masks, NULL, &error) == VOXPERT_BAD_ARGUMENT);
    masks = band(logits, 2, 5, 1.0f, &iou);
    CHECK(voxpert_result_add(r, &object, 65536, &masks, NULL, &error) == VOXPERT_BAD_ARGUMENT);
    masks.logits = NULL;
    CHECK(voxpert_result_add(r, &object, 1, &masks, NULL, &error) == VOXPERT_BAD_ARGUMENT);
    voxpert_result_close(r);
}

/* ---- Memory ------------------------------------------------------------------------------- */

static VoxpertStatus all_of_it(void) {
    static const char text[] = "image,x0,y0,x1,y1,label,notes\na.png,1,2,5,6,cell,x\n";
    const VoxpertImage image = {.width = WIDTH, .height = HEIGHT};
    float logits[PIXELS], iou = 0.25f;
    VoxpertMasks masks = band(logits, 2, 5, 1.0f, &iou);
    VoxpertPrompts *prompts = NULL;
    VoxpertResult *r = NULL;
    char *warnings = NULL, *json = NULL;
    VoxpertStatus status =
        voxpert_prompts_open_memory(&prompts, text, sizeof text - 1, "p.csv", &error);
    VoxpertPromptsEntry *e = voxpert_prompts_entry(prompts, 0);
    if (!status) status = voxpert_objects_fit(&e->objects, &image, &warnings, &error);
    if (!status) status = voxpert_result_open(&r, WIDTH, HEIGHT, &error);
    if (!status) status = voxpert_result_add(r, &e->objects.item[0], 1, &masks, NULL, &error);
    if (!status) status = voxpert_result_objects(r, &json, &error);
    voxpert_free(warnings);
    voxpert_free(json);
    voxpert_prompts_close(prompts);
    voxpert_result_close(r);
    return status;
}

TEST(a_lack_of_memory_is_a_status_wherever_it_happens) {
    CHECK(all_of_it() == VOXPERT_OK);
    size_t before = memory_requests();
    CHECK(all_of_it() == VOXPERT_OK);
    size_t requests = memory_requests() - before;
    CHECK(requests > 10);
    for (size_t n = 1; n <= requests; n++) {
        memory_fail_at(n, false);
        VoxpertStatus status = all_of_it();
        memory_fail_at(0, false);
        CHECK(status == VOXPERT_OUT_OF_MEMORY);
    }
}

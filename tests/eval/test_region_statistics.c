#include "eval/region_statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"

enum { D = 3, H = 3, W = 4, N = D * H * W };

static const EvaluatedLabel labels[] = {{.value = {1}, .values = 1, .name = "inner"},
                                        {.value = {2, 3}, .values = 2},
                                        {.value = {9}, .values = 1}};

static bool is_near(double got, double want) { return fabs(got - want) <= 1e-12 * fabs(want); }

static Volume *volume_of(const uint8_t *samples, VolumeSize size) {
    Volume *v;
    CHECK(!volume_new(&v, size, SAMPLE_U8, NULL));
    memcpy(v->samples, samples, volume_samples(v));
    for (int a = 0; a < 3; a++) v->grid.spacing_xyz_mm[a] = 1.0;
    return v;
}

/* Label 1: two voxels in the middle; 2 and 3: a corner each of the first slice. */
static Volume *map_of_scene(void) {
    uint8_t map[N] = {0};
    map[0] = 2, map[W - 1] = 3;
    map[H * W + W + 1] = map[H * W + W + 2] = 1;
    return volume_of(map, (VolumeSize){1, D, H, W, 1});
}

static Volume *image_of_scene(void) {
    uint8_t image[N];
    for (int i = 0; i < N; i++) image[i] = (uint8_t)(3 * i);
    Volume *v = volume_of(image, (VolumeSize){1, D, H, W, 1});
    v->grid.source = GRID_SFORM;
    v->grid.spacing_xyz_mm[0] = 0.5, v->grid.spacing_xyz_mm[2] = 10.0;
    return v;
}

TEST(a_label_is_measured) {
    RegionStatistics s[3];
    Volume *image = image_of_scene(), *map = map_of_scene();
    CHECK(!regions_measure(s, image, map, labels, 3, NULL));
    const double *v = s[0].value; /* voxels 17 and 18: values 51 and 54 */
    CHECK(s[0].present && is_near(v[REGION_VOXELS], 2.0) && is_near(v[REGION_VOLUME_MM3], 10.0));
    CHECK(is_near(v[REGION_VOLUME_ML], 0.01) && is_near(v[REGION_MEAN], 52.5));
    CHECK(is_near(v[REGION_MEDIAN], 52.5) && is_near(v[REGION_DEVIATION], 1.5));
    CHECK(is_near(v[REGION_LEAST], 51.0) && is_near(v[REGION_LARGEST], 54.0));
    CHECK(is_near(v[REGION_P25], 51.75) && is_near(v[REGION_P95], 53.85));
    CHECK(is_near(v[REGION_X0], 1.0) && is_near(v[REGION_X1], 2.0) && is_near(v[REGION_Y0], 1.0));
    CHECK(is_near(v[REGION_Z0], 1.0) && is_near(v[REGION_Z1], 1.0));
    CHECK(v[REGION_TOUCHES_BORDER] <= 0.0 && is_near(v[REGION_PIECES], 1.0));
    v = s[1].value;
    CHECK(is_near(v[REGION_TOUCHES_BORDER], 1.0) && is_near(v[REGION_PIECES], 2.0));
    CHECK(is_near(v[REGION_LARGEST_PIECE], 1.0) && is_near(v[REGION_MEAN], 4.5));
    CHECK(!s[2].present && s[2].value[REGION_VOXELS] <= 0.0 && isnan(s[2].value[REGION_MEAN]));
    volume_free(image);
    volume_free(map);
}

TEST(a_picture_has_colours_and_no_border_across) {
    static const uint8_t colours[3 * 9] = {[12] = 10, [13] = 20, [14] = 30};
    static const uint8_t one[9] = {[4] = 1};
    RegionStatistics s[3];
    Volume *image = volume_of(colours, (VolumeSize){1, 1, 3, 3, 3});
    Volume *map = volume_of(one, (VolumeSize){1, 1, 3, 3, 1});
    CHECK(!regions_measure(s, image, map, labels, 1, NULL));
    CHECK(is_near(s[0].value[REGION_MEAN], 0.299 * 10 + 0.587 * 20 + 0.114 * 30));
    CHECK(s[0].value[REGION_TOUCHES_BORDER] <= 0.0);
    volume_free(image);
    volume_free(map);
}

TEST(an_image_of_another_size_is_refused) {
    static const uint8_t one[9] = {[4] = 1};
    RegionStatistics s[3];
    Error error;
    Volume *image = image_of_scene(), *map = volume_of(one, (VolumeSize){1, 1, 3, 3, 1});
    CHECK(regions_measure(s, image, map, labels, 1, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "3 x 3 x 1") && strstr(error.message, "4 x 3 x 3"));
    volume_free(image);
    volume_free(map);
}

/* ---- Folders -------------------------------------------------------------------------------- */

static void put(const char *folder, const char *name, const uint8_t *samples, size_t height) {
    char *path = path_join(folder, name);
    Volume *v = volume_of(samples, (VolumeSize){1, 1, height, 2, 1});
    CHECK(!volume_write(v, path, NULL));
    volume_free(v);
    memory_free(path);
}

static void folder_remove(char *folder) {
    FileNames names;
    CHECK(!folder_list(&names, folder, NULL));
    for (size_t i = 0; i < names.count; i++) {
        char *path = path_join(folder, names.name[i]);
        unlink(path);
        memory_free(path);
    }
    file_names_free(&names);
    CHECK(rmdir(folder) == 0);
}

static const RegionRule all = {.labels = 0};

/* Three cases: label 1 has 1, 2 and 4 pixels, label 7 only one in the last. */
static Status table_of(RegionTable *t, const RegionRule *rule, const CaseWork *work, Error *error) {
    char images[] = "/tmp/voxpert-images-XXXXXX", maps[] = "/tmp/voxpert-maps-XXXXXX";
    static const uint8_t image[8] = {10, 20, 30, 40, 50, 60, 70, 80};
    static const uint8_t map[3][8] = {{1}, {1, 1}, {1, 1, 1, 1, 7}};
    CHECK(mkdtemp(images) && mkdtemp(maps));
    for (int i = 0; i < 3; i++) {
        char name[] = "a_0000.png";
        name[0] = (char)('a' + i);
        put(images, name, image, 4);
        strcpy(name + 1, ".png");
        put(maps, name, map[i], 4);
    }
    put(images, "more.png", image, 4); /* has no map */
    Status status = region_table_make(t, images, maps, rule, work, error);
    folder_remove(images);
    folder_remove(maps);
    return status;
}

/* A mask that is no label map (its values have a fraction) keeps no other case from being measured.
 */
TEST(a_case_that_cannot_be_used_is_listed_with_its_fault) {
    char images[] = "/tmp/voxpert-images-XXXXXX", maps[] = "/tmp/voxpert-maps-XXXXXX";
    static const uint8_t image[8] = {10, 20, 30, 40, 50, 60, 70, 80}, map[8] = {1, 1};
    RegionTable t;
    Text csv = {0}, json = {0};
    Error error = {0};
    CHECK(mkdtemp(images) && mkdtemp(maps));
    put(images, "a.png", image, 4);
    put(images, "b.png", image, 4);
    put(maps, "a.png", map, 4);
    put(maps, "b.png", map, 2);
    CHECK(!region_table_make(&t, images, maps, &all, NULL, &error) && t.count == 2);
    CHECK(t.faults == 1 && !t.item[0].fault && t.item[1].fault && t.item[1].count == 0);
    CHECK(strstr(warnings_lines(&t.warnings), "b.png") && t.alone == 0);
    region_table_csv(&csv, &t, AGGREGATE_MEAN);
    CHECK(strstr(csv.chars, "\na.png,1,,1,2,,") && strstr(csv.chars, "\nmean,1,,1,2,,"));
    CHECK(strstr(csv.chars, "\nb.png,,,0,,") && strstr(csv.chars, "but its image"));
    region_table_json(&json, &t, AGGREGATE_NOT);
    CHECK(strstr(json.chars, "\"labels\": {\n         }, \"error\": \"") != NULL);
    text_free(&csv);
    text_free(&json);
    region_table_free(&t);
    char *first = path_join(maps, "a.png");
    unlink(first);
    memory_free(first);
    first = path_join(images, "a.png");
    unlink(first);
    memory_free(first);
    CHECK(region_table_make(&t, images, maps, &all, NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "b.png") != NULL);
    folder_remove(images);
    folder_remove(maps);
}

TEST(cases_are_aggregated_by_label) {
    RegionTable t;
    Text csv = {0}, json = {0};
    CHECK(!table_of(&t, &all, NULL, NULL) && t.count == 3);
    CHECK(t.item[0].count == 1 && t.item[2].count == 2 && t.item[2].label[1].value[0] == 7);
    region_table_csv(&csv, &t, AGGREGATE_MEDIAN);
    CHECK(text_starts(csv.chars, "case,label,name,cases,area_px,area_mm2,intensity_"));
    CHECK(strstr(csv.chars, "\nc.png,7,,1,1,,50,50,0,50,50,50,50,50,50,0,2,0,0,2,0,1,1,1,\n"));
    CHECK(strstr(csv.chars, "\nmedian,1,,3,2,,15,15,5,10,") != NULL);
    CHECK(strstr(csv.chars, "\nmedian,7,,1,1,,") && strstr(csv.chars, ",nan,nan,nan,nan,"));
    region_table_json(&json, &t, AGGREGATE_MEAN);
    CHECK(strstr(json.chars, "\"aggregation\": \"mean\"") != NULL);
    CHECK(strstr(json.chars, "\"1\": {\"cases\": 3, \"area_px\": 2.33333333333333") != NULL);
    CHECK(strstr(json.chars, "\"area_mm2\": null") && !strstr(json.chars, "volume"));
    CHECK(strstr(json.chars, "\"files_left_out\": 1") &&
          strstr(json.chars, "more.png: there is no"));
    CHECK(strstr(csv.chars, "largest_component_px,warnings\n") != NULL);
    CHECK(strstr(json.chars, "\"box_xyz\": [0, 2, 0, 0, 2, 0]") != NULL);
    CHECK(strstr(json.chars, "\"touches_border\": true") && !strstr(json.chars, "nan"));
    text_free(&csv);
    text_free(&json);
    region_table_csv(&csv, &t, AGGREGATE_NOT);
    CHECK(!strstr(csv.chars, "\nmean,") && !strstr(csv.chars, "\nmedian,"));
    text_free(&csv);
    region_table_free(&t);
}

TEST(areas_are_in_mm_where_the_spacing_is_known) {
    static EvaluatedLabel named[] = {{.value = {1}, .values = 1}, {.value = {9}, .values = 1}};
    const RegionRule rule = {.label = named, .labels = 2, .spacing_xyz_mm = {0.5, 0.25, 1.0}};
    RegionTable t;
    CHECK(!table_of(&t, &rule, NULL, NULL) && t.count == 3 && t.item[2].spacing_known);
    const double *v = t.item[2].region[0].value;
    CHECK(is_near(v[REGION_AREA_PX], 4.0) && is_near(v[REGION_AREA_MM2], 0.5));
    CHECK(isnan(v[REGION_VOLUME_MM3]) && isnan(v[REGION_VOLUME_ML]));
    CHECK(strstr(warnings_lines(&t.warnings),
                 "no segmentation holds the label 9; they hold 1 and 7"));
    region_table_free(&t);
}

TEST(threads_change_nothing) {
    Text text[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++) {
        RegionTable t;
        CaseWork work = {.threads = NULL};
        CHECK(!i || !threads_open(&work.threads, 3, NULL));
        CHECK(!table_of(&t, &all, &work, NULL));
        region_table_csv(&text[i], &t, AGGREGATE_MEAN);
        threads_close(work.threads);
        region_table_free(&t);
    }
    CHECK(strcmp(text[0].chars, text[1].chars) == 0);
    text_free(&text[0]);
    text_free(&text[1]);
}

TEST(every_failed_allocation_of_statistics_leaks_nothing) {
    RegionStatistics s[3];
    Volume *image = image_of_scene(), *map = map_of_scene();
    Status status = VOXPERT_OUT_OF_MEMORY;
    for (size_t n = 1; status && n < 200; n++) {
        memory_fail_at(n, false);
        status = regions_measure(s, image, map, labels, 3, NULL);
    }
    memory_fail_at(0, false);
    CHECK(status == VOXPERT_OK);
    volume_free(image);
    volume_free(map);
}

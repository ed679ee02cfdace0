#include "image/mask_clean.h"
#include "image/regions.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <jansson.h>

#include "base/memory.h"
#include "tests/check.h"
#include "tests/golden/picture.h"

/* A picture drawn in text: '#' foreground, rows of equal length separated by spaces. */
static uint8_t *drawn(const char *rows, size_t size[3]) {
    size[0] = 1;
    size[2] = strcspn(rows, " ");
    size[1] = (strlen(rows) + 1) / (size[2] + 1);
    uint8_t *mask = calloc(size[1] * size[2], 1);
    for (size_t i = 0; i < size[1] * size[2]; i++)
        mask[i] = rows[i / size[2] * (size[2] + 1) + i % size[2]] == '#';
    return mask;
}

static bool looks(const uint8_t *mask, const char *rows) {
    size_t size[3];
    uint8_t *want = drawn(rows, size);
    bool same = true;
    for (size_t i = 0; i < size[1] * size[2]; i++) same = same && (mask[i] != 0) == want[i];
    free(want);
    return same;
}

TEST(diagonal_pixels_are_neighbours_by_choice) {
    size_t size[3];
    uint8_t *mask = drawn("#..# .##. ....", size);
    Regions r;
    CHECK(!regions_find(&r, mask, size, NEIGHBOURS_ALL, NULL));
    CHECK(r.count == 1 && r.region[0].voxels == 4);
    regions_free(&r);
    CHECK(!regions_find(&r, mask, size, NEIGHBOURS_FACES, NULL));
    CHECK(r.count == 3);
    const uint32_t want[] = {1, 0, 0, 2, 0, 3, 3, 0, 0, 0, 0, 0};
    CHECK(memcmp(r.label, want, sizeof want) == 0);
    CHECK(r.region[2].first == 5 && r.region[2].low[2] == 1 && r.region[2].high[2] == 2);
    regions_free(&r);
    free(mask);
}

TEST(a_u_shape_is_one_region_numbered_by_its_first_pixel) {
    size_t size[3];
    uint8_t *mask = drawn("..#.#.# #.#.#.# #.###.# #.....# #######", size);
    Regions r;
    CHECK(!regions_find(&r, mask, size, NEIGHBOURS_FACES, NULL));
    CHECK(r.count == 2);
    CHECK(r.region[0].voxels == 7 && r.region[0].first == 2);
    CHECK(r.region[1].voxels == 14 && r.region[1].first == 6);
    CHECK(regions_largest(&r) == 1);
    regions_free(&r);
    free(mask);
}

TEST(an_empty_mask_has_no_regions_and_no_bounds) {
    uint8_t mask[12] = {0};
    size_t size[3] = {1, 3, 4}, low[3], high[3];
    Regions r;
    CHECK(!regions_find(&r, mask, size, NEIGHBOURS_ALL, NULL));
    CHECK(r.count == 0 && regions_largest(&r) == 0);
    regions_free(&r);
    CHECK(!mask_bounds(mask, size, low, high));
    CHECK(!mask_keep_largest(mask, size, NEIGHBOURS_ALL, NULL));
    CHECK(!mask_fill_holes(mask, size, NULL));
    CHECK(mask_count(mask, 12) == 0);
}

TEST(bounds_are_inclusive) {
    uint8_t mask[2 * 3 * 4] = {0};
    size_t size[3] = {2, 3, 4}, low[3], high[3];
    mask[1 * 4 + 2] = mask[12 + 2 * 4 + 1] = 255;
    CHECK(mask_bounds(mask, size, low, high));
    CHECK(low[0] == 0 && low[1] == 1 && low[2] == 1);
    CHECK(high[0] == 1 && high[1] == 2 && high[2] == 2);
}

TEST(the_largest_region_stays_and_the_first_of_equals) {
    size_t size[3];
    uint8_t *mask = drawn("##...## ##...## .....#. #......", size);
    CHECK(!mask_keep_largest(mask, size, NEIGHBOURS_ALL, NULL));
    CHECK(looks(mask, ".....## .....## .....#. ......."));
    free(mask);
    mask = drawn("##..## ...... ##..##", size);
    CHECK(!mask_keep_largest(mask, size, NEIGHBOURS_ALL, NULL));
    CHECK(looks(mask, "##.... ...... ......"));
    free(mask);
}

TEST(small_regions_go_and_those_of_the_least_size_stay) {
    size_t size[3];
    uint8_t *mask = drawn("##.# ##.. ...# #..#", size);
    CHECK(!mask_remove_small(mask, size, NEIGHBOURS_ALL, 2, NULL));
    CHECK(looks(mask, "##.. ##.. ...# ...#"));
    free(mask);
}

TEST(holes_are_what_faces_do_not_connect_to_the_border) {
    size_t size[3];
    uint8_t *mask = drawn(".###.. #...#. #...#. .###..", size);
    CHECK(!mask_fill_holes(mask, size, NULL));
    CHECK(looks(mask, ".###.. #####. #####. .###.."));
    free(mask);
    mask = drawn("####. #..#. #..#. #.##.", size);
    CHECK(!mask_fill_holes(mask, size, NULL));
    CHECK(looks(mask, "####. #..#. #..#. #.##."));
    free(mask);
}

TEST(a_cavity_in_a_volume_is_filled_and_a_tunnel_is_not) {
    uint8_t mask[3 * 3 * 3];
    size_t size[3] = {3, 3, 3};
    memset(mask, 1, sizeof mask);
    mask[13] = 0;
    CHECK(!mask_fill_holes(mask, size, NULL));
    CHECK(mask[13] == 1);
    mask[13] = mask[4] = 0; /* open to the first slice */
    CHECK(!mask_fill_holes(mask, size, NULL));
    CHECK(mask[13] == 0 && mask[4] == 0);
}

/* ---- segment_anything's rule; expected masks by its code with OpenCV 5.0 -------------------- */

TEST(small_holes_are_background_regions_over_eight_neighbours) {
    size_t size[3];
    bool changed;
    uint8_t *mask = drawn("###### #.#### ####.# ###.## #####.", size);
    CHECK(!mask_remove_small_regions(mask, (Extent){5, 6}, SMALL_HOLES, 2, &changed, NULL));
    CHECK(changed && looks(mask, "###### ###### ####.# ###.## ######"));
    CHECK(!mask_remove_small_regions(mask, (Extent){5, 6}, SMALL_HOLES, 2, &changed, NULL));
    CHECK(!changed);
    free(mask);
}

TEST(small_islands_go_unless_all_are_small) {
    size_t size[3];
    bool changed;
    uint8_t *mask = drawn("#..... ..##.. ..##.# ......", size);
    CHECK(!mask_remove_small_regions(mask, (Extent){4, 6}, SMALL_ISLANDS, 3, &changed, NULL));
    CHECK(changed && looks(mask, "...... ..##.. ..##.. ......"));
    free(mask);
    mask = drawn("#..... ..##.. .....# ......", size);
    CHECK(!mask_remove_small_regions(mask, (Extent){4, 6}, SMALL_ISLANDS, 3, &changed, NULL));
    CHECK(changed && looks(mask, "...... ..##.. ...... ......"));
    free(mask);
}

TEST(of_equal_small_islands_the_first_by_blocks_of_two_stays) {
    size_t size[3];
    bool changed;
    /* The right pixel comes first row by row, the left one first block by block. */
    uint8_t *mask = drawn("...#. #.... .....", size);
    CHECK(!mask_remove_small_regions(mask, (Extent){3, 5}, SMALL_ISLANDS, 9, &changed, NULL));
    CHECK(changed && looks(mask, "..... #.... ....."));
    free(mask);
}

/* ---- Golden counts (scipy) ------------------------------------------------------------------ */

static uint8_t *volume_read(const char *path, size_t size[3]) {
    uint8_t header[352];
    gzFile file = gzopen(path, "rb");
    if (!file || gzread(file, header, sizeof header) != (int)sizeof header) return NULL;
    int16_t dim[8];
    memcpy(dim, header + 40, sizeof dim);
    for (int a = 0; a < 3; a++) size[a] = (size_t)dim[3 - a];
    size_t n = size[0] * size[1] * size[2];
    uint8_t *mask = malloc(n);
    CHECK(header[70] == 2 && gzread(file, mask, (unsigned)n) == (int)n); /* uint8 */
    gzclose(file);
    return mask;
}

static uint8_t *mask_read(const char *path, size_t size[3]) {
    if (strstr(path, ".nii")) return volume_read(path, size);
    Extent e = {0};
    uint16_t *labels = picture_read_labels(path, &e);
    size[0] = 1, size[1] = e.height, size[2] = e.width;
    uint8_t *mask = calloc(extent_pixels(e) + 1, 1);
    for (size_t i = 0; labels && i < extent_pixels(e); i++) mask[i] = labels[i] != 0;
    free(labels);
    return mask;
}

static int descending(const void *a, const void *b) {
    const Region *x = a, *y = b;
    return (x->voxels < y->voxels) - (x->voxels > y->voxels);
}

static void check_counts(json_t *want, const uint8_t *mask, const size_t size[3], Neighbours n) {
    Regions r;
    if (!want) return;
    CHECK(!regions_find(&r, mask, size, n, NULL));
    CHECK(r.count == (size_t)json_integer_value(json_object_get(want, "count")));
    size_t squares = 0, i;
    for (i = 0; i < r.count; i++) squares += r.region[i].voxels * r.region[i].voxels;
    CHECK(squares == (size_t)json_integer_value(json_object_get(want, "sum_of_squares")));
    if (r.count) qsort(r.region, r.count, sizeof *r.region, descending);
    json_t *value;
    json_array_foreach(json_object_get(want, "largest"), i, value) {
        CHECK(i < r.count && r.region[i].voxels == (size_t)json_integer_value(value));
    }
    regions_free(&r);
}

TEST(counts_and_sizes_are_those_of_the_golden_masks) {
    json_t *list = json_load_file(check_shared("golden/eval/components.json"), 0, NULL), *entry;
    size_t i, checked = 0;
    json_array_foreach(json_object_get(list, "cases"), i, entry) {
        char path[256];
        size_t size[3];
        snprintf(path, sizeof path, "golden/eval/%s",
                 json_string_value(json_object_get(entry, "file")));
        uint8_t *mask = mask_read(check_shared(path), size);
        CHECK(mask != NULL);
        if (!mask) continue;
        check_counts(json_object_get(entry, "conn4"), mask, size, NEIGHBOURS_FACES);
        check_counts(json_object_get(entry, "conn8"), mask, size, NEIGHBOURS_ALL);
        check_counts(json_object_get(entry, "conn6"), mask, size, NEIGHBOURS_FACES);
        check_counts(json_object_get(entry, "conn18"), mask, size, NEIGHBOURS_EDGES);
        check_counts(json_object_get(entry, "conn26"), mask, size, NEIGHBOURS_ALL);
        free(mask);
        checked++;
    }
    CHECK(checked >= 8);
    json_decref(list);
}

TEST(every_failed_allocation_is_reported_and_leaks_nothing) {
    size_t size[3];
    uint8_t *mask = drawn("#.#.#.#.#.#.#.#.#.#.#.#. .#.#.#.#.#.#.#.#.#.#.#.#", size);
    Status status = VOXPERT_OUT_OF_MEMORY;
    for (size_t n = 1; status == VOXPERT_OUT_OF_MEMORY; n++) {
        memory_fail_at(n, false);
        status = mask_remove_small_regions(mask, (Extent){2, 24}, SMALL_HOLES, 2, NULL, NULL);
        CHECK(n > 1 || status == VOXPERT_OUT_OF_MEMORY);
    }
    CHECK(status == VOXPERT_OK);
    Regions r = {0};
    status = VOXPERT_OUT_OF_MEMORY;
    for (size_t n = 1; status == VOXPERT_OUT_OF_MEMORY; n++) {
        memory_fail_at(n, false);
        status = regions_find(&r, mask, size, NEIGHBOURS_FACES, NULL);
        CHECK(status == VOXPERT_OK || r.label == NULL);
    }
    CHECK(status == VOXPERT_OK && r.count == 24);
    memory_fail_at(0, false);
    regions_free(&r);
    free(mask);
}

#include "data/outline.h"

#include <math.h>
#include <string.h>

#include "tests/check.h"

enum { HEIGHT = 6, WIDTH = 8 };
static const Extent size = {HEIGHT, WIDTH};

static size_t area(const uint8_t *mask) {
    size_t n = 0;
    for (int i = 0; i < HEIGHT * WIDTH; i++) n += mask[i];
    return n;
}

TEST(a_pixel_is_inside_where_its_centre_is) {
    uint8_t mask[HEIGHT * WIDTH] = {0};
    const double box[] = {1, 1, 4, 1, 4, 3, 1, 3};
    CHECK(!outline_fill(mask, size, box, 4, NULL));
    CHECK(area(mask) == 6 && mask[1 * WIDTH + 1] && mask[2 * WIDTH + 3] && !mask[3 * WIDTH + 1]);
    memset(mask, 0, sizeof mask);
    const double thin[] = {1, 0.6, 7, 0.6, 7, 0.9, 1, 0.9}; /* between the centres of two rows */
    CHECK(!outline_fill(mask, size, thin, 4, NULL));
    CHECK(area(mask) == 0);
}

TEST(neighbours_that_share_a_side_share_no_pixel) {
    uint8_t left[HEIGHT * WIDTH] = {0}, right[HEIGHT * WIDTH] = {0};
    const double a[] = {0, 0, 5, 0, 2, 6, 0, 6}, b[] = {5, 0, 8, 0, 8, 6, 2, 6};
    CHECK(!outline_fill(left, size, a, 4, NULL) && !outline_fill(right, size, b, 4, NULL));
    for (int i = 0; i < HEIGHT * WIDTH; i++) CHECK(left[i] + right[i] == 1);
}

TEST(what_crosses_itself_counts_by_the_even_odd_rule) {
    uint8_t mask[HEIGHT * WIDTH] = {0};
    const double twice[] = {0, 0, 8, 0, 8, 6, 0, 6, 0, 0, 8, 0, 8, 6, 0, 6};
    CHECK(!outline_fill(mask, size, twice, 8, NULL));
    CHECK(area(mask) == 0);
}

TEST(outlines_reach_no_further_than_the_picture) {
    uint8_t mask[HEIGHT * WIDTH] = {0};
    const double huge[] = {-1e8, -1e8, 1e8, -1e8, 1e8, 1e8, -1e8, 1e8};
    CHECK(!outline_fill(mask, size, huge, 4, NULL));
    CHECK(area(mask) == HEIGHT * WIDTH);
}

static Status read(uint8_t *mask, const char *json, Error *error) {
    json_t *annotation = json_loads(json, 0, NULL);
    memset(mask, 0, HEIGHT * WIDTH);
    Status status = annotation_mask(mask, size, annotation, error);
    json_decref(annotation);
    return status;
}

TEST(outlines_are_read_in_every_form_that_can_be_meant_in_one_way) {
    static const struct {
        const char *json;
        const char *odd; /* part of what is reported; NULL: nothing */
    } forms[] = {
        {"{\"segmentation\": [[1, 1, 4, 1, 4, 3, 1, 3]]}", NULL},
        {"{\"segmentation\": [1, 1, 4, 1, 4, 3, 1, 3]}", "not in a list of outlines"},
        {"{\"segmentation\": [[1, 1], [4, 1], [4, 3], [1, 3]]}", "list of points [x, y]"},
        {"{\"segmentation\": [[[1, 1], [4, 1], [4, 3], [1, 3]]]}", "list of points [x, y]"},
        {"{\"segmentation\": [[[1, 1], [2, 1], [2, 3], [1, 3]], [2, 1, 4, 1, 4, 3, 2, 3]]}",
         "list of points [x, y]"},
        {"{\"segmentation\": {\"size\": [6, 8], \"counts\": [7, 2, 4, 2, 4, 2, 27]}}", NULL},
    };
    uint8_t want[HEIGHT * WIDTH], mask[HEIGHT * WIDTH];
    CHECK(!read(want, forms[0].json, NULL) && area(want) == 6);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        Error error = {0};
        json_t *annotation = json_loads(forms[i].json, 0, NULL);
        const char *odd = annotation_oddity(annotation);
        Status status = read(mask, forms[i].json, &error);
        check_report(!status && memcmp(mask, want, sizeof mask) == 0, __FILE__, __LINE__,
                     "form %zu: %s", i, error.message);
        CHECK(forms[i].odd ? odd && strstr(odd, forms[i].odd) : !odd);
        json_decref(annotation);
    }
    static const char *const wrong[] = {
        "{\"segmentation\": [[1, 1], [4, 1]]}",
        "{\"segmentation\": [[1, 1], [4, 1], [4, 3], [1, 3, 5, 5, 1, 1]]}",
        "{\"segmentation\": [[1, 1], [4, 1], [4, \"3 px\"]]}",
        "{\"segmentation\": [[[1, 1], [4, 1]]]}",
        "{\"segmentation\": [[[1, 1, 1], [4, 1, 1], [4, 3, 1]]]}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(read(mask, wrong[i], NULL) == VOXPERT_BAD_INPUT);
}

TEST(annotations_say_what_is_wrong_with_them) {
    uint8_t mask[HEIGHT * WIDTH];
    Error error = {0};
    CHECK(!read(mask, "{\"segmentation\": [[0, 0, 2, 0, 2, 2, 0, 2], [4, 4, 6, 4, 6, 6, 4, 6]]}",
                NULL));
    CHECK(area(mask) == 8);
    CHECK(!read(mask, "{\"segmentation\": {\"size\": [6, 8], \"counts\": [1, 2, 45]}}", NULL));
    CHECK(area(mask) == 2 && mask[WIDTH] && mask[2 * WIDTH]);
    static const struct {
        const char *json, *word;
    } bad[] = {
        {"{}", "no segmentation"},
        {"{\"segmentation\": [[1, 2, 3, 4]]}", "three points"},
        {"{\"segmentation\": [[1, 2, 3, 4, 5, \"6 px\"]]}", "no number"},
        {"{\"segmentation\": {\"size\": [8, 6], \"counts\": []}}", "8 x 6"},
        {"{\"segmentation\": {\"size\": [6, 8], \"counts\": [1, -2]}}", "no whole number"},
        {"{\"segmentation\": {\"size\": [6, 8], \"counts\": [1.5, 46.5]}}", "no whole number"},
        {"{\"segmentation\": {\"size\": [6, null], \"counts\": [48]}}", "need their"},
        {"{\"segmentation\": {\"counts\": [48]}}", "need their"},
        {"{\"segmentation\": {\"size\": [6, 8], \"counts\": [1]}}", ""}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(read(mask, bad[i].json, &error) == VOXPERT_BAD_INPUT);
        CHECK(strstr(error.message, bad[i].word));
    }
}

TEST(numbers_may_have_a_point_or_be_texts) {
    uint8_t mask[HEIGHT * WIDTH];
    CHECK(
        !read(mask, "{\"segmentation\": {\"size\": [6, 8], \"counts\": [1.0, 2.0, 45.0]}}", NULL));
    CHECK(area(mask) == 2);
    CHECK(!read(mask, "{\"segmentation\": {\"size\": [\"6\", \"8\"], \"counts\": [1, 2, 45]}}",
                NULL));
    CHECK(area(mask) == 2);
    CHECK(!read(mask,
                "{\"segmentation\": [[\"0\", \"0\", \"2\", \"0\", \"2\", \"2\", \"0\", \"2\"]]}",
                NULL));
    CHECK(area(mask) == 4);
}

static bool reaches_out(const char *json, double point[2]) {
    json_t *annotation = json_loads(json, 0, NULL);
    bool out = annotation_reaches_out(point, size, annotation);
    json_decref(annotation);
    return out;
}

TEST(an_outline_beyond_the_picture_is_found_with_its_farthest_point) {
    double point[2] = {0};
    CHECK(!reaches_out("{\"segmentation\": [[0, 0, 8, 0, 8, 6]]}", point));
    CHECK(!reaches_out("{\"segmentation\": [[-0.5, 0, 8.9, 0, 8, 6.9]]}", point));
    CHECK(reaches_out("{\"segmentation\": [[0, 0, 1, 0, 1, 1], [0, 0, 9, 0, 17, 12]]}", point));
    CHECK(fabs(point[0] - 17.0) < 1e-9 && fabs(point[1] - 12.0) < 1e-9);
    CHECK(reaches_out("{\"segmentation\": [-3, 0, 2, 0, 2, 2]}", point));
}

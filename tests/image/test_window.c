#include "image/window.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "tests/check.h"

static Volume *plane_of(const float *values, size_t count) {
    Volume *v;
    CHECK(volume_new(&v, (VolumeSize){1, 1, 1, count, 1}, SAMPLE_F32, NULL) == VOXPERT_OK);
    memcpy(v->samples, values, count * sizeof *values);
    return v;
}

TEST(a_given_window_maps_its_edges_to_black_and_white) {
    Window w;
    CHECK(window_level(&w, 40.0, 400.0, NULL) == VOXPERT_OK);
    const float values[] = {-1000.0f, -160.0f, 40.0f, 239.9f, 240.0f, 3000.0f, NAN, INFINITY};
    uint8_t got[8];

    window_apply(got, values, 8, &w);

    CHECK(memcmp(got, (const uint8_t[]){0, 0, 127, 254, 255, 255, 0, 255}, 8) == 0);
}

TEST(a_window_without_width_is_refused) {
    Window w;
    CHECK(window_level(&w, 40.0, 0.0, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(window_level(&w, 40.0, -1.0, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(window_level(&w, (double)NAN, 1.0, NULL) == VOXPERT_BAD_ARGUMENT);
}

/* numpy: percentile([-3 .. 2000 without 0], [0.5, 99.5]) */
TEST(the_default_is_numpys_percentiles_of_what_is_not_zero) {
    float values[2004];
    for (int i = 0; i < 2004; i++) values[i] = (float)((i * 1109) % 2004 - 3);
    Volume *v = plane_of(values, 2004);
    Window w;

    CHECK(window_default(&w, v, 0, NULL) == VOXPERT_OK);

    CHECK(fabs(w.low - 8.01) < 1e-9 && fabs(w.high - 1989.99) < 1e-9);
    CHECK(w.nonfinite == 0 && w.remark == NULL);
    volume_free(v);
}

TEST(what_is_not_finite_is_counted_and_left_out) {
    const float values[] = {NAN, 5.0f, INFINITY, 7.0f, -INFINITY};
    Volume *v = plane_of(values, 5);
    Window w;

    CHECK(window_default(&w, v, 0, NULL) == VOXPERT_OK);

    CHECK(w.nonfinite == 3 && fabs(w.low - 5.01) < 1e-9 && fabs(w.high - 6.99) < 1e-9);
    CHECK(strstr(w.remark, "NaN") != NULL);
    volume_free(v);
}

TEST(a_mask_is_drawn_from_its_smallest_to_its_largest_value) {
    const float values[] = {0.0f, 3.0f, 3.0f, 0.0f};
    Volume *v = plane_of(values, 4);
    Window w;
    CHECK(window_default(&w, v, 0, NULL) == VOXPERT_OK);
    CHECK(w.low == 0.0 && w.high == 3.0 && w.remark == NULL);
    volume_free(v);
}

TEST(a_constant_image_is_black) {
    const float values[] = {4.0f, 4.0f, NAN};
    Volume *v = plane_of(values, 3);
    Window w;
    uint8_t got[3] = {9, 9, 9};
    CHECK(window_default(&w, v, 0, NULL) == VOXPERT_OK);
    window_apply(got, values, 3, &w);
    CHECK(strstr(w.remark, "constant") != NULL && got[0] == 0 && got[2] == 0);
    volume_free(v);
}

TEST(the_largest_range_does_not_overflow) {
    const float values[] = {-FLT_MAX, FLT_MAX, 1.0f};
    Volume *v = plane_of(values, 3);
    Window w;
    uint8_t got[3];
    CHECK(window_default(&w, v, 0, NULL) == VOXPERT_OK);
    window_apply(got, values, 3, &w);
    CHECK(strstr(w.remark, "range") != NULL && got[0] == 0 && got[1] == 255 && got[2] == 127);
    volume_free(v);
}

TEST(an_image_of_nan_has_no_window) {
    const float values[] = {NAN, NAN};
    Volume *v = plane_of(values, 2);
    Window w;
    Error error;
    CHECK(window_default(&w, v, 0, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "NaN") != NULL);
    volume_free(v);
}

TEST(opacity_has_no_say_in_the_window) {
    const float values[] = {10.0f, 1000.0f, 20.0f, 2000.0f};
    Volume *v;
    CHECK(volume_new(&v, (VolumeSize){1, 1, 1, 2, 2}, SAMPLE_F32, NULL) == VOXPERT_OK);
    memcpy(v->samples, values, sizeof values);
    v->alpha = true;
    Window w;
    CHECK(window_default(&w, v, 0, NULL) == VOXPERT_OK);
    CHECK(w.low > 10.0 && w.high < 20.0);
    volume_free(v);
}

TEST(each_frame_has_a_window_of_its_own) {
    float samples[2][10];
    for (int i = 0; i < 10; i++)
        samples[0][i] = (float)(i + 1), samples[1][i] = (float)(100 * i + 1);
    Volume *v;
    Window w;
    CHECK(volume_new(&v, (VolumeSize){2, 1, 1, 10, 1}, SAMPLE_F32, NULL) == VOXPERT_OK);
    memcpy(v->samples, samples, sizeof samples);
    CHECK(window_default(&w, v, 0, NULL) == VOXPERT_OK && w.high < 10.0 && w.high > 9.9);
    CHECK(window_default(&w, v, 1, NULL) == VOXPERT_OK && w.high > 890.0);
    volume_free(v);
}

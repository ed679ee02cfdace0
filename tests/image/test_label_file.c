/* Label maps as programs save them: what is the same map must read the same, and what was made of
 * it is reported. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "image/label_file.h"
#include "tests/check.h"

static Volume *read_case(const char *file) {
    char path[160];
    Volume *v;
    Error error = {0};
    snprintf(path, sizeof path, "field/cases/%s", file);
    Status status =
        volume_read(&v, check_shared(path), &(VolumeReadOptions){.labels = true}, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
    return v;
}

static uint32_t *labels_of(const Volume *v) {
    uint32_t *labels = memory_new((volume_voxels(v) + 1) * sizeof *labels);
    Error error = {0};
    if (!labels) abort();
    check_report(volume_labels(labels, v, &error) == VOXPERT_OK, __FILE__, __LINE__, "%s",
                 error.message);
    return labels;
}

/* `tolerated`: pixels on the contour that JPEG's noise may move. */
static void check_mask(const char *file, uint32_t value, const char *warning, size_t tolerated) {
    Volume *odd = read_case(file),
           *plain = read_case("07-masks-that-look-alike/masks/a_plain255.png");
    uint32_t *got = labels_of(odd), *want = labels_of(plain);
    size_t differ = 0, voxels = volume_voxels(plain);
    CHECK(volume_voxels(odd) == voxels);
    for (size_t i = 0; i < voxels; i++) differ += got[i] != (want[i] ? value : 0);
    check_report(differ <= tolerated, __FILE__, __LINE__, "%s: %zu pixels differ", file, differ);
    check_report(warning ? strstr(warnings_lines(&odd->warnings), warning) != NULL
                         : odd->warnings.count == 0,
                 __FILE__, __LINE__, "%s: %s", file, warnings_lines(&odd->warnings));
    memory_free(got);
    memory_free(want);
    volume_free(odd);
    volume_free(plain);
}

TEST(masks_that_look_alike_are_alike) {
#define MASKS "07-masks-that-look-alike/masks/"
    check_mask(MASKS "b_plain1.png", 1, NULL, 0);
    check_mask(MASKS "c_palette_black_first.png", 1, NULL, 0);
    check_mask(MASKS "f_onebit_png.png", 1, NULL, 0);
    check_mask(MASKS "g_alpha_only.png", 255, "alpha channel (opacity) is taken", 0);
    check_mask(MASKS "h_rgb_white.png", 255, NULL, 0);
    check_mask(MASKS "j_jpeg.jpg", 255, "ramps of a mask of two levels", 0);
    check_mask(MASKS "l_g4_fax.tif", 1, NULL, 0);
    check_mask(MASKS "o_int32.tif", 1, NULL, 0);
    check_mask(MASKS "p_int64.tif", 1, NULL, 0);
    check_mask(MASKS "q_float32.tif", 1, NULL, 0);
    check_mask(MASKS "s_bool_tif.tif", 1, NULL, 0);
    check_mask(MASKS "t_float16.tif", 1, NULL, 0);
    check_mask(MASKS "u_deflated_lzw.tif", 1, NULL, 0);
}

TEST(labels_that_look_like_background_keep_their_values_with_a_warning) {
    static const struct {
        const char *file, *warning;
        uint32_t corner;
    } cases[] = {{MASKS "d_palette_white_first.png", "looks like background", 1},
                 {MASKS "m_miniswhite8.tif", "white is zero", 255},
                 {"39-mask-prompts/palette_white_first.png", "looks like background", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Volume *v = read_case(cases[i].file);
        uint32_t *labels = labels_of(v);
        check_report(labels[0] == cases[i].corner, __FILE__, __LINE__, "%s: %u", cases[i].file,
                     labels[0]);
        check_report(strstr(warnings_lines(&v->warnings), cases[i].warning) != NULL, __FILE__,
                     __LINE__, "%s: %s", cases[i].file, warnings_lines(&v->warnings));
        memory_free(labels);
        volume_free(v);
    }
}

TEST(labels_that_drifted_are_rounded_and_it_is_reported) {
    Volume *drifted = read_case("14-label-values-that-drifted/float_drift.nii.gz");
    Volume *clean = read_case("14-label-values-that-drifted/clean.nii.gz");
    uint32_t *got = labels_of(drifted), *want = labels_of(clean);
    CHECK(memcmp(got, want, volume_voxels(clean) * sizeof *want) == 0);
    CHECK(strstr(warnings_lines(&drifted->warnings), "away from a whole number") != NULL);
    memory_free(got);
    memory_free(want);
    volume_free(drifted);
    volume_free(clean);
}

TEST(whole_numbers_of_any_type_are_labels_without_a_word) {
    static const char *const files[] = {"float_exact", "int64", "uint64"};
    Volume *clean = read_case("14-label-values-that-drifted/clean.nii.gz");
    uint32_t *want = labels_of(clean);
    for (size_t i = 0; i < 3; i++) {
        char file[80];
        snprintf(file, sizeof file, "14-label-values-that-drifted/%s.nii.gz", files[i]);
        Volume *v = read_case(file);
        uint32_t *got = labels_of(v);
        CHECK(memcmp(got, want, volume_voxels(clean) * sizeof *want) == 0);
        CHECK(v->warnings.count == 0);
        memory_free(got);
        volume_free(v);
    }
    memory_free(want);
    volume_free(clean);
}

/* ---- Ramps and instances ---------------------------------------------------------------- */

static Volume *picture_new(size_t height, size_t width, SampleType type) {
    Volume *v;
    if (volume_new(&v, (VolumeSize){1, 1, height, width, 1}, type, NULL)) abort();
    v->labels = true;
    return v;
}

/* A disc whose edge is smoothed over `soft` pixels, from 0 to `most`. */
static unsigned disc(size_t x, size_t y, double soft, unsigned most) {
    double off = 20.0 - hypot((double)x - 31.5, (double)y - 30.0);
    double inside = fmin(1.0, fmax(0.0, 0.5 + off / soft));
    return (unsigned)floor(inside * most + 0.5);
}

TEST(smoothed_edges_are_two_levels_in_8_and_16_bits) {
    static const double softness[] = {1.0, 2.0, 4.0};
    for (size_t i = 0; i < 6; i++) {
        bool words = i >= 3;
        unsigned most = words ? 65535 : 255;
        Volume *v = picture_new(64, 64, words ? SAMPLE_U16 : SAMPLE_U8);
        for (size_t at = 0; at < 64 * 64; at++) {
            unsigned value = disc(at % 64, at / 64, softness[i % 3], most);
            if (words)
                ((uint16_t *)v->samples)[at] = (uint16_t)value;
            else
                ((uint8_t *)v->samples)[at] = (uint8_t)value;
        }
        CHECK(label_file_complete(v, NULL) == VOXPERT_OK);
        uint32_t *got = labels_of(v);
        for (size_t at = 0; at < 64 * 64; at++) {
            unsigned half = disc(at % 64, at / 64, softness[i % 3], most);
            CHECK(got[at] == (2 * half > most ? most : 0));
        }
        CHECK(v->warnings.count == 1);
        memory_free(got);
        volume_free(v);
    }
}

/* `side`: of square instances, `apart` pixels from each other; numbers that jump about. */
static void check_instances(size_t side, size_t apart) {
    Volume *v = picture_new(96, 96, SAMPLE_U8);
    uint8_t *samples = v->samples, kept[96 * 96];
    size_t step = side + apart, across = 96 / step;
    for (size_t i = 0; i < (size_t)96 * 96; i++) {
        size_t x = i % 96, y = i / 96, at = y / step * across + x / step;
        bool on = x % step < side && y % step < side && x / step < across && y / step < across;
        samples[i] = on ? (uint8_t)(1 + at * 37 % 255) : 0;
    }
    memcpy(kept, samples, sizeof kept);
    CHECK(label_file_complete(v, NULL) == VOXPERT_OK);
    CHECK(memcmp(kept, v->samples, sizeof kept) == 0 && v->warnings.count == 0);
    volume_free(v);
}

TEST(instances_stay_instances) {
    check_instances(5, 0);
    check_instances(5, 2);
    check_instances(3, 1);
    check_instances(1, 2);
    check_instances(2, 1);
    check_instances(12, 0);
}

TEST(noise_and_gradients_are_no_mask) {
    for (int noise = 0; noise < 2; noise++) {
        Volume *v = picture_new(64, 64, SAMPLE_U8);
        uint8_t *samples = v->samples, kept[64 * 64];
        uint32_t state = 1;
        for (size_t i = 0; i < (size_t)64 * 64; i++) {
            state = state * 1664525u + 1013904223u;
            samples[i] = (uint8_t)(noise ? state >> 24 : 4 * (i % 64));
        }
        memcpy(kept, samples, sizeof kept);
        CHECK(label_file_complete(v, NULL) == VOXPERT_OK && v->warnings.count == 0);
        CHECK(memcmp(kept, v->samples, sizeof kept) == 0);
        volume_free(v);
    }
}

TEST(few_values_between_are_labels) {
    Volume *v = picture_new(8, 8, SAMPLE_U8);
    memcpy(v->samples, (const uint8_t[]){0, 85, 170, 255, 255, 170, 85, 0}, 8);
    CHECK(label_file_complete(v, NULL) == VOXPERT_OK && v->warnings.count == 0);
    CHECK(((const uint8_t *)v->samples)[1] == 85);
    volume_free(v);
}

TEST(opacity_is_a_mask_only_where_colours_say_nothing) {
    const uint8_t shape[] = {9, 0, 9, 255, 9, 0}, drawn[] = {9, 0, 7, 255, 9, 0};
    const uint8_t opaque[] = {9, 255, 9, 255, 9, 255};
    const uint8_t *const files[] = {shape, drawn, opaque};
    for (size_t i = 0; i < 3; i++) {
        Volume *v;
        CHECK(volume_new(&v, (VolumeSize){1, 1, 1, 3, 2}, SAMPLE_U8, NULL) == VOXPERT_OK);
        memcpy(v->samples, files[i], 6);
        v->labels = v->alpha = true;
        CHECK(label_file_complete(v, NULL) == VOXPERT_OK);
        uint32_t *got = labels_of(v);
        CHECK(got[0] == (i == 0 ? 0u : 9u) && got[1] == (i == 0 ? 255u : i == 1 ? 7u : 9u));
        CHECK(v->warnings.count == (i == 0));
        memory_free(got);
        volume_free(v);
    }
}

TEST(what_is_no_label_is_shown_with_enough_digits) {
    Volume *v = picture_new(1, 1, SAMPLE_F64);
    uint32_t label;
    Error error;
    *(double *)v->samples = 3.00104;
    CHECK(label_file_complete(v, NULL) == VOXPERT_OK);
    CHECK(volume_labels(&label, v, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "3.00104") != NULL);
    *(double *)v->samples = 2.9991;
    CHECK(label_file_complete(v, NULL) == VOXPERT_OK && *(double *)v->samples == 3.0);
    CHECK(volume_labels(&label, v, &error) == VOXPERT_OK && label == 3);
    volume_free(v);
}

TEST(scaled_labels_that_miss_whole_numbers_by_rounding_are_labels) {
    Volume *v = picture_new(1, 2, SAMPLE_I16);
    uint32_t got[2];
    memcpy(v->samples, (const int16_t[]){3000, 7000}, 4);
    v->slope = (double)0.001f;
    CHECK(volume_labels(got, v, NULL) == VOXPERT_OK && got[0] == 3 && got[1] == 7);
    volume_free(v);
}

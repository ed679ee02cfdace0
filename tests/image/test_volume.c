#include "image/volume.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"

static Volume *volume_of(VolumeSize size, SampleType type, const void *samples) {
    Volume *v;
    CHECK(volume_new(&v, size, type, NULL) == VOXPERT_OK);
    memcpy(v->samples, samples, volume_samples(v) * sample_size(type));
    return v;
}

TEST(a_scale_is_applied_in_double_and_rounded_once) {
    const int16_t samples[] = {-3, 7, 32767};
    Volume *v = volume_of((VolumeSize){1, 1, 1, 3, 1}, SAMPLE_I16, samples);
    v->slope = (double)0.1f;
    v->intercept = -1024.0;
    float got[3];

    volume_values(got, v, 0, 3);

    for (int i = 0; i < 3; i++)
        CHECK(got[i] == (float)((double)0.1f * (double)samples[i] - 1024.0));
    volume_free(v);
}

TEST(values_can_be_taken_in_pieces) {
    const double samples[] = {1.0, 2.5, -HUGE_VAL, 4.0};
    Volume *v = volume_of((VolumeSize){1, 1, 2, 2, 1}, SAMPLE_F64, samples);
    float got[2];

    volume_values(got, v, 1, 2);

    CHECK(got[0] == 2.5f && isinf(got[1]));
    volume_free(v);
}

TEST(integers_beyond_float_are_rounded_once) {
    const int64_t samples[] = {(1LL << 62) + 1, 16777217};
    Volume *v = volume_of((VolumeSize){1, 1, 1, 2, 1}, SAMPLE_I64, samples);
    float got[2];

    volume_values(got, v, 0, 2);

    CHECK(got[0] == 0x1p62f && got[1] == 16777216.0f);
    volume_free(v);
}

TEST(labels_are_whole_numbers_whatever_they_are_stored_as) {
    const float samples[] = {0.0f, 3.0f, 70000.0f};
    Volume *v = volume_of((VolumeSize){1, 1, 1, 3, 1}, SAMPLE_F32, samples);
    uint32_t got[3];

    CHECK(volume_labels(got, v, NULL) == VOXPERT_OK);

    CHECK(got[0] == 0 && got[1] == 3 && got[2] == 70000);
    volume_free(v);
}

TEST(fractions_negatives_and_nan_are_no_labels) {
    const float odd[] = {0.5f, -1.0f, NAN, 5e9f};
    for (int i = 0; i < 4; i++) {
        Volume *v = volume_of((VolumeSize){1, 1, 1, 1, 1}, SAMPLE_F32, odd + i);
        uint32_t got[1];
        Error error;
        CHECK(volume_labels(got, v, &error) == VOXPERT_BAD_INPUT);
        CHECK(strstr(error.message, "label") != NULL);
        volume_free(v);
    }
}

static Status labels_of(uint32_t out[3], uint8_t **ignored, size_t *count, float first) {
    Volume *v;
    Status status = volume_new(&v, (VolumeSize){1, 1, 1, 3, 1}, SAMPLE_F32, NULL);
    if (status) return status;
    memcpy(v->samples, (float[]){first, 0.0f, 3.0f}, 3 * sizeof(float));
    status = volume_labels_void(out, ignored, count, v, NULL);
    volume_free(v);
    return status;
}

TEST(minus_one_is_ignored_but_what_is_no_number_is_refused) {
    uint32_t out[3];
    uint8_t *mask;
    size_t count;
    CHECK(!labels_of(out, &mask, &count, -1.0f) && mask && mask[0] && !mask[1] && !mask[2]);
    CHECK(out[0] == 0 && out[2] == 3 && count == 1);
    memory_free(mask);
    CHECK(!labels_of(out, &mask, &count, 2.0f) && !mask && !count && out[0] == 2);
    CHECK(labels_of(out, &mask, &count, NAN) == VOXPERT_BAD_INPUT && !mask);
    CHECK(labels_of(out, &mask, &count, -2.0f) == VOXPERT_BAD_INPUT && !mask);
}

TEST(a_grey_mask_saved_in_colour_is_a_label_map_and_a_picture_is_not) {
    const uint8_t grey[] = {1, 1, 1, 9, 0, 0, 0, 255}, red[] = {1, 1, 1, 9, 7, 0, 0, 255};
    uint32_t got[2];
    for (int i = 0; i < 2; i++) {
        Volume *v = volume_of((VolumeSize){1, 1, 1, 2, 4}, SAMPLE_U8, i ? red : grey);
        v->alpha = true;
        CHECK(volume_labels(got, v, NULL) == (i ? VOXPERT_BAD_INPUT : VOXPERT_OK));
        CHECK(got[0] == 1);
        volume_free(v);
    }
}

TEST(a_mask_has_the_grid_and_the_header_of_its_image) {
    Volume *v, *mask;
    CHECK(volume_new(&v, (VolumeSize){2, 3, 4, 5, 3}, SAMPLE_F32, NULL) == VOXPERT_OK);
    v->header = memory_new(352);
    v->header_size = 352;
    memset(v->header, 7, 352);
    v->slope = 2.0;
    v->grid.affine_ras[1][2] = 0.25;
    v->grid.source = GRID_QFORM;

    CHECK(volume_like(&mask, v, SAMPLE_U16, NULL) == VOXPERT_OK);

    CHECK(volume_samples(mask) == 2 * 3 * 4 * 5 && mask->type == SAMPLE_U16 && mask->labels);
    CHECK(mask->slope == 1.0 && ((const uint16_t *)mask->samples)[119] == 0);
    CHECK(memcmp(&mask->grid, &v->grid, sizeof v->grid) == 0);
    CHECK(mask->header_size == 352 && memcmp(mask->header, v->header, 352) == 0);
    volume_free(mask);
    volume_free(v);
}

TEST(impossible_sizes_are_refused) {
    Volume *v;
    CHECK(volume_new(&v, (VolumeSize){1, 0, 4, 5, 1}, SAMPLE_U8, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(v == NULL);
    CHECK(volume_new(&v, (VolumeSize){1, SIZE_MAX / 2, 4, 5, 1}, SAMPLE_U8, NULL) ==
          VOXPERT_OUT_OF_MEMORY);
    CHECK(v == NULL);
}

TEST(images_are_known_by_their_extension) {
    CHECK(volume_name_is_image("a.png") && volume_name_is_image("case.NII.GZ"));
    CHECK(!volume_name_is_image("summary.json") && !volume_name_is_image("png"));
}

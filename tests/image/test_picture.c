#include "image/picture.h"

#include <string.h>

#include "base/memory.h"
#include "tests/check.h"

/* 2 frames of 3 x 4 x 5 voxels (z, y, x); a voxel holds t, z, y, x as digits. */
static Volume *digits(void) {
    Volume *v;
    CHECK(volume_new(&v, (VolumeSize){2, 3, 4, 5, 1}, SAMPLE_U8, NULL) == VOXPERT_OK);
    uint8_t *out = v->samples;
    for (int t = 0; t < 2; t++)
        for (int z = 0; z < 3; z++)
            for (int y = 0; y < 4; y++)
                for (int x = 0; x < 5; x++) *out++ = (uint8_t)(100 * t + 30 * z + 6 * y + x);
    return v;
}

static int level(const Picture *p, size_t y, size_t x) { return p->rgb[3 * (y * p->width + x)]; }

TEST(a_slice_shows_the_two_axes_that_remain_unflipped) {
    Volume *v = digits();
    Picture p;

    CHECK(volume_slice(&p, v, (VolumeSlice){'k', 2, 1}, NULL, NULL) == VOXPERT_OK);
    CHECK(p.width == 5 && p.height == 4 && level(&p, 3, 1) == 100 + 60 + 18 + 1);
    picture_free(&p);
    CHECK(volume_slice(&p, v, (VolumeSlice){'j', 3, 0}, NULL, NULL) == VOXPERT_OK);
    CHECK(p.width == 5 && p.height == 3 && level(&p, 2, 4) == 60 + 18 + 4);
    picture_free(&p);
    CHECK(volume_slice(&p, v, (VolumeSlice){'i', 4, 0}, NULL, NULL) == VOXPERT_OK);
    CHECK(p.width == 4 && p.height == 3 && level(&p, 1, 2) == 30 + 12 + 4);
    picture_free(&p);
    volume_free(v);
}

TEST(a_slice_put_back_lands_where_it_was_cut) {
    static const VolumeSlice slices[] = {{'i', 3, 1}, {'j', 2, 0}, {'k', 1, 1}};
    for (int s = 0; s < 3; s++) {
        Volume *v = digits(), *mask;
        Picture p;
        uint8_t plane[20];
        CHECK(volume_like(&mask, v, SAMPLE_U8, NULL) == VOXPERT_OK);
        CHECK(volume_slice(&p, v, slices[s], NULL, NULL) == VOXPERT_OK);
        for (size_t i = 0; i < p.width * p.height; i++) plane[i] = p.rgb[3 * i];
        CHECK(volume_put_slice(mask, slices[s], plane, NULL) == VOXPERT_OK);
        size_t put = 0, wrong = 0;
        for (size_t i = 0; i < volume_samples(v); i++) {
            uint8_t got = ((const uint8_t *)mask->samples)[i];
            put += got != 0;
            wrong += got != 0 && got != ((const uint8_t *)v->samples)[i];
        }
        CHECK(wrong == 0 && put == p.width * p.height);
        picture_free(&p);
        volume_free(mask);
        volume_free(v);
    }
}

TEST(slices_outside_are_refused_with_the_number_of_slices) {
    Volume *v = digits();
    Picture p;
    Error error;
    CHECK(volume_slice(&p, v, (VolumeSlice){'k', 3, 0}, NULL, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "k:3") && strstr(error.message, "3 slices"));
    CHECK(volume_slice(&p, v, (VolumeSlice){'k', 0, 2}, NULL, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(volume_slice(&p, v, (VolumeSlice){'x', 0, 0}, NULL, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(volume_put_slice(v, (VolumeSlice){'i', 5, 0}, "", NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(volume_plane(&p, v, NULL, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strcmp(error.field, "slice") == 0);
    volume_free(v);
}

static Volume *pixel_of(SampleType type, size_t channels, const void *samples) {
    Volume *v;
    CHECK(volume_new(&v, (VolumeSize){1, 1, 1, 1, channels}, type, NULL) == VOXPERT_OK);
    memcpy(v->samples, samples, channels * sample_size(type));
    v->alpha = channels % 2 == 0;
    return v;
}

TEST(grey_is_repeated_and_opacity_dropped) {
    static const uint8_t samples[] = {10, 20, 30, 40};
    static const uint8_t expected[][3] = {{10, 10, 10}, {10, 10, 10}, {10, 20, 30}, {10, 20, 30}};
    for (size_t channels = 1; channels <= 4; channels++) {
        Volume *v = pixel_of(SAMPLE_U8, channels, samples);
        Picture p;
        CHECK(volume_plane(&p, v, NULL, NULL) == VOXPERT_OK);
        CHECK(memcmp(p.rgb, expected[channels - 1], 3) == 0 && p.remark == NULL);
        picture_free(&p);
        volume_free(v);
    }
}

TEST(colours_of_16_bits_keep_their_upper_byte) {
    Volume *v = pixel_of(SAMPLE_U16, 3, (const uint16_t[]){0x12ff, 0x3400, 0xffff});
    Picture p;
    CHECK(volume_plane(&p, v, NULL, NULL) == VOXPERT_OK);
    CHECK(p.rgb[0] == 0x12 && p.rgb[1] == 0x34 && p.rgb[2] == 0xff);
    picture_free(&p);
    volume_free(v);
}

TEST(scaled_bytes_and_given_windows_are_windowed) {
    Volume *v = pixel_of(SAMPLE_U8, 1, (const uint8_t[]){100});
    Picture p;
    Window w;
    CHECK(!volume_is_windowed(v));
    CHECK(window_level(&w, 100.0, 10.0, NULL) == VOXPERT_OK);
    CHECK(volume_plane(&p, v, &w, NULL) == VOXPERT_OK && p.rgb[0] == 127);
    picture_free(&p);
    v->slope = 2.5;
    CHECK(volume_is_windowed(v));
    CHECK(volume_plane(&p, v, NULL, NULL) == VOXPERT_OK && strstr(p.remark, "constant") != NULL);
    picture_free(&p);
    volume_free(v);
}

/* The picture of the last slice of 3 i, stored as `type`, of a file of that format. */
static void draw_stored(Picture *p, SampleType type, const char *format, size_t slices) {
    Volume *v;
    CHECK(!volume_new(&v, (VolumeSize){1, slices, 4, 4, 1}, type, NULL));
    for (size_t i = 0; i < 16 * slices; i++) {
        if (type == SAMPLE_F32)
            ((float *)v->samples)[i] = (float)(3 * i);
        else if (type == SAMPLE_U16)
            ((uint16_t *)v->samples)[i] = (uint16_t)(3 * i);
        else
            ((uint8_t *)v->samples)[i] = (uint8_t)(3 * i);
    }
    v->format = format;
    if (strcmp(format, "NIfTI") == 0) v->header = memory_new(352), v->header_size = 352;
    CHECK(volume_is_windowed(v) == (strcmp(format, "NIfTI") == 0));
    CHECK(!volume_slice(p, v, (VolumeSlice){'k', slices - 1, 0}, NULL, NULL));
    volume_free(v);
}

/* The same values give the same picture of a slice, of one or of several. */
TEST(a_volume_looks_alike_in_every_sample_type) {
    static const struct {
        const char *format;
        size_t slices;
    } files[] = {{"NIfTI", 1}, {"NIfTI", 2}, {"TIFF", 2}};
    static const SampleType types[] = {SAMPLE_U8, SAMPLE_U16, SAMPLE_F32};
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        Picture p[3];
        for (size_t t = 0; t < 3; t++)
            draw_stored(&p[t], types[t], files[f].format, files[f].slices);
        for (size_t t = 0; t < 3; t++) {
            CHECK(memcmp(p[t].rgb, p[0].rgb, 48) == 0);
            CHECK(p[t].rgb[45] == (f == 2 ? 93 : 255));
            if (t) picture_free(&p[t]);
        }
        picture_free(&p[0]);
    }
}

/* A photo is what its bytes say. */
TEST(a_single_tiff_page_of_bytes_passes) {
    Volume *v = pixel_of(SAMPLE_U8, 1, (const uint8_t[]){100});
    v->format = "TIFF";
    CHECK(!volume_is_windowed(v));
    volume_free(v);
}

TEST(vectors_that_are_no_colours_make_no_picture) {
    Volume *v;
    Picture p;
    CHECK(volume_new(&v, (VolumeSize){1, 1, 1, 1, 5}, SAMPLE_U8, NULL) == VOXPERT_OK);
    CHECK(volume_plane(&p, v, NULL, NULL) == VOXPERT_BAD_INPUT);
    volume_free(v);
}

/* Written, read back, compared; masks put onto volumes whose headers must not change. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "image/picture.h"
#include "tests/check.h"

static char folder[] = "/tmp/voxpert_formats_XXXXXX";

__attribute__((constructor)) static void folder_open(void) {
    if (!mkdtemp(folder)) abort();
}
__attribute__((destructor)) static void folder_close(void) { rmdir(folder); }

/* Samples that use every bit of their type. */
static Volume *made(VolumeSize size, SampleType type) {
    Volume *v;
    CHECK(volume_new(&v, size, type, NULL) == VOXPERT_OK);
    uint32_t state = 1;
    for (size_t i = 0; i < volume_samples(v); i++) {
        for (size_t b = 0; b < sample_size(type); b++) {
            state = state * 1664525u + 1013904223u;
            ((uint8_t *)v->samples)[i * sample_size(type) + b] = (uint8_t)(state >> 24);
        }
        if (type == SAMPLE_F32) ((float *)v->samples)[i] = (float)(state >> 8) / 7.0f;
        if (type == SAMPLE_F64) ((double *)v->samples)[i] = (double)state / 7.0;
    }
    v->alpha = size.channels == 2 || size.channels == 4;
    return v;
}

/* Writes and reads back; the caller frees. */
static Volume *passed(const Volume *v, const char *name, bool labels) {
    char *path = path_join(folder, name);
    Error error = {0};
    Volume *back = NULL;
    Status status = volume_write(v, path, &error);
    if (!status) status = volume_read(&back, path, &(VolumeReadOptions){.labels = labels}, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s: %s", name, error.message);
    unlink(path);
    memory_free(path);
    return back;
}

static bool same_samples(const Volume *a, const Volume *b) {
    return a->frames == b->frames && a->depth == b->depth && a->height == b->height &&
           a->width == b->width && a->channels == b->channels && a->type == b->type &&
           memcmp(a->samples, b->samples, volume_samples(a) * sample_size(a->type)) == 0;
}

static void check_round_trip(VolumeSize size, SampleType type, const char *name) {
    Volume *v = made(size, type), *back = passed(v, name, false);
    check_report(back && same_samples(v, back) && back->alpha == v->alpha, __FILE__, __LINE__,
                 "%s of %zu channels of %s", name, size.channels, sample_name(type));
    volume_free(back);
    volume_free(v);
}

TEST(png_keeps_8_and_16_bits_of_1_to_4_channels) {
    for (size_t channels = 1; channels <= 4; channels++) {
        check_round_trip((VolumeSize){1, 1, 7, 13, channels}, SAMPLE_U8, "x.png");
        check_round_trip((VolumeSize){1, 1, 7, 13, channels}, SAMPLE_U16, "x.png");
    }
}

TEST(tiff_keeps_every_type_and_every_slice) {
    static const SampleType types[] = {SAMPLE_U8,  SAMPLE_I8,  SAMPLE_U16, SAMPLE_I16,
                                       SAMPLE_U32, SAMPLE_I32, SAMPLE_F32, SAMPLE_F64};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        check_round_trip((VolumeSize){1, 1, 70, 130, 1}, types[i], "x.tif");
        check_round_trip((VolumeSize){1, 3, 7, 13, 3}, types[i], "x.tiff");
        check_round_trip((VolumeSize){1, 1, 7, 13, 4}, types[i], "x.TIF");
    }
}

TEST(bmp_keeps_bytes_of_1_and_3_channels) {
    for (size_t width = 1; width <= 5; width++) {
        check_round_trip((VolumeSize){1, 1, 7, width, 1}, SAMPLE_U8, "x.bmp");
        check_round_trip((VolumeSize){1, 1, 7, width, 3}, SAMPLE_U8, "x.bmp");
    }
}

TEST(nifti_keeps_every_type_frames_and_channels) {
    for (int type = SAMPLE_U8; type <= SAMPLE_F64; type++) {
        check_round_trip((VolumeSize){1, 3, 4, 5, 1}, (SampleType)type, "x.nii.gz");
        check_round_trip((VolumeSize){2, 3, 4, 5, 3}, (SampleType)type, "x.nii");
    }
    check_round_trip((VolumeSize){1, 1, 1, 40000, 1}, SAMPLE_U8, "x.nii"); /* NIfTI-2 */
}

TEST(label_maps_survive_in_every_format) {
    static const char *const names[] = {"x.png", "x.tif", "x.bmp", "x.nii.gz"};
    for (size_t i = 0; i < 4; i++) {
        Volume *v = made((VolumeSize){1, 1, 7, 13, 1}, SAMPLE_U8);
        v->labels = true;
        Volume *back = passed(v, names[i], true);
        CHECK(back && same_samples(v, back));
        volume_free(back);
        volume_free(v);
    }
}

TEST(what_a_format_cannot_hold_is_refused) {
    static const struct {
        const char *name;
        VolumeSize size;
        SampleType type;
    } wrong[] = {{"x.png", {1, 2, 4, 5, 1}, SAMPLE_U8},  {"x.png", {1, 1, 4, 5, 1}, SAMPLE_F32},
                 {"x.png", {1, 1, 4, 5, 5}, SAMPLE_U8},  {"x.bmp", {1, 1, 4, 5, 1}, SAMPLE_U16},
                 {"x.bmp", {1, 1, 4, 5, 4}, SAMPLE_U8},  {"x.tif", {1, 1, 4, 5, 1}, SAMPLE_I64},
                 {"x.jpg", {1, 1, 4, 5, 1}, SAMPLE_U8},  {"x.hdr", {1, 1, 4, 5, 1}, SAMPLE_U8},
                 {"x.what", {1, 1, 4, 5, 1}, SAMPLE_U8}, {"x", {1, 1, 4, 5, 1}, SAMPLE_U8}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        Volume *v = made(wrong[i].size, wrong[i].type);
        char *path = path_join(folder, wrong[i].name);
        Error error;
        CHECK(volume_write(v, path, &error) == VOXPERT_BAD_ARGUMENT);
        CHECK(strstr(error.message, path) != NULL && !file_exists(path));
        memory_free(path);
        volume_free(v);
    }
}

TEST(the_same_volume_gives_the_same_bytes) {
    static const char *const names[] = {"x.png", "x.tif", "x.bmp", "x.nii.gz"};
    Volume *v = made((VolumeSize){1, 1, 7, 13, 1}, SAMPLE_U8);
    for (size_t i = 0; i < 4; i++) {
        FileMap map[2];
        char *path = path_join(folder, names[i]);
        for (int k = 0; k < 2; k++) {
            CHECK(volume_write(v, path, NULL) == VOXPERT_OK);
            REQUIRE(file_map(&map[k], path, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
            unlink(path);
        }
        CHECK(map[0].size == map[1].size && memcmp(map[0].bytes, map[1].bytes, map[0].size) == 0);
        file_unmap(&map[0]);
        file_unmap(&map[1]);
        memory_free(path);
    }
    volume_free(v);
}

/* ---- Masks on the grid of their volume ---------------------------------------------------- */

/* datatype, bitpix, scl_slope, scl_inter, cal_max, cal_min; for colours and vectors dim and
 * intent_code too. */
static bool may_change(size_t at, int version, bool channels) {
    static const size_t changing[2][12] = {{70, 74, 112, 120, 124, 132, 40, 56, 68, 70, 0, 0},
                                           {12, 16, 176, 208, 176, 208, 16, 80, 504, 508, 0, 0}};
    for (size_t i = 0; i < (channels ? 10 : 6); i += 2) {
        if (at >= changing[version - 1][i] && at < changing[version - 1][i + 1]) return true;
    }
    return false;
}

static bool headers_agree(const Volume *image, const Volume *mask) {
    int version = image->header[0] == 0x1c || image->header[3] == 0x1c ? 2 : 1; /* 540 = 0x21c */
    if (image->header_size != mask->header_size) return false;
    for (size_t i = 0; i < image->header_size; i++) {
        if (image->header[i] != mask->header[i] && !may_change(i, version, image->channels > 1))
            return false;
    }
    return true;
}

static void check_mask_on(const char *path, const char *name) {
    Volume *image, *mask, *back = NULL;
    Error error = {0};
    Status status = volume_read(&image, path, NULL, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
    if (status) return;
    CHECK(volume_like(&mask, image, SAMPLE_U8, NULL) == VOXPERT_OK);
    for (size_t i = 0; i < volume_samples(mask); i++)
        ((uint8_t *)mask->samples)[i] = (uint8_t)(i * 7 % 3);
    back = passed(mask, name, true);
    bool pair = text_ends(path, ".hdr");
    check_report(back && same_samples(mask, back) && back->slope == 1.0 && back->intercept == 0.0,
                 __FILE__, __LINE__, "%s: mask voxels", path);
    check_report(back && (pair || headers_agree(image, back)), __FILE__, __LINE__, "%s: header",
                 path);
    check_report(back && memcmp(&back->grid, &image->grid, sizeof image->grid) == 0, __FILE__,
                 __LINE__, "%s: grid", path);
    volume_free(back);
    volume_free(mask);
    volume_free(image);
}

static void check_masks_on_folder(const char *where, size_t least) {
    FileNames names;
    size_t done = 0;
    CHECK(folder_list(&names, where, NULL) == VOXPERT_OK);
    for (size_t i = 0; i < names.count; i++) {
        if (strcmp(names.name[i], "expected.json") == 0 || text_ends(names.name[i], ".img"))
            continue;
        char *path = path_join(where, names.name[i]);
        check_mask_on(path, done % 2 ? "mask.nii" : "mask.nii.gz");
        memory_free(path);
        done++;
    }
    CHECK(done >= least);
    file_names_free(&names);
}

TEST(masks_carry_the_header_of_their_volume_byte_for_byte) {
    check_masks_on_folder(check_shared("golden/image/nifti"), 41);
}

TEST(masks_carry_the_grid_of_every_axis_order) {
    check_masks_on_folder(check_shared("golden/image/orientation"), 51);
}

TEST(an_image_written_back_is_the_file_it_came_from) {
    Volume *v, *back;
    const char *path = check_shared("golden/image/nifti/scl_slope_half_inter_-1024.nii");
    CHECK(volume_read(&v, path, NULL, NULL) == VOXPERT_OK);
    back = passed(v, "x.nii", false);
    CHECK(back && same_samples(v, back) && back->header_size == v->header_size &&
          memcmp(back->header, v->header, v->header_size) == 0);
    volume_free(back);
    volume_free(v);
}

TEST(a_new_header_says_the_grid) {
    Volume *v = made((VolumeSize){1, 3, 4, 5, 1}, SAMPLE_U8);
    const double affine[3][4] = {{-0.5, 0.125, 0, 7}, {0, 2, 0.25, -3}, {0.5, 0, 4, 1.5}};
    for (int i = 0; i < 12; i++) v->grid.affine_ras[i / 4][i % 4] = affine[i / 4][i % 4];
    v->grid.source = GRID_RESOLUTION;
    Volume *back = passed(v, "x.nii.gz", false);
    CHECK(back && back->grid.source == GRID_SFORM);
    CHECK(back && memcmp(back->grid.affine_ras, v->grid.affine_ras, sizeof affine) == 0);
    CHECK(back && fabs(back->grid.spacing_xyz_mm[0] - sqrt(0.5)) < 1e-12);
    volume_free(back);
    volume_free(v);
}

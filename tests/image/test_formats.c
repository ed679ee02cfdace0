/* What the formats have in common, and what one of them does besides the golden files. */
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "image/picture.h"
#include "tests/check.h"

/* Small files made by other programs, kept for the fuzz targets; tests run in the root. */
static Volume *corpus(const char *file, const VolumeReadOptions *options) {
    char path[128];
    Volume *v;
    Error error = {0};
    snprintf(path, sizeof path, "tests/fuzz/corpus/%s", file);
    Status status = volume_read(&v, path, options, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
    return v;
}

static bool says(const Volume *v, const char *what) {
    return strstr(warnings_lines(&v->warnings), what);
}

TEST(the_content_decides_and_not_the_name) {
    FileMap map;
    Volume *v;
    REQUIRE(file_map(&map, "tests/fuzz/corpus/png/rgba8", VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);

    CHECK(volume_read_memory(&v, map.bytes, map.size, "x.jpg", NULL, NULL) == VOXPERT_OK);

    CHECK(strcmp(v->format, "PNG") == 0 && v->channels == 4 && v->alpha);
    volume_free(v);
    file_unmap(&map);
}

TEST(what_nobody_knows_is_refused_by_name) {
    Volume *v;
    Error error;
    CHECK(volume_read_memory(&v, "hello", 5, "x.txt", NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "x.txt") && strstr(error.message, "NIfTI") && v == NULL);
    CHECK(volume_read(&v, "/nonexistent.png", NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "/nonexistent.png") && v == NULL);
}

TEST(more_than_is_allowed_is_refused_before_it_is_taken) {
    static const char *const files[] = {"png/rgba8", "jpeg/grey", "tiff/strips_lzw", "bmp/rgb24",
                                        "nifti/int16_sform"};
    for (size_t i = 0; i < 5; i++) {
        char path[128];
        Volume *v;
        Error error;
        snprintf(path, sizeof path, "tests/fuzz/corpus/%s", files[i]);
        VolumeReadOptions options = {.max_bytes = 100};
        CHECK(volume_read(&v, path, &options, &error) == VOXPERT_OUT_OF_MEMORY);
        CHECK(strstr(error.message, "memory"));
    }
}

TEST(label_maps_keep_indices_and_bits) {
    static const struct {
        const char *file;
        uint32_t most;
        bool indexed;
    } maps[] = {{"png/grey1", 1, false},
                {"png/grey4_interlaced", 15, false},
                {"png/palette2_transparent", 3, true},
                {"bmp/palette4", 3, true},
                {"bmp/mono1", 1, true},
                {"tiff/palette_packbits", 3, true},
                {"tiff/g4", 1, false}};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        Volume *v = corpus(maps[i].file, &(VolumeReadOptions){.labels = true});
        uint32_t labels[11 * 13], most = 0;
        CHECK(v->channels == 1 && v->indexed == maps[i].indexed && v->labels);
        CHECK(volume_labels(labels, v, NULL) == VOXPERT_OK);
        for (size_t k = 0; k < 11 * 13; k++) most = labels[k] > most ? labels[k] : most;
        CHECK(most == maps[i].most);
        volume_free(v);
    }
}

TEST(the_camera_is_turned_unless_asked_not_to) {
    Volume *turned = corpus("jpeg/ycc420_turned", NULL);
    Volume *stored = corpus("jpeg/ycc420_turned", &(VolumeReadOptions){.ignore_exif = true});
    CHECK(turned->width == 11 && turned->height == 13 && turned->orientation == 6);
    CHECK(stored->width == 13 && stored->height == 11 && stored->orientation == 6);
    /* 6: the stored bottom left is the top left of the picture */
    CHECK(memcmp(turned->samples, (const uint8_t *)stored->samples + 10 * 13 * 3, 3) == 0);
    volume_free(turned);
    volume_free(stored);
}

TEST(a_jpeg_that_lost_more_than_its_end_is_truncated_wherever_it_was_cut) {
    static const char *const files[] = {"jpeg/grey", "jpeg/progressive422", "jpeg/cmyk"};
    for (size_t i = 0; i < 3; i++) {
        FileMap map;
        Volume *whole = corpus(files[i], NULL);
        char path[64];
        snprintf(path, sizeof path, "tests/fuzz/corpus/%s", files[i]);
        REQUIRE(file_map(&map, path, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
        for (size_t size = 1; size < map.size; size++) {
            Volume *v;
            Error error;
            Status status = volume_read_memory(&v, map.bytes, size, "x.jpg", NULL, &error);
            if (size + 2 < map.size) { /* before the end of image, FF D9 */
                CHECK(status == VOXPERT_BAD_INPUT && strstr(error.message, "JPEG"));
                continue;
            }
            CHECK(status == VOXPERT_OK && says(v, "EOI"));
            CHECK(memcmp(v->samples, whole->samples, volume_samples(whole)) == 0);
            volume_free(v);
        }
        file_unmap(&map);
        volume_free(whole);
    }
}

/* An odd file and the one that it stands for, of the field cases. */
typedef struct Twin {
    const char *odd, *twin;
    const char *warning; /* NULL: none is expected */
} Twin;

static Volume *field_case(const char *file, bool labels) {
    char path[160];
    Volume *v;
    Error error = {0};
    snprintf(path, sizeof path, "field/cases/%s", file);
    Status status =
        volume_read(&v, check_shared(path), &(VolumeReadOptions){.labels = labels}, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
    return v;
}

/* Grey may be stored as three equal channels. */
static bool same_picture(const Volume *a, const Volume *b) {
    Picture p = {0}, q = {0};
    bool same = volume_slice(&p, a, (VolumeSlice){.axis = 'k'}, NULL, NULL) == VOXPERT_OK &&
                volume_slice(&q, b, (VolumeSlice){.axis = 'k'}, NULL, NULL) == VOXPERT_OK &&
                p.width == q.width && p.height == q.height &&
                memcmp(p.rgb, q.rgb, 3 * p.width * p.height) == 0;
    picture_free(&p);
    picture_free(&q);
    return same;
}

TEST(odd_files_are_read_as_their_twins) {
    static const Twin twins[] = {
        {"01-jpeg-no-eoi/no_eoi.jpg", "01-jpeg-no-eoi/whole.jpg", "EOI"},
        {"01-jpeg-no-eoi/trailing.jpg", "01-jpeg-no-eoi/whole.jpg", NULL},
        {"05-exif-orientation/o6.png", "05-exif-orientation/o6.png.ref.png", NULL},
        {"05-exif-orientation/o6.tif", "05-exif-orientation/o6.png.ref.png", NULL},
        {"08-tiff-min-is-white-image/i16.tif", "08-tiff-min-is-white-image/i16.black.tif", NULL},
        {"08-tiff-min-is-white-image/u16.tif", "08-tiff-min-is-white-image/u16.black.tif", NULL},
        {"08-tiff-min-is-white-image/u8.tif", "08-tiff-min-is-white-image/ref.png", NULL},
        {"09-tiff-compressions-and-layouts/zstd.tif",
         "09-tiff-compressions-and-layouts/ref_rgb.png", NULL},
        {"09-tiff-compressions-and-layouts/int64.tif",
         "09-tiff-compressions-and-layouts/double.tif", NULL},
        {"10-tiff-12-bit-packed/packed12.tif", "10-tiff-12-bit-packed/ref16.png", NULL},
        {"11-imagej-stack-with-one-directory/one_directory.tif",
         "11-imagej-stack-with-one-directory/whole.tif", "behind one directory"},
        {"11-imagej-stack-with-one-directory/thumbnail_first.tif", "46-more-odd-files/ref.png",
         "passed over"},
        {"46-more-odd-files/no_iend.png", "46-more-odd-files/ref.png", "cut after its pixels"},
        {"46-more-odd-files/rle8.bmp", "46-more-odd-files/grey.ref.png", NULL},
        {"46-more-odd-files/rgb.bmp", "46-more-odd-files/ref.png", NULL},
        {"46-more-odd-files/rgba_v4.bmp", "46-more-odd-files/ref.png", NULL},
        {"46-more-odd-files/rgb_plus_nir.tif", "46-more-odd-files/ref.png", "fourth channel"},
    };
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++) {
        Volume *odd = field_case(twins[i].odd, false), *twin = field_case(twins[i].twin, false);
        check_report(same_picture(odd, twin), __FILE__, __LINE__, "%s differs", twins[i].odd);
        check_report(twins[i].warning ? says(odd, twins[i].warning) : odd->warnings.count == 0,
                     __FILE__, __LINE__, "%s: %s", twins[i].odd, warnings_lines(&odd->warnings));
        volume_free(odd);
        volume_free(twin);
    }
}

TEST(what_cannot_be_meant_in_one_way_is_refused) {
    static const struct {
        const char *file, *message;
    } cases[] = {{"08-tiff-min-is-white-image/f32.tif", "white is zero"},
                 {"09-tiff-compressions-and-layouts/complex.tif", "complex"},
                 {"09-tiff-compressions-and-layouts/j2k.tif", "JPEG 2000"},
                 {"03-jpeg-12bit-lossless/twelve_bits.jpg", "JPEG"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[160];
        Volume *v;
        Error error = {0};
        snprintf(path, sizeof path, "field/cases/%s", cases[i].file);
        CHECK(volume_read(&v, check_shared(path), NULL, &error) == VOXPERT_BAD_INPUT);
        check_report(strstr(error.message, cases[i].message) != NULL, __FILE__, __LINE__, "%s",
                     error.message);
    }
}

TEST(two_channels_that_the_file_does_not_explain_are_no_picture) {
    Volume *v = field_case("09-tiff-compressions-and-layouts/two_channels.tif", false);
    Picture p;
    Error error = {0};
    CHECK(volume_plane(&p, v, NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "2 channels") != NULL);
    volume_free(v);
}

TEST(a_fourth_channel_of_bmp_that_holds_something_is_reported) {
    uint8_t file[54 + 8] = {
        'B', 'M', [2] = 62, [10] = 54, [14] = 40, [18] = 2, [22] = 1, [26] = 1, [28] = 32};
    for (int other = 0; other < 2; other++) {
        Volume *v;
        Error error = {0};
        memcpy(file + 54, (const uint8_t[]){1, 2, 3, 255, 4, 5, 6, (uint8_t)(other ? 0 : 255)}, 8);
        Status status = volume_read_memory(&v, file, sizeof file, "a.bmp", NULL, &error);
        check_report(!status, __FILE__, __LINE__, "%s", error.message);
        CHECK(v->channels == 3 && memcmp(v->samples, (const uint8_t[]){3, 2, 1, 6, 5, 4}, 6) == 0);
        CHECK(says(v, "fourth channel, which the format reserves, is not used") == (other == 1));
        volume_free(v);
    }
}

TEST(pages_of_one_size_are_slices_and_one_can_be_chosen) {
    Volume *all = corpus("tiff/pages_imagej", NULL);
    Volume *second = corpus("tiff/pages_imagej", &(VolumeReadOptions){.page = 2});
    CHECK(all->depth == 2 && second->depth == 1);
    CHECK(memcmp((const uint16_t *)all->samples + 11 * 13, second->samples, 2 * 11 * 13) == 0);
    volume_free(all);
    volume_free(second);

    Volume *v;
    Error error;
    VolumeReadOptions third = {.page = 3};
    CHECK(volume_read(&v, "tests/fuzz/corpus/tiff/pages_imagej", &third, &error) ==
          VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "page 3") != NULL);
}

TEST(pages_of_two_sizes_are_no_volume) {
    Volume *v;
    CHECK(volume_read(&v, check_shared("golden/image/tiff/pages_of_two_sizes.tif"), NULL, NULL) ==
          VOXPERT_OK);
    CHECK(v->depth == 1 && says(v, "only the first is read"));
    volume_free(v);
}

TEST(a_file_of_pages_that_point_to_themselves_ends) {
    Volume *v;
    const char *path = check_shared("golden/image/hostile/tiff/ifd_loop.tif");
    CHECK(volume_read(&v, path, &(VolumeReadOptions){.page = 1}, NULL) == VOXPERT_OK);
    CHECK(v->depth == 1);
    volume_free(v);
    CHECK(volume_read(&v, path, NULL, NULL) == VOXPERT_BAD_INPUT);
}

TEST(files_of_other_kinds_are_named_with_what_to_do) {
    static const struct {
        const char *file, *message;
    } cases[] = {
        {"04-other-format-under-a-usual-name/ct.dcm", "is a DICOM file"},
        {"04-other-format-under-a-usual-name/ct.dcm", "dcm2niix -o DIR SERIES"},
        {"04-other-format-under-a-usual-name/ct_dicom_named.jpg", "is a DICOM file"},
        {"04-other-format-under-a-usual-name/nrrd.nii.gz", "is an NRRD volume, not a NIfTI"},
        {"04-other-format-under-a-usual-name/page.png", "is a web page"},
        {"04-other-format-under-a-usual-name/photo.jpg", "is a WebP image"},
        {"04-other-format-under-a-usual-name/picture.gif", "is a GIF image"},
        {"17-analyze-7.5-pair/brain.hdr", "is an Analyze 7.5 image"},
        {"17-analyze-7.5-pair/brain.img", "is an Analyze 7.5 image"},
        {"17-analyze-7.5-pair/spm.hdr", "is an Analyze 7.5 image"},
        {"03-jpeg-12bit-lossless/j2k.jp2", "is a JPEG 2000 image"},
        {"03-jpeg-12bit-lossless/really_j2k.jpg", "is a JPEG 2000 image"},
        {"36-not-a-checkpoint/model.onnx", "is an ONNX model"},
        {"36-not-a-checkpoint/lfs.pth", "`git lfs pull`"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[128];
        Volume *v;
        Error error = {0};
        snprintf(path, sizeof path, "field/cases/%s", cases[i].file);
        CHECK(volume_read(&v, check_shared(path), NULL, &error) == VOXPERT_BAD_INPUT);
        check_report(strstr(error.message, cases[i].message) != NULL, __FILE__, __LINE__, "%s",
                     error.message);
    }
}

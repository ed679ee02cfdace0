#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "image/volume.h"
#include "tests/check.h"
#include "tests/golden/image_folders.h"

TEST(png_files_read_as_listed) {
    CHECK(golden_image_folder(check_shared("golden/image/png"), stderr));
}

TEST(jpeg_files_read_as_listed) {
    CHECK(golden_image_folder(check_shared("golden/image/jpeg"), stderr));
}

TEST(tiff_files_read_as_listed) {
    CHECK(golden_image_folder(check_shared("golden/image/tiff"), stderr));
}

TEST(bmp_files_read_as_listed) {
    CHECK(golden_image_folder(check_shared("golden/image/bmp"), stderr));
}

TEST(nifti_files_read_as_listed) {
    CHECK(golden_image_folder(check_shared("golden/image/nifti"), stderr));
}

TEST(every_axis_order_reads_as_listed) {
    CHECK(golden_image_folder(check_shared("golden/image/orientation"), stderr));
}

/* One file of two grey pixels, 10 and 200, under a listing. */
static bool folder_agrees(const char *listing) {
    char folder[] = "/tmp/voxpert_golden_XXXXXX";
    if (!mkdtemp(folder)) abort();
    char *image = path_join(folder, "x.png"), *list = path_join(folder, "expected.json");
    Volume *v;
    FILE *report = tmpfile();
    if (!image || !list || !report || volume_new(&v, (VolumeSize){1, 1, 1, 2, 1}, SAMPLE_U8, NULL))
        abort();
    memcpy(v->samples, (const uint8_t[]){10, 200}, 2);
    CHECK(volume_write(v, image, NULL) == VOXPERT_OK);
    CHECK(file_write(list, listing, strlen(listing), NULL) == VOXPERT_OK);
    bool agrees = golden_image_folder(folder, report);
    fclose(report);
    unlink(image);
    unlink(list);
    rmdir(folder);
    volume_free(v);
    memory_free(image);
    memory_free(list);
    return agrees;
}

TEST(a_listing_that_says_otherwise_fails) {
#define LISTING(fields) "{\"files\": {\"x.png\": {" fields "}}}"
#define SHAPE           "\"shape\": [1, 2]"
    CHECK(folder_agrees(LISTING(SHAPE)));
    CHECK(folder_agrees(LISTING(SHAPE ", \"sample\": {\"step\": 1, \"values\": [10, 200]}")));
    CHECK(!folder_agrees(LISTING(SHAPE ", \"sample\": {\"step\": 1, \"values\": [10, 201]}")));
    CHECK(!folder_agrees(LISTING("\"shape\": [2, 1]")));
    CHECK(!folder_agrees(LISTING(SHAPE ", \"crc32_f32\": \"00000000\"")));
    CHECK(!folder_agrees(LISTING(SHAPE ", \"dtype\": \"uint16\"")));
    CHECK(!folder_agrees(LISTING(SHAPE ", \"index_max\": 199")));
    CHECK(!folder_agrees(LISTING(SHAPE ", \"index_crc32_f32\": \"00000000\"")));
    CHECK(!folder_agrees(LISTING(SHAPE ", \"spacing_xyz\": [1, 1, 2]")));
    CHECK(!folder_agrees(LISTING(SHAPE ", \"affine_ras\": [[2, 0, 0, 0]]")));
    CHECK(!folder_agrees(LISTING(SHAPE ", \"n_nan\": 1")));
    CHECK(!folder_agrees(LISTING(SHAPE ", \"what_is_this\": 1")));
    CHECK(!folder_agrees("{\"files\": {\"y.png\": {}}}"));
    CHECK(!folder_agrees("{}") && !folder_agrees("nothing"));
}

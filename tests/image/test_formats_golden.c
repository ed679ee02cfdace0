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

/* Every allocation fails once, and from then on for good: nothing may leak (the leak checker
 * looks), nothing may be left in the folder, and the status says what happened. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "image/picture.h"
#include "tests/check.h"

static void check_reading(const char *path, bool labels, bool all) {
    Status status = VOXPERT_OUT_OF_MEMORY;
    size_t n = 0;
    while (status == VOXPERT_OUT_OF_MEMORY && ++n < 1000) {
        Volume *v = NULL;
        Picture picture = {0};
        Error error = {0};
        memory_fail_at(n, all);
        status = volume_read(&v, path, &(VolumeReadOptions){.labels = labels}, &error);
        if (!status) status = volume_slice(&picture, v, (VolumeSlice){.axis = 'k'}, NULL, &error);
        memory_fail_at(0, false);
        CHECK(status == VOXPERT_OK || error.message[0] != '\0');
        picture_free(&picture);
        volume_free(v);
    }
    check_report(status == VOXPERT_OK && n > 4, __FILE__, __LINE__,
                 "%s: status %d at allocation %zu", path, (int)status, n);
}

static void check_folder(const char *folder, const char *besides) {
    FileNames names;
    CHECK(folder_list(&names, folder, NULL) == VOXPERT_OK && names.count > 0);
    for (size_t i = 0; i < names.count; i++) {
        char *path = path_join(folder, names.name[i]);
        if (strcmp(names.name[i], besides) != 0) {
            check_reading(path, false, false);
            check_reading(path, true, true);
        }
        memory_free(path);
    }
    file_names_free(&names);
}

TEST(png_survives_every_failed_allocation) { check_folder("tests/fuzz/corpus/png", ""); }
TEST(jpeg_survives_every_failed_allocation) { check_folder("tests/fuzz/corpus/jpeg", ""); }
TEST(tiff_survives_every_failed_allocation) { check_folder("tests/fuzz/corpus/tiff", ""); }
TEST(bmp_survives_every_failed_allocation) { check_folder("tests/fuzz/corpus/bmp", ""); }

TEST(nifti_survives_every_failed_allocation) {
    check_folder("tests/fuzz/corpus/nifti", "pair_header");
    check_reading(check_shared("golden/image/nifti/pair.hdr"), false, false);
}

/* ---- Writing ------------------------------------------------------------------------------ */

static size_t files_in(const char *folder) {
    FileNames names;
    CHECK(folder_list(&names, folder, NULL) == VOXPERT_OK);
    size_t count = names.count;
    file_names_free(&names);
    return count;
}

static void check_writing(const Volume *v, const char *folder, const char *name, bool all) {
    char *path = path_join(folder, name);
    Status status = VOXPERT_OUT_OF_MEMORY;
    size_t n = 0;
    while (status == VOXPERT_OUT_OF_MEMORY && ++n < 1000) {
        Error error = {0};
        memory_fail_at(n, all);
        status = volume_write(v, path, &error);
        memory_fail_at(0, false);
        CHECK(status == VOXPERT_OK || (error.message[0] != '\0' && files_in(folder) == 0));
    }
    check_report(status == VOXPERT_OK && n > 2 && files_in(folder) == 1, __FILE__, __LINE__,
                 "%s: status %d at allocation %zu", name, (int)status, n);
    unlink(path);
    memory_free(path);
}

TEST(writers_survive_every_failed_allocation) {
    static const char *const names[] = {"x.png", "x.tif", "x.bmp", "x.nii", "x.nii.gz"};
    char folder[] = "/tmp/voxpert_formats_XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    Volume *v;
    CHECK(volume_read(&v, "tests/fuzz/corpus/bmp/rgb24", NULL, NULL) == VOXPERT_OK);
    for (size_t i = 0; i < 5; i++) {
        check_writing(v, folder, names[i], false);
        check_writing(v, folder, names[i], true);
    }
    volume_free(v);
    rmdir(folder);
}

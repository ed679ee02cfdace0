#include "base/files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/check.h"

TEST(a_file_appears_whole_or_not_at_all) {
    char folder[] = "/tmp/voxpert_files_XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    char *path = path_join(folder, "x.bin");
    FileWriter w;
    CHECK(file_writer_open(&w, path, NULL) == VOXPERT_OK);
    fputs("half", w.stream);
    CHECK(!file_exists(path));
    file_writer_abort(&w);
    FileNames names;
    CHECK(folder_list(&names, folder, NULL) == VOXPERT_OK);
    CHECK(names.count == 0);
    file_names_free(&names);

    CHECK(file_write(path, "whole", 5, NULL) == VOXPERT_OK);
    FileMap map;
    CHECK(file_map(&map, path, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
    CHECK(map.size == 5 && memcmp(map.bytes, "whole", 5) == 0);
    file_unmap(&map);
    unlink(path);
    rmdir(folder);
    free(path);
}

TEST(an_output_in_a_missing_folder_is_refused_with_its_name) {
    Error error;
    CHECK(file_write("/nonexistent/x", "a", 1, &error) == VOXPERT_BAD_OUTPUT);
    CHECK(strstr(error.message, "/nonexistent/x") != NULL);
}

TEST(extensions_know_gzip) {
    CHECK(strcmp(path_extension("/a.b/case.nii.gz"), ".nii.gz") == 0);
    CHECK(strcmp(path_extension("/a.b/case"), "") == 0);
    CHECK(strcmp(path_base("/a/b.png"), "b.png") == 0);
    char *other = path_with_extension("/a/b.nii.gz", ".png");
    CHECK(strcmp(other, "/a/b.png") == 0);
    free(other);
}

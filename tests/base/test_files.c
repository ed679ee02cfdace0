#include "base/files.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
    REQUIRE(file_map(&map, path, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
    CHECK(map.size == 5 && memcmp(map.bytes, "whole", 5) == 0);
    file_unmap(&map);
    unlink(path);
    rmdir(folder);
    free(path);
}

static unsigned mode_of(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 ? info.st_mode & 0777 : 0;
}

TEST(the_umask_decides_who_may_read_a_file_and_stays_as_it_was) {
    char folder[] = "/tmp/voxpert_files_XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    char *path = path_join(folder, "x.bin");
    mode_t before = umask(027);
    CHECK(file_write(path, "x", 1, NULL) == VOXPERT_OK);
    CHECK(mode_of(path) == 0640);
    CHECK(umask(before) == 027);
    unlink(path);
    rmdir(folder);
    free(path);
}

TEST(what_lies_under_a_temporary_name_is_neither_written_nor_removed) {
    char folder[] = "/tmp/voxpert_files_XXXXXX", left[96];
    CHECK(mkdtemp(folder) != NULL);
    char *path = path_join(folder, "x.bin");
    FileWriter w;
    unsigned number = 0;
    CHECK(file_writer_open(&w, path, NULL) == VOXPERT_OK);
    const char *dash = strrchr(w.temporary, '-');
    CHECK(dash && sscanf(dash, "-%x", &number) == 1);
    snprintf(left, sizeof left, "%.*s-%x", (int)(dash - w.temporary), w.temporary, number + 1);
    file_writer_abort(&w);

    FILE *file = fopen(left, "w");
    CHECK(file && fputs("of a killed run", file) >= 0 && fclose(file) == 0);
    CHECK(file_writer_open(&w, path, NULL) == VOXPERT_OK);
    CHECK(strcmp(w.temporary, left) != 0);
    file_writer_abort(&w);
    FileMap map;
    REQUIRE(file_map(&map, left, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
    CHECK(map.size == 15);
    file_unmap(&map);
    unlink(left);
    CHECK(rmdir(folder) == 0);
    free(path);
}

static void *write_often(void *path) {
    bool ok = true;
    for (int i = 0; ok && i < 20; i++) ok = file_write(path, "whole", 5, NULL) == VOXPERT_OK;
    return ok ? path : NULL;
}

TEST(threads_may_write_one_file_at_once) {
    enum { THREADS = 4 };
    char folder[] = "/tmp/voxpert_files_XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    char *path = path_join(folder, "x.bin");
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&thread[i], NULL, write_often, path) == 0);
    for (int i = 0; i < THREADS; i++) {
        void *ok = NULL;
        CHECK(pthread_join(thread[i], &ok) == 0 && ok != NULL);
    }
    unlink(path);
    CHECK(rmdir(folder) == 0); /* nothing else was left */
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

/* Files that must last: a writer syncs the file before it has its name, and the folder after. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"

static char calls[8]; /* 'f': a file was synced, 'd': a folder was */
static int folder_fails;
static const char *named; /* the path that the file has in the end */

/* In place of the C library's. */
int fsync(int fd) {
    struct stat info;
    if (fstat(fd, &info) != 0) return -1;
    bool folder = S_ISDIR(info.st_mode);
    if (strlen(calls) + 1 < sizeof calls) strcat(calls, folder ? "d" : "f");
    CHECK(file_exists(named) == folder); /* the file's sync comes before its name */
    if (!folder || !folder_fails) return 0;
    errno = folder_fails;
    return -1;
}

static Status write_with(int failure, Error *error) {
    char folder[] = "/tmp/voxpert_last_XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    char *path = path_join(folder, "x.bin");
    named = path;
    calls[0] = '\0';
    folder_fails = failure;
    FileWriter w;
    CHECK(file_writer_open(&w, path, NULL) == VOXPERT_OK);
    w.lasting = true;
    Status status = file_writer_commit(&w, error);
    FileNames names;
    CHECK(folder_list(&names, folder, NULL) == VOXPERT_OK);
    CHECK(names.count == 1 && strcmp(names.name[0], "x.bin") == 0); /* no temporary is left */
    file_names_free(&names);
    unlink(path);
    rmdir(folder);
    memory_free(path);
    return status;
}

TEST(the_folder_is_synced_after_the_file_has_its_name) {
    CHECK(write_with(0, NULL) == VOXPERT_OK);
    CHECK(strcmp(calls, "fd") == 0);
}

TEST(a_folder_that_cannot_be_synced_is_an_error_but_not_where_there_is_no_such_thing) {
    Error error = {0};
    CHECK(write_with(EIO, &error) == VOXPERT_BAD_OUTPUT);
    CHECK(strstr(error.message, "x.bin: cannot be made to last in its folder") != NULL);
    CHECK(write_with(EINVAL, NULL) == VOXPERT_OK);
}

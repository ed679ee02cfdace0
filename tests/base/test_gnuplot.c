#include "base/gnuplot.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"

/* A folder with a program named gnuplot in front of PATH; that folder is what `dirname "$0"`
 * prints. */
typedef struct Planted {
    char folder[32], *before;
} Planted;

static char *planted_path(const Planted *p, const char *name) {
    char *path = path_join(p->folder, name);
    CHECK(path != NULL);
    return path;
}

static void plant_file(const Planted *p, const char *name, const char *text) {
    char *path = planted_path(p, name);
    CHECK(file_write(path, text, strlen(text), NULL) == VOXPERT_OK && chmod(path, 0755) == 0);
    memory_free(path);
}

static void plant(Planted *p, const char *program) {
    char both[4096];
    *p = (Planted){.folder = "/tmp/voxpert-plot-XXXXXX", .before = memory_text(getenv("PATH"))};
    CHECK(mkdtemp(p->folder) != NULL);
    plant_file(p, "gnuplot", program);
    snprintf(both, sizeof both, "%s:%s", p->folder, p->before);
    setenv("PATH", both, 1);
}

static void uproot(Planted *p) {
    setenv("PATH", p->before, 1);
    memory_free(p->before);
    FileNames names;
    CHECK(!folder_list(&names, p->folder, NULL));
    for (size_t i = 0; i < names.count; i++) {
        char *path = planted_path(p, names.name[i]);
        unlink(path);
        memory_free(path);
    }
    file_names_free(&names);
    CHECK(rmdir(p->folder) == 0);
}

/* What a file of the folder holds, for memory_free; NULL: there is none. */
static char *content(const Planted *p, const char *name) {
    char *path = planted_path(p, name), *text = NULL;
    FileMap map = {0};
    if (!file_map(&map, path, VOXPERT_BAD_INPUT, NULL)) {
        text = memory_new(map.size + 1);
        memcpy(text, map.bytes, map.size);
    }
    file_unmap(&map);
    memory_free(path);
    return text;
}

static bool holds(const Planted *p, const char *name, const char *text) {
    char *found = content(p, name);
    bool ok = found && strcmp(found, text) == 0;
    memory_free(found);
    return ok;
}

static bool is_there(const Planted *p, const char *name) {
    char *found = content(p, name);
    bool there = found != NULL;
    memory_free(found);
    return there;
}

static Status draw(const Planted *p, const char *name, bool *drawn, Error *error) {
    char *path = planted_path(p, name);
    Status status = gnuplot_png(path, 64, 48, "plot x\n", drawn, error);
    memory_free(path);
    return status;
}

TEST(gnuplot_reads_the_script_and_its_output_becomes_the_figure) {
    Planted p;
    bool drawn = false;
    plant(&p, "#!/bin/sh\ncat >\"${0%/*}/script\"\necho drawn\necho noise >&2\n");
    CHECK(draw(&p, "a 'b'\n$(c).png", &drawn, NULL) == VOXPERT_OK && drawn);
    CHECK(holds(&p, "a 'b'\n$(c).png", "drawn\n"));
    CHECK(holds(&p, "script", "set terminal pngcairo size 64,48\nplot x\n"));
    uproot(&p);
}

TEST(a_figure_that_failed_leaves_nothing) {
    Planted p;
    bool drawn = true;
    plant(&p, "#!/bin/sh\necho half\nexit 1\n");
    CHECK(draw(&p, "x.png", &drawn, NULL) == VOXPERT_OK && !drawn && !is_there(&p, "x.png"));
    uproot(&p);
    drawn = true;
    plant(&p, "#!/bin/sh\nexit 0\n"); /* and one that drew nothing */
    CHECK(draw(&p, "x.png", &drawn, NULL) == VOXPERT_OK && !drawn && !is_there(&p, "x.png"));
    uproot(&p);
}

TEST(a_figure_that_cannot_be_written_is_an_error) {
    Planted p;
    bool drawn = true;
    Error error = {0};
    plant(&p, "#!/bin/sh\necho drawn\n");
    CHECK(draw(&p, "none/x.png", &drawn, &error) == VOXPERT_BAD_OUTPUT && !drawn);
    CHECK(strstr(error.message, "none/x.png") != NULL);
    uproot(&p);
}

TEST(without_gnuplot_there_is_no_figure) {
    char *before = memory_text(getenv("PATH"));
    bool drawn = true;
    setenv("PATH", "/nowhere", 1);
    CHECK(!gnuplot_is_installed());
    CHECK(gnuplot_png("/tmp/x.png", 1, 1, "plot x\n", &drawn, NULL) == VOXPERT_OK && !drawn);
    setenv("PATH", before, 1);
    memory_free(before);
}

TEST(gnuplot_starts_in_the_root_folder_without_start_up_files_and_without_the_callers_variables) {
    Planted p;
    bool drawn = false;
    setenv("GNUPLOT_LIB", "/tmp", 1);
    setenv("VOXPERT_SECRET", "1", 1);
    plant(&p, "#!/bin/sh\n{ pwd; echo \"$@\"; env; } >\"${0%/*}/seen\"\necho drawn\n");
    CHECK(draw(&p, "x.png", &drawn, NULL) == VOXPERT_OK && drawn);
    char *seen = content(&p, "seen");
    CHECK(seen && strncmp(seen, "/\n-d\n", 5) == 0);
    CHECK(seen && strstr(seen, "PATH=/usr/bin:/bin\n") && !strstr(seen, "GNUPLOT_LIB"));
    CHECK(seen && !strstr(seen, "VOXPERT_SECRET"));
    memory_free(seen);
    unsetenv("GNUPLOT_LIB");
    unsetenv("VOXPERT_SECRET");
    uproot(&p);
}

/* An empty entry of PATH, and a relative one, would find whatever lies in the working folder. */
TEST(a_program_in_the_working_folder_is_not_run) {
    static const char *const paths[] = {"", ":", ".", "::.:", "./:bin", ":/nowhere"};
    Planted p;
    char before[4096];
    plant(&p, "#!/bin/sh\ntouch \"${0%/*}/RAN\"\necho drawn\n");
    CHECK(getcwd(before, sizeof before) != NULL && chdir(p.folder) == 0);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        bool drawn = true;
        setenv("PATH", paths[i], 1);
        CHECK(!gnuplot_is_installed());
        CHECK(draw(&p, "x.png", &drawn, NULL) == VOXPERT_OK && !drawn && !is_there(&p, "RAN"));
    }
    CHECK(chdir(before) == 0);
    uproot(&p);
}

static volatile sig_atomic_t signals;

static void count_signal(int number) {
    (void)number;
    signals++;
}

TEST(a_signal_does_not_end_the_wait_for_gnuplot) {
    Planted p;
    bool drawn = false;
    struct sigaction before, counting = {.sa_handler = count_signal}; /* without SA_RESTART */
    CHECK(sigaction(SIGUSR1, &counting, &before) == 0);
    signals = 0;
    plant(&p, "#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8; do kill -USR1 $PPID; done\necho drawn\n");
    CHECK(draw(&p, "x.png", &drawn, NULL) == VOXPERT_OK && drawn && signals > 0);
    uproot(&p);
    CHECK(sigaction(SIGUSR1, &before, NULL) == 0);
}

/* With the real program, where it is installed: a .gnuplot in the working folder is not read. */
TEST(a_start_up_file_in_the_working_folder_is_not_read) {
    Planted p;
    char before[4096];
    bool drawn = false;
    if (!gnuplot_is_installed()) check_skip("gnuplot is not installed");
    plant(&p, "");
    setenv("PATH", p.before, 1);
    plant_file(&p, ".gnuplot", "system 'touch PWNED'\n");
    CHECK(getcwd(before, sizeof before) != NULL && chdir(p.folder) == 0);
    CHECK(draw(&p, "x.png", &drawn, NULL) == VOXPERT_OK && drawn);
    CHECK(chdir(before) == 0 && !is_there(&p, "PWNED"));
    char *picture = content(&p, "x.png");
    CHECK(picture && memcmp(picture, "\x89PNG", 4) == 0);
    memory_free(picture);
    uproot(&p);
}

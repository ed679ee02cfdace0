#include "base/gnuplot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"

/* A folder with a program of that name in front of the path; it keeps its input beside it. */
typedef struct Planted {
    char folder[32], *before;
} Planted;

static void plant(Planted *p, const char *script) {
    *p = (Planted){.folder = "/tmp/voxpert-plot-XXXXXX", .before = memory_text(getenv("PATH"))};
    CHECK(mkdtemp(p->folder) != NULL);
    char *path = path_join(p->folder, "gnuplot"), both[4096];
    CHECK(file_write(path, script, strlen(script), NULL) == VOXPERT_OK && chmod(path, 0755) == 0);
    snprintf(both, sizeof both, "%s:%s", p->folder, p->before);
    setenv("PATH", both, 1);
    memory_free(path);
}

static void uproot(Planted *p) {
    setenv("PATH", p->before, 1);
    memory_free(p->before);
    FileNames names;
    CHECK(!folder_list(&names, p->folder, NULL));
    for (size_t i = 0; i < names.count; i++) {
        char *path = path_join(p->folder, names.name[i]);
        unlink(path);
        memory_free(path);
    }
    file_names_free(&names);
    CHECK(rmdir(p->folder) == 0);
}

static bool holds(const Planted *p, const char *name, const char *text) {
    char *path = path_join(p->folder, name);
    FileMap map = {0};
    bool ok = !file_map(&map, path, VOXPERT_BAD_INPUT, NULL) && map.size == strlen(text) &&
              memcmp(map.bytes, text, map.size) == 0;
    file_unmap(&map);
    memory_free(path);
    return ok;
}

TEST(a_script_is_what_gnuplot_reads_in_the_folder_of_its_figure) {
    Planted p;
    plant(&p, "#!/bin/sh\ncat >script\necho drawn >\"a 'b'.png\"\necho noise; echo noise >&2\n");
    char *path = path_join(p.folder, "a 'b'.png");
    CHECK(gnuplot_png(path, 64, 48, "plot x\n"));
    CHECK(holds(&p, "a 'b'.png", "drawn\n"));
    CHECK(holds(&p, "script",
                "set terminal pngcairo size 64,48\nset output 'a ''b''.png'\nplot x\n"));
    memory_free(path);
    uproot(&p);
}

TEST(a_figure_that_failed_leaves_nothing) {
    Planted p;
    plant(&p, "#!/bin/sh\necho half >x.png\nexit 1\n");
    char *path = path_join(p.folder, "x.png");
    CHECK(!gnuplot_png(path, 64, 48, "plot x\n") && !file_exists(path));
    memory_free(path);
    uproot(&p);
}

TEST(without_gnuplot_there_is_no_figure) {
    char *before = memory_text(getenv("PATH"));
    setenv("PATH", "/nowhere", 1);
    CHECK(!gnuplot_run(".", "plot x\n", 7));
    setenv("PATH", before, 1);
    memory_free(before);
}

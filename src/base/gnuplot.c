#include "base/gnuplot.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/text.h"

static bool write_all(int file, const char *bytes, size_t size) {
    while (size) {
        ssize_t written = write(file, bytes, size);
        if (written <= 0) return false;
        bytes += written;
        size -= (size_t)written;
    }
    return lseek(file, 0, SEEK_SET) == 0;
}

/* The child reads `script` as its standard input and says nothing. */
static bool spawn(pid_t *child, const char *folder, int script) {
    char plot[] = "gnuplot";
    char *arguments[] = {plot, NULL};
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return false;
    bool ok =
        posix_spawn_file_actions_addchdir_np(&actions, folder) == 0 &&
        posix_spawn_file_actions_adddup2(&actions, script, STDIN_FILENO) == 0 &&
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
        posix_spawnp(child, plot, &actions, NULL, arguments, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    return ok;
}

bool gnuplot_run(const char *folder, const char *script, size_t length) {
    pid_t child;
    int how = 0, file = memfd_create("gnuplot", MFD_CLOEXEC);
    if (file < 0) return false;
    bool ok = write_all(file, script, length) && spawn(&child, folder, file);
    close(file);
    return ok && waitpid(child, &how, 0) == child && WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

/* As a string of gnuplot's: between single quotes, those in it doubled. */
static void add_string(Text *t, const char *text) {
    text_add(t, "'");
    for (; *text; text++) text_add(t, *text == '\'' ? "''" : "%c", *text);
    text_add(t, "'");
}

bool gnuplot_png(const char *path, int width, int height, const char *script) {
    const char *name = path_base(path);
    Text t = {0}, folder = {0};
    text_add(&folder, "%.*s", (int)(name - path), path);
    text_add(&t, "set terminal pngcairo size %d,%d\nset output ", width, height);
    add_string(&t, name);
    text_add(&t, "\n%s", script);
    bool ok = !t.failed && !folder.failed &&
              gnuplot_run(folder.length ? folder.chars : ".", t.chars, t.length) &&
              file_exists(path);
    if (!ok) unlink(path);
    text_free(&t);
    text_free(&folder);
    return ok;
}

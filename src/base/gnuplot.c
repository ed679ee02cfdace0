#include "base/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/text.h"

/* ---- The program ------------------------------------------------------------------------ */

static bool is_program(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode) && access(path, X_OK) == 0;
}

/* The caller frees; NULL: not installed, or no memory. */
static char *find_program(void) {
    const char *folders = getenv("PATH");
    if (!folders) folders = "/usr/local/bin:/usr/bin:/bin";
    for (size_t length; *folders; folders += length + (folders[length] == ':')) {
        length = strcspn(folders, ":");
        if (*folders != '/') continue; /* relative to whatever the working folder is */
        Text path = {0};
        text_add(&path, "%.*s/gnuplot", (int)length, folders);
        if (!path.failed && is_program(path.chars)) return path.chars;
        text_free(&path);
    }
    return NULL;
}

bool gnuplot_is_installed(void) {
    char *program = find_program();
    memory_free(program);
    return program != NULL;
}

const char *gnuplot_missing(void) {
    return gnuplot_is_installed() ? "gnuplot failed" : "gnuplot is not installed";
}

/* ---- Its input and output --------------------------------------------------------------- */

static bool write_all(int file, const char *bytes, size_t size) {
    while (size) {
        ssize_t written = write(file, bytes, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes += written;
        size -= (size_t)written;
    }
    return lseek(file, 0, SEEK_SET) == 0;
}

/* gnuplot reads `input` and writes `output`; what it prints of errors is lost. */
static bool spawn(pid_t *child, char *program, int input, int output) {
    char flag[] = "-d", locale[] = "LC_ALL=C.UTF-8", folders[] = "PATH=/usr/bin:/bin";
    Text home = {0}; /* where fontconfig keeps its cache */
    text_add(&home, "HOME=%s", getenv("HOME") ? getenv("HOME") : "/");
    char *arguments[] = {program, flag, NULL};
    char *environment[] = {locale, folders, home.chars, NULL};
    posix_spawn_file_actions_t actions;
    if (home.failed || posix_spawn_file_actions_init(&actions) != 0) {
        text_free(&home);
        return false;
    }
    bool ok =
        posix_spawn_file_actions_addchdir_np(&actions, "/") == 0 &&
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO) == 0 &&
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) == 0 &&
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
        posix_spawn(child, program, &actions, NULL, arguments, environment) == 0;
    posix_spawn_file_actions_destroy(&actions);
    text_free(&home);
    return ok;
}

static bool wait_for(pid_t child) {
    int how = 0;
    pid_t ended;
    do ended = waitpid(child, &how, 0);
    while (ended < 0 && errno == EINTR);
    return ended == child && WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

/* The picture is left in `output`. */
static bool run(char *program, const Text *script, int output) {
    pid_t child;
    int input = memfd_create("gnuplot", MFD_CLOEXEC);
    if (input < 0) return false;
    bool ok = write_all(input, script->chars, script->length) &&
              spawn(&child, program, input, output) && wait_for(child);
    close(input);
    return ok;
}

/* ---- Figures ---------------------------------------------------------------------------- */

static Status save(const char *path, int output, bool *drawn, Error *error) {
    struct stat about;
    if (fstat(output, &about) != 0 || about.st_size <= 0) return VOXPERT_OK;
    size_t size = (size_t)about.st_size;
    void *picture = mmap(NULL, size, PROT_READ, MAP_PRIVATE, output, 0);
    if (picture == MAP_FAILED)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for the figure", path);
    Status status = file_write(path, picture, size, error);
    *drawn = !status;
    munmap(picture, size);
    return status;
}

Status gnuplot_draw(const char *path, const char *terminal, const char *script, bool *drawn,
                    Error *error) {
    *drawn = false;
    char *program = find_program();
    if (!program) return VOXPERT_OK;
    Text t = {0};
    text_add(&t, "set terminal %s\n%s", terminal, script);
    int output = memfd_create("figure", MFD_CLOEXEC);
    Status status = VOXPERT_OK;
    if (t.failed || output < 0)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to draw it", path);
    else if (run(program, &t, output))
        status = save(path, output, drawn, error);
    if (output >= 0) close(output);
    text_free(&t);
    memory_free(program);
    return status;
}

Status gnuplot_png(const char *path, int width, int height, const char *script, bool *drawn,
                   Error *error) {
    char terminal[64];
    snprintf(terminal, sizeof terminal, "pngcairo size %d,%d", width, height);
    return gnuplot_draw(path, terminal, script, drawn, error);
}

#include "tests/check.h"

#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static Test *tests;
static size_t skipped_tests;
static int failures_here;

void test_register(Test *t) {
    Test **end = &tests;
    while (*end) end = &(*end)->next; /* in the order of the file */
    *end = t;
}

void check_report(bool ok, const char *file, int line, const char *format, ...) {
    if (ok) return;
    failures_here++;
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

void check_close(const char *file, int line, const float *got, const float *want, size_t n,
                 float absolute, float relative) {
    size_t worst = n;
    float excess = 0.0f;
    for (size_t i = 0; i < n; i++) {
        float over = fabsf(got[i] - want[i]) - absolute - relative * fabsf(want[i]);
        if (over > excess || isnan(over)) worst = i, excess = over;
        if (isnan(over)) break;
    }
    if (worst == n) return;
    check_report(false, file, line, "element %zu of %zu: got %.9g, want %.9g", worst, n,
                 (double)got[worst], (double)want[worst]);
}

void check_skip(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("skipped: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    skipped_tests++;
    skip();
    abort();
}

void check_stop(void) {
    fail();
    abort();
}

/* ---- A folder of its own ---------------------------------------------------------------- */

static char folder_here[512];
static pid_t owner; /* children that a test forks leave it alone */

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at) {
    (void)info, (void)type, (void)at;
    return remove(path);
}

static void remove_folder(void) {
    if (getpid() != owner || getenv("CHECK_KEEP")) return;
    nftw(folder_here, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_folder(void) {
    const char *base = getenv("TMPDIR");
    snprintf(folder_here, sizeof folder_here, "%s/voxpert-test-XXXXXX",
             base && *base ? base : "/tmp");
    if (!mkdtemp(folder_here)) return; /* tests that need it say so */
    owner = getpid();
    setenv("TMPDIR", folder_here, 1);
    atexit(remove_folder);
}

/* ---- The shared folder ------------------------------------------------------------------ */

/* The shared folder, or NULL where the small one of the build stands for it. */
static const char *whole_folder(void) {
    const char *set = getenv("VOXPERT_SHARED");
    const char *root = set && *set ? set : "../shared";
    struct stat info;
    if (strcmp(root, "small") == 0) return NULL;
    if (stat(root, &info) == 0) return root;
    if (!set || !*set) return NULL;
    check_report(false, __FILE__, __LINE__, "VOXPERT_SHARED is set to %s, which is missing", root);
    fail();
    return NULL;
}

static char *path_below(const char *root, const char *relative) {
    static char paths[8][1024];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", root, relative);
    return path;
}

const char *check_small(const char *relative) { return path_below(SMALL_SHARED, relative); }

const char *check_shared(const char *relative) {
    const char *root = whole_folder();
    char *path = path_below(root ? root : SMALL_SHARED, relative);
    struct stat info;
    if (!root && stat(path, &info) != 0)
        check_skip("%s is in the whole shared folder only; set VOXPERT_SHARED", relative);
    return path;
}

static void run_one(void **state) {
    const Test *t = *state;
    failures_here = 0;
    t->run();
    if (failures_here) fail_msg("%d checks failed in %s", failures_here, t->file);
}

/* Weak: the golden runner uses the checks with a main of its own. */
__attribute__((weak)) int main(int argc, char **argv) {
    enum { MOST = 512, SKIPPED = 77 }; /* as tests.cmake has it: not one test could be run */
    static struct CMUnitTest list[MOST];
    size_t count = 0;
    for (Test *t = tests; t && count < MOST; t = t->next) {
        if (argc > 1 && !strstr(t->name, argv[1])) continue;
        list[count++] =
            (struct CMUnitTest){.name = t->name, .test_func = run_one, .initial_state = t};
    }
    make_folder();
    if (_cmocka_run_group_tests("voxpert", list, count, NULL, NULL)) return EXIT_FAILURE;
    return count > 0 && skipped_tests == count ? SKIPPED : EXIT_SUCCESS;
}

/* check.h - facts, checked: a thin layer over cmocka.
 *
 *     TEST(what_must_hold) { CHECK(1 + 1 == 2); }
 *
 * Tests register themselves; a new file tests/.../test_x.c needs no list to join.  A CHECK that
 * fails is reported and the test goes on; the test fails at its end.  A REQUIRE that fails ends the
 * test: for what the rest of it stands on.
 *
 * A program has a folder of its own for temporary files, which $TMPDIR names while it runs and
 * which is removed at its end; CHECK_KEEP=1 in the environment keeps it. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Test {
    const char *name, *file;
    void (*run)(void);
    struct Test *next;
} Test;

void test_register(Test *t);
void check_report(bool ok, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* |got - want| <= absolute + relative |want|, elementwise; reports the worst element. */
void check_close(const char *file, int line, const float *got, const float *want, size_t n,
                 float absolute, float relative);

/* Ends the running test as skipped and prints why. */
void check_skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Path below the shared folder: $VOXPERT_SHARED, or ../shared beside the repository root.  Where
 * neither is there, or VOXPERT_SHARED is "small", below the small folder that the build makes of
 * tests/data/golden.tar.xz and of drawn pictures: the test is skipped where that lacks the path. It
 * fails where VOXPERT_SHARED is set and missing.  The result is valid until the eighth next call.
 */
const char *check_shared(const char *relative);
const char *check_small(const char *relative); /* below the small one, whatever there is */

#define TEST(id)                                                                                   \
    static void id(void);                                                                          \
    __attribute__((constructor)) static void register_##id(void) {                                 \
        static Test t = {.name = #id, .file = __FILE__, .run = id};                                \
        test_register(&t);                                                                         \
    }                                                                                              \
    static void id(void)

/* Ends the running test as failed. */
void check_stop(void) __attribute__((noreturn));

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (condition) break;                                                                      \
        check_report(false, __FILE__, __LINE__, "%s", #condition);                                 \
        check_stop();                                                                              \
    } while (0)

#define CHECK(condition) check_report((condition), __FILE__, __LINE__, "%s", #condition)
#define CHECK_CLOSE(got, want, n, absolute, relative)                                              \
    check_close(__FILE__, __LINE__, (got), (want), (n), (absolute), (relative))

#endif

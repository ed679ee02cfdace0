/* Every kernel of every set against the reference, on the table of cases. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "tests/check.h"
#include "tests/kernels/kernel_cases.h"

enum { GUARD = 16 }; /* floats around each buffer that nobody may write */

typedef struct Bench {
    Worker worker;
    Threads *threads;
} Bench;

static Bench bench_open(int threads) {
    Bench b = {0};
    if (threads_open(&b.threads, threads, NULL) || worker_open(&b.worker, b.threads, NULL)) abort();
    return b;
}

static void bench_close(Bench *b) {
    worker_close(&b->worker);
    threads_close(b->threads);
}

/* ---- The memory of one call --------------------------------------------------------------- */

typedef struct Room {
    Buffers buffers;
    float *base[CASE_BUFFERS], *at[CASE_BUFFERS];
} Room;

static void fill(float *p, const Buffer *b, uint64_t salt) {
    Random r = random_begin(1, 2, 3, salt);
    for (size_t i = 0; i < b->floats; i++) p[i] = (float)random_between(&r, b->low, b->high);
}

/* Every buffer begins `offset` floats behind a cache line. */
static Room room_open(const KernelCase *c, size_t offset) {
    Room room = {0};
    c->driver->buffers(&room.buffers, c->size);
    for (int i = 0; i < room.buffers.count; i++) {
        const Buffer *b = &room.buffers.buffer[i];
        size_t floats = (b->floats + offset + 2 * GUARD + 15) / 16 * 16;
        room.base[i] = aligned_alloc(64, floats * sizeof(float));
        if (!room.base[i]) abort();
        for (size_t k = 0; k < floats; k++) room.base[i][k] = 77.0f;
        room.at[i] = room.base[i] + GUARD + offset;
        if (b->role != BUFFER_OUT && b->role != BUFFER_KEPT) fill(room.at[i], b, (uint64_t)i);
    }
    return room;
}

static void room_close(Room *room) {
    for (int i = 0; i < room->buffers.count; i++) free(room->base[i]);
}

static bool guards_hold(const Room *room) {
    for (int i = 0; i < room->buffers.count; i++) {
        const float *end = room->at[i] + room->buffers.buffer[i].floats;
        for (const float *p = room->base[i]; p < room->at[i]; p++) {
            if (p[0] != 77.0f) return false;
        }
        for (int k = 0; k < GUARD; k++) {
            if (end[k] != 77.0f) return false;
        }
    }
    return true;
}

static bool is_result(const Buffer *b) {
    return b->role == BUFFER_OUT || b->role == BUFFER_GRADIENT || b->role == BUFFER_CHANGED;
}

/* One call on fresh memory; buffer `without` is passed as NULL. */
static Room run(const KernelCase *c, const Kernels *k, const Worker *w, size_t offset,
                int without) {
    Room room = room_open(c, offset);
    if (c->driver->prepare) c->driver->prepare(k, w, room.at, c->size);
    float *p[CASE_BUFFERS];
    memcpy(p, room.at, sizeof p);
    if (without >= 0) p[without] = NULL;
    c->driver->call(k, w, p, c->size);
    return room;
}

/* ---- Facts -------------------------------------------------------------------------------- */

typedef struct Where {
    const KernelCase *c;
    const char *set, *what;
} Where;

static void report(const Where *at, bool ok, int buffer, double error) {
    const int *n = at->c->size;
    check_report(ok, __FILE__, __LINE__, "%s %s(%d,%d,%d,%d,%d,%d,%d,%d,%d,%d): %s, buffer %d, %g",
                 at->set, at->c->driver->entry, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7],
                 n[8], n[9], at->what, buffer, error);
}

/* Largest difference, as a part of the largest magnitude. */
static double difference(const float *got, const float *want, size_t n) {
    double worst = 0.0, scale = 1e-30;
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)got[i] - (double)want[i]);
        if (!(d <= worst)) worst = d;
        scale = fmax(scale, fabs((double)want[i]));
    }
    return worst / scale;
}

static double check_near(Where at, const Room *got, const Room *want, double tolerance) {
    double worst = 0.0;
    for (int i = 0; i < got->buffers.count; i++) {
        const Buffer *b = &got->buffers.buffer[i];
        if (!is_result(b)) continue;
        double error = difference(got->at[i], want->at[i], b->floats);
        report(&at, error <= tolerance, i, error);
        worst = fmax(worst, error);
    }
    report(&at, guards_hold(got), -1, 0.0);
    return worst;
}

static void check_same(Where at, const Room *got, const Room *want, int except) {
    for (int i = 0; i < got->buffers.count; i++) {
        const Buffer *b = &got->buffers.buffer[i];
        if (!is_result(b) || i == except) continue;
        report(&at, memcmp(got->at[i], want->at[i], b->floats * sizeof(float)) == 0, i, 0.0);
    }
}

static void check_without(const KernelCase *c, const Kernels *k, const Worker *w,
                          const Room *want) {
    for (int i = 0; i < want->buffers.count; i++) {
        if (want->buffers.buffer[i].role != BUFFER_GRADIENT) continue;
        Room room = run(c, k, w, 0, i);
        check_same((Where){c, k->name, "without a gradient"}, &room, want, i);
        room_close(&room);
    }
}

static double check_case(const KernelCase *c, const Kernels *k, const Bench *benches) {
    const Worker *w = &benches[1].worker;
    Room want = run(c, &kernels_reference, w, 0, -1), one = run(c, k, w, 0, -1);
    double worst = check_near((Where){c, k->name, "far from the reference"}, &one, &want,
                              c->driver->tolerance);
    for (int i = 0; i < 3; i++) {
        Room other = run(c, k, &benches[i].worker, 1 + (size_t)i, -1);
        check_same((Where){c, k->name, "other bytes elsewhere or on other threads"}, &other, &one,
                   -1);
        room_close(&other);
    }
    check_without(c, k, w, &one);
    room_close(&one);
    room_close(&want);
    return worst;
}

static void check_set(const Kernels *k) {
    Bench benches[3] = {bench_open(1), bench_open(2), bench_open(7)};
    const char *entry = "";
    double worst = 0.0;
    for (size_t i = 0; i <= kernel_case_count; i++) {
        const KernelCase *c = &kernel_cases[i];
        bool last = i == kernel_case_count;
        if (last || strcmp(entry, c->driver->entry) != 0) {
            if (*entry) printf("%-10s %-20s worst %.1e\n", k->name, entry, worst);
            if (last) break;
            entry = c->driver->entry, worst = 0.0;
        }
        if (c->use & CASE_TEST) worst = fmax(worst, check_case(c, k, benches));
    }
    for (int i = 0; i < 3; i++) bench_close(&benches[i]);
}

static void check_named(const char *name) {
    const Kernels *k = kernels_choose(name);
    if (!k) check_skip("this processor does not run the set %s", name);
    check_set(k);
}

/* Tolerances are in the drivers, relative to the largest magnitude of a result; errors are printed.
 */
TEST(portable_kernels_agree_with_the_reference) { check_named("portable"); }
TEST(avx2_kernels_agree_with_the_reference) { check_named("avx2"); }
TEST(avx512_kernels_agree_with_the_reference) { check_named("avx512"); }

/* bench_kernels - times every kernel of every set, beside the peak that the machine reaches.
 *
 *     bench_kernels [--set NAME] [--entry NAME] [--note TEXT] [--threads N] [--seconds S] [--cpu]
 * [--all]
 *
 * Prints for each case the median and the best of several turns, the rate, and its part of the peak
 * that was measured in the same run.  Where an entry only moves numbers, the rate is GB/s of its
 * buffers.
 * --cpu counts the processor's time, as if shared evenly by the threads: for machines that others
 * use as well. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "bench/lib/peak.h"
#include "tests/kernels/kernel_cases.h"

enum { MOST_TURNS = 200, LEAST_TURNS = 5 };

typedef struct Options {
    const char *set, *entry, *note;
    int threads;
    double seconds; /* for each case */
    bool all;       /* the reference, too */
    bool cpu;       /* time of the processor, not of the clock */
} Options;

/* ---- One case ----------------------------------------------------------------------------- */

typedef struct Room {
    Buffers buffers;
    float *at[CASE_BUFFERS];
} Room;

static void room_close(Room *room) {
    for (int i = 0; i < room->buffers.count; i++) memory_free(room->at[i]);
}

static bool room_open(Room *room, const KernelCase *c) {
    *room = (Room){0};
    c->driver->buffers(&room->buffers, c->size);
    for (int i = 0; i < room->buffers.count; i++) {
        const Buffer *b = &room->buffers.buffer[i];
        room->at[i] = memory_aligned(b->floats * sizeof(float));
        if (!room->at[i]) return false;
        Random r = random_begin(1, 2, 3, (uint64_t)i);
        for (size_t k = 0; k < b->floats; k++) {
            room->at[i][k] = (float)random_between(&r, b->low, b->high);
        }
    }
    return true;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

typedef struct Times {
    double median, best;
} Times;

static Times case_times(const KernelCase *c, const Kernels *k, const Worker *w, const Room *room,
                        const Options *o) {
    double seconds[MOST_TURNS], all = 0.0;
    int turns = 0;
    if (c->driver->prepare) c->driver->prepare(k, w, room->at, c->size);
    for (int warm = 0; warm < 2; warm++) c->driver->call(k, w, room->at, c->size);
    while (turns < MOST_TURNS && (turns < LEAST_TURNS || all < o->seconds)) {
        double begin = bench_seconds(w, o->cpu);
        c->driver->call(k, w, room->at, c->size);
        seconds[turns] = bench_seconds(w, o->cpu) - begin;
        all += seconds[turns++];
    }
    qsort(seconds, (size_t)turns, sizeof *seconds, compare);
    return (Times){seconds[turns / 2], seconds[0]};
}

static double bytes_of(const Room *room) {
    double bytes = 0.0;
    for (int i = 0; i < room->buffers.count; i++) {
        const Buffer *b = &room->buffers.buffer[i];
        bool twice = b->role == BUFFER_GRADIENT || b->role == BUFFER_CHANGED;
        bytes += (twice ? 8.0 : 4.0) * (double)b->floats;
    }
    return bytes;
}

static void time_case(const KernelCase *c, const Kernels *k, const Worker *w, const Options *o,
                      double peak) {
    Room room;
    if (!room_open(&room, c)) {
        room_close(&room);
        printf("%-10s %-20s %-32s not enough memory\n", k->name, c->driver->entry, c->note);
        return;
    }
    Times t = case_times(c, k, w, &room, o);
    double seconds = t.median;
    printf("%-10s %-20s %-32s %9.3f ms (best %9.3f) ", k->name, c->driver->entry, c->note,
           t.median * 1e3, t.best * 1e3);
    if (c->driver->work) {
        double rate = c->driver->work(c->size) / seconds / 1e9;
        printf("%7.1f Gop/s %5.1f %%\n", rate, 100.0 * rate / peak);
    } else {
        printf("%7.1f GB/s\n", bytes_of(&room) / seconds / 1e9);
    }
    fflush(stdout);
    room_close(&room);
}

static bool wanted(const KernelCase *c, const Options *o) {
    return (c->use & CASE_BENCH) && (!o->entry || strcmp(o->entry, c->driver->entry) == 0) &&
           (!o->note || strstr(c->note, o->note));
}

static void time_set(const Kernels *k, const Worker *w, const Options *o) {
    double peak = peak_measure(w, k->name, o->cpu);
    printf("%-10s peak %.1f Gop/s on %d threads\n", k->name, peak, threads_count(w->threads));
    for (size_t i = 0; i < kernel_case_count; i++) {
        if (wanted(&kernel_cases[i], o)) time_case(&kernel_cases[i], k, w, o, peak);
    }
}

/* ---- The program -------------------------------------------------------------------------- */

static bool option(const char *name, int *i, int argc, char **argv, const char **value) {
    if (strcmp(argv[*i], name) != 0 || *i + 1 >= argc) return false;
    *value = argv[++*i];
    return true;
}

static bool options_read(Options *o, int argc, char **argv) {
    const char *number;
    for (int i = 1; i < argc; i++) {
        if (option("--set", &i, argc, argv, &o->set)) continue;
        if (option("--entry", &i, argc, argv, &o->entry)) continue;
        if (option("--note", &i, argc, argv, &o->note)) continue;
        if (option("--threads", &i, argc, argv, &number))
            o->threads = atoi(number);
        else if (option("--seconds", &i, argc, argv, &number))
            o->seconds = atof(number);
        else if (strcmp(argv[i], "--all") == 0)
            o->all = true;
        else if (strcmp(argv[i], "--cpu") == 0)
            o->cpu = true;
        else
            return false;
    }
    return true;
}

static int run(const Options *o) {
    Threads *threads = NULL;
    Worker worker = {0};
    Error error = {0};
    Status status = threads_open(&threads, o->threads, &error);
    if (!status) status = worker_open(&worker, threads, &error);
    if (status) fprintf(stderr, "bench_kernels: %s\n", error.message);
    for (const Kernels *const *k = kernels_available(); !status && *k; k++) {
        bool named = o->set && strcmp(o->set, (*k)->name) == 0;
        if (named || (!o->set && (o->all || *k != &kernels_reference))) time_set(*k, &worker, o);
    }
    worker_close(&worker);
    threads_close(threads);
    return (int)status;
}

int main(int argc, char **argv) {
    Options o = {.seconds = 0.5};
    if (options_read(&o, argc, argv)) return run(&o);
    fprintf(stderr, "usage: bench_kernels [--set NAME] [--entry NAME] [--note TEXT] [--threads N] "
                    "[--seconds S] [--cpu] [--all]\n");
    return EXIT_FAILURE;
}

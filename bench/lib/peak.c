#include "bench/lib/peak.h"

#include <string.h>
#include <time.h>

#include "base/platform.h"

enum { CHAINS = 12, TURNS = 200000, TASKS = 16, TRIES = 7 };

/* One function for each width: chains that only wait for themselves, so that every unit is busy. */
#define PEAK(name, lanes, attributes, instruction)                                                 \
    attributes static void name(void *context, size_t task, void *scratch) {                       \
        (void)context, (void)task, (void)scratch;                                                  \
        typedef float Vec __attribute__((vector_size(4 * (lanes))));                               \
        Vec a = {0}, b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;  \
        Vec by = {0};                                                                              \
        for (int turn = 0; turn < TURNS; turn++) {                                                 \
            instruction(a);                                                                        \
            instruction(b);                                                                        \
            instruction(c);                                                                        \
            instruction(d);                                                                        \
            instruction(e);                                                                        \
            instruction(f);                                                                        \
            instruction(g);                                                                        \
            instruction(h);                                                                        \
            instruction(i);                                                                        \
            instruction(j);                                                                        \
            instruction(k);                                                                        \
            instruction(l);                                                                        \
        }                                                                                          \
    }

#if defined(__x86_64__)
#define FUSED(x) __asm__ volatile("vfmadd231ps %1, %1, %0" : "+v"(x) : "v"(by))
#define APART(x)                                                                                   \
    __asm__ volatile("movaps %1, %%xmm15\n mulps %1, %%xmm15\n addps %%xmm15, %0"                  \
                     : "+x"(x)                                                                     \
                     : "x"(by)                                                                     \
                     : "xmm15")
PEAK(chains_avx512, 16, __attribute__((target("avx512f"))), FUSED)
PEAK(chains_avx2, 8, __attribute__((target("avx2,fma"))), FUSED)
PEAK(chains_plain, 4, , APART)
#else
#define APART(x)                                                                                   \
    x = x * by + by;                                                                               \
    __asm__ volatile("" : "+w"(x))
PEAK(chains_plain, 4, , APART)
#endif

double bench_seconds(const Worker *w, bool cpu) {
    if (!cpu) return system_seconds();
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return ((double)t.tv_sec + 1e-9 * (double)t.tv_nsec) / threads_count(w->threads);
}

double peak_measure(const Worker *w, const char *name, bool cpu) {
    TaskFn *fn = chains_plain;
    double lanes = 4.0, best = 0.0;
#if defined(__x86_64__)
    if (strcmp(name, "avx2") == 0) fn = chains_avx2, lanes = 8.0;
    if (strcmp(name, "avx512") == 0) fn = chains_avx512, lanes = 16.0;
#else
    (void)name;
#endif
    for (int i = 0; i < TRIES; i++) {
        double begin = bench_seconds(w, cpu);
        worker_run(w, fn, NULL, TASKS);
        double seconds = bench_seconds(w, cpu) - begin;
        double rate = 2.0 * lanes * CHAINS * TURNS * TASKS / seconds / 1e9;
        if (rate > best) best = rate;
    }
    return best;
}

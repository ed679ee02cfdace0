#include "base/threads.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "base/platform.h"

struct Threads {
    int count; /* with the caller's */
    int started;
    pthread_t thread[THREADS_MAX];
    void *scratch; /* count - 1 pieces of WORKER_SCRATCH */

    pthread_mutex_t run; /* one run at a time */

    pthread_mutex_t lock; /* guards what follows; the atomics are watched without it */
    pthread_cond_t wake, done;
    atomic_ulong generation; /* of runs */
    atomic_int busy;         /* threads in this run; who comes after its end stays out */
    int asleep;
    bool open, stop;
    TaskFn *fn;
    void *context;
    size_t tasks;

    atomic_size_t next;
    bool watches; /* a core for each thread: they watch a little before they sleep */
};

typedef struct Starter {
    Threads *threads;
    int index;
} Starter;

static void *map_scratch(size_t bytes) {
    if (memory_should_fail()) return NULL;
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static void take_tasks(Threads *t, TaskFn *fn, void *context, size_t tasks, void *scratch) {
    for (;;) {
        size_t task = atomic_fetch_add_explicit(&t->next, 1, memory_order_relaxed);
        if (task >= tasks) return;
        fn(context, task, scratch);
    }
}

/* ---- Watching ----------------------------------------------------------------------------- */

/* Waking a sleeping thread takes longer than many a run: so who waits first watches for as long as
 * the gaps between the runs of one pass take. */
#define WATCH_SECONDS 100e-6

enum { GLANCES = 16 }; /* between two looks at the clock */

static void rest(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

typedef bool Over(Threads *t, unsigned long seen);

static bool run_began(Threads *t, unsigned long seen) {
    return atomic_load_explicit(&t->generation, memory_order_relaxed) != seen;
}

static bool run_ended(Threads *t, unsigned long seen) {
    (void)seen;
    return atomic_load_explicit(&t->busy, memory_order_relaxed) == 0;
}

static void watch(Threads *t, Over *over, unsigned long seen) {
    for (double end = system_seconds() + WATCH_SECONDS; system_seconds() < end;) {
        for (int i = 0; i < GLANCES; i++, rest()) {
            if (over(t, seen)) return;
        }
    }
}

/* With the lock held; it is let go in between. */
static void wait_for_run(Threads *t, unsigned long seen) {
    if (t->watches) {
        pthread_mutex_unlock(&t->lock);
        watch(t, run_began, seen);
        pthread_mutex_lock(&t->lock);
    }
    while (!run_began(t, seen)) {
        t->asleep++;
        pthread_cond_wait(&t->wake, &t->lock);
        t->asleep--;
    }
}

static void wait_for_end(Threads *t) {
    if (t->watches) watch(t, run_ended, 0);
    pthread_mutex_lock(&t->lock);
    t->open = false;
    while (t->busy > 0) pthread_cond_wait(&t->done, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

/* ---- Threads ------------------------------------------------------------------------------ */

static void *thread_main(void *argument) {
    Starter *starter = argument;
    Threads *t = starter->threads;
    void *scratch = (char *)t->scratch + (size_t)starter->index * WORKER_SCRATCH;
    memory_free(starter);
    unsigned long seen = 0;

    pthread_mutex_lock(&t->lock);
    for (;;) {
        wait_for_run(t, seen);
        if (t->stop) break;
        seen = t->generation;
        if (!t->open) continue;
        t->busy++;
        TaskFn *fn = t->fn;
        void *context = t->context;
        size_t tasks = t->tasks;
        pthread_mutex_unlock(&t->lock);
        take_tasks(t, fn, context, tasks, scratch);
        pthread_mutex_lock(&t->lock);
        if (--t->busy == 0) pthread_cond_signal(&t->done);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* Signals that come from outside are for the program's own threads: a handler that tidies up then
 * interrupts the thread that writes, and none writes on while it runs. */
static bool create_deaf(pthread_t *thread, Starter *starter) {
    static const int own_faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    sigset_t outside, before;
    sigfillset(&outside);
    for (size_t i = 0; i < sizeof own_faults / sizeof *own_faults; i++)
        sigdelset(&outside, own_faults[i]);
    pthread_sigmask(SIG_BLOCK, &outside, &before);
    bool created = pthread_create(thread, NULL, thread_main, starter) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return created;
}

static bool start_one(Threads *t, int index) {
    Starter *starter = memory_new(sizeof *starter);
    if (!starter) return false;
    *starter = (Starter){t, index};
    if (!create_deaf(&t->thread[index], starter)) {
        memory_free(starter);
        return false;
    }
    t->started++;
    return true;
}

Status threads_open(Threads **out, int count, Error *error) {
    *out = NULL;
    if (count <= 0) count = system_cores();
    if (count > THREADS_MAX) count = THREADS_MAX;

    Threads *t = memory_new(sizeof *t);
    if (!t) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %d threads", count);
    t->count = count;
    t->watches = count <= system_cores();
    pthread_mutex_init(&t->run, NULL);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    pthread_cond_init(&t->done, NULL);

    bool ok = true;
    if (count > 1) ok = (t->scratch = map_scratch((size_t)(count - 1) * WORKER_SCRATCH)) != NULL;
    for (int i = 0; ok && i < count - 1; i++) ok = start_one(t, i);
    if (!ok) {
        threads_close(t);
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "cannot start %d threads", count);
    }
    *out = t;
    return VOXPERT_OK;
}

void threads_close(Threads *t) {
    if (!t) return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    t->generation++;
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->lock);
    for (int i = 0; i < t->started; i++) pthread_join(t->thread[i], NULL);
    if (t->scratch) munmap(t->scratch, (size_t)(t->count - 1) * WORKER_SCRATCH);
    pthread_cond_destroy(&t->done);
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->lock);
    pthread_mutex_destroy(&t->run);
    memory_free(t);
}

int threads_count(const Threads *t) { return t ? t->count : 1; }

Status worker_open(Worker *out, Threads *threads, Error *error) {
    *out = (Worker){.threads = threads};
    out->scratch = map_scratch(WORKER_SCRATCH);
    out->shared = map_scratch(WORKER_SHARED);
    if (out->scratch && out->shared) return VOXPERT_OK;
    worker_close(out);
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a worker's scratch space");
}

void worker_close(Worker *worker) {
    if (worker->scratch) munmap(worker->scratch, WORKER_SCRATCH);
    if (worker->shared) munmap(worker->shared, WORKER_SHARED);
    *worker = (Worker){0};
}

void worker_run(const Worker *worker, TaskFn *fn, void *context, size_t tasks) {
    Threads *t = worker->threads;
    if (!t || t->count == 1 || tasks <= 1) {
        for (size_t i = 0; i < tasks; i++) fn(context, i, worker->scratch);
        return;
    }
    pthread_mutex_lock(&t->run);
    pthread_mutex_lock(&t->lock);
    atomic_store_explicit(&t->next, 0, memory_order_relaxed);
    t->fn = fn;
    t->context = context;
    t->tasks = tasks;
    t->open = true;
    t->generation++;
    if (t->asleep > 0) pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->lock);

    take_tasks(t, fn, context, tasks, worker->scratch);

    wait_for_end(t);
    pthread_mutex_unlock(&t->run);
}

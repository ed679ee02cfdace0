/* threads.h - one pool of threads, and what a kernel may use of it.
 *
 * Work is cut into tasks by the *problem*; threads only take the next task.  Results therefore do
 * not depend on the number of threads.  A thread pool may be shared by many callers: each run
 * has the pool to itself, the others wait their turn. */
#ifndef BASE_THREADS_H
#define BASE_THREADS_H

#include <stddef.h>

#include "base/status.h"

typedef struct Threads Threads;

enum { THREADS_MAX = 256 };

/* One piece of work.  `scratch` belongs to the running thread, holds WORKER_SCRATCH bytes, 64-byte
 * aligned, and keeps nothing from task to task. */
typedef void TaskFn(void *context, size_t task, void *scratch);

enum { WORKER_SCRATCH = 8 << 20 };        /* bytes for each thread, touched on demand */
#define WORKER_SHARED ((size_t)256 << 20) /* bytes for the caller of a run, touched on demand */

/* What kernels get: threads and memory, so that they need neither allocation nor globals. */
typedef struct Worker {
    Threads *threads; /* NULL: run on the caller's thread alone */
    void *scratch;    /* of the caller's thread, WORKER_SCRATCH bytes */
    void *shared;     /* WORKER_SHARED bytes; one kernel at a time uses it, all its tasks may */
} Worker;

/* 0 means one thread for each core this process may use (affinity, cgroup quota). */
MUST_CHECK Status threads_open(Threads **out, int count, Error *error);
void threads_close(Threads *threads); /* NULL is fine */
int threads_count(const Threads *threads);

/* Each line of work (a Compute) has a worker of its own on the shared pool. */
MUST_CHECK Status worker_open(Worker *out, Threads *threads, Error *error);
void worker_close(Worker *worker);

/* Runs fn(context, 0 .. tasks-1, scratch), in any order, on all threads; returns when all are done.
 * Tasks must not call worker_run. */
void worker_run(const Worker *worker, TaskFn *fn, void *context, size_t tasks);

#endif

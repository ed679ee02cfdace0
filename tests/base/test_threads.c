#include "base/threads.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "tests/check.h"

static void square(void *context, size_t task, void *scratch) {
    memset(scratch, (int)task, 4096);
    ((size_t *)context)[task] = task * task;
}

TEST(every_task_runs_once_on_any_number_of_threads) {
    for (int count = 1; count <= 7; count += 3) {
        Threads *threads;
        Worker worker;
        CHECK(threads_open(&threads, count, NULL) == VOXPERT_OK);
        CHECK(worker_open(&worker, threads, NULL) == VOXPERT_OK);
        for (int round = 0; round < 50; round++) {
            size_t result[100] = {0}, wrong = 0;
            worker_run(&worker, square, result, 100);
            for (size_t i = 0; i < 100; i++) wrong += result[i] != i * i;
            CHECK(wrong == 0);
        }
        worker_close(&worker);
        threads_close(threads);
    }
}

static void pause_for(long microseconds) {
    nanosleep(&(struct timespec){0, microseconds * 1000}, NULL);
}

/* Threads watch for the next run, then sleep: runs come to both, of few tasks and of many. */
TEST(runs_after_gaps_of_any_length_are_whole) {
    Threads *threads;
    Worker worker;
    CHECK(threads_open(&threads, 0, NULL) == VOXPERT_OK);
    CHECK(worker_open(&worker, threads, NULL) == VOXPERT_OK);
    for (long gap = 0; gap < 2000; gap += 50) {
        for (size_t tasks = 1; tasks < 10; tasks++) {
            size_t result[10] = {0}, wrong = 0;
            worker_run(&worker, square, result, tasks);
            for (size_t i = 0; i < 10; i++) wrong += result[i] != (i < tasks ? i * i : 0);
            CHECK(wrong == 0);
        }
        pause_for(gap);
    }
    worker_close(&worker);
    threads_close(threads);
}

typedef struct Caller {
    Threads *threads;
    size_t wrong;
} Caller;

static void *call_often(void *context) {
    Caller *c = context;
    Worker worker;
    if (worker_open(&worker, c->threads, NULL)) return c;
    for (int round = 0; round < 300; round++) {
        size_t result[20] = {0};
        worker_run(&worker, square, result, 20);
        for (size_t i = 0; i < 20; i++) c->wrong += result[i] != i * i;
        if (round % 50 == 0) pause_for(200);
    }
    worker_close(&worker);
    return NULL;
}

TEST(callers_that_share_threads_wait_their_turn) {
    Threads *threads;
    CHECK(threads_open(&threads, 2, NULL) == VOXPERT_OK);
    Caller caller[3] = {{threads, 0}, {threads, 0}, {threads, 0}};
    pthread_t thread[3];
    for (int i = 0; i < 3; i++)
        CHECK(pthread_create(&thread[i], NULL, call_often, &caller[i]) == 0);
    for (int i = 0; i < 3; i++) {
        void *failed;
        CHECK(pthread_join(thread[i], &failed) == 0);
        CHECK(failed == NULL && caller[i].wrong == 0);
    }
    threads_close(threads);
}

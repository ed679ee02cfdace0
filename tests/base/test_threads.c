#include "base/threads.h"

#include <string.h>

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

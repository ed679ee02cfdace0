/* What is shared by the rows of a batch element: factors and means of channels. */
#include "compute/cpu/columns.h"
#include "compute/cpu/range.h"
#include "compute/cpu/vec.h"

typedef struct Job {
    float *y;
    const float *x, *s;
    size_t rows, cols;
    float by;
} Job;

static void multiply_rows(void *context, size_t begin, size_t end) {
    const Job *j = context;
    for (size_t r = begin; r < end; r++) {
        const float *x = j->x + r * j->cols, *s = j->s + r / j->rows * j->cols;
        float *y = j->y + r * j->cols;
        for (size_t c = 0; c < j->cols; c += LANES) {
            size_t left = j->cols - c;
            vec_put(y + c, vec_get(x + c, left) * vec_get(s + c, left), left);
        }
    }
}

void ENTRY(multiply)(const Worker *w, float *y, const float *x, const float *s, int batch,
                     size_t rows, int cols) {
    Job j = {.y = y, .x = x, .s = s, .rows = rows, .cols = (size_t)cols};
    range_run(w, multiply_rows, &j, (size_t)batch * rows, range_grain(j.cols));
}

static void multiply_back_rows(void *context, size_t begin, size_t end) {
    const Job *j = context;
    for (size_t r = begin; r < end; r++) {
        const float *dy = j->x + r * j->cols, *s = j->s + r / j->rows * j->cols;
        float *dx = j->y + r * j->cols;
        for (size_t c = 0; c < j->cols; c += LANES) {
            size_t left = j->cols - c;
            vec_put(dx + c, vec_get(dx + c, left) + vec_get(dy + c, left) * vec_get(s + c, left),
                    left);
        }
    }
}

void ENTRY(multiply_backward)(const Worker *w, float *dx, float *ds, const float *dy,
                              const float *x, const float *s, int batch, size_t rows, int cols) {
    Job j = {.y = dx, .x = dy, .s = s, .rows = rows, .cols = (size_t)cols};
    if (dx) range_run(w, multiply_back_rows, &j, (size_t)batch * rows, range_grain(j.cols));
    if (ds) {
        columns_sum(w, &(Columns){.out = ds,
                                  .a = dy,
                                  .b = x,
                                  .batch = (size_t)batch,
                                  .rows = rows,
                                  .cols = j.cols,
                                  .add = true,
                                  .scale = 1.0});
    }
}

void ENTRY(mean)(const Worker *w, float *y, const float *x, int batch, size_t rows, int cols) {
    columns_sum(w, &(Columns){.out = y,
                              .a = x,
                              .batch = (size_t)batch,
                              .rows = rows,
                              .cols = (size_t)cols,
                              .scale = 1.0 / (double)rows});
}

static void mean_back_rows(void *context, size_t begin, size_t end) {
    const Job *j = context;
    for (size_t r = begin; r < end; r++) {
        const float *dy = j->x + r / j->rows * j->cols;
        float *dx = j->y + r * j->cols;
        for (size_t c = 0; c < j->cols; c += LANES) {
            size_t left = j->cols - c;
            vec_put(dx + c, vec_get(dx + c, left) + vec_get(dy + c, left) * j->by, left);
        }
    }
}

void ENTRY(mean_backward)(const Worker *w, float *dx, const float *dy, int batch, size_t rows,
                          int cols) {
    if (!dx) return;
    Job j = {.y = dx, .x = dy, .rows = rows, .cols = (size_t)cols, .by = 1.0f / (float)rows};
    range_run(w, mean_back_rows, &j, (size_t)batch * rows, range_grain(j.cols));
}

void ENTRY(reduce)(const Worker *w, float *db, const float *dy, size_t n, size_t period) {
    if (!db || period == 0) return;
    columns_sum(w, &(Columns){.out = db,
                              .a = dy,
                              .batch = 1,
                              .rows = n / period,
                              .cols = period,
                              .add = true,
                              .scale = 1.0});
}

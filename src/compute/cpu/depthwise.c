/* 3x3 convolution with one filter for each channel, padding 1. */
#include "base/size.h"
#include "compute/cpu/columns.h"
#include "compute/cpu/range.h"
#include "compute/cpu/vec.h"

typedef struct Job {
    float *y; /* dx in the backward pass */
    const float *x, *filter, *bias, *dy;
    float *partial; /* [piece][9][channels] */
    size_t piece;   /* output rows of a piece */
    size_t channels;
    int batch, h, w, out_h, out_w, stride;
} Job;

static Job job_make(int batch, const int size[2], int channels, int stride) {
    return (Job){.channels = (size_t)channels,
                 .batch = batch,
                 .h = size[0],
                 .w = size[1],
                 .out_h = (size[0] - 1) / stride + 1,
                 .out_w = (size[1] - 1) / stride + 1,
                 .stride = stride};
}

/* Where input row y of batch element b begins, or NULL outside. */
static const float *input_row(const Job *j, int b, int y) {
    if (y < 0 || y >= j->h) return NULL;
    return j->x + (size_t)(b * j->h + y) * (size_t)j->w * j->channels;
}

static const float *gradient_row(const Job *j, int b, int y) {
    return j->dy + (size_t)(b * j->out_h + y) * (size_t)j->out_w * j->channels;
}

/* ---- Forward ------------------------------------------------------------------------------ */

/* One vector of channels along a row of the output, its nine weights in registers. */
static void row_forward(const Job *j, float *y, const float *const rows[3], size_t c, size_t left) {
    Vec f[9], bias = j->bias ? vec_get(j->bias + c, left) : vec_zero();
    for (int tap = 0; tap < 9; tap++) {
        f[tap] = vec_get(j->filter + (size_t)tap * j->channels + c, left);
    }
    for (int out = 0; out < j->out_w; out++, y += j->channels) {
        Vec sum = bias;
        for (int tap = 0; tap < 9; tap++) {
            int x = out * j->stride + tap % 3 - 1;
            if (!rows[tap / 3] || x < 0 || x >= j->w) continue;
            sum += f[tap] * vec_get(rows[tap / 3] + (size_t)x * j->channels + c, left);
        }
        vec_put(y + c, sum, left);
    }
}

static void rows_forward(void *context, size_t begin, size_t end) {
    const Job *j = context;
    for (size_t r = begin; r < end; r++) {
        int b = (int)r / j->out_h, y = (int)r % j->out_h * j->stride;
        const float *const rows[3] = {input_row(j, b, y - 1), input_row(j, b, y),
                                      input_row(j, b, y + 1)};
        float *to = j->y + r * (size_t)j->out_w * j->channels;
        for (size_t c = 0; c < j->channels; c += LANES) {
            row_forward(j, to, rows, c, j->channels - c);
        }
    }
}

void ENTRY(depthwise)(const Worker *w, float *y, const float *x, const float *filter,
                      const float *bias, int batch, const int size[2], int channels, int stride) {
    Job j = job_make(batch, size, channels, stride);
    j.y = y, j.x = x, j.filter = filter, j.bias = bias;
    range_run(w, rows_forward, &j, (size_t)batch * (size_t)j.out_h,
              range_grain((size_t)j.out_w * j.channels * 3));
}

/* ---- Backward ----------------------------------------------------------------------------- */

/* Row r of dx gathers from the outputs that read it. */
static void row_back(const Job *j, size_t r) {
    int b = (int)r / j->h, y = (int)r % j->h;
    float *dx = j->y + r * (size_t)j->w * j->channels;
    for (int tap = 0; tap < 9; tap++) {
        int up = y + 1 - tap / 3;
        if (up < 0 || up % j->stride || up / j->stride >= j->out_h) continue;
        const float *dy = gradient_row(j, b, up / j->stride);
        const float *f = j->filter + (size_t)tap * j->channels;
        for (int out = 0; out < j->out_w; out++) {
            int x = out * j->stride + tap % 3 - 1;
            if (x < 0 || x >= j->w) continue;
            float *to = dx + (size_t)x * j->channels;
            const float *d = dy + (size_t)out * j->channels;
            for (size_t c = 0; c < j->channels; c += LANES) {
                size_t left = j->channels - c;
                vec_put(to + c, vec_get(to + c, left) + vec_get(d + c, left) * vec_get(f + c, left),
                        left);
            }
        }
    }
}

static void rows_back(void *context, size_t begin, size_t end) {
    for (size_t r = begin; r < end; r++) row_back(context, r);
}

/* What one row of the output gives to the nine weights. */
static void row_filter(const Job *j, float *sum, size_t r, size_t c, size_t left) {
    int b = (int)r / j->out_h, y = (int)r % j->out_h * j->stride;
    const float *dy = gradient_row(j, b, (int)r % j->out_h) + c;
    for (int tap = 0; tap < 9; tap++) {
        const float *x = input_row(j, b, y + tap / 3 - 1);
        if (!x) continue;
        Vec s = vec_get(sum + (size_t)tap * j->channels + c, left);
        for (int out = 0; out < j->out_w; out++) {
            int at = out * j->stride + tap % 3 - 1;
            if (at < 0 || at >= j->w) continue;
            s += vec_get(dy + (size_t)out * j->channels, left) *
                 vec_get(x + (size_t)at * j->channels + c, left);
        }
        vec_put(sum + (size_t)tap * j->channels + c, s, left);
    }
}

static void filter_back(void *context, size_t task, void *scratch) {
    (void)scratch;
    const Job *j = context;
    float *sum = j->partial + task * 9 * j->channels;
    memset(sum, 0, 9 * j->channels * sizeof *sum);
    size_t end = size_min((task + 1) * j->piece, (size_t)j->batch * (size_t)j->out_h);
    for (size_t r = task * j->piece; r < end; r++) {
        for (size_t c = 0; c < j->channels; c += LANES) row_filter(j, sum, r, c, j->channels - c);
    }
}

void ENTRY(depthwise_backward)(const Worker *w, float *dx, float *dfilter, float *dbias,
                               const float *dy, const float *x, const float *filter, int batch,
                               const int size[2], int channels, int stride) {
    Job j = job_make(batch, size, channels, stride);
    size_t rows = (size_t)batch * (size_t)j.out_h;
    j.y = dx, j.x = x, j.filter = filter, j.dy = dy, j.partial = w->shared;
    if (dx) {
        range_run(w, rows_back, &j, (size_t)batch * (size_t)j.h,
                  range_grain((size_t)j.w * j.channels * 3));
    }
    if (dfilter) {
        j.piece = size_max(4, (rows + 63) / 64);
        size_t pieces = (rows + j.piece - 1) / j.piece;
        worker_run(w, filter_back, &j, pieces);
        columns_add_pieces(w, dfilter, 1.0, j.partial, pieces, 9 * j.channels, 9 * j.channels);
    }
    if (dbias) {
        columns_sum(w, &(Columns){.out = dbias,
                                  .a = dy,
                                  .batch = 1,
                                  .rows = rows * (size_t)j.out_w,
                                  .cols = j.channels,
                                  .add = true,
                                  .scale = 1.0});
    }
}

/* Planes resized bilinearly, align_corners false. */
#include "compute/cpu/range.h"
#include "compute/cpu/vec.h"

typedef struct Tap {
    int low, high;
    float weight; /* of high */
} Tap;

typedef struct Job {
    float *to;
    const float *from;
    int in[2], out[2];
    Tap *rows, *cols; /* [out] */
} Job;

static void taps_fill(Tap *taps, int in, int out) {
    for (int i = 0; i < out; i++) {
        double at = ((double)i + 0.5) * (double)in / (double)out - 0.5;
        if (at < 0.0) at = 0.0;
        int low = (int)at < in - 1 ? (int)at : in - 1;
        taps[i] = (Tap){low, low + 1 < in ? low + 1 : low, (float)(at - (double)low)};
    }
}

static Job job_make(const Worker *w, float *to, const float *from, const int in[2],
                    const int out[2]) {
    Job j = {to, from, {in[0], in[1]}, {out[0], out[1]}, w->shared, NULL};
    j.cols = j.rows + out[0];
    taps_fill(j.rows, in[0], out[0]);
    taps_fill(j.cols, in[1], out[1]);
    return j;
}

/* ---- Forward ------------------------------------------------------------------------------ */

/* Rows first, a vector at a time; then columns. */
static void row_forward(void *context, size_t task, void *scratch) {
    const Job *j = context;
    size_t plane = task / (size_t)j->out[0], width = (size_t)j->in[1];
    Tap v = j->rows[task % (size_t)j->out[0]];
    const float *x = j->from + plane * (size_t)j->in[0] * width;
    const float *above = x + (size_t)v.low * width, *below = x + (size_t)v.high * width;
    float *line = scratch, *y = j->to + task * (size_t)j->out[1];
    for (size_t c = 0; c < width; c += LANES) {
        Vec a = vec_get(above + c, width - c), b = vec_get(below + c, width - c);
        vec_put(line + c, a + (b - a) * v.weight, width - c);
    }
    for (int i = 0; i < j->out[1]; i++) {
        Tap h = j->cols[i];
        y[i] = line[h.low] + (line[h.high] - line[h.low]) * h.weight;
    }
}

void ENTRY(resize)(const Worker *w, float *y, const float *x, size_t planes, const int from[2],
                   const int to[2]) {
    Job j = job_make(w, y, x, from, to);
    worker_run(w, row_forward, &j, planes * (size_t)to[0]);
}

/* ---- Adjoint: each row of dx gathers the rows of dy that read it --------------------------- */

static void line_add(float *line, const float *dy, float weight, size_t n) {
    for (size_t c = 0; c < n; c += LANES) {
        vec_put(line + c, vec_get(line + c, n - c) + vec_get(dy + c, n - c) * weight, n - c);
    }
}

/* An output row before the first that reads input row `row`. */
static int first_reader(const Job *j, int row) {
    double at = ((double)row - 0.5) * (double)j->out[0] / (double)j->in[0] - 2.0;
    return at > 0.0 ? (int)at : 0;
}

static void row_back(void *context, size_t task, void *scratch) {
    const Job *j = context;
    size_t plane = task / (size_t)j->in[0], width = (size_t)j->out[1];
    int row = (int)(task % (size_t)j->in[0]);
    const float *dy = j->from + plane * (size_t)j->out[0] * width;
    float *line = scratch, *dx = j->to + task * (size_t)j->in[1];
    memset(line, 0, width * sizeof *line);
    for (int i = first_reader(j, row); i < j->out[0] && j->rows[i].low <= row; i++) {
        Tap v = j->rows[i];
        if (v.low == row) line_add(line, dy + (size_t)i * width, 1.0f - v.weight, width);
        if (v.high == row) line_add(line, dy + (size_t)i * width, v.weight, width);
    }
    for (int i = 0; i < j->out[1]; i++) {
        Tap h = j->cols[i];
        dx[h.low] += line[i] * (1.0f - h.weight);
        dx[h.high] += line[i] * h.weight;
    }
}

void ENTRY(resize_backward)(const Worker *w, float *dx, const float *dy, size_t planes,
                            const int from[2], const int to[2]) {
    if (!dx) return;
    Job j = job_make(w, dx, dy, from, to);
    worker_run(w, row_back, &j, planes * (size_t)from[0]);
}

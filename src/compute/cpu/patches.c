/* Neighbourhoods of a grid as rows, and back.  A line of a neighbourhood - its kernel columns and
 * their channels - lies in one piece in the grid as in the row. */
#include "base/size.h"
#include "compute/cpu/range.h"
#include "compute/cpu/vec.h"

typedef struct Job {
    float *to;
    const float *from;
    const PatchShape *s;
    size_t line, row;  /* floats of a line of a neighbourhood, and of a whole one */
    const float *bias; /* of the backward pass, or NULL */
    bool fresh;        /* likewise */
} Job;

/* Columns first .. first + count - 1 of the kernel lie inside the grid, from grid column `x` on. */
typedef struct Span {
    int first, count, x;
} Span;

static Span span_at(const PatchShape *s, int out_x) {
    int x = out_x * s->stride[2] - s->pad[2], end = x + s->kernel[2];
    int first = x < 0 ? -x : 0, last = end > s->in[2] ? s->in[2] - x : s->kernel[2];
    return (Span){first, last > first ? last - first : 0, x + first};
}

static bool inside(int at, int size) { return at >= 0 && at < size; }

static size_t grid_row(const PatchShape *s, int b, int z, int y) {
    return (((size_t)b * (size_t)s->in[0] + (size_t)z) * (size_t)s->in[1] + (size_t)y) *
           (size_t)s->in[2] * (size_t)s->channels;
}

/* ---- Forward ------------------------------------------------------------------------------ */

static void line_take(const Job *j, float *to, int b, int z, int y, int out_x) {
    const PatchShape *s = j->s;
    Span span = span_at(s, out_x);
    size_t c = (size_t)s->channels;
    if (!inside(z, s->in[0]) || !inside(y, s->in[1]) || span.count == 0) {
        memset(to, 0, j->line * sizeof *to);
        return;
    }
    size_t head = (size_t)span.first * c, body = (size_t)span.count * c;
    memset(to, 0, head * sizeof *to);
    memcpy(to + head, j->from + grid_row(s, b, z, y) + (size_t)span.x * c, body * sizeof *to);
    memset(to + head + body, 0, (j->line - head - body) * sizeof *to);
}

static void patch_take(const Job *j, size_t index) {
    const PatchShape *s = j->s;
    float *to = j->to + index * j->row;
    int x = (int)(index % (size_t)s->out[2]);
    index /= (size_t)s->out[2];
    int y = (int)(index % (size_t)s->out[1]);
    index /= (size_t)s->out[1];
    int z = (int)(index % (size_t)s->out[0]), b = (int)(index / (size_t)s->out[0]);
    for (int kz = 0; kz < s->kernel[0]; kz++) {
        for (int ky = 0; ky < s->kernel[1]; ky++, to += j->line) {
            line_take(j, to, b, z * s->stride[0] + kz - s->pad[0],
                      y * s->stride[1] + ky - s->pad[1], x);
        }
    }
}

static void patches_take(void *context, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) patch_take(context, i);
}

static Job job_make(float *to, const float *from, const PatchShape *s) {
    size_t line = (size_t)s->kernel[2] * (size_t)s->channels;
    size_t row = (size_t)s->kernel[0] * (size_t)s->kernel[1] * line;
    return (Job){.to = to, .from = from, .s = s, .line = line, .row = row};
}

void ENTRY(patches)(const Worker *w, float *columns, const float *x, const PatchShape *shape) {
    Job j = job_make(columns, x, shape);
    size_t n = (size_t)shape->batch * (size_t)shape->out[0] * (size_t)shape->out[1] *
               (size_t)shape->out[2];
    range_run(w, patches_take, &j, n, range_grain(j.row));
}

/* ---- Adjoint: each grid row gathers what was taken from it -------------------------------- */

static void line_give(const Job *j, float *row, const float *from, int out_x) {
    Span span = span_at(j->s, out_x);
    size_t c = (size_t)j->s->channels, n = (size_t)span.count * c;
    float *to = row + (size_t)(span.count ? span.x : 0) * c;
    from += (size_t)span.first * c;
    for (size_t i = 0; i < n; i += LANES) {
        vec_put(to + i, vec_get(to + i, n - i) + vec_get(from + i, n - i), n - i);
    }
}

/* The out-grid point whose kernel element k falls on `at` along an axis, or -1. */
static int out_point(const PatchShape *s, int axis, int at, int k) {
    int from = at + s->pad[axis] - k;
    if (from < 0 || from % s->stride[axis]) return -1;
    int point = from / s->stride[axis];
    return point < s->out[axis] ? point : -1;
}

/* A grid row before any column: what is there or nothing, and the bias. */
static void row_begin(const Job *j, float *row) {
    size_t c = (size_t)j->s->channels, n = (size_t)j->s->in[2] * c;
    if (j->fresh && !j->bias) memset(row, 0, n * sizeof *row);
    for (size_t x = 0; j->bias && x < n; x += c) {
        for (size_t i = 0; i < c; i += LANES) {
            Vec b = vec_get(j->bias + i, c - i);
            if (!j->fresh) b += vec_get(row + x + i, c - i);
            vec_put(row + x + i, b, c - i);
        }
    }
}

static void row_give(const Job *j, size_t index) {
    const PatchShape *s = j->s;
    int y = (int)(index % (size_t)s->in[1]);
    index /= (size_t)s->in[1];
    int z = (int)(index % (size_t)s->in[0]), b = (int)(index / (size_t)s->in[0]);
    float *row = j->to + grid_row(s, b, z, y);
    row_begin(j, row);
    for (int kz = 0; kz < s->kernel[0]; kz++) {
        int out_z = out_point(s, 0, z, kz);
        for (int ky = 0; out_z >= 0 && ky < s->kernel[1]; ky++) {
            int out_y = out_point(s, 1, y, ky);
            if (out_y < 0) continue;
            size_t first = ((size_t)b * (size_t)s->out[0] + (size_t)out_z) * (size_t)s->out[1];
            const float *from = j->from + (first + (size_t)out_y) * (size_t)s->out[2] * j->row;
            from += (size_t)(kz * s->kernel[1] + ky) * j->line;
            for (int x = 0; x < s->out[2]; x++, from += j->row) line_give(j, row, from, x);
        }
    }
}

static void rows_give(void *context, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) row_give(context, i);
}

void ENTRY(unpatches)(const Worker *w, Into x, const float *columns, const float *bias,
                      const PatchShape *shape) {
    Job j = job_make(x.at, columns, shape);
    j.fresh = x.fresh;
    j.bias = bias;
    size_t n = (size_t)shape->batch * (size_t)shape->in[0] * (size_t)shape->in[1];
    size_t row = (size_t)shape->in[2] * (size_t)shape->channels;
    range_run(w, rows_give, &j, n, range_grain(row));
}

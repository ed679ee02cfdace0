#include "compute/cpu/attention_part.h"

#include "compute/cpu/vec.h"

static int divide_up(int a, int b) { return (a + b - 1) / b; }

Windows windows_make(const AttentionShape *s) {
    Windows w = {.s = s, .down = 1, .across = 1};
    if (s->window > 0) {
        w.side = s->window;
        w.down = divide_up(s->grid[0], w.side);
        w.across = divide_up(s->grid[1], w.side);
    } else if (s->position != POSITION_NONE) {
        w.side = s->grid[0];
    }
    w.closed = s->position == POSITION_DECOMPOSED;
    return w;
}

size_t windows_parts(const Windows *w) {
    return (size_t)w->s->batch * (size_t)(w->down * w->across) * (size_t)w->s->heads;
}

Part part_make(const Windows *w, size_t index) {
    const AttentionShape *s = w->s;
    Part p = {.windows = w, .queries = (size_t)s->queries, .keys = (size_t)s->keys};
    p.head = index % (size_t)s->heads;
    index /= (size_t)s->heads;
    p.window = index % (size_t)(w->down * w->across);
    p.batch = index / (size_t)(w->down * w->across);
    if (!w->side) return p;
    p.top = (int)p.window / w->across * w->side;
    p.left = (int)p.window % w->across * w->side;
    p.rows = s->grid[0] - p.top < w->side ? s->grid[0] - p.top : w->side;
    p.cols = s->grid[1] - p.left < w->side ? s->grid[1] - p.left : w->side;
    p.span = w->closed ? p.cols : w->side;
    p.queries = p.keys = (size_t)(w->closed ? p.rows : w->side) * (size_t)p.span;
    return p;
}

void part_gather(float *to, const Part *p, const float *data, size_t row, const float *pad,
                 float factor, size_t first, size_t count) {
    size_t dim = (size_t)p->windows->s->head_dim;
    for (size_t i = 0; i < count; i++, to += dim) {
        ptrdiff_t token = part_token(p, first + i);
        const float *from = token == PADDING ? pad : data + (size_t)token * row;
        for (size_t c = 0; c < dim; c += LANES) {
            Vec x = from ? vec_get(from + c, dim - c) : vec_zero();
            vec_put(to + c, x * factor, dim - c);
        }
    }
}

void part_scatter(float *data, const Part *p, const float *from, size_t row, float *pad,
                  size_t first, size_t count) {
    size_t dim = (size_t)p->windows->s->head_dim;
    for (size_t i = 0; i < count; i++, from += dim) {
        ptrdiff_t token = part_token(p, first + i);
        float *to = token == PADDING ? pad : data ? data + (size_t)token * row : NULL;
        for (size_t c = 0; to && c < dim; c += LANES) {
            vec_put(to + c, vec_get(to + c, dim - c) + vec_get(from + c, dim - c), dim - c);
        }
    }
}

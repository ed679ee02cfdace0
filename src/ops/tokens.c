/* Ops that move, choose and make tokens. */
#include <string.h>

#include "ops/ops.h"

/* ---- End to end ------------------------------------------------------------------------- */

/* Calls kernels->copy (forward) or accumulate (back) on each (batch, part) piece. */
static void concat_backward(Compute *cx, const Node *n) {
    const float *dy = tensor_grad(n->out);
    for (int b = 0; b < n->out->dim[0]; b++) {
        for (int i = 0; i < n->inputs; i++) {
            Tensor *part = n->in[i];
            size_t size = (size_t)part->dim[1] * (size_t)part->dim[2];
            size_t from = part->dim[0] == 1 ? 0 : (size_t)b * size;
            float *d = grad_of(cx, part);
            if (d) cx->kernels->accumulate(cx->worker, d + from, dy, size);
            dy += size;
        }
    }
}

Tensor *op_concat(Compute *cx, int parts, Tensor *const *part) {
    if (!compute_ok(cx)) return &cx->dummy;
    int batch = 1, tokens = 0;
    if (parts < 1) return compute_fail(cx, "concat: nothing");
    for (int i = 0; i < parts; i++) {
        if (part[i]->rank != 3 || part[i]->dim[2] != part[0]->dim[2])
            return compute_fail(cx, "concat: shapes");
        if (part[i]->dim[0] > batch) batch = part[i]->dim[0];
        tokens += part[i]->dim[1];
    }
    for (int i = 0; i < parts; i++) {
        if (part[i]->dim[0] != 1 && part[i]->dim[0] != batch)
            return compute_fail(cx, "concat: batches");
    }
    Tensor *y = tensor_new(cx, 3, (int[]){batch, tokens, part[0]->dim[2]});
    if (!compute_ok(cx)) return &cx->dummy;
    float *to = y->data;
    for (int b = 0; b < batch; b++) {
        for (int i = 0; i < parts; i++) {
            size_t size = (size_t)part[i]->dim[1] * (size_t)part[i]->dim[2];
            size_t from = part[i]->dim[0] == 1 ? 0 : (size_t)b * size;
            cx->kernels->copy(cx->worker, to, part[i]->data + from, size);
            to += size;
        }
    }
    return tape_record(cx, concat_backward, y, parts, part, NULL, 0);
}

/* ---- A range ---------------------------------------------------------------------------- */

static void slice_backward(Compute *cx, const Node *n) {
    const int *first = n->how;
    Tensor *x = n->in[0];
    float *dx = grad_of(cx, x);
    if (!dx) return;
    size_t size = (size_t)n->out->dim[1] * (size_t)n->out->dim[2];
    for (int b = 0; b < x->dim[0]; b++) {
        size_t at = ((size_t)b * (size_t)x->dim[1] + (size_t)*first) * (size_t)x->dim[2];
        cx->kernels->accumulate(cx->worker, dx + at, tensor_grad(n->out) + (size_t)b * size, size);
    }
}

Tensor *op_slice(Compute *cx, Tensor *x, int first, int count) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (x->rank != 3 || first < 0 || count < 1 || first + count > x->dim[1])
        return compute_fail(cx, "slice: range");
    if (x->dim[0] == 1)
        return tensor_view(cx, x, (size_t)first * (size_t)x->dim[2], 3,
                           (int[]){1, count, x->dim[2]});
    Tensor *y = tensor_new(cx, 3, (int[]){x->dim[0], count, x->dim[2]});
    if (!compute_ok(cx)) return &cx->dummy;
    size_t size = (size_t)count * (size_t)x->dim[2];
    for (int b = 0; b < x->dim[0]; b++) {
        size_t at = ((size_t)b * (size_t)x->dim[1] + (size_t)first) * (size_t)x->dim[2];
        cx->kernels->copy(cx->worker, y->data + (size_t)b * size, x->data + at, size);
    }
    return tape_record(cx, slice_backward, y, 1, &x, &first, sizeof first);
}

/* ---- Chosen ones ------------------------------------------------------------------------ */

static void gather_backward(Compute *cx, const Node *n) {
    const int *index = n->how;
    Tensor *x = n->in[0];
    float *dx = grad_of(cx, x);
    if (!dx) return;
    size_t size = tensor_size(x) / (size_t)x->dim[0];
    for (int i = 0; i < n->out->dim[0]; i++)
        cx->kernels->accumulate(cx->worker, dx + (size_t)index[i] * size,
                                tensor_grad(n->out) + (size_t)i * size, size);
}

Tensor *op_gather(Compute *cx, Tensor *x, int count, const int *index) {
    if (!compute_ok(cx)) return &cx->dummy;
    for (int i = 0; i < count; i++) {
        if (index[i] < 0 || index[i] >= x->dim[0]) return compute_fail(cx, "gather: index");
    }
    int dim[TENSOR_MAX_RANK];
    memcpy(dim, x->dim, sizeof dim);
    dim[0] = count;
    Tensor *y = tensor_new(cx, x->rank, dim);
    if (!compute_ok(cx)) return &cx->dummy;
    size_t size = tensor_size(x) / (size_t)x->dim[0];
    for (int i = 0; i < count; i++)
        cx->kernels->copy(cx->worker, y->data + (size_t)i * size, x->data + (size_t)index[i] * size,
                          size);
    return tape_record(cx, gather_backward, y, 1, &x, index, (size_t)count * sizeof *index);
}

/* ---- Positions and prompts -------------------------------------------------------------- */

Tensor *op_fourier(Compute *cx, Tensor *p, Tensor *gaussian) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (p->rank != 2 || gaussian->rank != 2 || p->dim[1] != gaussian->dim[0])
        return compute_fail(cx, "fourier: shapes");
    Tensor *y = tensor_new(cx, 2, (int[]){p->dim[0], 2 * gaussian->dim[1]});
    if (!compute_ok(cx)) return &cx->dummy;
    cx->kernels->fourier(cx->worker, y->data, p->data, gaussian->data, (size_t)p->dim[0], p->dim[1],
                         gaussian->dim[1]);
    return y;
}

static void prompt_tokens_backward(Compute *cx, const Node *n) {
    const int *which = n->how;
    size_t dim = (size_t)n->out->dim[1];
    for (int i = 0; i < n->out->dim[0]; i++) {
        float *d = which[i] < 0 ? NULL : grad_of(cx, n->in[which[i]]);
        if (d) cx->kernels->accumulate(cx->worker, d, tensor_grad(n->out) + (size_t)i * dim, dim);
    }
}

/* A table that no token looks into has no gradient at all, as if it had not been there. */
static Tensor **tables_seen(Compute *cx, int tables, Tensor *const *table, const int *which,
                            int n) {
    Tensor **seen = arena_alloc(cx->records, (size_t)tables * sizeof *seen);
    if (!seen) {
        compute_fail(cx, "out of record memory");
        return NULL;
    }
    for (int i = 0; i < tables; i++) seen[i] = NULL;
    for (int i = 0; i < n; i++) {
        if (which[i] >= 0) seen[which[i]] = table[which[i]];
    }
    return seen;
}

Tensor *op_prompt_tokens(Compute *cx, Tensor *features, int tables, Tensor *const *table,
                         const int *which, const bool *silent) {
    if (!compute_ok(cx)) return &cx->dummy;
    int n = features->dim[0];
    size_t dim = (size_t)features->dim[1];
    for (int i = 0; i < tables; i++) {
        if (tensor_size(table[i]) != dim) return compute_fail(cx, "prompt_tokens: table");
    }
    Tensor *y = tensor_like(cx, features);
    if (!compute_ok(cx)) return &cx->dummy;
    for (int i = 0; i < n; i++) {
        float *to = y->data + (size_t)i * dim;
        const float *feature = features->data + (size_t)i * dim;
        if (which[i] >= tables) return compute_fail(cx, "prompt_tokens: which");
        const float *row = which[i] < 0 ? NULL : table[which[i]]->data;
        if (silent[i] && row)
            cx->kernels->copy(cx->worker, to, row, dim);
        else if (silent[i])
            cx->kernels->zero(cx->worker, to, dim);
        else if (row)
            cx->kernels->add(cx->worker, to, feature, row, dim, dim);
        else
            cx->kernels->copy(cx->worker, to, feature, dim);
    }
    Tensor **seen = tables_seen(cx, tables, table, which, n);
    if (!compute_ok(cx)) return &cx->dummy;
    return tape_record(cx, prompt_tokens_backward, y, tables, seen, which,
                       (size_t)n * sizeof *which);
}

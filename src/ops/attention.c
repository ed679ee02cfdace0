/* Softmax attention: over a grid with windows and positions, or between two sets of tokens. */
#include <math.h>

#include "ops/ops.h"

typedef struct Attention {
    AttentionShape shape;
    size_t at_k,
        at_v; /* of a fused row: where k and v begin; 0 where they are tensors of their own */
    Tensor *q, *k, *v, *padding, *table_h, *table_w, *lse;
} Attention;

static AttentionInputs inputs_of(const Attention *a) {
    return (AttentionInputs){
        .q = a->q->data,
        .k = a->k->data + a->at_k,
        .v = a->v->data + a->at_v,
        .table_h = a->table_h ? a->table_h->data : NULL,
        .table_w = a->table_w ? a->table_w->data : NULL,
        .pad_k = a->padding ? a->padding->data + a->at_k : NULL,
        .pad_v = a->padding ? a->padding->data + a->at_v : NULL,
    };
}

static float *part_of(float *grad, size_t at) { return grad ? grad + at : NULL; }

static void projections_of(Compute *cx, const Attention *a, AttentionGradients *d) {
    if (a->at_k) { /* of a fused projection the three fill the rows together */
        d->q = grad_into(cx, a->q);
        d->k = into_at(d->q, a->at_k);
        d->v = into_at(d->q, a->at_v);
        return;
    }
    grad_shared(cx, a->q, a->k);
    grad_shared(cx, a->q, a->v);
    grad_shared(cx, a->k, a->v);
    d->q = grad_into(cx, a->q);
    d->k = grad_into(cx, a->k);
    d->v = grad_into(cx, a->v);
}

static void attention_backward(Compute *cx, const Node *n) {
    const Attention *a = n->how;
    AttentionInputs in = inputs_of(a);
    float *padding = grad_of(cx, a->padding);
    AttentionGradients d = {
        .table_h = grad_of(cx, a->table_h),
        .table_w = grad_of(cx, a->table_w),
        .pad_k = part_of(padding, a->at_k),
        .pad_v = part_of(padding, a->at_v),
    };
    projections_of(cx, a, &d);
    if (!compute_ok(cx)) return;
    cx->kernels->attention_backward(cx->worker, &d, tensor_grad(n->out), n->out->data, a->lse->data,
                                    &in, &a->shape);
}

static Tensor *attend(Compute *cx, Attention *a, Tensor *y) {
    Tensor *in[] = {a->q, a->k, a->v, a->padding, a->table_h, a->table_w};
    const AttentionShape *s = &a->shape;
    bool keeps = tape_needs(cx, 6, in);
    if (keeps) a->lse = tensor_new(cx, 3, (int[]){s->batch, s->heads, s->queries});
    if (!compute_ok(cx)) return &cx->dummy;
    AttentionInputs inputs = inputs_of(a);
    cx->kernels->attention(cx->worker, y->data, keeps ? a->lse->data : NULL, &inputs, s);
    return tape_record(cx, attention_backward, y, 6, in, a, sizeof *a);
}

/* ---- Over a grid ------------------------------------------------------------------------ */

static const char *grid_error(const Tensor *qkv, const Tensor *padding, const GridAttention *how) {
    int side = how->window ? how->window : how->grid[0];
    size_t rows = (size_t)(2 * side - 1) * (size_t)how->head_dim;
    bool pads = how->window && (how->grid[0] % how->window || how->grid[1] % how->window);
    if (qkv->rank != 4 || tensor_cols(qkv) != 3 * how->heads * how->head_dim)
        return "attention: qkv";
    if (qkv->dim[1] != how->grid[0] || qkv->dim[2] != how->grid[1]) return "attention: grid";
    if (how->position != POSITION_NONE && !how->window && how->grid[0] != how->grid[1])
        return "attention: positions need a square grid";
    if (how->position == POSITION_DECOMPOSED &&
        (tensor_size(how->table_h) != rows || tensor_size(how->table_w) != rows))
        return "attention: relative positions";
    if (how->position == POSITION_TABLE &&
        tensor_size(how->table_h) != (size_t)how->heads * (size_t)side * (size_t)side)
        return "attention: table of positions";
    if (pads && (!padding || tensor_size(padding) != (size_t)tensor_cols(qkv)))
        return "attention: padding";
    return NULL;
}

Tensor *op_grid_attention(Compute *cx, Tensor *qkv, Tensor *padding, const GridAttention *how) {
    if (!compute_ok(cx)) return &cx->dummy;
    const char *wrong = grid_error(qkv, padding, how);
    if (wrong) return compute_fail(cx, wrong);

    size_t hd = (size_t)how->head_dim, dim = (size_t)how->heads * hd, row = 3 * dim;
    size_t step = how->interleaved ? hd : dim, head = how->interleaved ? 3 * hd : hd;
    int tokens = how->grid[0] * how->grid[1];
    Attention a = {
        .shape = {.batch = qkv->dim[0],
                  .heads = how->heads,
                  .head_dim = how->head_dim,
                  .queries = tokens,
                  .keys = tokens,
                  .scale = 1.0f / sqrtf((float)how->head_dim),
                  .q_row = row,
                  .k_row = row,
                  .v_row = row,
                  .q_head = head,
                  .k_head = head,
                  .v_head = head,
                  .position = how->position,
                  .grid = {how->grid[0], how->grid[1]},
                  .window = how->window},
        .at_k = step,
        .at_v = 2 * step,
        .q = qkv,
        .k = qkv,
        .v = qkv,
        .padding = padding,
        .table_h = how->table_h,
        .table_w = how->table_w,
    };
    Tensor *y = tensor_new(cx, 4, (int[]){qkv->dim[0], how->grid[0], how->grid[1], (int)dim});
    return compute_ok(cx) ? attend(cx, &a, y) : y;
}

/* ---- Between sets of tokens ------------------------------------------------------------- */

Tensor *op_attention(Compute *cx, Tensor *q, Tensor *k, Tensor *v, int heads) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (q->rank != 3 || k->rank != 3 || v->rank != 3 || q->dim[0] != k->dim[0] ||
        k->dim[0] != v->dim[0] || k->dim[1] != v->dim[1] || q->dim[2] != k->dim[2] ||
        q->dim[2] != v->dim[2] || q->dim[2] % heads)
        return compute_fail(cx, "attention: shapes");

    size_t dim = (size_t)q->dim[2], hd = dim / (size_t)heads;
    Attention a = {
        .shape = {.batch = q->dim[0],
                  .heads = heads,
                  .head_dim = (int)hd,
                  .queries = q->dim[1],
                  .keys = k->dim[1],
                  .scale = 1.0f / sqrtf((float)hd),
                  .q_row = dim,
                  .k_row = dim,
                  .v_row = dim,
                  .q_head = hd,
                  .k_head = hd,
                  .v_head = hd},
        .q = q,
        .k = k,
        .v = v,
    };
    Tensor *y = tensor_like(cx, q);
    return compute_ok(cx) ? attend(cx, &a, y) : y;
}

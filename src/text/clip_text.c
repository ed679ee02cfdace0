#include "text/clip_text.h"

const ClipTextConfig clip_text_published = {
    .vocabulary = 49408, .positions = 77, .width = 512, .layers = 12, .heads = 8, .hidden = 2048};

/* ---- Parameters ------------------------------------------------------------------------- */

static void layer_declare(ClipTextLayer *l, Params *p, const ClipTextConfig *c, int index) {
    size_t outer = params_enter(p, "encoder.layers.%d", index);
    linear_declare(&l->k, p, "self_attn.k_proj", c->width, c->width);
    linear_declare(&l->v, p, "self_attn.v_proj", c->width, c->width);
    linear_declare(&l->q, p, "self_attn.q_proj", c->width, c->width);
    linear_declare(&l->out, p, "self_attn.out_proj", c->width, c->width);
    layer_norm_declare(&l->norm1, p, "layer_norm1", c->width, 1e-5f);
    mlp_declare(&l->mlp, p, "mlp.fc1", "mlp.fc2", c->width, c->hidden, ACTIVATION_QUICK_GELU);
    layer_norm_declare(&l->norm2, p, "layer_norm2", c->width, 1e-5f);
    params_leave(p, outer);
}

static Param *table_declare(Params *p, const char *name, int rows, int width) {
    return params_declare(p, name, LAYOUT_PLAIN, 2, (int[]){rows, width}, INITIAL_NORMAL, 0);
}

void clip_text_declare(ClipText *t, Params *p, const ClipTextConfig *c) {
    *t = (ClipText){.config = *c};
    size_t outer = params_enter(p, "text_model.text_model");
    t->tokens = table_declare(p, "embeddings.token_embedding.weight", c->vocabulary, c->width);
    t->positions = table_declare(p, "embeddings.position_embedding.weight", c->positions, c->width);
    params_ignore(p, "embeddings.position_ids"); /* 0, 1, 2, ...: stored by older programs */
    for (int i = 0; i < c->layers; i++) layer_declare(&t->layer[i], p, c, i);
    layer_norm_declare(&t->norm, p, "final_layer_norm", c->width, 1e-5f);
    params_leave(p, outer);
}

/* ---- Texts, end to end ------------------------------------------------------------------ */

/* One row for each token that counts. */
typedef struct Rows {
    int count, texts;
    int *token, *place; /* [count]: id, and position within the text */
    int *end;           /* [texts]: row of the end token */
} Rows;

static int *indices(Compute *cx, size_t count) {
    int *index = arena_alloc(cx->records, count * sizeof *index);
    if (!index) compute_fail(cx, "out of record memory");
    return index;
}

/* Tokens up to the first end token, which counts, or 0. */
static int text_length(const int *ids, int length, int end) {
    for (int i = 0; i < length; i++) {
        if (ids[i] == end) return i + 1;
    }
    return 0;
}

static void rows_add(Compute *cx, Rows *rows, const ClipTextConfig *c, const int *ids, int length) {
    int count = text_length(ids, length, c->vocabulary - 1);
    if (count == 0) compute_fail(cx, "text: a text without end");
    if (count > c->positions) compute_fail(cx, "text: longer than the tower's positions");
    for (int i = 0; i < count; i++) {
        rows->token[rows->count] = ids[i];
        rows->place[rows->count++] = i;
    }
    rows->end[rows->texts++] = rows->count - 1;
}

static Rows rows_of(Compute *cx, const ClipTextConfig *c, int batch, int length, const int *ids) {
    if (batch < 1 || length < 1) {
        compute_fail(cx, "text: there is none");
        return (Rows){0};
    }
    size_t most = (size_t)batch * (size_t)length;
    Rows rows = {
        .token = indices(cx, most), .place = indices(cx, most), .end = indices(cx, (size_t)batch)};
    for (int i = 0; compute_ok(cx) && i < batch; i++)
        rows_add(cx, &rows, c, ids + (size_t)i * (size_t)length, length);
    return rows;
}

/* ---- Forward ---------------------------------------------------------------------------- */

/* [1,rows,width] */
static Tensor *embed(Compute *cx, const ClipText *t, const Rows *rows) {
    Tensor *token = op_gather(cx, &t->tokens->tensor, rows->count, rows->token);
    Tensor *place = op_gather(cx, &t->positions->tensor, rows->count, rows->place);
    Tensor *x = op_add(cx, token, place);
    return tensor_view(cx, x, 0, 3, (int[]){1, rows->count, t->config.width});
}

/* Causal: each row asks the rows of its text up to itself. */
static Tensor *attend(Compute *cx, Tensor *q, Tensor *k, Tensor *v, int heads, const Rows *rows) {
    Tensor **part = arena_alloc(cx->records, (size_t)rows->count * sizeof *part);
    if (!part) return compute_fail(cx, "out of record memory");
    for (int i = 0; i < rows->count; i++) {
        int seen = rows->place[i] + 1, first = i + 1 - seen;
        part[i] = op_attention(cx, op_slice(cx, q, i, 1), op_slice(cx, k, first, seen),
                               op_slice(cx, v, first, seen), heads);
    }
    return op_concat(cx, rows->count, part);
}

static Tensor *layer_forward(Compute *cx, const ClipText *t, int index, Tensor *x,
                             const Rows *rows) {
    const ClipTextLayer *l = &t->layer[index];
    Scope s = scope_begin(cx);
    Tensor *n = layer_norm_forward(cx, &l->norm1, x);
    Tensor *q = linear_forward(cx, &l->q, n);
    Tensor *k = linear_forward(cx, &l->k, n);
    Tensor *v = linear_forward(cx, &l->v, n);
    Tensor *y = attend(cx, q, k, v, t->config.heads, rows);
    y = linear_fused(cx, &l->out, y, ACTIVATION_NONE, x);
    y = mlp_forward(cx, &l->mlp, layer_norm_forward(cx, &l->norm2, y), y);
    compute_observe(cx, y, "text.layer%d", index);
    return scope_end(cx, s, x, y);
}

Tensor *clip_text_forward(Compute *cx, const ClipText *t, int batch, int length, const int *ids) {
    if (!compute_ok(cx)) return &cx->dummy;
    Scope s = scope_begin(cx);
    Rows rows = rows_of(cx, &t->config, batch, length, ids);
    Tensor *x = embed(cx, t, &rows);
    for (int i = 0; compute_ok(cx) && i < t->config.layers; i++)
        x = layer_forward(cx, t, i, x, &rows);
    Tensor *flat = tensor_view(cx, x, 0, 2, (int[]){rows.count, t->config.width});
    Tensor *ends = op_gather(cx, flat, rows.texts, rows.end);
    return scope_return(cx, s, layer_norm_forward(cx, &t->norm, ends));
}

#include "moe/prompt_tokens.h"

void prompt_pool_declare(PromptPool *t, Params *p, const PromptPoolConfig *c) {
    int dim = c->dim, three = 3 * dim;
    *t = (PromptPool){.config = *c};
    t->query =
        params_declare(p, "query", LAYOUT_PLAIN, 2, (int[]){c->tokens, dim}, INITIAL_NORMAL, 0);
    if (c->classes)
        t->class_query = params_declare(p, "class_query", LAYOUT_PLAIN, 3,
                                        (int[]){c->classes, c->tokens, dim}, INITIAL_ZERO, 0);
    t->in_weight = params_declare(p, "attn.in_proj_weight", LAYOUT_PLAIN, 2, (int[]){three, dim},
                                  INITIAL_XAVIER, three + dim);
    t->in_bias = params_declare(p, "attn.in_proj_bias", LAYOUT_PLAIN, 1, &three, INITIAL_ZERO, 0);
    linear_declare(&t->out, p, "attn.out_proj", dim, dim);
    t->out.bias->initial = INITIAL_ZERO;
    layer_norm_declare(&t->norm_in, p, "ln_in", dim, 1e-5f);
    layer_norm_declare(&t->norm_out, p, "ln_out", dim, 1e-5f);
    linear_declare(&t->position, p, "pos_proj", 2, dim);
    mlp_declare(&t->mlp, p, "mlp.0", "mlp.2", dim, c->hidden, ACTIVATION_GELU);
}

/* Rows of the packed projection: 0 q, 1 k, 2 v. */
static Tensor *project(Compute *cx, const PromptPool *t, int which, Tensor *x) {
    int dim = t->config.dim;
    size_t first = (size_t)which * (size_t)dim;
    Tensor *weight =
        tensor_view(cx, &t->in_weight->tensor, first * (size_t)dim, 2, (int[]){dim, dim});
    Tensor *bias = tensor_view(cx, &t->in_bias->tensor, first, 1, &dim);
    Weight form = {
        .out = dim, .in = dim, .precision = t->in_weight->form.precision, .values = weight->data};
    return op_linear(cx, x, weight, &form, bias, ACTIVATION_NONE, NULL);
}

static float spaced(int i, int n) {
    return n > 1 ? 2.0f * (float)i / (float)(n - 1) - 1.0f : -1.0f;
}

/* (x, y) of the grid's cells as torch.linspace(-1, 1, n) gives them: [1, h w, 2] */
static Tensor *places(Compute *cx, int height, int width) {
    Tensor *t = tensor_new(cx, 3, (int[]){1, height * width, 2});
    if (!compute_ok(cx) || compute_measures(cx)) return t;
    float *at = t->data;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) *at++ = spaced(x, width), *at++ = spaced(y, height);
    return t;
}

/* [batch,tokens,dim]: what the classes add to the query; zeros for those that ask for none. */
static Tensor *class_queries(Compute *cx, const PromptPool *t, int batch, const int *classes) {
    int tokens = t->config.tokens, dim = t->config.dim, rows = t->config.classes * tokens;
    int *index = arena_alloc(cx->records, (size_t)batch * sizeof *index);
    if (!index) return compute_fail(cx, "out of record memory");
    for (int i = 0; i < batch; i++) {
        index[i] = compute_measures(cx) ? 0 : classes[i];
        if (index[i] < 0 || index[i] > t->config.classes) return compute_fail(cx, "no such class");
    }
    Tensor *table[] = {tensor_zeros(cx, 3, (int[]){1, tokens, dim}),
                       tensor_view(cx, &t->class_query->tensor, 0, 3, (int[]){1, rows, dim})};
    Tensor *all = op_concat(cx, 2, table);
    if (!compute_ok(cx)) return &cx->dummy;
    all = tensor_view(cx, all, 0, 3, (int[]){1 + t->config.classes, tokens, dim});
    return op_gather(cx, all, batch, index);
}

/* [batch,tokens,dim]: what asks the image.  Prompts guide it by their mean. */
static Tensor *guided(Compute *cx, const PromptPool *t, int batch, Tensor *sparse,
                      const int *classes) {
    int tokens = t->config.tokens, one[] = {1, tokens, t->config.dim};
    Tensor *query = each_repeated(cx, tensor_view(cx, &t->query->tensor, 0, 3, one), batch);
    if (classes && t->class_query) query = op_add(cx, query, class_queries(cx, t, batch, classes));
    if (sparse) query = op_add(cx, query, each_repeated(cx, op_mean(cx, sparse), tokens));
    return query;
}

Tensor *prompt_pool_forward(Compute *cx, const PromptPool *t, Tensor *image, Tensor *sparse,
                            const int *classes) {
    if (!compute_ok(cx)) return &cx->dummy;
    int batch = image->dim[0], height = image->dim[1], width = image->dim[2], dim = t->config.dim;
    Tensor *rows = tensor_view(cx, image, 0, 3, (int[]){batch, height * width, dim});
    Tensor *position = linear_forward(cx, &t->position, places(cx, height, width));
    Tensor *f = op_add(cx, layer_norm_forward(cx, &t->norm_in, rows), position);
    Tensor *query = guided(cx, t, batch, sparse, classes);
    Tensor *z = op_attention(cx, project(cx, t, 0, query), project(cx, t, 1, f),
                             project(cx, t, 2, f), t->config.heads);
    z = linear_forward(cx, &t->out, z);
    compute_observe(cx, z, "ppt_attn");
    Tensor *tokens = layer_norm_forward(cx, &t->norm_out, mlp_forward(cx, &t->mlp, z, z));
    compute_observe(cx, tokens, "ppt_tokens");
    return tokens;
}

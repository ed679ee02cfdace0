#include "sam/prompt_encoder.h"

#include "base/arena.h"
#include "base/memory.h"

enum { OUTSIDE, INSIDE, CORNER0, CORNER1, NOT_A_POINT, TABLES };

void prompt_encoder_declare(PromptEncoder *e, Params *p, const PromptEncoderConfig *c) {
    *e = (PromptEncoder){.config = *c};
    int row[] = {1, c->dim}, half[] = {2, c->dim / 2}, inner = c->mask_width / 4;
    e->gaussian = params_declare(p, "pe_layer.positional_encoding_gaussian_matrix", LAYOUT_PLAIN, 2,
                                 half, INITIAL_NORMAL, 0);
    e->gaussian->buffer = true;
    static const char *const names[TABLES] = {
        "point_embeddings.0.weight", "point_embeddings.1.weight", "point_embeddings.2.weight",
        "point_embeddings.3.weight", "not_a_point_embed.weight"};
    for (int i = 0; i < TABLES; i++)
        e->embedding[i] = params_declare(p, names[i], LAYOUT_PLAIN, 2, row, INITIAL_NORMAL, 0);
    size_t outer = params_enter(p, "mask_downscaling");
    convolution_declare(&e->mask1, p, "0", 1, inner, 2, 2, 0, true);
    layer_norm_declare(&e->norm1, p, "1", inner, 1e-6f);
    convolution_declare(&e->mask2, p, "3", inner, c->mask_width, 2, 2, 0, true);
    layer_norm_declare(&e->norm2, p, "4", c->mask_width, 1e-6f);
    convolution_declare(&e->mask3, p, "6", c->mask_width, c->dim, 1, 1, 0, true);
    params_leave(p, outer);
    e->no_mask = params_declare(p, "no_mask_embed.weight", LAYOUT_PLAIN, 2, row, INITIAL_NORMAL, 0);
}

/* ---- Sparse ----------------------------------------------------------------------------- */

typedef struct TokenList {
    float *position; /* [n,2] in 0 .. 1 */
    int *which;
    bool *silent;
    int count;
} TokenList;

static void add_token(TokenList *l, float x, float y, int image, int which, bool silent) {
    l->position[2 * l->count] = (x + 0.5f) / (float)image;
    l->position[2 * l->count + 1] = (y + 0.5f) / (float)image;
    l->which[l->count] = which;
    l->silent[l->count++] = silent;
}

static void add_point(TokenList *l, const float *at, int label, int image) {
    int which = label == 1 ? INSIDE : label == 0 ? OUTSIDE : label == -1 ? NOT_A_POINT : -1;
    add_token(l, at[0], at[1], image, which, label == -1);
}

/* Points (+ the padding point), then boxes, object by object. */
static void list_tokens(TokenList *l, const Prompts *p, int image) {
    static const float origin[2] = {0.0f, 0.0f};
    for (int b = 0; b < p->batch; b++) {
        for (int i = b * p->points; i < (b + 1) * p->points; i++)
            add_point(l, p->point + 2 * i, p->label[i], image);
        if (p->points && !p->boxes) add_point(l, origin, -1, image);
        for (int i = b * p->boxes; i < (b + 1) * p->boxes; i++) {
            const float *box = p->box + 4 * i;
            add_token(l, box[0], box[1], image, CORNER0, false);
            add_token(l, box[2], box[3], image, CORNER1, false);
        }
    }
}

/* SAM adds each of these tables to the points of its label, of which there may be none: then the
 * table's gradient is zero, and an optimizer decays it.  Without points it has none. */
static void touch_point_tables(Compute *cx, const PromptEncoder *e) {
    static const int tables[] = {OUTSIDE, INSIDE, NOT_A_POINT};
    for (int i = 0; i < 3; i++) tape_touch(cx, &e->embedding[tables[i]]->tensor);
}

Tensor *prompt_encoder_tokens(Compute *cx, const PromptEncoder *e, const Prompts *p) {
    int each = p->points + (p->points && !p->boxes) + 2 * p->boxes, n = p->batch * each;
    if (n == 0 || !compute_ok(cx)) return NULL;
    TokenList l = {
        .position = arena_alloc(cx->records, (size_t)n * 2 * sizeof(float)),
        .which = arena_alloc(cx->records, (size_t)n * sizeof(int)),
        .silent = arena_alloc(cx->records, (size_t)n * sizeof(bool)),
    };
    if (!l.position || !l.which || !l.silent) return compute_fail(cx, "out of record memory");
    list_tokens(&l, p, e->config.image);
    if (p->points) touch_point_tables(cx, e);

    Tensor *table[TABLES];
    for (int i = 0; i < TABLES; i++) table[i] = &e->embedding[i]->tensor;
    Tensor *at = tensor_from(cx, 2, (int[]){n, 2}, l.position);
    Tensor *features = op_fourier(cx, at, &e->gaussian->tensor);
    Tensor *tokens = op_prompt_tokens(cx, features, TABLES, table, l.which, l.silent);
    return tensor_view(cx, tokens, 0, 3, (int[]){p->batch, each, e->config.dim});
}

/* ---- Dense ------------------------------------------------------------------------------ */

static Tensor *mask_forward(Compute *cx, const PromptEncoder *e, Tensor *mask) {
    Tensor *x = layer_norm_forward(cx, &e->norm1, convolution_forward(cx, &e->mask1, mask));
    x = op_activation(cx, x, ACTIVATION_GELU);
    x = layer_norm_forward(cx, &e->norm2, convolution_forward(cx, &e->mask2, x));
    return convolution_forward(cx, &e->mask3, op_activation(cx, x, ACTIVATION_GELU));
}

static Tensor *dense_forward(Compute *cx, const PromptEncoder *e, const Prompts *p) {
    if (p->mask) return mask_forward(cx, e, p->mask);
    int grid = e->config.grid;
    Tensor *zero = tensor_zeros(cx, 4, (int[]){1, grid, grid, e->config.dim});
    return op_add(cx, zero, &e->no_mask->tensor);
}

PromptTokens prompt_encoder_forward(Compute *cx, const PromptEncoder *e, const Prompts *prompts) {
    PromptTokens t = {.sparse = prompt_encoder_tokens(cx, e, prompts),
                      .dense = dense_forward(cx, e, prompts)};
    if (t.sparse) compute_observe(cx, t.sparse, "sparse");
    compute_observe(cx, t.dense, "dense");
    return t;
}

/* ---- Positions -------------------------------------------------------------------------- */

static void cell_centres(float *at, int grid) {
    for (int i = 0; i < grid * grid; i++) {
        at[2 * i] = ((float)(i % grid) + 0.5f) / (float)grid;
        at[2 * i + 1] = ((float)(i / grid) + 0.5f) / (float)grid;
    }
}

Status prompt_encoder_prepare(PromptEncoder *e, Params *p, Error *error) {
    int grid = e->config.grid, n = grid * grid;
    if (!e->positions) e->positions = params_derive(p, 2, (int[]){n, e->config.dim});
    float *at = memory_new((size_t)n * 2 * sizeof *at);
    if (!at || p->failed) {
        memory_free(at);
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the positions of the grid");
    }
    cell_centres(at, grid);
    kernels_reference.fourier(NULL, e->positions->owned, at, e->gaussian->tensor.data, (size_t)n, 2,
                              e->config.dim / 2);
    memory_free(at);
    return VOXPERT_OK;
}

Tensor *prompt_encoder_positions(Compute *cx, const PromptEncoder *e) {
    int n = e->config.grid * e->config.grid, shape[] = {1, n, e->config.dim};
    if (!compute_ok(cx)) return &cx->dummy;
    if (!e->positions) return compute_fail(cx, "prompt encoder: was not prepared");
    return tensor_view(cx, &e->positions->tensor, 0, 3, shape);
}

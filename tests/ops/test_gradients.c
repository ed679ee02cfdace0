/* Every op, every input: the backward pass against central differences, on the reference kernels.
 * Tolerance 2e-3 of 1 + |slope|; seen: up to 6e-4. */
#include <math.h>
#include <string.h>

#include "ops/ops.h"
#include "tests/check.h"
#include "tests/gradient_check.h"

typedef struct Case {
    const char *name;
    OpUnderTest *op;
    int inputs;
    int rank[6], dim[6][6];
} Case;

/* ---- Ops under test --------------------------------------------------------------------- */

static Weight form_of(const Tensor *w) {
    return (Weight){.out = w->dim[0], .in = w->dim[1], .values = w->data};
}

static Tensor *linear(Compute *cx, Tensor *const *in) {
    Weight form = form_of(in[1]);
    return op_linear(cx, in[0], in[1], &form, in[2], ACTIVATION_NONE, NULL);
}

static Tensor *linear_residual(Compute *cx, Tensor *const *in) {
    Weight form = form_of(in[1]);
    return op_linear(cx, in[0], in[1], &form, in[2], ACTIVATION_NONE, in[3]);
}

static Tensor *linear_gelu(Compute *cx, Tensor *const *in) {
    Weight form = form_of(in[1]);
    return op_linear(cx, in[0], in[1], &form, in[2], ACTIVATION_GELU, in[3]);
}

static Tensor *matmul(Compute *cx, Tensor *const *in) { return op_matmul(cx, in[0], in[1]); }

static Tensor *layer_norm(Compute *cx, Tensor *const *in) {
    return op_layer_norm(cx, in[0], in[1], in[2], 1e-6f);
}

static Tensor *gelu(Compute *cx, Tensor *const *in) {
    return op_activation(cx, in[0], ACTIVATION_GELU);
}

static Tensor *relu(Compute *cx, Tensor *const *in) {
    return op_activation(cx, in[0], ACTIVATION_RELU);
}

static Tensor *quick_gelu(Compute *cx, Tensor *const *in) {
    return op_activation(cx, in[0], ACTIVATION_QUICK_GELU);
}

static Tensor *sigmoid(Compute *cx, Tensor *const *in) {
    return op_activation(cx, in[0], ACTIVATION_SIGMOID);
}

static Tensor *add(Compute *cx, Tensor *const *in) { return op_add(cx, in[0], in[1]); }
static Tensor *multiply(Compute *cx, Tensor *const *in) { return op_multiply(cx, in[0], in[1]); }
static Tensor *mean(Compute *cx, Tensor *const *in) { return op_mean(cx, in[0]); }
static Tensor *keep(Compute *cx, Tensor *const *in) { return op_keep(cx, in[0]); }

static Tensor *attention(Compute *cx, Tensor *const *in) {
    return op_attention(cx, in[0], in[1], in[2], 2);
}

/* in: qkv, padding, table_h, table_w */
static Tensor *grid(Compute *cx, Tensor *const *in, GridAttention how) {
    how.heads = 2;
    how.head_dim = in[0]->dim[3] / 6;
    how.grid[0] = in[0]->dim[1];
    how.grid[1] = in[0]->dim[2];
    if (how.position != POSITION_NONE) how.table_h = in[2];
    if (how.position == POSITION_DECOMPOSED) how.table_w = in[3];
    return op_grid_attention(cx, in[0], in[1], &how);
}

static Tensor *windows(Compute *cx, Tensor *const *in) {
    return grid(cx, in, (GridAttention){.position = POSITION_DECOMPOSED, .window = 3});
}

static Tensor *whole_grid(Compute *cx, Tensor *const *in) {
    return grid(cx, in, (GridAttention){.position = POSITION_DECOMPOSED});
}

static Tensor *bare_grid(Compute *cx, Tensor *const *in) {
    GridAttention how = {.heads = 2,
                         .head_dim = in[0]->dim[3] / 6,
                         .grid = {in[0]->dim[1], in[0]->dim[2]},
                         .position = POSITION_NONE};
    return op_grid_attention(cx, in[0], NULL, &how);
}

static Tensor *bare_windows(Compute *cx, Tensor *const *in) {
    return grid(cx, in, (GridAttention){.position = POSITION_NONE, .window = 3});
}

static Tensor *tinyvit(Compute *cx, Tensor *const *in) {
    return grid(cx, in,
                (GridAttention){.position = POSITION_TABLE, .window = 3, .interleaved = true});
}

static Tensor *patches(Compute *cx, Tensor *const *in) { return op_patches(cx, in[0], 3, 2, 1); }
static Tensor *unpatches(Compute *cx, Tensor *const *in) {
    return op_unpatches(cx, in[0], in[1], 4, 2, 1);
}

static Tensor *depthwise(Compute *cx, Tensor *const *in) {
    return op_depthwise(cx, in[0], in[1], in[2], 2);
}

static Tensor *resize(Compute *cx, Tensor *const *in) { return op_resize(cx, in[0], 7, 3); }

static Tensor *concat(Compute *cx, Tensor *const *in) { return op_concat(cx, 3, in); }
static Tensor *slice(Compute *cx, Tensor *const *in) { return op_slice(cx, in[0], 1, 2); }

static Tensor *gather(Compute *cx, Tensor *const *in) {
    return op_gather(cx, in[0], 4, (int[]){2, 0, 2, 1});
}

static Tensor *prompt_tokens(Compute *cx, Tensor *const *in) {
    Tensor *p = tensor_from(cx, 2, (int[]){4, 2}, (float[]){0.1f, 0.9f, 0.5f, 0.2f, 0, 0, 1, 1});
    Tensor *g = tensor_from(cx, 2, (int[]){2, 2}, (float[]){0.3f, -0.7f, 1.1f, 0.4f});
    Tensor *tokens = op_fourier(cx, p, g);
    return op_prompt_tokens(cx, tokens, 2, in, (int[]){1, 0, 1, -1},
                            (bool[]){false, true, false, false});
}

static Tensor *loss(Compute *cx, Tensor *const *in, MaskLoss how) {
    Tensor *target = tensor_like(cx, in[0]);
    size_t n = compute_measures(cx) ? 0 : tensor_size(target);
    for (size_t i = 0; i < n; i++) target->data[i] = i * 7 % 3 == 0;
    MaskLossParts parts;
    return op_mask_loss(cx, in[0], target, in[1], &how, &parts);
}

static Tensor *published_loss(Compute *cx, Tensor *const *in) {
    return loss(cx, in, (MaskLoss){MASK_LOSS_FOCAL_DICE_IOU, 20, 1, 1, 0, false, false});
}

static Tensor *sample_loss(Compute *cx, Tensor *const *in) {
    return loss(cx, in, (MaskLoss){MASK_LOSS_FOCAL_DICE_IOU, 20, 1, 1, 1, true, false});
}

static Tensor *dice_ce(Compute *cx, Tensor *const *in) {
    return loss(cx, in, (MaskLoss){MASK_LOSS_DICE_CE, 0, 1, 0, 1, true, false});
}

/* A third of the truth is unknown, and all of the second sample's rows where it is `bare`. */
static Tensor *loss_with_ignored(Compute *cx, Tensor *const *in, MaskLoss how, bool bare) {
    Tensor *target = tensor_like(cx, in[0]);
    size_t n = compute_measures(cx) ? 0 : tensor_size(target);
    for (size_t i = 0; i < n; i++) {
        target->data[i] = i * 7 % 3 == 0;
        if (i * 5 % 3 == 1 || (bare && i >= n / 2)) target->data[i] = -1.0f;
    }
    return op_mask_loss(cx, in[0], target, in[1], &how, NULL);
}

static Tensor *published_with_ignored(Compute *cx, Tensor *const *in) {
    return loss_with_ignored(
        cx, in, (MaskLoss){MASK_LOSS_FOCAL_DICE_IOU, 20, 1, 1, 0, false, false}, false);
}

static Tensor *sample_with_ignored(Compute *cx, Tensor *const *in) {
    return loss_with_ignored(cx, in, (MaskLoss){MASK_LOSS_FOCAL_DICE_IOU, 20, 1, 1, 1, true, false},
                             true);
}

static Tensor *dice_ce_with_ignored(Compute *cx, Tensor *const *in) {
    return loss_with_ignored(cx, in, (MaskLoss){MASK_LOSS_DICE_CE, 0, 1, 0, 1, true, false}, true);
}

/* Noise that keeps the choices of these inputs clear of ties. */
static const float noise[20] = {0.9f,  -1.3f, 0.4f, -0.2f, 1.6f,  0.1f, -0.7f, 0.8f, -1.1f, 0.3f,
                                -0.5f, 1.2f,  0.6f, -1.8f, -0.1f, 2.0f, 0.2f,  1.4f, -0.9f, 0.7f};

static Tensor *route_without(Compute *cx, Tensor *const *in, int kept, uint64_t held_back) {
    RouteShape how = {.kept = kept, .rule = ROUTE_SOFTMAX, .held_back = held_back};
    return op_route(cx, in[0], in[1], noise, &how);
}

static Tensor *route(Compute *cx, Tensor *const *in, int kept) {
    return route_without(cx, in, kept, 0);
}

/* Its logits have no backward pass by definition: the other columns, mixed. */
static Tensor *mixed(Compute *cx, Tensor *routed) {
    enum { ROWS = 5, EXPERTS = 4, COUNT = ROWS * (2 * EXPERTS + 1) };
    MixPlace place[COUNT];
    float x[COUNT][2];
    for (int i = 0; i < COUNT; i++) {
        int column = i % (2 * EXPERTS + 1);
        place[i] = (MixPlace){i / (2 * EXPERTS + 1), column < 2 * EXPERTS ? column : 3 * EXPERTS};
        x[i][0] = 0.1f * (float)(i % 7) - 0.3f;
        x[i][1] = 0.2f * (float)(i % 5) - 0.4f;
    }
    return op_mix(cx, tensor_from(cx, 2, (int[]){COUNT, 2}, x[0]), routed, place);
}

static Tensor *routed(Compute *cx, Tensor *const *in, int kept) {
    return mixed(cx, route(cx, in, kept));
}

static Tensor *routed_to_one(Compute *cx, Tensor *const *in) { return routed(cx, in, 1); }
static Tensor *routed_to_two(Compute *cx, Tensor *const *in) { return routed(cx, in, 2); }
static Tensor *routed_to_all(Compute *cx, Tensor *const *in) { return routed(cx, in, 4); }

static Tensor *routed_past_one(Compute *cx, Tensor *const *in) {
    return mixed(cx, route_without(cx, in, 2, 1u << 1));
}

/* Gates and loads of a published rule, mixed: its confidence has no backward pass by definition. */
static Tensor *published_gates(Compute *cx, Tensor *const *in, RouteRule rule, Tensor *routed,
                               int kept) {
    enum { ROWS = 5, EXPERTS = 4 };
    MixPlace place[ROWS * EXPERTS];
    float x[ROWS * EXPERTS][2];
    RouteShape how = {.kept = kept, .rule = rule};
    Tensor *chosen = op_route(cx, in[0], in[1], noise, &how);
    int count = 0;
    for (int i = 0; i < ROWS * EXPERTS; i++) {
        size_t gate = (size_t)(i / EXPERTS * (3 * EXPERTS + 1) + i % EXPERTS);
        bool open = compute_measures(cx) ? i % EXPERTS < kept : chosen->data[gate] > 0.0f;
        if (!open) continue;
        x[count][0] = 0.1f * (float)(i % 7) - 0.3f;
        x[count][1] = 0.2f * (float)(i % 5) - 0.4f;
        place[count++] = (MixPlace){i / EXPERTS, i % EXPERTS};
    }
    return op_mix(cx, tensor_from(cx, 2, (int[]){count, 2}, x[0]), routed ? routed : chosen, place);
}

/* 1, whatever the logits: its derivative is zero. */
static Tensor *constant_gates(Compute *cx, Tensor *const *in) {
    return published_gates(cx, in, ROUTE_CONSTANT, NULL, 2);
}

static Tensor *straight_gates(Compute *cx, Tensor *const *in) {
    return published_gates(cx, in, ROUTE_STRAIGHT_THROUGH, NULL, 2);
}

/* The same places of a softmax over all: what a straight-through gate goes back as. */
static Tensor *shares_of_all(Compute *cx, Tensor *const *in) {
    return published_gates(cx, in, ROUTE_CONSTANT, route(cx, in, 4), 2);
}

static Tensor *balance(Compute *cx, Tensor *const *in) {
    return op_balance(cx, route(cx, in, 2), 1, 0, 0.5f, NULL);
}

static Tensor *balance_of_tokens(Compute *cx, Tensor *const *in) {
    return op_balance(cx, route(cx, in, 2), 5, 0, 0.5f, NULL);
}

static Tensor *balance_past_one(Compute *cx, Tensor *const *in) {
    return op_balance(cx, route_without(cx, in, 2, 1u << 1), 5, 1u << 1, 0.5f, NULL);
}

static Tensor *mix(Compute *cx, Tensor *const *in) {
    return op_mix(cx, in[0], in[1], (MixPlace[]){{1, 0}, {0, 2}, {1, 2}, {1, 0}});
}

static Tensor *inner(Compute *cx, Tensor *const *in, const void *how) {
    const int *times = how;
    Tensor *x = in[0];
    for (int i = 0; i < *times; i++) {
        Scope s = scope_begin(cx);
        x = scope_end(cx, s, x, op_add(cx, op_activation(cx, x, ACTIVATION_GELU), in[1]));
    }
    return x;
}

static Tensor *recomputed(Compute *cx, Tensor *const *in) {
    int times = 3;
    Tensor *x = op_add(cx, in[0], in[0]);
    return recompute(cx, inner, 2, (Tensor *[]){x, in[1]}, &times, sizeof times);
}

/* The same tensor in two places of an op. */
static Tensor *linear_of_itself(Compute *cx, Tensor *const *in) {
    Weight form = form_of(in[1]);
    return op_linear(cx, in[0], in[1], &form, NULL, ACTIVATION_NONE, in[0]);
}

static Tensor *matmul_of_itself(Compute *cx, Tensor *const *in) {
    return op_matmul(cx, in[0], in[0]);
}

static Tensor *attention_of_itself(Compute *cx, Tensor *const *in) {
    return op_attention(cx, in[0], in[0], in[0], 2);
}

static Tensor *add_of_itself(Compute *cx, Tensor *const *in) { return op_add(cx, in[0], in[0]); }

/* What came out of one op goes into three: whoever is first in the backward pass begins the
 * gradient. */
static Tensor *branches(Compute *cx, Tensor *const *in) {
    Tensor *x = op_activation(cx, in[0], ACTIVATION_GELU);
    Tensor *sum = op_add(cx, op_activation(cx, x, ACTIVATION_SIGMOID), op_keep(cx, x));
    return op_add(cx, x, sum);
}

/* A stream through frozen weights, as beside adapters: only what is added learns. */
static Tensor *frozen_weight(Compute *cx, Tensor *const *in) {
    static const float values[16] = {0.3f, -0.2f, 0.5f, 0.1f, 0.7f};
    Weight form = {.out = 4, .in = 4, .values = values};
    Tensor *weight = tensor_from(cx, 2, (int[]){4, 4}, values);
    Tensor *x = op_linear(cx, in[0], weight, &form, NULL, ACTIVATION_GELU, in[1]);
    return op_linear(cx, x, weight, &form, NULL, ACTIVATION_NONE, x);
}

/* A sum of a tensor and of a view of it, both ways round. */
static Tensor *add_of_its_view(Compute *cx, Tensor *const *in) {
    Tensor *x = op_activation(cx, in[0], ACTIVATION_GELU);
    Tensor *whole = tensor_view(cx, x, 0, 1, (int[]){12}),
           *row = tensor_view(cx, x, 4, 1, (int[]){4});
    return op_add(cx, op_add(cx, whole, x), op_add(cx, x, row));
}

/* Queries, keys and values from views of what came out of one op. */
static Tensor *attention_of_views(Compute *cx, Tensor *const *in) {
    Tensor *x = op_activation(cx, in[0], ACTIVATION_GELU);
    Tensor *first = tensor_view(cx, x, 0, 3, (int[]){1, 3, 4});
    Tensor *second = tensor_view(cx, x, 8, 3, (int[]){1, 4, 4});
    return op_attention(cx, first, second, second, 2);
}

static Tensor *norm_of(Compute *cx, Tensor *const *in, const void *how) {
    (void)how;
    Tensor *x = op_layer_norm(cx, in[0], in[1], in[2], 1e-5f);
    return op_add(cx, x, op_keep(cx, in[0]));
}

/* Blocks that are run again, one on the other. */
static Tensor *recomputed_twice(Compute *cx, Tensor *const *in) {
    Tensor *x = recompute(cx, norm_of, 3, in, NULL, 0);
    return op_add(cx, recompute(cx, norm_of, 3, (Tensor *[]){x, in[1], in[2]}, NULL, 0), x);
}

static Tensor *unpatches_branch(Compute *cx, Tensor *const *in) {
    Tensor *x = op_activation(cx, in[0], ACTIVATION_GELU);
    Tensor *y = op_unpatches(cx, x, in[1], 2, 2, 0);
    return op_add(cx, op_patches(cx, y, 2, 2, 0), x);
}

static Tensor *apart(Compute *cx, Tensor *const *in) {
    return op_patches(cx, op_unpatches(cx, in[0], NULL, 1, 3, 0), 2, 3, 1);
}

static Tensor *viewed(Compute *cx, Tensor *const *in) {
    Tensor *y = op_activation(cx, in[0], ACTIVATION_GELU);
    Tensor *part = tensor_view(cx, y, 2, 2, (int[]){2, 2});
    return op_activation(cx, part, ACTIVATION_SIGMOID);
}

/* ---- The table -------------------------------------------------------------------------- */

static const Case cases[] = {
    {"linear", linear, 3, {3, 2, 1}, {{2, 3, 5}, {4, 5}, {4}}},
    {"linear with gelu and residual", linear_gelu, 4, {2, 2, 1, 2}, {{3, 5}, {4, 5}, {4}, {3, 4}}},
    {"linear with residual", linear_residual, 4, {2, 2, 1, 2}, {{3, 5}, {4, 5}, {4}, {3, 4}}},
    {"matmul", matmul, 2, {3, 3}, {{2, 3, 4}, {2, 5, 4}}},
    {"layer_norm", layer_norm, 3, {3, 1, 1}, {{2, 3, 5}, {5}, {5}}},
    {"gelu", gelu, 1, {2}, {{3, 4}}},
    {"relu", relu, 1, {2}, {{3, 4}}},
    {"sigmoid", sigmoid, 1, {2}, {{3, 4}}},
    {"quick gelu", quick_gelu, 1, {2}, {{3, 4}}},
    {"add of equals", add, 2, {2, 2}, {{3, 4}, {3, 4}}},
    {"add of a repeated row", add, 2, {3, 1}, {{2, 3, 4}, {4}}},
    {"multiply", multiply, 2, {4, 2}, {{2, 2, 3, 4}, {2, 4}}},
    {"mean", mean, 1, {4}, {{2, 2, 3, 4}}},
    {"keep", keep, 1, {2}, {{2, 3}}},
    {"attention", attention, 3, {3, 3, 3}, {{2, 3, 4}, {2, 5, 4}, {2, 5, 4}}},
    {"attention in padded windows",
     windows,
     4,
     {4, 1, 2, 2},
     {{1, 4, 5, 12}, {12}, {5, 2}, {5, 2}}},
    {"attention over a grid", whole_grid, 4, {4, 1, 2, 2}, {{2, 3, 3, 12}, {12}, {5, 2}, {5, 2}}},
    {"attention without positions", bare_grid, 1, {4}, {{2, 3, 3, 12}}},
    {"attention without positions in padded windows",
     bare_windows,
     2,
     {4, 1},
     {{1, 4, 5, 12}, {12}}},
    {"attention with a table", tinyvit, 3, {4, 1, 2}, {{1, 4, 4, 12}, {12}, {2, 9}}},
    {"patches", patches, 1, {4}, {{1, 4, 5, 2}}},
    {"unpatches", unpatches, 2, {4, 1}, {{1, 2, 3, 32}, {2}}},
    {"depthwise", depthwise, 3, {4, 3, 1}, {{1, 4, 5, 3}, {3, 3, 3}, {3}}},
    {"resize", resize, 1, {3}, {{2, 4, 5}}},
    {"concat", concat, 3, {3, 3, 3}, {{1, 2, 3}, {2, 1, 3}, {2, 3, 3}}},
    {"slice", slice, 1, {3}, {{2, 4, 3}}},
    {"slice of one sample", slice, 1, {3}, {{1, 4, 3}}},
    {"gather", gather, 1, {2}, {{3, 4}}},
    {"prompt_tokens", prompt_tokens, 2, {2, 2}, {{1, 4}, {1, 4}}},
    {"route to one", routed_to_one, 2, {2, 2}, {{5, 4}, {5, 4}}},
    {"route to two", routed_to_two, 2, {2, 2}, {{5, 4}, {5, 4}}},
    {"route to all", routed_to_all, 2, {2, 2}, {{5, 4}, {5, 4}}},
    {"route past one that is held back", routed_past_one, 2, {2, 2}, {{5, 4}, {5, 4}}},
    {"constant gates", constant_gates, 2, {2, 2}, {{5, 4}, {5, 4}}},
    {"shares of a softmax over all", shares_of_all, 2, {2, 2}, {{5, 4}, {5, 4}}},
    {"balance past one that is held back", balance_past_one, 2, {2, 2}, {{5, 4}, {5, 4}}},
    {"balance", balance, 2, {2, 2}, {{5, 4}, {5, 4}}},
    {"balance of tokens apart", balance_of_tokens, 2, {2, 2}, {{5, 4}, {5, 4}}},
    {"mix", mix, 2, {2, 2}, {{4, 3}, {2, 3}}},
    {"published loss", published_loss, 2, {3, 1}, {{2, 3, 4}, {2}}},
    {"loss for each sample", sample_loss, 2, {3, 1}, {{2, 3, 4}, {2}}},
    {"dice and cross-entropy", dice_ce, 1, {3}, {{2, 3, 4}}},
    {"published loss with ignored elements", published_with_ignored, 2, {3, 1}, {{2, 3, 4}, {2}}},
    {"loss with a sample that is all ignored", sample_with_ignored, 2, {3, 1}, {{2, 3, 4}, {2}}},
    {"dice and cross-entropy with ignored elements", dice_ce_with_ignored, 1, {3}, {{2, 3, 4}}},
    {"recompute", recomputed, 2, {2, 2}, {{3, 4}, {3, 4}}},
    {"linear with itself as residual", linear_of_itself, 2, {3, 2}, {{2, 3, 4}, {4, 4}}},
    {"matmul of one tensor", matmul_of_itself, 1, {3}, {{2, 3, 4}}},
    {"attention of one tensor", attention_of_itself, 1, {3}, {{2, 3, 4}}},
    {"add of one tensor", add_of_itself, 1, {2}, {{3, 4}}},
    {"branches", branches, 1, {2}, {{3, 4}}},
    {"frozen weight", frozen_weight, 2, {2, 2}, {{3, 4}, {3, 4}}},
    {"add of its view", add_of_its_view, 1, {2}, {{3, 4}}},
    {"attention of views", attention_of_views, 1, {3}, {{1, 6, 4}}},
    {"recompute twice", recomputed_twice, 3, {2, 1, 1}, {{3, 5}, {5}, {5}}},
    {"unpatches in a branch", unpatches_branch, 2, {4, 1}, {{1, 2, 3, 8}, {2}}},
    {"patches apart", apart, 1, {4}, {{1, 3, 4, 2}}},
    {"view", viewed, 1, {2}, {{2, 4}}},
};

typedef struct CaseBench {
    Workbench *w;
    Tensor *in[6];
} CaseBench;

static CaseBench case_open(const Case *c, const Kernels *k, unsigned trained) {
    CaseBench b = {.w = workbench_open(k, 0, (size_t)8 << 20)};
    for (int i = 0; i < c->inputs; i++) {
        b.in[i] = workbench_tensor(b.w, c->rank[i], c->dim[i], (unsigned)(i + 1));
        b.in[i]->needs_grad = trained >> i & 1;
    }
    return b;
}

static double check_case(const Case *c, const Kernels *k, unsigned trained) {
    CaseBench b = case_open(c, k, trained);
    double worst = gradient_check(b.w, c->op, b.in, c->inputs, 1e-2f);
    for (int i = 0; i < c->inputs; i++) {
        if (!b.in[i]->needs_grad)
            check_report(b.in[i]->grad == NULL, __FILE__, __LINE__,
                         "%s: frozen input %d has a gradient", c->name, i);
    }
    workbench_close(b.w);
    return worst;
}

TEST(every_op_goes_back_as_its_derivative) {
    const char *const sets[] = {"reference", "portable", "avx2", "avx512"};
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        const Kernels *k = s ? kernels_choose(sets[s]) : &kernels_reference;
        for (size_t i = 0; k && i < sizeof cases / sizeof *cases; i++) {
            double worst = check_case(&cases[i], k, ~0u);
            check_report(worst < 2e-3, __FILE__, __LINE__, "%s, %s: %.2e", sets[s], cases[i].name,
                         worst);
        }
    }
}

TEST(each_input_trains_alone_and_leaves_the_frozen_ones_untouched) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int input = 0; input < cases[i].inputs; input++) {
            double worst = check_case(&cases[i], NULL, 1u << input);
            bool unseen = strcmp(cases[i].name, "attention over a grid") == 0 && input == 1;
            check_report(unseen || worst < 2e-3, __FILE__, __LINE__, "%s, input %d: %.2e",
                         cases[i].name, input, worst);
        }
    }
}

/* There and back; the gradient of what came out is all ones. */
static void there_and_back(Compute *cx, const Case *c, Tensor *const *in) {
    Tape tape = {0};
    cx->tape = &tape;
    Tensor *y = c->op(cx, in);
    float *seed = grad_of(cx, y);
    for (size_t i = 0; seed && !compute_measures(cx) && i < tensor_size(y); i++) seed[i] = 1.0f;
    backward_from(cx);
    CHECK(compute_ok(cx));
    cx->tape = NULL;
}

/* Its value is 1, so that differences of it say nothing: it goes back as the share whose backward
 * pass the table above compares with differences. */
TEST(a_straight_through_gate_goes_back_as_its_share_of_a_softmax) {
    static const Case straight = {"straight", straight_gates, 2, {2, 2}, {{5, 4}, {5, 4}}};
    static const Case shares = {"shares", shares_of_all, 2, {2, 2}, {{5, 4}, {5, 4}}};
    CaseBench a = case_open(&straight, NULL, ~0u), b = case_open(&shares, NULL, ~0u);
    there_and_back(&a.w->cx, &straight, a.in);
    there_and_back(&b.w->cx, &shares, b.in);
    for (int i = 0; i < 2; i++) {
        float largest = 0.0f;
        for (int k = 0; k < 20; k++) largest = fmaxf(largest, fabsf(b.in[i]->grad[k]));
        CHECK(largest > 0.01f);
        CHECK_CLOSE(a.in[i]->grad, b.in[i]->grad, 20, 1e-6f, 1e-5f);
    }
    workbench_close(a.w);
    workbench_close(b.w);
}

TEST(gradients_that_are_handed_on_are_those_that_are_kept) {
    const Kernels *best = kernels_choose(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CaseBench handed = case_open(&cases[i], best, ~0u), kept = case_open(&cases[i], best, ~0u);
        kept.w->cx.keeps_gradients = true;
        there_and_back(&handed.w->cx, &cases[i], handed.in);
        there_and_back(&kept.w->cx, &cases[i], kept.in);
        for (int k = 0; k < cases[i].inputs; k++) {
            const float *a = handed.in[k]->grad, *b = kept.in[k]->grad;
            bool same = a && b ? memcmp(a, b, tensor_bytes(kept.in[k])) == 0 : a == b;
            check_report(same, __FILE__, __LINE__, "%s, input %d", cases[i].name, k);
        }
        workbench_close(kept.w);
        workbench_close(handed.w);
    }
}

TEST(measuring_tells_what_the_way_back_needs) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CaseBench b = case_open(&cases[i], NULL, ~0u);
        Arena measuring;
        CHECK(arena_open_measuring(&measuring, NULL) == VOXPERT_OK);
        Compute cx = b.w->cx;
        cx.kernels = &kernels_measuring, cx.memory = &measuring;
        there_and_back(&cx, &cases[i], b.in);
        for (int k = 0; k < cases[i].inputs; k++) b.in[k]->grad = NULL;
        size_t before = b.w->memory.used;
        there_and_back(&b.w->cx, &cases[i], b.in);
        check_report(b.w->memory.peak - before == measuring.peak, __FILE__, __LINE__,
                     "%s: %zu bytes, measured %zu", cases[i].name, b.w->memory.peak - before,
                     measuring.peak);
        arena_close(&measuring);
        workbench_close(b.w);
    }
}

TEST(wrong_shapes_fail_once_and_stay_harmless) {
    Workbench *w = workbench_open(NULL, 0, 1 << 20);
    Tensor *a = workbench_tensor(w, 2, (int[]){3, 4}, 1);
    Tensor *b = workbench_tensor(w, 1, (int[]){5}, 2);
    Tensor *bad = op_add(&w->cx, a, b);
    Tensor *after = op_layer_norm(&w->cx, op_activation(&w->cx, bad, ACTIVATION_RELU), a, a, 0.0f);
    CHECK(!compute_ok(&w->cx));
    CHECK(strcmp(w->cx.failure, "add: sizes differ") == 0);
    CHECK(after->dim[0] == 1); /* safe to look at, even to divide by */
    workbench_close(w);
}

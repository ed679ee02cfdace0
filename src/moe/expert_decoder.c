#include "moe/expert_decoder.h"

void expert_decoder_declare(ExpertDecoder *d, Params *p, const MaskDecoder *base,
                            const ExpertDecoderConfig *c) {
    const TokenExpertsConfig *e = &c->experts;
    *d = (ExpertDecoder){.config = *c, .base = base};
    d->expert_tokens = params_declare(p, "expert_tokens.weight", LAYOUT_PLAIN, 2,
                                      (int[]){e->tokens, e->dim}, INITIAL_NORMAL, 0);
    for (int i = 0; i < base->config.transformer.depth; i++) {
        size_t outer = params_enter(p, "transformer.layers.%d", i);
        token_experts_declare(&d->layer[i], p, e);
        params_leave(p, outer);
    }
    for (int i = 0; i < e->tokens; i++) {
        size_t outer = params_enter(p, "expert_output_mlps.%d", i);
        head_declare(&d->output[i], p, e->dim, e->dim, e->dim / 8, 3);
        params_leave(p, outer);
    }
    if (c->pool.tokens == 0) return;
    size_t outer = params_enter(p, "img_prompt_pool");
    prompt_pool_declare(&d->pool, p, &c->pool);
    params_leave(p, outer);
}

/* ---- Inside the transformer ------------------------------------------------------------- */

typedef struct Middle {
    const ExpertDecoder *decoder;
    const float *noise;
    ExpertOutput *out;
} Middle;

/* SAM's tokens go on as in SAM, expert tokens through the router instead of the perceptron. */
static Tensor *middle_forward(Compute *cx, const TwoWayLayer *l, int index, Tensor *queries,
                              void *context) {
    const Middle *m = context;
    const ExpertDecoder *d = m->decoder;
    if (!compute_ok(cx)) return &cx->dummy;
    int first = 1 + d->base->config.masks, count = d->config.experts.tokens;
    int last = first + count, rest = queries->dim[1] - last;
    Tensor *x = op_slice(cx, queries, first, count);
    Tensor *part[] = {op_slice(cx, queries, 0, first),
                      rest ? op_slice(cx, queries, last, rest) : NULL};
    Tensor *others = two_way_perceptron(cx, l, rest ? op_concat(cx, 2, part) : part[0]);
    size_t step = (size_t)queries->dim[0] * (size_t)count * (size_t)d->config.experts.experts;
    const float *noise = m->noise ? m->noise + (size_t)index * step : NULL;
    RoutedTokens y = token_experts_forward(cx, &d->layer[index], x, noise, index);
    m->out->routed[index] = y.routed;
    Tensor *again[] = {op_slice(cx, others, 0, first), y.tokens,
                       rest ? op_slice(cx, others, first, rest) : NULL};
    return op_concat(cx, rest ? 3 : 2, again);
}

/* ---- Around it -------------------------------------------------------------------------- */

static Tensor *candidates(Compute *cx, const ExpertDecoder *d, Tensor *queries, Tensor *up) {
    Tensor *part[EXPERT_TOKENS_MAX];
    int first = 1 + d->base->config.masks, count = d->config.experts.tokens;
    for (int i = 0; i < count; i++)
        part[i] = head_forward(cx, &d->output[i], op_slice(cx, queries, first + i, 1));
    Tensor *hyper = op_concat(cx, count, part);
    compute_observe(cx, hyper, "hyper");
    return mask_decoder_masks(cx, hyper, up);
}

/* The token that the last layer's router is surest of; ties to the lowest.  While measuring, 0. */
static const int *choose(Compute *cx, const Tensor *routed, int batch, int tokens) {
    int *chosen = arena_alloc(cx->records, (size_t)batch * sizeof *chosen);
    if (!chosen) {
        compute_fail(cx, "out of record memory");
        return NULL;
    }
    int width = tensor_cols(routed);
    for (int b = 0; b < batch; b++) {
        chosen[b] = 0;
        if (compute_measures(cx)) continue;
        const float *row = routed->data + (size_t)(b * tokens) * (size_t)width;
        for (int t = 1; t < tokens; t++)
            if (row[t * width + width - 1] > row[chosen[b] * width + width - 1]) chosen[b] = t;
    }
    return chosen;
}

static Tensor *chosen_masks(Compute *cx, Tensor *all, const int *chosen) {
    int batch = all->dim[0], count = all->dim[1], height = all->dim[2], width = all->dim[3];
    int *index = arena_alloc(cx->records, (size_t)batch * sizeof *index);
    if (!index) return compute_fail(cx, "out of record memory");
    for (int b = 0; b < batch; b++) index[b] = b * count + chosen[b];
    all = tensor_view(cx, all, 0, 4, (int[]){batch * count, 1, height, width});
    return op_gather(cx, all, batch, index);
}

static ExpertOutput failed(Compute *cx) {
    Tensor *t = &cx->dummy;
    ExpertOutput out = {.masks = t, .iou = t, .candidates = t, .sparse = t};
    for (int i = 0; i < TWO_WAY_MAX_DEPTH; i++) out.routed[i] = t;
    return out;
}

ExpertOutput expert_decoder_forward(Compute *cx, const ExpertDecoder *d, Tensor *embedding,
                                    Tensor *positions, const ExpertPrompt *prompt) {
    const PromptTokens *given = prompt->tokens;
    ExpertOutput out = {.sparse = given->sparse};
    Tensor *source = mask_decoder_source(cx, embedding, given->dense);
    if (prompt->pool)
        out.sparse = prompt_pool_forward(cx, &d->pool, prompt->masked ? source : embedding,
                                         given->sparse);
    if (!compute_ok(cx)) return failed(cx);
    DecoderImage image = mask_decoder_image(cx, d->base, source, positions);
    int dim = d->config.experts.dim, tokens = d->config.experts.tokens;
    Tensor *part[] = {tensor_view(cx, &d->expert_tokens->tensor, 0, 3, (int[]){1, tokens, dim}),
                      out.sparse};
    Middle context = {d, prompt->noise, &out};
    TwoWayMiddle middle = {middle_forward, &context};
    TwoWay x = mask_decoder_transform(cx, d->base, &image, positions, out.sparse ? 2 : 1, part,
                                      &middle);
    if (!compute_ok(cx)) return failed(cx);
    compute_observe(cx, x.queries, "tokens_out");
    Tensor *up = mask_decoder_upscale(cx, d->base, x.keys, image.grid);
    compute_observe(cx, up, "upscaled");
    out.candidates = candidates(cx, d, x.queries, up);
    out.iou = mask_decoder_iou(cx, d->base, x.queries);
    if (!compute_ok(cx)) return failed(cx);
    int last = d->base->config.transformer.depth - 1, batch = x.queries->dim[0];
    out.chosen = choose(cx, out.routed[last], batch, tokens);
    if (!compute_ok(cx)) return failed(cx);
    out.masks = chosen_masks(cx, out.candidates, out.chosen);
    return out;
}

Tensor *expert_decoder_balance(Compute *cx, const ExpertDecoder *d, const ExpertOutput *out,
                               float weight) {
    int depth = d->base->config.transformer.depth;
    Tensor *sum = NULL;
    for (int i = 0; i < depth; i++) {
        Tensor *one = op_balance(cx, out->routed[i], 1, weight / (float)depth, NULL);
        sum = sum ? op_add(cx, sum, one) : one;
    }
    return sum;
}

#include "moe/expert_decoder.h"

bool expert_decoder_published(const ExpertDecoder *d) { return d->semantic != NULL; }

/* What the released files hold and the released code never reads. */
static void ignore_unused(Params *p) {
    static const char *const globs[] = {"text_token.*",
                                        "boxApoint_token.*",
                                        "expert_mlp.*",
                                        "transformer.layers.*.dte.*",
                                        "transformer.layers.*.dteall.*",
                                        "transformer.layers.*.mean",
                                        "transformer.layers.*.std"};
    for (size_t i = 0; i < sizeof globs / sizeof *globs; i++) params_ignore(p, globs[i]);
}

void expert_decoder_declare(ExpertDecoder *d, Params *p, const MaskDecoder *base,
                            const SemanticDecoder *semantic, const ExpertDecoderConfig *c) {
    const TokenExpertsConfig *e = &c->experts;
    *d = (ExpertDecoder){.config = *c, .base = base, .semantic = semantic};
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
    if (c->pool.tokens) {
        size_t outer = params_enter(p, "img_prompt_pool");
        prompt_pool_declare(&d->pool, p, &c->pool);
        params_leave(p, outer);
    }
    if (!semantic) return;
    expert_features_declare(&d->features, p, c->feature, e->dim);
    ignore_unused(p);
}

/* Tokens come in this order: iou, masks, semantic, experts, prompts. */
static int experts_at(const ExpertDecoder *d) {
    return 1 + d->base->config.masks + (d->semantic ? d->semantic->config.tokens : 0);
}

int expert_decoder_first_token(const ExpertDecoder *d) { return experts_at(d); }

/* ---- Inside the transformer ------------------------------------------------------------- */

typedef struct Middle {
    const ExpertDecoder *decoder;
    const ExpertPrompt *prompt;
    ExpertOutput *out;
} Middle;

/* SAM's tokens go on as in SAM, expert tokens through the router instead of the MLP. */
static Tensor *middle_forward(Compute *cx, const TwoWayLayer *l, int index, Tensor *queries,
                              void *context) {
    const Middle *m = context;
    const ExpertDecoder *d = m->decoder;
    if (!compute_ok(cx)) return &cx->dummy;
    int first = experts_at(d), count = d->config.experts.tokens;
    if (m->prompt->unrouted) { /* as released: what the MLP gives is lost */
        if (cx->observe)
            compute_observe(cx, op_slice(cx, queries, first, count), "layer%d.x", index);
        return queries;
    }
    int last = first + count, rest = queries->dim[1] - last;
    Tensor *x = op_slice(cx, queries, first, count);
    Tensor *part[] = {op_slice(cx, queries, 0, first),
                      rest ? op_slice(cx, queries, last, rest) : NULL};
    Tensor *others = two_way_mlp(cx, l, rest ? op_concat(cx, 2, part) : part[0]);
    size_t step = (size_t)queries->dim[0] * (size_t)count * (size_t)d->config.experts.experts;
    const float *noise = m->prompt->noise ? m->prompt->noise + (size_t)index * step : NULL;
    RoutedTokens y =
        token_experts_forward(cx, &d->layer[index], x, noise, m->prompt->forced, index);
    m->out->routed[index] = y.routed;
    Tensor *again[] = {op_slice(cx, others, 0, first), y.tokens,
                       rest ? op_slice(cx, others, first, rest) : NULL};
    return op_concat(cx, rest ? 3 : 2, again);
}

/* ---- Around it -------------------------------------------------------------------------- */

/* features [b,4 grid,4 grid,dim/8] -> the masks of all expert tokens */
static Tensor *candidates(Compute *cx, const ExpertDecoder *d, Tensor *queries, Tensor *features,
                          Tensor *text) {
    Tensor *part[EXPERT_TOKENS_MAX];
    int first = experts_at(d), count = d->config.experts.tokens;
    for (int i = 0; i < count; i++)
        part[i] = head_forward(cx, &d->output[i], op_slice(cx, queries, first + i, 1));
    Tensor *hyper = op_concat(cx, count, part);
    compute_observe(cx, hyper, "hyper");
    if (text)
        hyper = mask_decoder_add_term(cx, hyper, semantic_decoder_term(cx, d->semantic, text));
    return mask_decoder_masks(cx, hyper, features);
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

/* x [batch,count,...] -> [batch,1,...]: element chosen[b] of each */
static Tensor *pick(Compute *cx, Tensor *x, const int *chosen) {
    if (!compute_ok(cx)) return &cx->dummy;
    int batch = x->dim[0], count = x->dim[1], dim[TENSOR_MAX_RANK];
    int *index = arena_alloc(cx->records, (size_t)batch * sizeof *index);
    if (!index) return compute_fail(cx, "out of record memory");
    for (int b = 0; b < batch; b++) index[b] = b * count + chosen[b];
    for (int i = 0; i < x->rank; i++) dim[i] = x->dim[i];
    dim[0] = batch * count, dim[1] = 1;
    return op_gather(cx, tensor_view(cx, x, 0, x->rank, dim), batch, index);
}

/* The largest of the ambiguous masks' predicted ious, 1 and up; ties to the lowest. */
static const int *best_of(Compute *cx, const Tensor *iou) {
    int batch = iou->dim[0], masks = iou->dim[1];
    int *best = arena_alloc(cx->records, (size_t)batch * sizeof *best);
    if (!best) {
        compute_fail(cx, "out of record memory");
        return NULL;
    }
    for (int b = 0; b < batch; b++) {
        best[b] = 1;
        const float *row = iou->data + (size_t)(b * masks);
        for (int i = 2; !compute_measures(cx) && i < masks; i++)
            if (row[i] > row[best[b]]) best[b] = i;
    }
    return best;
}

static ExpertOutput failed(Compute *cx) {
    Tensor *t = &cx->dummy;
    ExpertOutput out = {
        .masks = t, .iou = t, .all_iou = t, .semantic = t, .candidates = t, .sparse = t};
    for (int i = 0; i < TWO_WAY_MAX_DEPTH; i++) out.routed[i] = t;
    return out;
}

static TwoWay transform(Compute *cx, const ExpertDecoder *d, const DecoderImage *image,
                        Tensor *positions, const ExpertPrompt *prompt, ExpertOutput *out) {
    Tensor *part[3];
    int parts = 0;
    if (d->semantic) part[parts++] = semantic_decoder_tokens(cx, d->semantic);
    part[parts++] = mask_decoder_tokens(cx, d->expert_tokens);
    if (out->sparse) part[parts++] = out->sparse;
    Middle context = {d, prompt, out};
    TwoWayMiddle middle = {middle_forward, &context};
    return mask_decoder_transform(cx, d->base, image, positions, parts, part, &middle);
}

/* Which mask is the result: the surest token's, or without routing the best of the others. */
static void conclude(Compute *cx, const ExpertDecoder *d, const ExpertPrompt *prompt,
                     ExpertOutput *out, Tensor *queries) {
    int last = d->base->config.transformer.depth - 1;
    bool published = expert_decoder_published(d);
    out->iou = out->all_iou = mask_decoder_iou(cx, d->base, queries);
    if (!compute_ok(cx)) return;
    if (published) {
        out->best = best_of(cx, out->all_iou);
        if (!cx->tape) /* no loss reaches it */
            out->semantic = semantic_decoder_classes(cx, d->semantic, queries);
        if (out->best) out->iou = pick(cx, out->all_iou, out->best);
    }
    if (!prompt->unrouted)
        out->chosen = choose(cx, out->routed[last], queries->dim[0], d->config.experts.tokens);
    const int *which = prompt->unrouted ? out->best : out->chosen;
    if (compute_ok(cx)) out->masks = pick(cx, out->candidates, which);
}

ExpertOutput expert_decoder_forward(Compute *cx, const ExpertDecoder *d, Tensor *embedding,
                                    Tensor *positions, const ExpertPrompt *prompt) {
    const PromptTokens *given = prompt->tokens;
    bool published = expert_decoder_published(d);
    ExpertOutput out = failed(cx);
    Tensor *source = mask_decoder_source(cx, embedding, given->dense);
    bool pool = prompt->pool || d->config.ppt == PPT_ALWAYS;
    out.sparse = given->sparse;
    if (pool && published)
        out.sparse = prompt_pool_forward(cx, &d->pool, embedding, NULL, prompt->classes);
    else if (pool)
        out.sparse = prompt_pool_forward(cx, &d->pool, prompt->masked ? source : embedding,
                                         given->sparse, prompt->classes);
    if (!compute_ok(cx)) return failed(cx);
    DecoderImage image = mask_decoder_image(cx, d->base, source, positions);
    TwoWay x = transform(cx, d, &image, positions, prompt, &out);
    if (!compute_ok(cx)) return failed(cx);
    compute_observe(cx, x.queries, "tokens_out");
    Tensor *up = mask_decoder_upscale(cx, d->base, x.keys, image.grid);
    compute_observe(cx, up, "upscaled");
    if (published) up = expert_features_fuse(cx, &d->features, up, prompt->features);
    out.candidates = candidates(cx, d, x.queries, up, prompt->text);
    conclude(cx, d, prompt, &out, x.queries);
    return compute_ok(cx) ? out : failed(cx);
}

Tensor *expert_decoder_balance(Compute *cx, const ExpertDecoder *d, const ExpertOutput *out,
                               float weight) {
    int depth = d->base->config.transformer.depth;
    uint64_t held_back = d->config.experts.held_back;
    if (expert_decoder_published(d))
        return op_balance(cx, out->routed[depth - 1], d->config.experts.tokens, held_back, weight,
                          NULL);
    Tensor *sum = NULL;
    for (int i = 0; i < depth; i++) {
        Tensor *one = op_balance(cx, out->routed[i], 1, held_back, weight / (float)depth, NULL);
        sum = sum ? op_add(cx, sum, one) : one;
    }
    return sum;
}

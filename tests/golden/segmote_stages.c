/* What SegMoTE's files hold beside SAM's stages. */
#include "tests/golden/segmote_stages.h"

#include <stdlib.h>
#include <string.h>

#include "moe/heat_maps.h"

/* ---- Routers -------------------------------------------------------------------------------- */

/* Columns first .. first+count-1 of what a router gave, as a stage of its own. */
static void stage_columns(GoldenPasses *p, const Tensor *routed, int layer, const char *what,
                          int first, int count) {
    int rows = routed->dim[0], width = tensor_cols(routed);
    float *values = malloc((size_t)(rows * count) * sizeof *values);
    if (!values) abort();
    for (int i = 0; i < rows * count; i++)
        values[i] = routed->data[i / count * width + first + i % count];
    char name[64];
    snprintf(name, sizeof name, "layer%d.%s", layer, what);
    Tensor t = {.data = values, .rank = 2, .dim = {rows, count}};
    golden_stage_result(&p->stages, name, &t);
    free(values);
}

static void stage_sums(GoldenPasses *p, const Tensor *routed, int layer, const char *what,
                       int first, int count) {
    float sums[EXPERTS_MAX] = {0.0f};
    int width = tensor_cols(routed);
    for (int i = 0; i < routed->dim[0]; i++)
        for (int e = 0; e < count; e++) sums[e] += routed->data[i * width + first + e];
    char name[64];
    snprintf(name, sizeof name, "layer%d.%s", layer, what);
    Tensor t = {.data = sums, .rank = 1, .dim = {count}};
    golden_stage_result(&p->stages, name, &t);
}

static void stage_routers(GoldenPasses *p, const GoldenSegmotePass *s) {
    int depth = p->sam->config.decoder.transformer.depth;
    int experts = s->model->model.experts.config.experts.experts;
    for (int i = 0; i < depth; i++) {
        const Tensor *r = s->out.routed[i];
        stage_columns(p, r, i, "gates", 0, experts);
        stage_columns(p, r, i, "logits", 2 * experts, experts);
        stage_columns(p, r, i, "confidence", 3 * experts, 1);
        stage_sums(p, r, i, "importance", 0, experts);
        stage_sums(p, r, i, "load", experts, experts);
    }
}

/* ---- Published mode ------------------------------------------------------------------------- */

/* out.X of the three masks that compete. */
static void stage_competing(GoldenPasses *p, Compute *cx, const char *name, Tensor *x) {
    int count = x->dim[1] - 1, width = x->rank == 3 ? x->dim[2] : 1;
    Tensor *flat = tensor_view(cx, x, 0, 3, (int[]){x->dim[0], x->dim[1], width});
    golden_stage(&p->stages, name, op_slice(cx, flat, 1, count));
}

static void compare_choices(GoldenPasses *p, const char *name, const int *values, size_t n) {
    if (golden_has(p->run, name)) golden_compare_integers(p->run, name, values, n);
}

/* The expert that each token is sent to. */
static void stage_choice(GoldenPasses *p, const Tensor *routed, int layer, int experts) {
    int rows = routed->dim[0], width = tensor_cols(routed), choice[GOLDEN_MAX_PROMPTS] = {0};
    for (int i = 0; i < rows && i < GOLDEN_MAX_PROMPTS; i++)
        while (choice[i] + 1 < experts && !(routed->data[i * width + choice[i]] > 0.0f))
            choice[i]++;
    char name[128];
    snprintf(name, sizeof name, "mid.%slayer%d.choice", p->stages.stages, layer);
    compare_choices(p, name, choice, (size_t)rows);
}

/* Of the mask that is reported. */
static void stage_semantic(GoldenPasses *p, const GoldenSegmotePass *s) {
    const Tensor *all = s->out.semantic;
    int batch = all->dim[0], count = all->dim[1], width = all->dim[2];
    float *values = malloc((size_t)(batch * width) * sizeof *values);
    if (!values) abort();
    for (int b = 0; b < batch; b++)
        memcpy(values + b * width, all->data + (b * count + s->out.best[b]) * width,
               (size_t)width * sizeof *values);
    Tensor t = {.data = values, .rank = 3, .dim = {batch, 1, width}};
    golden_stage_result(&p->stages, "semantic", &t);
    free(values);
}

static void stage_heat_maps(GoldenPasses *p, const GoldenSegmotePass *s, int layer) {
    const Tensor *q = s->q[layer], *k = s->k[layer], *routed = s->out.routed[layer];
    const ExpertDecoder *d = &s->model->model.experts;
    int experts = d->config.experts.experts, tokens = d->config.experts.tokens;
    int batch = q->dim[0], width = q->dim[1] * q->dim[2], cells = k->dim[1];
    int first = 1 + d->base->config.masks + (d->semantic ? d->semantic->config.tokens : 0);
    HeatShape shape = {tokens, cells, d->base->config.transformer.heads, q->dim[2], experts};
    size_t each = (size_t)(experts * cells);
    float *maps = malloc(((size_t)batch * each + 2 * (size_t)cells) * sizeof *maps);
    if (!maps) abort();
    for (int b = 0; b < batch; b++)
        expert_heat_maps(maps + (size_t)b * each, q->data + b * width + first * q->dim[2],
                         k->data + b * cells * k->dim[2],
                         routed->data + b * tokens * tensor_cols(routed),
                         (size_t)tensor_cols(routed), &shape, maps + (size_t)batch * each);
    char name[64];
    snprintf(name, sizeof name, "layer%d.heat_maps", layer);
    Tensor t = {.data = maps, .rank = 3, .dim = {batch, experts, cells}};
    golden_stage_result(&p->stages, name, &t);
    free(maps);
}

static void stage_published(GoldenPasses *p, Compute *cx, const GoldenSegmotePass *s) {
    int depth = p->sam->config.decoder.transformer.depth;
    int experts = s->model->model.experts.config.experts.experts;
    for (int i = 0; s->out.chosen && i < depth; i++) {
        const Tensor *r = s->out.routed[i];
        stage_columns(p, r, i, "router_logits", 2 * experts, experts);
        stage_columns(p, r, i, "noisy_logits", 2 * experts, experts);
        stage_choice(p, r, i, experts);
        stage_heat_maps(p, s, i);
    }
    if (!cx->tape) stage_semantic(p, s);
    stage_competing(p, cx, "iou_candidates", s->out.all_iou);
    if (!cx->tape) stage_competing(p, cx, "semantic_candidates", s->out.semantic);
}

/* ---- Names ---------------------------------------------------------------------------------- */

/* Ours, and what the files of published mode call it. */
static const char *const names[][2] = {
    {"x", "expert_in"}, {"h", "combined"}, {"y", "expert_out"}, {"clean", "clean_logits"}};

static void observe(void *observer, const char *stage, const Tensor *t) {
    GoldenSegmotePass *s = observer;
    int layer = 0, after = 0;
    s->observe(s->observer, stage, t);
    if (compute_measures(s->cx) || !compute_ok(s->cx)) return;
    if (sscanf(stage, "twoway.layer%d.image_%n", &layer, &after) == 1 && after) {
        if (stage[after] == 'q') s->q[layer] = t;
        if (stage[after] == 'k') s->k[layer] = t;
    }
    after = 0;
    if (sscanf(stage, "layer%d.%n", &layer, &after) != 1 || !after) return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[64];
        snprintf(name, sizeof name, "layer%d.%s", layer, names[i][1]);
        if (strcmp(stage + after, names[i][0]) == 0) golden_stage(&s->passes->stages, name, t);
    }
}

void golden_segmote_watch(GoldenSegmotePass *s, GoldenPasses *p, Compute *cx) {
    s->passes = p;
    s->cx = cx;
    s->observe = cx->observe;
    s->observer = cx->observer;
    cx->observe = observe;
    cx->observer = s;
}

void golden_segmote_unwatch(GoldenSegmotePass *s, Compute *cx) {
    cx->observe = s->observe;
    cx->observer = s->observer;
}

/* ---- After a pass --------------------------------------------------------------------------- */

/* Without a mask prompt all positions are the same, and the file has one. */
void golden_segmote_dense(GoldenPasses *p, Tensor *dense) {
    size_t shape[CHECKPOINT_MAX_RANK];
    if (golden_shape(p->run, "out.dense", shape) == 4 && shape[2] == 1) {
        Tensor t = *dense;
        int batch = (int)shape[0], dim = dense->dim[3];
        if (dense->dim[0] > 1) return;
        float *values = malloc((size_t)(batch * dim) * sizeof *values);
        if (!values) abort();
        for (int b = 0; t.data && b < batch; b++)
            memcpy(values + b * dim, t.data, (size_t)dim * sizeof *values);
        Tensor one = {.data = values, .rank = 4, .dim = {batch, dim, 1, 1}};
        golden_stage_result(&p->stages, "dense", &one);
        free(values);
        return;
    }
    golden_stage(&p->stages, "dense", dense);
}

void golden_segmote_compare(GoldenSegmotePass *s, GoldenPasses *p, Compute *cx,
                            const GoldenPass *pass) {
    bool published = expert_decoder_published(&s->model->model.experts);
    if (s->out.sparse)
        golden_stage(&p->stages, "sparse", s->out.sparse);
    else
        golden_stage_none(&p->stages, "sparse");
    golden_stage(&p->stages, "low_res", s->out.masks);
    golden_stage(&p->stages, "iou", s->out.iou);
    golden_stage(&p->stages, "expert_masks", s->out.candidates);
    if (compute_measures(cx) || p->stages.mute) return;
    if (s->out.chosen) stage_routers(p, s);
    if (published) stage_published(p, cx, s);
    char name[256];
    snprintf(name, sizeof name, "out.%s%s", pass->name, published ? "moe_idx" : "chosen");
    if (s->out.chosen) compare_choices(p, name, s->out.chosen, (size_t)s->out.masks->dim[0]);
}

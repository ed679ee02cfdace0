#include "tests/golden/segmote_pass.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *entry, const char *key) {
    return json_string_value(json_object_get(entry, key));
}

/* Noise of this step: [layer,mask,token,expert] of the input, which may have steps in front. */
static const float *noise_of(GoldenSegmotePass *s, GoldenPasses *p, const GoldenPass *pass) {
    const char *name = text_of(pass->entry, "noise");
    if (!name) return NULL;
    if (!s->noise.count && !golden_input(p->run, name, &s->noise)) {
        golden_fail(p->run, "input %s is missing", name);
        return NULL;
    }
    size_t steps = s->noise.rank == 5 ? (size_t)s->noise.dim[0] : 1;
    return s->noise.values + s->step % steps * (s->noise.count / steps);
}

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

void golden_segmote_decode(GoldenPasses *p, Compute *cx, GoldenPass *pass, Tensor *embedding,
                           const Prompts *prompts) {
    GoldenSegmotePass *s = p->context;
    const Segmote *m = &s->model->model;
    void (*observe)(void *, const char *, const Tensor *) = cx->observe;
    cx->observe = NULL; /* the file has what the decoder gets, not what the prompt encoder gives */
    PromptTokens tokens = golden_passes_prompts(p, cx, prompts);
    cx->observe = observe;
    golden_stage(&p->stages, "dense", tokens.dense);
    ExpertPrompt asked = {.tokens = &tokens,
                          .masked = prompts->mask != NULL,
                          .pool = json_is_true(json_object_get(pass->entry, "if_prompt")),
                          .noise = noise_of(s, p, pass)};
    s->out = expert_decoder_forward(cx, &m->experts, embedding,
                                    prompt_encoder_positions(cx, &m->sam.prompt), &asked);
    pass->low_res = s->out.masks;
    pass->iou = s->out.iou;
    if (!compute_ok(cx)) return;
    if (s->out.sparse)
        golden_stage(&p->stages, "sparse", s->out.sparse);
    else
        golden_stage_none(&p->stages, "sparse");
    golden_stage(&p->stages, "low_res", s->out.masks);
    golden_stage(&p->stages, "iou", s->out.iou);
    golden_stage(&p->stages, "expert_masks", s->out.candidates);
    if (compute_measures(cx) || p->stages.mute) return;
    stage_routers(p, s);
    char name[256];
    snprintf(name, sizeof name, "out.%schosen", pass->name);
    if (golden_has(p->run, name))
        golden_compare_integers(p->run, name, s->out.chosen, (size_t)s->out.masks->dim[0]);
}

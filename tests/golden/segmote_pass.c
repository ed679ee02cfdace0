#include "tests/golden/segmote_pass.h"

#include "systems/systems.h"
#include "tests/golden/segmote_stages.h"

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

/* ---- A pass --------------------------------------------------------------------------------- */

static Tensor *features_for(GoldenPasses *p, Compute *cx, const Tensor *embedding) {
    GoldenSegmotePass *s = p->context;
    if (!s->features)
        s->features = segmote_features(cx, &s->model->model, s->image.embedding, s->image.block);
    if (!compute_ok(cx)) return &cx->dummy;
    int images = s->features->dim[0], n = embedding->dim[0], index[GOLDEN_MAX_PROMPTS];
    if (images == n || images == 1) return s->features;
    for (int i = 0; i < n; i++) index[i] = i * images / n;
    return op_gather(cx, s->features, n, index);
}

static Tensor *text_for(GoldenPasses *p, Compute *cx, const GoldenPass *pass) {
    const char *name = text_of(pass->entry, "text");
    GoldenArray a;
    if (!name) return NULL;
    if (!golden_input(p->run, name, &a) || a.rank != 2) {
        golden_fail(p->run, "input %s is missing, or no list of vectors", name);
        return NULL;
    }
    Tensor *t = tensor_from(cx, 2, a.dim, a.values);
    golden_array_free(&a);
    return t;
}

static void decode(GoldenPasses *p, Compute *cx, GoldenPass *pass, Tensor *embedding,
                   const Prompts *prompts) {
    GoldenSegmotePass *s = p->context;
    const Segmote *m = &s->model->model;
    bool published = expert_decoder_published(&m->experts);
    void (*observe)(void *, const char *, const Tensor *) = cx->observe;
    cx->observe = NULL; /* the file has what the decoder gets, not what the prompt encoder gives */
    PromptTokens tokens = golden_passes_prompts(p, cx, prompts);
    cx->observe = observe;
    if (compute_ok(cx) && !compute_measures(cx)) golden_segmote_dense(p, tokens.dense);
    ExpertPrompt asked = {.tokens = &tokens,
                          .masked = prompts->mask != NULL,
                          .pool = json_is_true(json_object_get(pass->entry, "if_prompt")),
                          .unrouted = json_is_true(json_object_get(pass->entry, "inter")),
                          .text = text_for(p, cx, pass),
                          .noise = noise_of(s, p, pass)};
    if (published) asked.features = features_for(p, cx, embedding);
    if (!compute_ok(cx)) return;
    tokens.sparse = imis_with_text(cx, tokens.sparse, asked.text);
    golden_segmote_watch(s, p, cx);
    s->out = expert_decoder_forward(cx, &m->experts, embedding,
                                    prompt_encoder_positions(cx, &s->model->sam.prompt), &asked);
    golden_segmote_unwatch(s, cx);
    s->all[pass - p->pass] = s->out;
    pass->low_res = s->out.masks;
    pass->iou = s->out.iou;
    if (!compute_ok(cx)) return;
    if (published && asked.pool) s->out.sparse = tokens.sparse; /* as the file has it */
    golden_segmote_compare(s, p, cx, pass);
}

static Tensor *encode(GoldenPasses *p, Compute *cx, Tensor *image) {
    GoldenSegmotePass *s = p->context;
    const System system = {
        .ops = &segmote_system, .sam = s->model->sam, .segmote = s->model->model};
    s->image = system_encode_parts(cx, &system, image);
    s->features = NULL;
    golden_stage(&p->stages, "image_embedding", s->image.embedding);
    return s->image.embedding;
}

void golden_segmote_passes(GoldenPasses *p, GoldenSegmotePass *s, const GoldenSegmote *model) {
    s->model = model;
    p->sam = &model->sam;
    p->decode = decode;
    p->encode = encode;
    p->context = s;
    p->takes_text = true;
}

/* SegMoTE as a row of the list of systems. */
#include "systems/system_prompt.h"
#include "systems/systems.h"

static bool is_published(const System *s) { return expert_decoder_published(&s->segmote.experts); }

/* Around the base that is declared already: published mode where that is an IMIS-Net. */
static Status declare(System *s, const Checkpoint *c, Error *error) {
    SegmoteConfig config;
    const ImisConfig *imis = s->imis.config.semantic.tokens ? &s->imis.config : NULL;
    Status status = segmote_config_infer(&config, c, &s->sam.config, imis, error);
    if (!status) system_declare_segmote(s, &config);
    return status;
}

void system_declare_segmote(System *s, const SegmoteConfig *config) {
    s->ops = &segmote_system;
    segmote_declare(&s->segmote, &s->sam.params, &s->sam, &s->imis, config);
}

static char *write_config(const System *s) { return segmote_config_write(&s->segmote.config); }

static const char *const *trained(const System *s) { return segmote_trained(&s->segmote); }

/* ---- Images ----------------------------------------------------------------------------- */

static int block(const System *s) {
    return is_published(s) ? 1 + s->segmote.config.feature_block : 0;
}

static int channels(const System *s) { return is_published(s) ? s->sam.config.prompt.dim / 8 : 0; }

static Tensor *features(Compute *cx, const System *s, const SystemImage *image) {
    return segmote_features(cx, &s->segmote, image->embedding, image->block);
}

/* ---- Prompts ---------------------------------------------------------------------------- */

/* One column of [batch,n], as [batch,1]. */
static Tensor *first_of(Compute *cx, Tensor *x) {
    if (!compute_ok(cx)) return &cx->dummy;
    Tensor *all = tensor_view(cx, x, 0, 3, (int[]){x->dim[0], x->dim[1], 1});
    return tensor_view(cx, op_slice(cx, all, 0, 1), 0, 2, (int[]){x->dim[0], 1});
}

/* What stands for the quality of each token's mask: how sure the last router is of it. */
static Tensor *confidences(Compute *cx, const System *s, const ExpertOutput *out) {
    if (!compute_ok(cx)) return &cx->dummy;
    int tokens = s->segmote.config.experts.experts.tokens;
    const Tensor *last = out->routed[s->sam.config.decoder.transformer.depth - 1];
    int rows = last->dim[0], width = tensor_cols(last);
    Tensor *y = tensor_new(cx, 2, (int[]){rows / tokens, tokens});
    for (int i = 0; compute_ok(cx) && !compute_measures(cx) && i < rows; i++)
        y->data[i] = last->data[i * width + width - 1];
    return y;
}

static SystemOutput decode(Compute *cx, const System *s, const SystemImage *image,
                           const Prompts *prompts, const DecodeOptions *options) {
    PromptTokens tokens = system_prompt_tokens(cx, s, prompts, options);
    Tensor *text = system_prompt_text(cx, s, options);
    tokens.sparse = imis_with_text(cx, tokens.sparse, text);
    ExpertPrompt prompt = {.tokens = &tokens,
                           .text = text,
                           .masked = prompts->mask != NULL,
                           .pool = options->prompt_free,
                           .classes = options->classes,
                           .noise = options->noise,
                           .features = image->features,
                           .forced = options->expert,
                           .unrouted = options->unrouted};
    SystemOutput a = {
        .experts = expert_decoder_forward(cx, &s->segmote.experts, image->embedding,
                                          prompt_encoder_positions(cx, &s->sam.prompt), &prompt)};
    const ExpertOutput *out = &a.experts;
    a.masks = options->multimask ? out->candidates : out->masks;
    a.iou = options->multimask ? confidences(cx, s, out)
            : is_published(s)  ? out->iou
                               : first_of(cx, out->iou);
    return a;
}

static bool answers_unprompted(const System *s) {
    return s->segmote.config.experts.pool.tokens > 0;
}

static int classes(const System *s) { return s->segmote.config.experts.pool.classes; }

static const char *class_name(const System *s, int index) {
    return s->segmote.config.class_name[index];
}

/* ---- Training --------------------------------------------------------------------------- */

/* The balance loss, which the scheme leaves out of passes on pseudo masks. */
static Tensor *terms(Compute *cx, const System *s, const SystemOutput *out,
                     const SystemTarget *target, const float *weight) {
    if (target->pseudo || !(weight[SEGMOTE_BALANCE] > 0.0f)) return NULL;
    return expert_decoder_balance(cx, &s->segmote.experts, &out->experts, weight[SEGMOTE_BALANCE]);
}

const SystemOps segmote_system = {
    .name = "segmote",
    .beside_base = true,
    .routes = true,
    .recognizes = segmote_config_is_there,
    .declare = declare,
    .write_config = write_config,
    .trained = trained,
    .block = block,
    .channels = channels,
    .features = features,
    .decode = decode,
    .terms = terms,
    .answers_unprompted = answers_unprompted,
    .classes = classes,
    .class_name = class_name,
};

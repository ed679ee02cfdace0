#include "systems/imis.h"

#include <stdio.h>

/* ---- From names and shapes -------------------------------------------------------------- */

static const char tokens_name[] = "mask_decoder.semantic_tokens.weight";

bool imis_config_is_there(const Checkpoint *c) { return checkpoint_find(c, tokens_name) != NULL; }

/* Length of an axis, 0 where there is no such tensor. */
static int axis(const Checkpoint *c, const char *name, int which) {
    const StoredTensor *t = checkpoint_find(c, name);
    return t && which < t->rank && t->dim[which] < 1 << 20 ? (int)t->dim[which] : 0;
}

#define TOWER "text_model.text_model."

static int tower_layers(const Checkpoint *c) {
    char name[80];
    int layers = 0;
    do {
        snprintf(name, sizeof name, TOWER "encoder.layers.%d.layer_norm1.weight", layers);
    } while (layers <= CLIP_TEXT_MAX_LAYERS && checkpoint_find(c, name) && ++layers);
    return layers;
}

static ClipTextConfig infer_tower(const Checkpoint *c) {
    static const char table[] = TOWER "embeddings.token_embedding.weight";
    ClipTextConfig t = {.vocabulary = axis(c, table, 0), .width = axis(c, table, 1)};
    t.positions = axis(c, TOWER "embeddings.position_embedding.weight", 0);
    t.layers = tower_layers(c);
    t.heads = t.width < 64 ? 1 : t.width / 64;
    t.hidden = axis(c, TOWER "encoder.layers.0.mlp.fc1.weight", 0);
    return t;
}

static const char *tower_fault(const ClipTextConfig *t, int text) {
    if (t->width != text) return "its text tower and text_out_dim differ in width";
    if (t->layers < 1 || t->layers > CLIP_TEXT_MAX_LAYERS)
        return "its text tower has no layers, or too many";
    if (t->width % t->heads) return "the heads of its text tower do not divide its width";
    if (t->vocabulary < 2 || t->positions < 2 || t->hidden < 1 || t->hidden > 1 << 16)
        return "its text tower has a size that cannot be";
    return NULL;
}

static const char *fault_of(const ImisConfig *c, const SamConfig *sam) {
    if (c->semantic.tokens != sam->decoder.masks)
        return "its semantic tokens are not as many as its masks";
    if (c->semantic.classes < 1) return "it has no head for its semantic tokens";
    return c->tower.width ? tower_fault(&c->tower, c->text) : NULL;
}

Status imis_config_infer(ImisConfig *out, const Checkpoint *c, const SamConfig *sam, Error *error) {
    *out = (ImisConfig){
        .semantic = {.tokens = axis(c, tokens_name, 0),
                     .classes =
                         axis(c, "mask_decoder.semantic_prediction_head.layers.2.weight", 0)},
        .text = axis(c, "text_out_dim.weight", 1),
        .tower = infer_tower(c)};
    const char *fault = fault_of(out, sam);
    if (!fault) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_MODEL, "%s: is no IMIS-Net that can be run: %s",
                     checkpoint_path(c), fault);
}

/* ---- Parameters ------------------------------------------------------------------------- */

void imis_declare(Imis *m, Params *p, const Sam *sam, const ImisConfig *c) {
    *m = (Imis){.config = *c};
    size_t outer = params_enter(p, "mask_decoder");
    semantic_decoder_declare(&m->decoder, p, &sam->decoder, &c->semantic);
    params_leave(p, outer);
    if (c->text) linear_declare(&m->text_out, p, "text_out_dim", c->text, sam->config.prompt.dim);
    if (c->tower.width) clip_text_declare(&m->tower, p, &c->tower);
}

/* ---- Forward ---------------------------------------------------------------------------- */

Tensor *imis_text(Compute *cx, const Imis *m, Tensor *vectors) {
    return linear_forward(cx, &m->text_out, vectors);
}

Tensor *imis_with_text(Compute *cx, Tensor *sparse, Tensor *text) {
    if (!text || !compute_ok(cx)) return sparse;
    Tensor *token = tensor_view(cx, text, 0, 3, (int[]){text->dim[0], 1, tensor_cols(text)});
    return sparse ? op_concat(cx, 2, (Tensor *[]){sparse, token}) : token;
}

MaskOutput imis_decode_tokens(Compute *cx, const Imis *m, const Sam *sam, Tensor *embedding,
                              const PromptTokens *tokens, Tensor *text, bool multimask) {
    Tensor *source = mask_decoder_source(cx, embedding, tokens->dense);
    if (!compute_ok(cx)) return (MaskOutput){&cx->dummy, &cx->dummy};
    Tensor *positions = prompt_encoder_positions(cx, &sam->prompt);
    DecoderImage image = mask_decoder_image(cx, &sam->decoder, source, positions);
    Tensor *sparse = imis_with_text(cx, tokens->sparse, text);
    return semantic_decoder_prompt(cx, &m->decoder, &image, positions, sparse, text, multimask);
}

MaskOutput imis_decode(Compute *cx, const Imis *m, const Sam *sam, Tensor *embedding,
                       const Prompts *prompts, Tensor *text, bool multimask) {
    PromptTokens tokens = prompt_encoder_forward(cx, &sam->prompt, prompts);
    if (text) text = imis_text(cx, m, text);
    return imis_decode_tokens(cx, m, sam, embedding, &tokens, text, multimask);
}

MaskOutput imis_decode_image(Compute *cx, const Imis *m, const Sam *sam, const DecoderImage *image,
                             const Prompts *prompts, Tensor *text, bool multimask) {
    Tensor *sparse = prompt_encoder_tokens(cx, &sam->prompt, prompts);
    Tensor *positions = prompt_encoder_positions(cx, &sam->prompt);
    if (text) text = imis_text(cx, m, text);
    sparse = imis_with_text(cx, sparse, text);
    return semantic_decoder_prompt(cx, &m->decoder, image, positions, sparse, text, multimask);
}

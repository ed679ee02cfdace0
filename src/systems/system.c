#include "systems/system.h"

#include <string.h>

#include "base/text.h"

const char *system_name(SystemKind kind) {
    return kind == SYSTEM_SEGMOTE ? "segmote" : kind == SYSTEM_IMIS ? "imis-net" : "sam";
}

static bool has_encoder(const Checkpoint *c) {
    return checkpoint_find(c, "image_encoder.patch_embed.proj.weight") ||
           checkpoint_find(c, "image_encoder.patch_embed.seq.0.c.weight") ||
           checkpoint_find(c, "image_encoder.sam_encoder.patch_embed.proj.weight");
}

bool system_needs_base(const Checkpoint *file) {
    return segmote_config_is_there(file) && !has_encoder(file);
}

bool system_takes_base(const Checkpoint *file) {
    return segmote_config_is_there(file) &&
           (!has_encoder(file) ||
            imis_config_is_there(file)); /* released files lie over IMIS-Net */
}

const char *const *system_owned(const System *s) {
    return s->adapter ? segmote_trained(&s->segmote) : NULL;
}

/* A whole file is told by its names and shapes, or by SAM's config; an adapter has its own. */
char *system_config_write(const System *s) {
    return s->adapter ? segmote_config_write(&s->segmote.config) : sam_config_write(&s->sam.config);
}

bool system_metadata_is_of_run(const Checkpoint *file, const char *key) {
    static const char *const of_run[] = {"format", "position", "slot_steps", "routing",
                                         "recipe", "kernels",  "data",       NULL};
    const char *format = checkpoint_metadata(file, "format");
    bool found = false;
    for (int i = 0; of_run[i]; i++) found |= strcmp(of_run[i], key) == 0;
    return found && format && text_starts(format, SYSTEM_STATE_FORMAT);
}

/* ---- Opening ---------------------------------------------------------------------------- */

static const ImisConfig *imis_of(const System *s) {
    return s->imis.config.semantic.tokens ? &s->imis.config : NULL;
}

/* The experts that `file` says it has. */
static Status declare_experts(System *s, const Checkpoint *file, Error *error) {
    SegmoteConfig config;
    Status status = segmote_config_infer(&config, file, &s->sam.config, imis_of(s), error);
    if (status) return status;
    s->kind = SYSTEM_SEGMOTE;
    segmote_declare(&s->segmote, &s->sam.params, &s->sam, &s->imis, &config);
    return VOXPERT_OK;
}

/* What `file` has of everything but experts. */
static Status declare_base(System *s, const Checkpoint *file, Error *error) {
    SamConfig config;
    ImisConfig imis;
    Status status = sam_config_infer(&config, file, error);
    if (status) return status;
    sam_declare(&s->sam, &config);
    if (!imis_config_is_there(file)) return VOXPERT_OK;
    status = imis_config_infer(&imis, file, &config, error);
    if (status) return status;
    s->kind = SYSTEM_IMIS;
    imis_declare(&s->imis, &s->sam.params, &s->sam, &imis);
    return VOXPERT_OK;
}

Status system_check_base(System *s, const Checkpoint *file, const Checkpoint *base, Error *error) {
    const char *wanted = checkpoint_metadata(file, "parent_sha256"), *found = s->parent;
    Status status = params_identity(&s->sam.params, s->parent, error);
    if (status || !wanted || strcmp(wanted, found) == 0) return status;
    return error_set(error, VOXPERT_BAD_MODEL,
                     "%s: was trained on a base of identity %.16s..., and %s is %.16s...",
                     checkpoint_path(file), wanted, checkpoint_path(base), found);
}

/* The frozen base, as it was when the adapter was trained; it may have experts of its own, which
 * are those of `file` before they learned. */
static Status open_base(System *s, const Checkpoint *file, const Checkpoint *base, Error *error) {
    if (!base)
        return error_set(error, VOXPERT_BAD_MODEL,
                         "%s: is an adapter, which needs the model that it was trained on (--base)",
                         checkpoint_path(file));
    Status status = declare_base(s, base, error);
    if (!status && segmote_config_is_there(base)) status = declare_experts(s, file, error);
    if (!status) status = params_bind(&s->sam.params, base, false, NULL, 0, error);
    return status ? status : system_check_base(s, file, base, error);
}

Status system_open_base(System *s, const Checkpoint *base, char *warning, size_t warning_size,
                        Error *error) {
    *s = (System){0};
    Status status = declare_base(s, base, error);
    if (!status && segmote_config_is_there(base)) status = declare_experts(s, base, error);
    if (status) return status;
    return params_bind(&s->sam.params, base, false, warning, warning_size, error);
}

Status system_open(System *s, const Checkpoint *file, const Checkpoint *base, bool strict,
                   char *warning, size_t warning_size, Error *error) {
    *s = (System){0};
    Params *p = &s->sam.params;
    s->adapter = system_needs_base(file);
    Status status =
        s->adapter || base ? open_base(s, file, base, error) : declare_base(s, file, error);
    bool experts = segmote_config_is_there(file) && s->kind != SYSTEM_SEGMOTE;
    if (!status && experts) status = declare_experts(s, file, error);
    if (!status) status = params_bind(p, file, strict, warning, warning_size, error);
    return status ? status : sam_prepare(&s->sam, error);
}

void system_close(System *s) { sam_free(&s->sam); }

/* ---- Images ----------------------------------------------------------------------------- */

static size_t cells_of(const System *s) {
    return (size_t)sam_grid(&s->sam) * (size_t)sam_grid(&s->sam);
}

size_t system_embedding_floats(const System *s) {
    return cells_of(s) * (size_t)s->sam.config.prompt.dim;
}

size_t system_image_floats(const System *s) {
    size_t floats = system_embedding_floats(s);
    if (s->kept_block) return floats + cells_of(s) * (size_t)s->sam.config.vit.dim;
    if (s->kind == SYSTEM_SEGMOTE && expert_decoder_published(&s->segmote.experts))
        floats += 16 * cells_of(s) * ((size_t)s->sam.config.prompt.dim / 8);
    return floats;
}

SystemImage system_encode(Compute *cx, const System *s, Tensor *image) {
    SystemImage out = {0};
    if (s->kept_block) {
        out.embedding =
            image_encoder_features(cx, &s->sam.vit, image, s->kept_block - 1, &out.block);
    } else if (s->kind == SYSTEM_SEGMOTE) {
        SegmoteImage found = segmote_encode(cx, &s->segmote, &s->sam, image);
        out.embedding = found.embedding;
        out.features = segmote_features(cx, &s->segmote, &found);
    } else {
        out.embedding = sam_encode(cx, &s->sam, image);
    }
    return out;
}

/* ---- Prompts ---------------------------------------------------------------------------- */

static SystemAnswer plain(Compute *cx, const System *s, const SystemImage *image,
                          const Prompts *prompts, const SystemAsk *ask) {
    MaskOutput found = s->kind == SYSTEM_IMIS
                           ? imis_decode(cx, &s->imis, &s->sam, image->embedding, prompts,
                                         ask->text, ask->multimask)
                           : sam_decode(cx, &s->sam, image->embedding, prompts, ask->multimask);
    return (SystemAnswer){.masks = found.masks, .iou = found.iou};
}

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

static SystemAnswer routed(Compute *cx, const System *s, const SystemImage *image,
                           const Prompts *prompts, const SystemAsk *ask) {
    PromptTokens tokens = prompt_encoder_forward(cx, &s->sam.prompt, prompts);
    Tensor *text = ask->text ? imis_text(cx, &s->imis, ask->text) : NULL;
    tokens.sparse = imis_with_text(cx, tokens.sparse, text);
    ExpertPrompt asked = {.tokens = &tokens,
                          .text = text,
                          .masked = prompts->mask != NULL,
                          .pool = ask->prompt_free,
                          .classes = ask->classes,
                          .features = image->features,
                          .forced = ask->expert};
    SystemAnswer a = {
        .experts = expert_decoder_forward(cx, &s->segmote.experts, image->embedding,
                                          prompt_encoder_positions(cx, &s->sam.prompt), &asked)};
    const ExpertOutput *out = &a.experts;
    bool published = expert_decoder_published(&s->segmote.experts);
    a.masks = ask->multimask ? out->candidates : out->masks;
    a.iou = ask->multimask ? confidences(cx, s, out)
            : published    ? out->iou
                           : first_of(cx, out->iou);
    return a;
}

SystemAnswer system_decode(Compute *cx, const System *s, const SystemImage *image,
                           const Prompts *prompts, const SystemAsk *ask) {
    return s->kind == SYSTEM_SEGMOTE ? routed(cx, s, image, prompts, ask)
                                     : plain(cx, s, image, prompts, ask);
}

/* ---- Many prompts on one image ------------------------------------------------------------- */

bool system_knows_image(const System *s) { return s->kind != SYSTEM_SEGMOTE; }

MaskOutput system_decode_image(Compute *cx, const System *s, const DecoderImage *image,
                               const Prompts *prompts, Tensor *text, bool multimask) {
    return imis_of(s) ? imis_decode_image(cx, &s->imis, &s->sam, image, prompts, text, multimask)
                      : sam_decode_image(cx, &s->sam, image, prompts, multimask);
}

int system_text_width(const System *s) {
    return s->imis.config.tower.width ? s->imis.config.text : 0;
}

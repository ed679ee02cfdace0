/* Opening a system and running it, whichever it is. */
#include "systems/system.h"

#include <string.h>

#include "base/text.h"
#include "systems/systems.h"

/* ---- What a file is --------------------------------------------------------------------- */

static bool has_encoder(const Checkpoint *c) {
    return checkpoint_find(c, "image_encoder.patch_embed.proj.weight") ||
           checkpoint_find(c, "image_encoder.patch_embed.seq.0.c.weight") ||
           checkpoint_find(c, "image_encoder.sam_encoder.patch_embed.proj.weight");
}

const SystemOps *system_recognized(const Checkpoint *c, bool beside_base) {
    const SystemOps *found = NULL;
    for (int i = 0; system_at(i); i++)
        if (system_at(i)->beside_base == beside_base && system_at(i)->recognizes(c))
            found = system_at(i);
    return found;
}

bool system_needs_base(const Checkpoint *file) {
    return system_recognized(file, true) && !has_encoder(file);
}

bool system_takes_base(const Checkpoint *file) {
    return system_recognized(file, true) &&
           (!has_encoder(file) || system_recognized(file, false)->incomplete);
}

const char *const *system_owned(const System *s) { return s->adapter ? system_trained(s) : NULL; }

const char *const *system_trained(const System *s) {
    return s->ops->trained ? s->ops->trained(s) : NULL;
}

/* A whole file is told by its names and shapes, or by SAM's config; an adapter has its own. */
char *system_config_write(const System *s) {
    return s->adapter ? s->ops->write_config(s) : sam_config_write(&s->sam.config);
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

/* What `file` has of a base. */
static Status declare_base(System *s, const Checkpoint *file, Error *error) {
    Status status = VOXPERT_OK;
    for (int i = 0; !status && system_at(i); i++)
        if (!system_at(i)->beside_base && system_at(i)->recognizes(file))
            status = system_at(i)->declare(s, file, error);
    return status;
}

Status system_check_base(System *s, const Checkpoint *file, const Checkpoint *base, Error *error) {
    const char *wanted = checkpoint_metadata(file, "parent_sha256"), *found = s->parent;
    Status status = params_identity(&s->sam.params, s->parent, error);
    if (status || !wanted || strcmp(wanted, found) == 0) return status;
    return error_set(error, VOXPERT_BAD_MODEL,
                     "%s: was trained on a base of identity %.16s..., and %s is %.16s...",
                     checkpoint_path(file), wanted, checkpoint_path(base), found);
}

/* The base, and where it has experts of its own, or the like, those that `file` says it has: they
 * are the base's as they were before they were trained further. */
static Status declare_all(System *s, const Checkpoint *base, const Checkpoint *file, Error *error) {
    const SystemOps *own = system_recognized(base, true);
    Status status = declare_base(s, base, error);
    return status || !own ? status : own->declare(s, file, error);
}

/* The frozen base, as it was when the adapter was trained. */
static Status open_base(System *s, const Checkpoint *file, const Checkpoint *base, Error *error) {
    if (!base)
        return error_set_field(error, VOXPERT_BAD_MODEL, "base",
                               "%s: is an adapter, which needs the model that it was trained on",
                               checkpoint_path(file));
    Status status = declare_all(s, base, file, error);
    if (!status) status = params_bind(&s->sam.params, base, false, NULL, 0, error);
    return status ? status : system_check_base(s, file, base, error);
}

Status system_open_base(System *s, const Checkpoint *base, char *warning, size_t warning_size,
                        Error *error) {
    *s = (System){0};
    Status status = declare_all(s, base, base, error);
    if (status) return status;
    return params_bind(&s->sam.params, base, false, warning, warning_size, error);
}

Status system_open(System *s, const Checkpoint *file, const Checkpoint *base, bool strict,
                   char *warning, size_t warning_size, Error *error) {
    *s = (System){0};
    Params *p = &s->sam.params;
    const SystemOps *own = system_recognized(file, true);
    s->adapter = system_needs_base(file);
    Status status =
        s->adapter || base ? open_base(s, file, base, error) : declare_base(s, file, error);
    if (!status && own && s->ops != own) status = own->declare(s, file, error);
    if (!status) status = params_bind(p, file, strict, warning, warning_size, error);
    return status ? status : sam_prepare(&s->sam, error);
}

void system_close(System *s) { sam_free(&s->sam); }

/* ---- Images ----------------------------------------------------------------------------- */

static size_t cells_of(const System *s) {
    return (size_t)sam_grid(&s->sam) * (size_t)sam_grid(&s->sam);
}

int system_block(const System *s) {
    return s->kept_block ? s->kept_block : s->ops->block ? s->ops->block(s) : 0;
}

static int channels_of(const System *s) { return s->ops->channels ? s->ops->channels(s) : 0; }

System system_base_view(const System *s) {
    return (System){.ops = &sam_system, .sam = s->sam, .kept_block = system_block(s)};
}

bool system_encodes_as_base(const System *s) { return s->adapter && !channels_of(s); }

size_t system_embedding_floats(const System *s) {
    return cells_of(s) * (size_t)s->sam.config.prompt.dim;
}

size_t system_image_floats(const System *s) {
    size_t floats = system_embedding_floats(s);
    if (s->kept_block) return floats + cells_of(s) * (size_t)s->sam.config.vit.dim;
    return floats + 16 * cells_of(s) * (size_t)channels_of(s);
}

SystemImage system_image_over(Compute *cx, const System *s, float *kept) {
    int grid = sam_grid(&s->sam), channels = channels_of(s);
    float *rest = kept + system_embedding_floats(s);
    int embedding[] = {1, grid, grid, s->sam.config.prompt.dim};
    int block[] = {1, grid, grid, s->sam.config.vit.dim};
    int features[] = {1, 4 * grid, 4 * grid, channels};
    SystemImage image = {.embedding = tensor_over(cx, 4, embedding, kept)};
    if (s->kept_block)
        image.block = tensor_over(cx, 4, block, rest);
    else if (channels)
        image.features = tensor_over(cx, 4, features, rest);
    return image;
}

SystemImage system_encode_parts(Compute *cx, const System *s, Tensor *image) {
    SystemImage out = {0};
    int block = system_block(s);
    if (!block) return (SystemImage){.embedding = sam_encode(cx, &s->sam, image)};
    out.embedding = image_encoder_features(cx, &s->sam.vit, image, block - 1, &out.block);
    compute_observe(cx, out.embedding, "embedding");
    compute_observe(cx, out.block, "block_feature");
    return out;
}

Tensor *system_features(Compute *cx, const System *s, const SystemImage *parts) {
    return s->ops->features ? s->ops->features(cx, s, parts) : NULL;
}

SystemImage system_encode(Compute *cx, const System *s, Tensor *image) {
    SystemImage out = system_encode_parts(cx, s, image);
    if (s->kept_block) return out;
    out.features = system_features(cx, s, &out);
    out.block = NULL; /* the features are made of it */
    return out;
}

/* ---- Prompts ---------------------------------------------------------------------------- */

int system_text_width(const System *s) {
    return s->imis.config.tower.width ? s->imis.config.text : 0;
}

const ClipText *system_text_tower(const System *s) {
    return s->imis.config.tower.width ? &s->imis.tower : NULL;
}

bool system_answers_unprompted(const System *s) {
    return s->ops->answers_unprompted && s->ops->answers_unprompted(s);
}

int system_classes(const System *s) { return s->ops->classes ? s->ops->classes(s) : 0; }

const char *system_class_name(const System *s, int index) {
    return index >= 0 && index < system_classes(s) ? s->ops->class_name(s, index) : NULL;
}

int system_class_find(const System *s, const char *name) {
    for (int i = 0; i < system_classes(s); i++)
        if (strcmp(system_class_name(s, i), name) == 0) return i + 1;
    return 0;
}

SystemOutput system_decode(Compute *cx, const System *s, const SystemImage *image,
                           const Prompts *prompts, const DecodeOptions *options) {
    return s->ops->decode(cx, s, image, prompts, options);
}

/* ---- Training --------------------------------------------------------------------------- */

Tensor *system_loss(Compute *cx, const System *s, const SystemOutput *out,
                    const SystemTarget *target, const SystemLoss *rule, MaskLossParts *parts) {
    Tensor *loss =
        op_mask_loss(cx, target->logits, target->mask, target->quality, &rule->mask, parts);
    Tensor *own = s->ops->terms ? s->ops->terms(cx, s, out, target, rule->term) : NULL;
    return own ? op_add(cx, loss, own) : loss;
}

#include "weights/dialects.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static const char *const nests[] = {
    "model_state_dict", /* SAM-Med3D, SegMoTE */
    "model",            /* SAM-Med2D */
    "state_dict",       /* Lightning, MONAI */
    "model_state",      /* micro-sam */
    "net",
    "net_state_dict",
    "network",
    "network_weights", /* nnU-Net */
    "sam",
    "sam_state_dict",
    "module", /* DeepSpeed */
    "weights",
    "checkpoint",
    NULL,
};

/* ---- Wrappers --------------------------------------------------------------------------- */

static const char *const parts[] = {
    "image_encoder.",  "prompt_encoder.",         "mask_decoder.",
    "vision_encoder.", "shared_image_embedding.", NULL,
};

static const char *const wrappers[] = {
    "module.", "model.", "sam.", "net.", "network.", "sam_model.", "base_model.", NULL,
};

static const char *const transparent[] = {
    "_orig_mod.",
    "_fsdp_wrapped_module.",
    "_checkpoint_wrapped_module.",
    NULL,
};

/* Bytes of the word of `list` that `name` begins with; 0: of none. */
static size_t begins_with(const char *name, const char *const *list) {
    for (; *list; list++) {
        if (text_starts(name, *list)) return strlen(*list);
    }
    return 0;
}

bool dialect_is_part(const char *name) { return begins_with(name, parts) > 0; }

bool dialect_is_transformers(const char *name) { return text_starts(name, "vision_encoder."); }

size_t dialect_wrapper(const char *name) {
    size_t at = 0, length;
    while ((length = begins_with(name + at, wrappers))) at += length;
    return at;
}

size_t dialect_any_wrapper(const char *name) {
    for (const char *at = name; *at;) {
        if (dialect_is_part(at)) return (size_t)(at - name);
        at += strcspn(at, ".");
        at += *at == '.';
    }
    return SIZE_MAX;
}

void dialect_unwrap(char *name) {
    bool inside = false; /* of a part */
    for (char *at = name; *at;) {
        inside |= dialect_is_part(at);
        size_t length = begins_with(at, transparent);
        if (!length && inside && text_starts(at, "module.")) length = strlen("module.");
        if (length) {
            memmove(at, at + length, strlen(at + length) + 1);
            continue;
        }
        at += strcspn(at, ".");
        at += *at == '.';
    }
}

/* ---- Old names -------------------------------------------------------------------------- */

typedef struct Rename {
    const char *from, *to;
} Rename;

/* SegMoTE grew out of HQ-SAM's names; its released files may have either. */
static const Rename renames[] = {
    {"hq_token", "expert_tokens"},
    {"hq_mlp", "expert_mlp"},
    {"output_hypernetworks_mlps_hq", "expert_output_mlps"},
    {"embedding_encoder", "expert_embedding_encoder"},
    {"embedding_maskfeature", "expert_feature_fusion"},
};

enum { MOST_GROWTH = 2 }; /* no `to` is more than twice as long as its `from` */

const char *dialect_nest(size_t index) { return nests[index]; }

static bool text_lies_at(const char *want, const char *at, const char *end) {
    size_t length = strlen(want);
    return (size_t)(end - at) >= length && memcmp(at, want, length) == 0;
}

/* `from` may be a part of `to` ("embedding_encoder"): then it is left alone where `to` is. */
static bool is_renamed_already(const Rename *r, const char *start, const char *at,
                               const char *end) {
    const char *inside = strstr(r->to, r->from);
    return inside && at - start >= inside - r->to &&
           text_lies_at(r->to, at - (inside - r->to), end);
}

static const Rename *rename_at(const char *start, const char *at, const char *end) {
    for (size_t i = 0; i < sizeof renames / sizeof *renames; i++) {
        if (text_lies_at(renames[i].from, at, end) &&
            !is_renamed_already(&renames[i], start, at, end))
            return &renames[i];
    }
    return NULL;
}

char *dialect_name(const char *stored, size_t length) {
    char *name = memory_new(MOST_GROWTH * length + 1), *out = name;
    if (!name) return NULL;
    for (const char *at = stored, *end = stored + length; at < end;) {
        const Rename *r = rename_at(stored, at, end);
        if (r) {
            out = stpcpy(out, r->to);
            at += strlen(r->from);
        } else {
            *out++ = *at++;
        }
    }
    return name;
}

/* ---- transformers ----------------------------------------------------------------------- */

/* The first row whose `from` a name begins with is used; '*' stands for what goes up to the next
 * dot, on both sides.  The rest of the name stays. */
static const Rename from_transformers[] = {
    {"shared_image_embedding.positional_embedding",
     "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"},
    {"prompt_encoder.shared_embedding.positional_embedding",
     "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"},
    {"prompt_encoder.point_embed.", "prompt_encoder.point_embeddings."},
    {"prompt_encoder.mask_embed.conv1.", "prompt_encoder.mask_downscaling.0."},
    {"prompt_encoder.mask_embed.layer_norm1.", "prompt_encoder.mask_downscaling.1."},
    {"prompt_encoder.mask_embed.conv2.", "prompt_encoder.mask_downscaling.3."},
    {"prompt_encoder.mask_embed.layer_norm2.", "prompt_encoder.mask_downscaling.4."},
    {"prompt_encoder.mask_embed.conv3.", "prompt_encoder.mask_downscaling.6."},
    {"vision_encoder.patch_embed.projection.", "image_encoder.patch_embed.proj."},
    {"vision_encoder.neck.conv1.", "image_encoder.neck.0."},
    {"vision_encoder.neck.layer_norm1.", "image_encoder.neck.1."},
    {"vision_encoder.neck.conv2.", "image_encoder.neck.2."},
    {"vision_encoder.neck.layer_norm2.", "image_encoder.neck.3."},
    {"vision_encoder.layers.*.layer_norm1.", "image_encoder.blocks.*.norm1."},
    {"vision_encoder.layers.*.layer_norm2.", "image_encoder.blocks.*.norm2."},
    {"vision_encoder.layers.", "image_encoder.blocks."},
    {"vision_encoder.", "image_encoder."},
    {"mask_decoder.transformer.layers.*.layer_norm1.", "mask_decoder.transformer.layers.*.norm1."},
    {"mask_decoder.transformer.layers.*.layer_norm2.", "mask_decoder.transformer.layers.*.norm2."},
    {"mask_decoder.transformer.layers.*.layer_norm3.", "mask_decoder.transformer.layers.*.norm3."},
    {"mask_decoder.transformer.layers.*.layer_norm4.", "mask_decoder.transformer.layers.*.norm4."},
    {"mask_decoder.transformer.layer_norm_final_attn.",
     "mask_decoder.transformer.norm_final_attn."},
    {"mask_decoder.upscale_conv1.", "mask_decoder.output_upscaling.0."},
    {"mask_decoder.upscale_layer_norm.", "mask_decoder.output_upscaling.1."},
    {"mask_decoder.upscale_conv2.", "mask_decoder.output_upscaling.3."},
    {"mask_decoder.iou_prediction_head.proj_in.", "mask_decoder.iou_prediction_head.layers.0."},
    {"mask_decoder.iou_prediction_head.layers.0.", "mask_decoder.iou_prediction_head.layers.1."},
    {"mask_decoder.iou_prediction_head.proj_out.", "mask_decoder.iou_prediction_head.layers.2."},
    {"mask_decoder.output_hypernetworks_mlps.*.proj_in.",
     "mask_decoder.output_hypernetworks_mlps.*.layers.0."},
    {"mask_decoder.output_hypernetworks_mlps.*.layers.0.",
     "mask_decoder.output_hypernetworks_mlps.*.layers.1."},
    {"mask_decoder.output_hypernetworks_mlps.*.proj_out.",
     "mask_decoder.output_hypernetworks_mlps.*.layers.2."},
};

/* Bytes of `name` that `from` stands for, 0: it does not begin so; *star: what '*' stands for. */
static size_t match(const char *from, const char *name, const char **star, size_t *starred) {
    const char *at = name;
    for (; *from; from++) {
        if (*from != '*') {
            if (*from != *at++) return 0;
            continue;
        }
        *star = at;
        *starred = strcspn(at, ".");
        at += *starred;
    }
    return (size_t)(at - name);
}

char *dialect_from_transformers(const char *name) {
    const char *star = "";
    size_t starred = 0, length = 0, i = 0;
    const size_t rows = sizeof from_transformers / sizeof *from_transformers;
    while (i < rows && !(length = match(from_transformers[i].from, name, &star, &starred))) i++;
    if (i == rows) return memory_text(name);
    const char *to = from_transformers[i].to;
    char *out = memory_new(strlen(to) + starred + strlen(name + length) + 1), *end = out;
    if (!out) return NULL;
    for (; *to; to++) {
        if (*to == '*')
            end = mempcpy(end, star, starred);
        else
            *end++ = *to;
    }
    strcpy(end, name + length);
    return out;
}

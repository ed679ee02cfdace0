/* What config.json says of a checkpoint with the names of transformers' SamModel.
 *
 * What shapes show must agree with it; what they do not show (numbers of heads, epsilons, which
 * blocks look at the whole image) is taken.  A field that is missing is as published: Meta's 1e-5
 * for the decoder's norms, say, where transformers writes 1e-6 into its files. */
#include <string.h>

#include "base/text.h"
#include "systems/sam_config.h"

static const char vision[] = "vision_config", prompt[] = "prompt_encoder_config",
                  decoder[] = "mask_decoder_config";

typedef struct Reader {
    SamConfig *config;
    const char *path;
    const json_t *root;
    Error *error;
} Reader;

static const json_t *field(const Reader *r, const char *section, const char *name) {
    return json_object_get(json_object_get(r->root, section), name);
}

static Status refuse(const Reader *r, const char *section, const char *name, const char *rule) {
    return error_set(r->error, VOXPERT_BAD_MODEL, "%s: \"%s.%s\" %s", r->path, section, name, rule);
}

/* ---- Whole numbers ---------------------------------------------------------------------- */

typedef struct Whole {
    const char *section, *name;
    size_t offset; /* of an int in SamConfig */
    bool take;     /* else it must agree */
    int more;      /* of ours than of theirs */
} Whole;

#define AT(path) offsetof(SamConfig, path)

static const Whole wholes[] = {
    {vision, "hidden_size", AT(vit.dim)},
    {vision, "output_channels", AT(vit.out)},
    {vision, "num_hidden_layers", AT(vit.depth)},
    {vision, "num_attention_heads", AT(vit.heads), .take = true},
    {vision, "num_channels", AT(vit.channels)},
    {vision, "image_size", AT(image)},
    {vision, "patch_size", AT(vit.patch)},
    {vision, "mlp_dim", AT(vit.hidden)},
    {vision, "window_size", AT(vit.window), .take = true},
    {prompt, "hidden_size", AT(prompt.dim)},
    {prompt, "image_size", AT(image)},
    {prompt, "mask_input_channels", AT(prompt.mask_width)},
    {decoder, "hidden_size", AT(decoder.transformer.dim)},
    {decoder, "mlp_dim", AT(decoder.transformer.hidden)},
    {decoder, "num_hidden_layers", AT(decoder.transformer.depth)},
    {decoder, "num_attention_heads", AT(decoder.transformer.heads), .take = true},
    {decoder, "iou_head_hidden_dim", AT(decoder.iou_hidden)},
    {decoder, "iou_head_depth", AT(decoder.iou_depth)},
    {decoder, "num_multimask_outputs", AT(decoder.masks), .more = 1},
};

static Status take_whole(const Reader *r, const Whole *w) {
    const json_t *value = field(r, w->section, w->name);
    json_int_t stated = json_integer_value(value);
    int ours;
    if (!value || json_is_null(value)) return VOXPERT_OK;
    if (!json_is_integer(value) || stated < 0 || stated > 1 << 20)
        return refuse(r, w->section, w->name, "is not a whole number from 0 to 2^20");
    char *at = (char *)r->config + w->offset;
    memcpy(&ours, at, sizeof ours);
    if (w->take) {
        ours = (int)stated;
        memcpy(at, &ours, sizeof ours);
        return VOXPERT_OK;
    }
    if (stated + w->more == ours) return VOXPERT_OK;
    return error_set(r->error, VOXPERT_BAD_MODEL,
                     "%s: \"%s.%s\" is %lld, but the tensors are made for %d", r->path, w->section,
                     w->name, (long long)stated, ours - w->more);
}

/* ---- The rest --------------------------------------------------------------------------- */

static Status take_epsilon(const Reader *r, const char *section, float *out) {
    const json_t *value = field(r, section, "layer_norm_eps");
    double eps = json_number_value(value);
    if (!value) return VOXPERT_OK;
    if (!json_is_number(value) || !(eps > 0.0 && eps < 1.0))
        return refuse(r, section, "layer_norm_eps", "is not a number between 0 and 1");
    *out = (float)eps;
    return VOXPERT_OK;
}

/* What cannot be run otherwise. */
static Status check_fixed(const Reader *r) {
    static const struct {
        const char *section, *name, *word;
    } words[] = {{vision, "hidden_act", "gelu"},
                 {prompt, "hidden_act", "gelu"},
                 {decoder, "hidden_act", "relu"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const json_t *value = field(r, words[i].section, words[i].name);
        const char *word = json_string_value(value);
        if (value && (!word || strcmp(word, words[i].word) != 0))
            return refuse(r, words[i].section, words[i].name,
                          "is no activation of a SAM: gelu, and relu in the decoder, can be run");
    }
    static const char *const flags[] = {"qkv_bias", "use_abs_pos"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        const json_t *value = field(r, vision, flags[i]);
        if (value && !json_is_true(value)) return refuse(r, vision, flags[i], "must be true");
    }
    const json_t *relative = field(r, vision, "use_rel_pos");
    if (relative && json_is_true(relative) != r->config->vit.relative)
        return refuse(r, vision, "use_rel_pos", "does not agree with the tensors");
    const json_t *rate = field(r, decoder, "attention_downsample_rate");
    if (rate && json_integer_value(rate) != 2)
        return refuse(r, decoder, "attention_downsample_rate", "must be 2");
    float eps = 1e-6f;
    Status status = take_epsilon(r, prompt, &eps);
    if (!status && eps != 1e-6f) return refuse(r, prompt, "layer_norm_eps", "must be 1e-06");
    return status;
}

static Status take_global(const Reader *r) {
    const json_t *list = field(r, vision, "global_attn_indexes"), *value;
    size_t i;
    if (!list) return VOXPERT_OK;
    if (!json_is_array(list)) return refuse(r, vision, "global_attn_indexes", "is not a list");
    r->config->vit.global = 0;
    json_array_foreach(list, i, value) {
        json_int_t block = json_integer_value(value);
        if (!json_is_integer(value) || block < 0 || block >= r->config->vit.depth)
            return refuse(r, vision, "global_attn_indexes", "names a block that is not there");
        r->config->vit.global |= (uint64_t)1 << block;
    }
    return VOXPERT_OK;
}

static Status check_kind(const Reader *r) {
    const char *kind = json_string_value(json_object_get(r->root, "model_type"));
    static const char *const sections[] = {vision, prompt, decoder};
    if (kind && strcmp(kind, "sam") != 0)
        return error_set(
            r->error, VOXPERT_BAD_MODEL,
            "%s: \"model_type\" is \"%.60s\", and of transformers' models only \"sam\" "
            "can be run",
            r->path, kind);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        const json_t *section = json_object_get(r->root, sections[i]);
        if (section && !json_is_object(section))
            return error_set(r->error, VOXPERT_BAD_MODEL, "%s: \"%s\" is not an object", r->path,
                             sections[i]);
    }
    return VOXPERT_OK;
}

static Status take_all(const Reader *r) {
    Status status = check_kind(r);
    for (size_t i = 0; !status && i < sizeof wholes / sizeof *wholes; i++)
        status = take_whole(r, &wholes[i]);
    if (!status) status = check_fixed(r);
    if (!status) status = take_epsilon(r, vision, &r->config->vit.eps);
    if (!status) status = take_epsilon(r, decoder, &r->config->decoder.transformer.eps);
    return status ? status : take_global(r);
}

Status sam_config_take_transformers(SamConfig *c, const char *json, const char *path,
                                    Error *error) {
    if (!json) return VOXPERT_OK;
    json_error_t why;
    size_t mark = text_mark(json, strlen(json));
    json_t *root = json_loads(json + mark, JSON_REJECT_DUPLICATES, &why);
    Reader r = {.config = c, .path = path, .root = root, .error = error};
    Status status = json_is_object(root)
                        ? take_all(&r)
                        : error_set(error, VOXPERT_BAD_MODEL, "%s: is not a JSON object%s%s", path,
                                    root ? "" : ": ", root ? "" : why.text);
    json_decref(root);
    return status;
}

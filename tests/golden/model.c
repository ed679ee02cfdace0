#include "tests/golden/model.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

/* ---- Configurations ------------------------------------------------------------------------- */

int golden_number(GoldenRun *run, const json_t *config, const char *key) {
    const json_t *value = json_object_get(config, key);
    if (!json_is_number(value)) golden_fail(run, "config: %s is missing", key);
    return (int)lround(json_number_value(value));
}

/* What is no field of ours must be what we compute with. */
static bool is_fixed(GoldenRun *run, const json_t *config, const char *key, double value) {
    const json_t *stated = json_object_get(config, key);
    if (!stated || fabs(json_number_value(stated) - value) <= 1e-9 * value) return true;
    golden_fail(run, "config: %s is %g, and only %g is supported", key, json_number_value(stated),
                value);
    return false;
}

static bool is_true(const json_t *config, const char *key) {
    return json_is_true(json_object_get(config, key));
}

static bool vit_config(GoldenRun *run, const json_t *j, ImageEncoderConfig *e) {
    const char *kind = json_string_value(json_object_get(j, "kind"));
    bool timm = strcmp(kind, "timm_samvit") == 0;
    e->patch = golden_number(run, j, "patch_size");
    e->side = e->patch ? golden_number(run, j, "image_size") / e->patch : 0;
    e->channels = 3;
    e->dim = golden_number(run, j, "embed_dim");
    e->depth = golden_number(run, j, "depth");
    e->heads = golden_number(run, j, "num_heads");
    e->window = golden_number(run, j, "window_size");
    e->hidden = (int)lround(e->dim * json_number_value(json_object_get(j, "mlp_ratio")));
    e->out = golden_number(run, j, timm ? "neck_chans" : "prompt_embed_dim");
    e->eps = (float)json_number_value(json_object_get(j, "encoder_ln_eps"));
    e->relative = is_true(j, "use_rel_pos");
    e->adapters = is_true(j, "adapter");
    e->timm = timm;
    e->positions = timm ? POSITIONS_BICUBIC : e->adapters ? POSITIONS_BILINEAR : POSITIONS_FIXED;
    json_t *global = json_object_get(j, "global_attn_indexes");
    for (size_t i = 0; i < json_array_size(global); i++)
        e->global |= (uint64_t)1 << json_integer_value(json_array_get(global, i));
    return is_true(j, "qkv_bias") && is_true(j, "use_abs_pos") &&
           (!e->adapters || is_fixed(run, j, "adapter_ratio", 0.25));
}

/* MobileSAM's rule for the strides of its merges. */
static int merge_stride(int width) { return width == 320 || width == 448 || width == 576 ? 1 : 2; }

static bool tiny_config(GoldenRun *run, const json_t *j, TinyVitConfig *t) {
    json_t *dims = json_object_get(j, "embed_dims"), *depths = json_object_get(j, "depths");
    json_t *heads = json_object_get(j, "num_heads"), *windows = json_object_get(j, "window_sizes");
    double expand = json_number_value(json_object_get(j, "mbconv_expand_ratio"));
    double ratio = json_number_value(json_object_get(j, "mlp_ratio"));
    t->stages = (int)json_array_size(dims);
    if (t->stages < 1 || t->stages > TINY_VIT_MAX_STAGES) return false;
    for (size_t i = 0; i < (size_t)t->stages; i++) {
        TinyVitStageConfig *s = &t->stage[i];
        s->dim = (int)json_integer_value(json_array_get(dims, i));
        s->depth = (int)json_integer_value(json_array_get(depths, i));
        s->heads = i ? (int)json_integer_value(json_array_get(heads, i)) : 0;
        s->window = i ? (int)json_integer_value(json_array_get(windows, i)) : 0;
        s->hidden = (int)lround(s->dim * (i ? ratio : expand));
        if (i) t->stage[i - 1].stride = merge_stride(s->dim);
    }
    t->channels = 3;
    t->stem = t->stage[0].dim / 2;
    t->out = golden_number(run, j, "prompt_embed_dim");
    return is_fixed(run, j, "local_conv_size", 3) && is_fixed(run, j, "batchnorm_eps", 1e-5) &&
           is_fixed(run, j, "attention_ln_eps", 1e-5);
}

static void decoder_config(GoldenRun *run, const json_t *j, SamConfig *c) {
    c->prompt.dim = golden_number(run, j, "prompt_embed_dim");
    c->prompt.mask_width = golden_number(run, j, "mask_in_chans");
    c->decoder.transformer = (TwoWayConfig){
        .dim = c->prompt.dim,
        .depth = golden_number(run, j, "transformer_depth"),
        .heads = golden_number(run, j, "transformer_heads"),
        .hidden = golden_number(run, j, "transformer_mlp_dim"),
    };
    c->decoder.masks = golden_number(run, j, "num_multimask_outputs") + 1;
    c->decoder.iou_hidden = golden_number(run, j, "iou_head_hidden_dim");
    c->decoder.iou_depth = golden_number(run, j, "iou_head_depth");
}

bool golden_sam_config(GoldenRun *run, SamConfig *out) {
    json_t *j = golden_metadata(run, "config");
    const char *kind = json_string_value(json_object_get(j, "kind"));
    *out = (SamConfig){.image = golden_number(run, j, "image_size")};
    bool ok = kind != NULL;
    if (ok && strcmp(kind, "mobile_sam") == 0) {
        out->encoder = ENCODER_TINY_VIT;
        ok = tiny_config(run, j, &out->tiny);
    } else if (ok) {
        ok = vit_config(run, j, &out->vit);
    }
    ok = ok && is_fixed(run, j, "layernorm2d_eps", 1e-6) &&
         is_fixed(run, j, "twoway_ln_eps", 1e-5) &&
         is_fixed(run, j, "attention_downsample_rate", 2) &&
         is_fixed(run, j, "adapter_ln_eps", 1e-5);
    if (!ok) golden_fail(run, "config: describes no model of ours");
    if (!ok || (kind && strcmp(kind, "timm_samvit") == 0)) return ok; /* an encoder alone */
    decoder_config(run, j, out);
    char *json = sam_config_write(out); /* checked as any user's is */
    Error error;
    ok = json && golden_check(run, sam_config_parse(out, json, "config", &error), &error);
    memory_free(json);
    return ok;
}

/* ---- Models --------------------------------------------------------------------------------- */

bool golden_model_open(GoldenModel *m, GoldenRun *run) {
    *m = (GoldenModel){0};
    SamConfig config;
    Error error;
    if (!golden_sam_config(run, &config) || !golden_weights_open(&m->weights, run)) return false;
    sam_declare(&m->sam, &config);
    return golden_check(run,
                        params_bind(&m->sam.params, m->weights.checkpoint, true, NULL, 0, &error),
                        &error) &&
           golden_check(run, sam_prepare(&m->sam, &error), &error);
}

void golden_model_close(GoldenModel *m) {
    sam_free(&m->sam);
    golden_weights_close(&m->weights);
}

/* ---- Running -------------------------------------------------------------------------------- */

enum { RECORDS = 256 << 20 }; /* addresses; touched as needed */

static void forget_gradients(const Params *params) {
    for (size_t i = 0; params && i < params->count; i++) {
        params->item[i]->tensor.grad = NULL;
        params->item[i]->tensor.used = false;
    }
}

static Status pass(GoldenRun *run, Compute *cx, GoldenWork *work, void *context, Error *error) {
    Arena records = {0};
    Status status = arena_open(&records, RECORDS, error);
    if (status) return status;
    cx->records = &records;
    cx->worker = &run->bench->worker;
    work(cx, context);
    status = compute_status(cx, error);
    arena_close(&records);
    return status;
}

bool golden_compute(GoldenRun *run, const Params *params, GoldenWork *work, void *context) {
    Arena measured = {0}, memory = {0};
    Error error;
    Status status = arena_open_measuring(&measured, &error);
    if (!status) {
        Compute cx = {.kernels = &kernels_measuring, .memory = &measured};
        status = pass(run, &cx, work, context, &error);
    }
    size_t needed = measured.peak;
    arena_close(&measured);
    forget_gradients(params);
    if (!status) status = arena_open(&memory, needed, &error);
    if (!status) {
        Compute cx = {.kernels = run->bench->kernels, .memory = &memory};
        status = pass(run, &cx, work, context, &error);
    }
    arena_close(&memory);
    forget_gradients(params);
    return golden_check(run, status, &error);
}

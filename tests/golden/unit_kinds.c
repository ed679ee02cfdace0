/* Kinds that run a part: timm's encoder, pieces of TinyViT, resampling of tables. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sam/resample.h"
#include "tests/golden/kinds.h"
#include "tests/golden/model.h"
#include "tests/golden/stages.h"

/* ---- timm's encoder ------------------------------------------------------------------------- */

typedef struct TimmCase {
    GoldenStages stages;
    const ImageEncoder *encoder;
} TimmCase;

static void timm_forward(Compute *cx, void *context) {
    TimmCase *t = context;
    golden_stages_watch(&t->stages, cx);
    Tensor *image = golden_map(t->stages.run, cx, "in.image");
    if (!image) return;
    Tensor *embedding = image_encoder_forward(cx, t->encoder, image);
    golden_stage(&t->stages, "embedding", embedding);
}

static bool timm_prepare(GoldenRun *run, ImageEncoder *encoder, Params *params,
                         GoldenWeights *weights) {
    SamConfig config;
    Error error;
    json_t *j = golden_metadata(run, "config");
    if (!golden_sam_config(run, &config) || !golden_weights_open(weights, run)) return false;
    image_encoder_declare(encoder, params, &config.vit);
    int grid = golden_number(run, j, "input_size") / config.vit.patch;
    return golden_check(run, params_bind(params, weights->checkpoint, true, NULL, 0, &error),
                        &error) &&
           golden_check(run, image_encoder_set_grid(encoder, params, grid, &error), &error) &&
           golden_check(run,
                        params_pack(params, NULL, run->bench->kernels, &run->bench->worker, false,
                                    true, &error),
                        &error);
}

void golden_timm_encoder(GoldenRun *run) {
    ImageEncoder encoder;
    Params params = {0};
    GoldenWeights weights = {0};
    if (timm_prepare(run, &encoder, &params, &weights)) {
        TimmCase t = {.stages = {.run = run, .encoder = {.vit = &encoder}}, .encoder = &encoder};
        golden_compute(run, &params, timm_forward, &t);
        golden_stages_free(&t.stages);
    }
    params_free(&params);
    golden_weights_close(&weights);
}

/* ---- Pieces of TinyViT ---------------------------------------------------------------------- */

typedef struct UnitCase {
    GoldenStages stages;
    const char *kind;
    int grid[2]; /* of tokens; 0 where the input is a map */
    TinyVitConfig config;
    TinyVitStem stem;
    Bottleneck bottleneck;
    TinyVitBlock block;
} UnitCase;

static bool is_unit(const UnitCase *u, const char *kind) { return strcmp(u->kind, kind) == 0; }

static bool unit_declare(UnitCase *u, Params *p, const json_t *j) {
    GoldenRun *run = u->stages.run;
    TinyVitStageConfig *s = &u->config.stage[0];
    params_ignore(p, "*.num_batches_tracked");
    if (is_unit(u, "tinyvit_stem")) {
        s->dim = golden_number(run, j, "embed_dim");
        u->config.channels = 3;
        u->config.stem = s->dim / 2;
        tiny_vit_stem_declare(&u->stem, p, &u->config);
        return true;
    }
    s->dim = golden_number(run, j, "dim");
    if (is_unit(u, "tinyvit_mbconv")) {
        bottleneck_declare(&u->bottleneck, p, s->dim, s->dim * golden_number(run, j, "expand"),
                           s->dim, 1);
    } else if (is_unit(u, "tinyvit_merge")) {
        int out = golden_number(run, j, "out_dim");
        bottleneck_declare(&u->bottleneck, p, s->dim, out, out, golden_number(run, j, "stride"));
    } else if (is_unit(u, "tinyvit_block")) {
        s->heads = golden_number(run, j, "num_heads");
        s->window = golden_number(run, j, "window");
        s->hidden = 4 * s->dim;
        tiny_vit_block_declare(&u->block, p, s);
    } else {
        golden_fail(run, "config: unit %s is not known", u->kind);
        return false;
    }
    return true;
}

static void unit_fold(UnitCase *u, Params *p) {
    if (is_unit(u, "tinyvit_stem"))
        tiny_vit_stem_prepare(&u->stem, p);
    else if (is_unit(u, "tinyvit_block"))
        tiny_vit_block_prepare(&u->block, p);
    else
        bottleneck_prepare(&u->bottleneck, p);
}

/* Tokens [b,l,c] as [b,h,w,c], or a map. */
static Tensor *unit_input(UnitCase *u, Compute *cx) {
    GoldenRun *run = u->stages.run;
    if (!u->grid[0]) return golden_map(run, cx, "in.x");
    GoldenArray a;
    Tensor *x = NULL;
    if (golden_input(run, "in.x", &a) && a.rank == 3 && a.dim[1] == u->grid[0] * u->grid[1])
        x = tensor_from(cx, 4, (int[]){a.dim[0], u->grid[0], u->grid[1], a.dim[2]}, a.values);
    else
        golden_fail(run, "in.x: is missing, or does not fit the grid");
    golden_array_free(&a);
    return x;
}

static void unit_forward(Compute *cx, void *context) {
    UnitCase *u = context;
    golden_stages_watch(&u->stages, cx);
    Tensor *x = unit_input(u, cx), *y = x;
    if (!x) return;
    if (is_unit(u, "tinyvit_stem"))
        y = tiny_vit_stem_forward(cx, &u->stem, x);
    else if (is_unit(u, "tinyvit_mbconv"))
        y = bottleneck_forward(cx, &u->bottleneck, x);
    else if (is_unit(u, "tinyvit_merge"))
        y = bottleneck_merge_forward(cx, &u->bottleneck, x);
    else
        y = tiny_vit_block_forward(cx, &u->block, &u->config.stage[0], x, 0, 0);
    golden_stage(&u->stages, "y", y);
}

static bool unit_prepare(UnitCase *u, Params *params, GoldenWeights *weights) {
    GoldenRun *run = u->stages.run;
    json_t *j = golden_metadata(run, "config"), *grid = json_object_get(j, "grid");
    u->kind = json_string_value(json_object_get(j, "kind"));
    for (size_t i = 0; i < 2; i++) u->grid[i] = (int)json_integer_value(json_array_get(grid, i));
    Error error;
    if (!u->kind || !unit_declare(u, params, j) || !golden_weights_open(weights, run) ||
        !golden_check(run, params_bind(params, weights->checkpoint, true, NULL, 0, &error), &error))
        return false;
    unit_fold(u, params);
    return golden_check(
        run,
        params_pack(params, NULL, run->bench->kernels, &run->bench->worker, false, false, &error),
        &error);
}

void golden_tiny_vit_unit(GoldenRun *run) {
    UnitCase u = {.stages = {.run = run}};
    Params params = {0};
    GoldenWeights weights = {0};
    if (unit_prepare(&u, &params, &weights)) golden_compute(run, &params, unit_forward, &u);
    golden_stages_free(&u.stages);
    params_free(&params);
    golden_weights_close(&weights);
}

/* ---- Tables of positions -------------------------------------------------------------------- */

static int side_of(const json_t *size, size_t axis) {
    if (json_is_integer(size)) return (int)json_integer_value(size);
    return (int)json_integer_value(json_array_get(size, axis));
}

/* [1,from,from,c] or [from,c] to the size that the op names. */
static bool resample(const char *op, const GoldenArray *in, const json_t *entry, float **out,
                     size_t *count) {
    const json_t *size = json_object_get(entry, "size");
    bool antialias = json_is_true(json_object_get(entry, "antialias"));
    int to = side_of(size, 0), channels = in->rank ? in->dim[in->rank - 1] : 0;
    bool linear = strcmp(op, "linear") == 0, bicubic = strcmp(op, "bicubic") == 0;
    if (linear ? in->rank != 2 : in->rank != 4 || in->dim[1] != in->dim[2]) return false;
    if (to < 1 || (!linear && side_of(size, 1) != to)) return false;
    if (!linear && (bicubic != antialias || (!bicubic && strcmp(op, "bilinear") != 0)))
        return false;
    *count = (size_t)to * (linear ? 1u : (size_t)to) * (size_t)channels;
    *out = malloc(*count * sizeof **out);
    if (!*out) return false;
    if (linear)
        relative_resample(*out, in->values, in->dim[0], to, channels);
    else
        positions_resample(*out, in->values, in->dim[1], to, channels, bicubic);
    return true;
}

void golden_resample(GoldenRun *run) {
    json_t *ops = golden_metadata(run, "ops");
    for (size_t i = 0; i < json_array_size(ops); i++) {
        json_t *entry = json_array_get(ops, i);
        const char *op = json_string_value(json_object_get(entry, "op"));
        const char *name = json_string_value(json_object_get(entry, "out"));
        const char *input = json_string_value(json_object_get(entry, "input"));
        GoldenArray in = {0};
        float *out = NULL;
        size_t count = 0;
        if (!op || !name || !input || !golden_input(run, input, &in) ||
            !resample(op, &in, entry, &out, &count))
            golden_fail(run, "op %zu: cannot be done", i);
        else
            golden_compare(run, name, out, count);
        free(out);
        golden_array_free(&in);
    }
}

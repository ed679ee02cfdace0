#include "tests/golden/windows.h"

#include <stdlib.h>
#include <string.h>

#include "tests/golden/model.h"

/* ---- The stream ----------------------------------------------------------------------------- */

/* "embedded", "blockN", "layerN.blockN", "layerN.downsample" */
static bool is_stream(const char *stage) {
    int layer, block, end = 0;
    if (strcmp(stage, "embedded") == 0) return true;
    if (sscanf(stage, "block%d%n", &block, &end) == 1 && !stage[end]) return true;
    if (sscanf(stage, "layer%d.block%d%n", &layer, &block, &end) == 2 && !stage[end]) return true;
    end = 0;
    return sscanf(stage, "layer%d.downsample%n", &layer, &end) == 1 && end && !stage[end];
}

void golden_stream_follow(GoldenStream *s, const char *stage, const Tensor *t) {
    if (t->rank != 4 || !is_stream(stage)) return;
    free(s->values);
    s->values = malloc(tensor_bytes(t));
    if (!s->values) abort();
    memcpy(s->values, t->data, tensor_bytes(t));
    memcpy(s->dim, t->dim, sizeof s->dim);
}

void golden_stream_free(GoldenStream *s) { free(s->values); }

/* ---- The slow way --------------------------------------------------------------------------- */

typedef struct SlowWay {
    const EncoderBlock *vit; /* one of them */
    const TinyVitBlock *tiny;
    const ImageEncoderConfig *vit_config;
    const TinyVitStageConfig *tiny_config;
    const GoldenStream *input;
    int side; /* of a window */
    int padded[2];
    GoldenArray *out; /* [b, padded, padded, dim] */
} SlowWay;

static bool find_block(SlowWay *w, const GoldenEncoder *e, const char *stage) {
    int layer, block;
    if (e->tiny && sscanf(stage, "layer%d.block%d.attn", &layer, &block) == 2) {
        w->tiny_config = &e->tiny->config.stage[layer];
        w->tiny = &e->tiny->stage[layer].block[block];
        w->side = w->tiny_config->window;
    } else if (e->vit && sscanf(stage, "block%d.attn", &block) == 1) {
        w->vit_config = &e->vit->config;
        w->vit = &e->vit->block[block];
        w->side = w->vit->global ? 0 : w->vit_config->window;
    }
    return w->side > 0;
}

/* Rows of `x` [b,h,w,c] at the first corner of zeros [b,padded h,padded w,c]. */
static Tensor *padded(Compute *cx, const SlowWay *w, Tensor *x) {
    int *d = x->dim;
    Tensor *y = tensor_zeros(cx, 4, (int[]){d[0], w->padded[0], w->padded[1], d[3]});
    if (!compute_ok(cx) || compute_measures(cx)) return y;
    size_t row = (size_t)d[2] * (size_t)d[3], padded_row = (size_t)w->padded[1] * (size_t)d[3];
    for (int b = 0; b < d[0]; b++) {
        for (int i = 0; i < d[1]; i++)
            memcpy(y->data + (size_t)(b * w->padded[0] + i) * padded_row,
                   x->data + (size_t)(b * d[1] + i) * row, row * sizeof(float));
    }
    return y;
}

/* SAM normalizes before it pads, TinyViT after. */
static Tensor *attend(Compute *cx, const SlowWay *w, Tensor *x) {
    if (w->tiny) return tiny_vit_attention(cx, w->tiny, w->tiny_config, padded(cx, w, x), NULL);
    const ImageEncoderConfig *c = w->vit_config;
    GridAttention how = {.heads = c->heads,
                         .head_dim = c->dim / c->heads,
                         .position = c->relative ? POSITION_DECOMPOSED : POSITION_NONE,
                         .grid = {w->padded[0], w->padded[1]},
                         .window = w->side,
                         .table_h = w->vit->table_h,
                         .table_w = w->vit->table_w};
    Tensor *n = padded(cx, w, layer_norm_forward(cx, &w->vit->norm1, x));
    Tensor *mixed = op_grid_attention(cx, linear_forward(cx, &w->vit->qkv, n), NULL, &how);
    return linear_forward(cx, &w->vit->proj, mixed);
}

static void slow_way(Compute *cx, void *context) {
    SlowWay *w = context;
    Tensor *y = attend(cx, w, tensor_from(cx, 4, w->input->dim, w->input->values));
    if (compute_ok(cx) && !compute_measures(cx)) memcpy(w->out->values, y->data, tensor_bytes(y));
}

/* ---- In windows ----------------------------------------------------------------------------- */

typedef struct Place {
    size_t at; /* in a row of our grid, or of the padded one */
    bool real;
} Place;

/* Of token (i, j) of window number `window` of image b. */
static Place place_of(const SlowWay *w, int b, int window, int i, int j) {
    const int *d = w->input->dim;
    int across = w->padded[1] / w->side;
    int y = window / across * w->side + i, x = window % across * w->side + j;
    if (y < d[1] && x < d[2]) return (Place){(size_t)((b * d[1] + y) * d[2] + x), true};
    return (Place){(size_t)((b * w->padded[0] + y) * w->padded[1] + x), false};
}

static void cut(const SlowWay *w, const Tensor *attention, const float *whole, float *out) {
    int windows = w->padded[0] * w->padded[1] / (w->side * w->side);
    size_t dim = (size_t)tensor_cols(attention);
    for (int b = 0; b < w->input->dim[0]; b++) {
        for (int k = 0; k < windows * w->side * w->side; k++, out += dim) {
            int token = k % (w->side * w->side);
            Place p = place_of(w, b, k / (w->side * w->side), token / w->side, token % w->side);
            memcpy(out, (p.real ? attention->data : whole) + p.at * dim, dim * sizeof *out);
        }
    }
}

static int rounded_up(int n, int to) { return (n + to - 1) / to * to; }

bool golden_windows(GoldenRun *run, const GoldenEncoder *e, const char *stage,
                    const GoldenStream *input, const Tensor *attention, GoldenArray *out) {
    SlowWay w = {.input = input};
    if (!find_block(&w, e, stage) || !input->values) return false;
    w.padded[0] = rounded_up(input->dim[1], w.side);
    w.padded[1] = rounded_up(input->dim[2], w.side);
    GoldenArray whole = {.rank = 4,
                         .dim = {input->dim[0], w.padded[0], w.padded[1], input->dim[3]}};
    whole.count =
        (size_t)whole.dim[0] * (size_t)whole.dim[1] * (size_t)whole.dim[2] * (size_t)whole.dim[3];
    *out = whole;
    whole.values = malloc(whole.count * sizeof(float));
    out->values = malloc(whole.count * sizeof(float));
    w.out = &whole;
    bool ok = whole.values && out->values && golden_compute(run, NULL, slow_way, &w);
    if (ok) cut(&w, attention, whole.values, out->values);
    golden_array_free(&whole);
    if (!ok) golden_array_free(out);
    return ok;
}

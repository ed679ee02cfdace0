#include "sam/mask_decoder.h"

void mask_decoder_declare(MaskDecoder *d, Params *p, const MaskDecoderConfig *c) {
    *d = (MaskDecoder){.config = *c};
    int dim = c->transformer.dim;
    size_t outer = params_enter(p, "transformer");
    two_way_declare(&d->transformer, p, &c->transformer);
    params_leave(p, outer);
    d->iou_token =
        params_declare(p, "iou_token.weight", LAYOUT_PLAIN, 2, (int[]){1, dim}, INITIAL_NORMAL, 0);
    d->mask_tokens = params_declare(p, "mask_tokens.weight", LAYOUT_PLAIN, 2,
                                    (int[]){c->masks, dim}, INITIAL_NORMAL, 0);
    transposed_declare(&d->up1, p, "output_upscaling.0", dim, dim / 4, 2, 2, 0, true);
    layer_norm_declare(&d->up_norm, p, "output_upscaling.1", dim / 4, 1e-6f);
    transposed_declare(&d->up2, p, "output_upscaling.3", dim / 4, dim / 8, 2, 2, 0, true);
    for (int i = 0; i < c->masks; i++) {
        outer = params_enter(p, "output_hypernetworks_mlps.%d", i);
        head_declare(&d->hyper[i], p, dim, dim, dim / 8, 3);
        params_leave(p, outer);
    }
    outer = params_enter(p, "iou_prediction_head");
    head_declare(&d->iou, p, dim, c->iou_hidden, c->masks, c->iou_depth);
    params_leave(p, outer);
}

/* ---- Forward ---------------------------------------------------------------------------- */

Tensor *mask_decoder_tokens(Compute *cx, Param *rows) {
    return tensor_view(cx, &rows->tensor, 0, 3, (int[]){1, rows->dim[0], rows->dim[1]});
}

/* [1,...] repeated `batch` times; others as they are. */
static Tensor *repeated(Compute *cx, Tensor *x, int batch) {
    if (x->dim[0] == batch || !compute_ok(cx)) return x;
    if (x->dim[0] != 1) return compute_fail(cx, "mask decoder: batches differ");
    return each_repeated(cx, x, batch);
}

Tensor *mask_decoder_source(Compute *cx, Tensor *embedding, Tensor *dense) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (dense->dim[0] == 1) return op_add(cx, embedding, dense);
    return op_add(cx, repeated(cx, embedding, dense->dim[0]), dense);
}

static TwoWayImage repeated_image(Compute *cx, const TwoWayImage *x, int batch) {
    return (TwoWayImage){.keys = repeated(cx, x->keys, batch),
                         .k = repeated(cx, x->k, batch),
                         .v = repeated(cx, x->v, batch),
                         .q = repeated(cx, x->q, batch)};
}

Tensor *mask_decoder_upscale(Compute *cx, const MaskDecoder *d, Tensor *keys, int grid) {
    int dim = d->config.transformer.dim;
    Tensor *x = tensor_view(cx, keys, 0, 4, (int[]){keys->dim[0], grid, grid, dim});
    x = layer_norm_forward(cx, &d->up_norm, convolution_forward(cx, &d->up1, x));
    x = convolution_forward(cx, &d->up2, op_activation(cx, x, ACTIVATION_GELU));
    return op_activation(cx, x, ACTIVATION_GELU);
}

static Tensor *hyper_forward(Compute *cx, const MaskDecoder *d, Tensor *queries, int first,
                             int count) {
    Tensor *part[MASK_TOKENS_MAX];
    for (int i = 0; i < count; i++) {
        part[i] = head_forward(cx, &d->hyper[first + i], op_slice(cx, queries, 1 + first + i, 1));
        compute_observe(cx, part[i], "hyper%d", first + i);
    }
    return count == 1 ? part[0] : op_concat(cx, count, part);
}

/* As published all masks are computed and some of them dropped: the heads of these have gradients
 * of zero, not none. */
static void touch_others(Compute *cx, const MaskDecoder *d, int first, int count) {
    for (int i = 0; i < d->config.masks; i++)
        if (i < first || i >= first + count) head_touch(cx, &d->hyper[i]);
}

DecoderImage mask_decoder_image(Compute *cx, const MaskDecoder *d, Tensor *source,
                                Tensor *positions) {
    int grid = source->dim[1];
    int flat[] = {source->dim[0], grid * grid, d->config.transformer.dim};
    Tensor *image = tensor_view(cx, source, 0, 3, flat);
    return (DecoderImage){two_way_image(cx, &d->transformer, image, positions), grid};
}

TwoWay mask_decoder_transform(Compute *cx, const MaskDecoder *d, const DecoderImage *image,
                              Tensor *positions, int parts, Tensor *const *part,
                              const TwoWayMiddle *middle) {
    enum { PARTS_MAX = 6 };
    TwoWay failed = {&cx->dummy, &cx->dummy};
    if (parts > PARTS_MAX - 2) compute_fail(cx, "mask decoder: parts");
    if (!compute_ok(cx)) return failed;
    Tensor *all[PARTS_MAX] = {mask_decoder_tokens(cx, d->iou_token),
                              mask_decoder_tokens(cx, d->mask_tokens)};
    int batch = image->side.keys->dim[0];
    for (int i = 0; i < parts; i++) {
        all[2 + i] = part[i];
        if (part[i]->dim[0] > batch) batch = part[i]->dim[0];
    }
    TwoWayImage side = repeated_image(cx, &image->side, batch);
    Tensor *tokens = repeated(cx, op_concat(cx, 2 + parts, all), batch);
    if (!compute_ok(cx)) return failed;
    return two_way_forward(cx, &d->transformer, tokens, &side, positions, middle);
}

Tensor *mask_decoder_masks(Compute *cx, Tensor *hyper, Tensor *upscaled) {
    if (!compute_ok(cx)) return &cx->dummy;
    int batch = upscaled->dim[0], height = upscaled->dim[1], width = upscaled->dim[2];
    int flat[] = {batch, height * width, upscaled->dim[3]};
    Tensor *masks = op_matmul(cx, hyper, tensor_view(cx, upscaled, 0, 3, flat));
    return tensor_view(cx, masks, 0, 4, (int[]){batch, hyper->dim[1], height, width});
}

Tensor *mask_decoder_iou(Compute *cx, const MaskDecoder *d, Tensor *queries) {
    Tensor *iou = head_forward(cx, &d->iou, op_slice(cx, queries, 0, 1));
    return tensor_view(cx, iou, 0, 2, (int[]){queries->dim[0], d->config.masks});
}

Tensor *mask_decoder_add_term(Compute *cx, Tensor *hyper, Tensor *term) {
    if (!compute_ok(cx)) return &cx->dummy;
    return op_add(cx, hyper, each_repeated(cx, term, hyper->dim[1]));
}

MaskOutput mask_decoder_conclude(Compute *cx, const MaskDecoder *d, const TwoWay *x, int grid,
                                 Tensor *term, bool multimask) {
    if (!compute_ok(cx)) return (MaskOutput){&cx->dummy, &cx->dummy};
    int first = multimask ? 1 : 0, count = multimask ? d->config.masks - 1 : 1;
    int batch = x->queries->dim[0];
    Tensor *up = mask_decoder_upscale(cx, d, x->keys, grid);
    compute_observe(cx, up, "upscaled");
    Tensor *hyper = hyper_forward(cx, d, x->queries, first, count);
    if (term) hyper = mask_decoder_add_term(cx, hyper, term);
    Tensor *masks = mask_decoder_masks(cx, hyper, up);
    Tensor *iou = mask_decoder_iou(cx, d, x->queries);
    touch_others(cx, d, first, count);
    iou = tensor_view(cx, iou, 0, 3, (int[]){batch, d->config.masks, 1});
    iou = op_slice(cx, iou, first, count);
    return (MaskOutput){masks, tensor_view(cx, iou, 0, 2, (int[]){batch, count})};
}

MaskOutput mask_decoder_prompt(Compute *cx, const MaskDecoder *d, const DecoderImage *image,
                               Tensor *positions, Tensor *sparse, bool multimask) {
    TwoWay x = mask_decoder_transform(cx, d, image, positions, sparse ? 1 : 0, &sparse, NULL);
    return mask_decoder_conclude(cx, d, &x, image->grid, NULL, multimask);
}

MaskOutput mask_decoder_forward(Compute *cx, const MaskDecoder *d, Tensor *embedding,
                                Tensor *positions, const PromptTokens *prompts, bool multimask) {
    Tensor *source = mask_decoder_source(cx, embedding, prompts->dense);
    if (!compute_ok(cx)) return (MaskOutput){&cx->dummy, &cx->dummy};
    DecoderImage image = mask_decoder_image(cx, d, source, positions);
    return mask_decoder_prompt(cx, d, &image, positions, prompts->sparse, multimask);
}

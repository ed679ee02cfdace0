#include "sam/semantic_decoder.h"

void semantic_decoder_declare(SemanticDecoder *d, Params *p, const MaskDecoder *base,
                              const SemanticDecoderConfig *c) {
    int dim = base->config.transformer.dim;
    *d = (SemanticDecoder){.config = *c, .base = base};
    d->tokens = params_declare(p, "semantic_tokens.weight", LAYOUT_PLAIN, 2,
                               (int[]){c->tokens, dim}, INITIAL_NORMAL, 0);
    size_t outer = params_enter(p, "semantic_prediction_head");
    head_declare(&d->head, p, dim, base->config.iou_hidden, c->classes, 3);
    params_leave(p, outer);
    linear_declare(&d->text, p, "text_output", dim, dim / 8);
}

Tensor *semantic_decoder_tokens(Compute *cx, const SemanticDecoder *d) {
    return mask_decoder_tokens(cx, d->tokens);
}

Tensor *semantic_decoder_classes(Compute *cx, const SemanticDecoder *d, Tensor *queries) {
    int first = 1 + d->base->config.masks;
    return head_forward(cx, &d->head, op_slice(cx, queries, first, d->config.tokens));
}

Tensor *semantic_decoder_term(Compute *cx, const SemanticDecoder *d, Tensor *text) {
    return linear_forward(cx, &d->text, text);
}

MaskOutput semantic_decoder_prompt(Compute *cx, const SemanticDecoder *d, const DecoderImage *image,
                                   Tensor *positions, Tensor *sparse, Tensor *text,
                                   bool multimask) {
    Tensor *part[] = {semantic_decoder_tokens(cx, d), sparse};
    TwoWay x = mask_decoder_transform(cx, d->base, image, positions, sparse ? 2 : 1, part, NULL);
    Tensor *term = text ? semantic_decoder_term(cx, d, text) : NULL;
    return mask_decoder_conclude(cx, d->base, &x, image->grid, term, multimask);
}

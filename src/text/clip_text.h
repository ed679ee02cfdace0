/* clip_text.h - CLIP's text tower: token ids to one vector for each text (Radford et al. 2021).
 *
 *     x = token + position;  layers x { x += attention(norm1(x));  x += mlp(norm2(x)) }
 *     vector = norm(x) at the text's end
 *
 * Attention is causal, so nothing behind a text's end reaches its vector: padding is never
 * computed.  The tower is frozen in every published scheme and is for inference only; texts are
 * few, short and the same again and again, so callers keep the vectors. */
#ifndef TEXT_CLIP_TEXT_H
#define TEXT_CLIP_TEXT_H

#include "nn/layers.h"

enum { CLIP_TEXT_MAX_LAYERS = 32 };

typedef struct ClipTextConfig {
    int vocabulary; /* tokens; the last one ends a text */
    int positions;  /* tokens of a text at most, begin and end included */
    int width, layers, heads;
    int hidden; /* width of the MLPs */
} ClipTextConfig;

/* Of IMIS-Net and SegMoTE (docs/spec/segmote.md, 7.2). */
extern const ClipTextConfig clip_text_published;

typedef struct ClipTextLayer {
    LayerNorm norm1, norm2;
    Linear q, k, v, out;
    Mlp mlp;
} ClipTextLayer;

typedef struct ClipText {
    ClipTextConfig config;
    Param *tokens;    /* [vocabulary,width]; rows are read where the checkpoint's file has them */
    Param *positions; /* [positions,width] */
    ClipTextLayer layer[CLIP_TEXT_MAX_LAYERS];
    LayerNorm norm;
} ClipText;

/* Under the published names, text_model.text_model....; the heads divide the width. */
void clip_text_declare(ClipText *t, Params *p, const ClipTextConfig *c);

/* ids [batch][length], each text followed by an end token and whatever pads it -> [batch,width].
 * Fails where a text has no end or is longer than the tower's positions. */
Tensor *clip_text_forward(Compute *cx, const ClipText *t, int batch, int length, const int *ids);

#endif

/* segmote.h - SegMoTE: a frozen SAM, expert tokens with a router, prompt tokens from the image. */
#ifndef SYSTEMS_SEGMOTE_H
#define SYSTEMS_SEGMOTE_H

#include "moe/expert_decoder.h"
#include "systems/sam.h"

typedef struct SegmoteConfig {
    SamConfig sam;
    ExpertDecoderConfig experts;
    /* Of published mode: */
    int feature_block; /* whose output goes to the high-quality branch: 2 */
    int text;          /* width of a text embedding: 512 */
} SegmoteConfig;

/* The page's default numbers for a decoder of this width: 4 tokens, 4 experts, 1 kept, rank 64, 2
 * prompt tokens (golden/segmote/paper-mode.md). */
ExpertDecoderConfig segmote_experts(const SamConfig *sam);

typedef struct Segmote {
    Sam sam; /* whose parameters are all there are, the experts' too */
    ExpertDecoder experts;
    int feature_block;
    Linear text_out; /* text embeddings to the width of tokens */
} Segmote;

/* Must stay where it is from then on. */
void segmote_declare(Segmote *s, const SegmoteConfig *c);
void segmote_free(Segmote *s);

/* What the decoder needs of an image, all of the same batch. */
typedef struct SegmoteImage {
    Tensor *embedding; /* [b,grid,grid,dim] */
    Tensor *block;     /* published: [b,grid,grid,encoder's dim]; else NULL */
} SegmoteImage;

/* image [b,size,size,channels], normalized */
SegmoteImage segmote_encode(Compute *cx, const Segmote *s, Tensor *image);

/* Globs of what the paper trains, NULL-terminated: everything that SAM does not have. */
extern const char *const segmote_trained[];

#endif

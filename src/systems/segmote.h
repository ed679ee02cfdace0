/* segmote.h - SegMoTE: a frozen SAM, expert tokens with a router, prompt tokens from the image. */
#ifndef SYSTEMS_SEGMOTE_H
#define SYSTEMS_SEGMOTE_H

#include "moe/expert_decoder.h"
#include "systems/sam.h"

typedef struct SegmoteConfig {
    SamConfig sam;
    ExpertDecoderConfig experts;
} SegmoteConfig;

/* The page's default numbers for a decoder of this width: 4 tokens, 4 experts, 1 kept, rank 64, 2
 * prompt tokens (golden/segmote/paper-mode.md). */
ExpertDecoderConfig segmote_experts(const SamConfig *sam);

typedef struct Segmote {
    Sam sam; /* whose parameters are all there are, the experts' too */
    ExpertDecoder experts;
} Segmote;

/* Must stay where it is from then on. */
void segmote_declare(Segmote *s, const SegmoteConfig *c);
void segmote_free(Segmote *s);

/* Globs of what the paper trains, NULL-terminated: everything that SAM does not have. */
extern const char *const segmote_trained[];

#endif

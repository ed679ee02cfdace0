/* segmote.h - SegMoTE: expert tokens with a router and prompt tokens from the image, around a
 * frozen SAM (docs/spec/segmote.md). */
#ifndef SYSTEMS_SEGMOTE_H
#define SYSTEMS_SEGMOTE_H

#include "moe/expert_decoder.h"
#include "systems/imis.h"

/* Bytes of a name, with the zero; classes that prompt tokens can be asked for. */
enum { EXPERT_NAME = 32, CLASS_NAME = 64, CLASSES_MAX = 128 };

typedef struct SegmoteConfig {
    ExpertDecoderConfig experts;
    bool quiet;                               /* its routers are trained without noise */
    char name[EXPERTS_MAX][EXPERT_NAME];      /* of experts; "": it has none */
    char class_name[CLASSES_MAX][CLASS_NAME]; /* of the prompt tokens' classes, by their rows */
    /* Of published mode; 0 in paper mode: */
    int semantic_tokens, semantic_dim; /* of the IMIS-Net it stands on: 4; 512 */
    int feature_block;                 /* whose output goes to the high-quality branch: 2 of 12 */
    int text;                          /* width of a text's vector: 512 */
} SegmoteConfig;

/* Paper mode with the page's numbers: 4 tokens, 4 experts, 1 kept, rank 64, 2 prompt tokens. */
SegmoteConfig segmote_config_paper(const SamConfig *sam);

/* Published mode around an IMIS-Net, with the same numbers. */
SegmoteConfig segmote_config_published(const SamConfig *sam, const ImisConfig *imis);

bool segmote_config_is_there(const Checkpoint *c); /* the checkpoint has expert tokens */

/* From the metadata `config` of our own files, or from names and shapes; the rest is as published.
 * `sam` and `imis` (NULL: it is a plain SAM) are what it stands around.  VOXPERT_BAD_MODEL names
 * the field or tensor. */
MUST_CHECK Status segmote_config_infer(SegmoteConfig *out, const Checkpoint *c,
                                       const SamConfig *sam, const ImisConfig *imis, Error *error);

/* The `config` of an adapter's file, and back; caller frees the text, NULL when out of memory.
 * Beside its numbers it may say "ppt": "always" (default "prompt-free"), "noise": false and
 * "confidence": false (both default true; docs/spec/segmote.md, 4.1), "held_back": [4], the experts
 * that the router does not know, counted from 0 as in the names of tensors, "names": ["skin", "",
 * ...], one for each expert, and "prompt_classes": ["liver", ...], one for each class of
 * class_query. */
char *segmote_config_write(const SegmoteConfig *c);
MUST_CHECK Status segmote_config_parse(SegmoteConfig *out, const char *json, const char *file,
                                       const SamConfig *sam, const ImisConfig *imis, Error *error);

/* Letters, digits, '_', '-' and '.', a letter first, up to 31 of them, and not "auto". */
bool expert_name_is_good(const char *name);

/* From its number, 1 and up, or its name: the expert's index, or -1. */
int segmote_expert(const SegmoteConfig *c, const char *word);

/* UTF-8 of up to 63 bytes without commas and control characters, no space at its ends, and not
 * "all". */
bool class_name_is_good(const char *name);

/* The index of the class of that name, or -1. */
int segmote_class(const SegmoteConfig *c, const char *name);

/* Places of the terms that its loss has beside that of masks. */
enum { SEGMOTE_BALANCE };

typedef struct Segmote {
    SegmoteConfig config;
    ExpertDecoder experts;
} Segmote;

/* Declares what its base does not have; `sam` and, in published mode, `imis` must stay where they
 * are. */
void segmote_declare(Segmote *s, Params *p, const Sam *sam, const Imis *imis,
                     const SegmoteConfig *c);

/* Published: features of the high-quality branch [b,4 grid,4 grid,dim/8], of the image alone, but
 * through parameters that are trained; else NULL.  embedding [b,grid,grid,dim], block
 * [b,grid,grid,encoder's dim]: the output of the encoder's block config.feature_block. */
Tensor *segmote_features(Compute *cx, const Segmote *s, Tensor *embedding, Tensor *block);

/* Globs of what is trained, NULL-terminated: everything that the base does not have; in published
 * mode the prompt encoder and text_out_dim as well, which the released code does not freeze. */
const char *const *segmote_trained(const Segmote *s);

#endif

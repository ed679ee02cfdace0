/* predictor.h - one picture being worked on: views encoded once, prompts decoded often. */
#ifndef PREDICT_PREDICTOR_H
#define PREDICT_PREDICTOR_H

#include "predict/embedding_cache.h"
#include "predict/model.h"
#include "predict/prompt.h"
#include "predict/steps.h"

typedef struct PredictorOptions {
    size_t max_memory; /* bytes of a step; 0: no limit */
    EmbeddingCacheOptions cache;
} PredictorOptions;

typedef struct Predictor {
    const Model *model;
    Steps steps;
    Picture picture;              /* ours */
    char picture_hash[HASH_TEXT]; /* SHA-256 over size and pixels; "": not computed yet */
    View view;                    /* what `embedding` shows */
    bool encoded;
    float *embedding; /* [grid][grid][dim], and behind it what else the system keeps of an image */
    float *image;     /* what the decoder makes of it alone (DecoderImage); NULL until needed */
    bool image_known; /* `image` is of this embedding */
    EmbeddingCache cache;
    size_t max_memory;                     /* of a step; 0: no limit */
    double encode_seconds, decode_seconds; /* of the last call */
    bool from_cache;                       /* the last encode was a look-up */
    bool warned;                           /* that the model was trained on boxes alone */
    struct ExpertMaps *maps; /* the caller's: filled by each look (expert_maps.h); NULL: not */
} Predictor;

/* Any number of predictors, each on a thread of its own, may share a model.  `options` NULL: all
 * defaults. */
MUST_CHECK Status predictor_open(Predictor **out, const Model *model,
                                 const PredictorOptions *options, Error *error);
void predictor_close(Predictor *p); /* NULL is fine */

/* Another cache in place of what there was, which stays on failure.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status predictor_set_cache(Predictor *p, const EmbeddingCacheOptions *options,
                                      Error *error);

/* Copies the picture; the encoder runs when it is first needed.  On failure the picture before it
 * stays.  VOXPERT_BAD_ARGUMENT (no pixels, or more than 2^20 along a side). */
MUST_CHECK Status predictor_set_picture(Predictor *p, const Picture *picture, Error *error);

/* The same of a picture that is handed over: `picture` is empty afterwards, also on failure. */
MUST_CHECK Status predictor_give_picture(Predictor *p, Picture *picture, Error *error);

/* Makes the embedding of a crop the current one: nothing if it is, from the cache if it is there.
 */
MUST_CHECK Status predictor_encode(Predictor *p, Crop crop, Error *error);

/* The same of the crop, or of its mirror image; predictor_logits is not for that one. */
MUST_CHECK Status predictor_look(Predictor *p, Crop crop, bool mirrored, Error *error);

/* The whole picture's becomes the current one, and is there afterwards: from the folder, or encoded
 * and kept. */
MUST_CHECK Status predictor_ensure(Predictor *p, ElementType type, Error *error);

/* The same of a crop whose embedding [predictor_embedding_count] the caller has kept. */
void predictor_take(Predictor *p, Crop crop, const float *embedding);

size_t predictor_embedding_count(const Predictor *p);         /* floats in `embedding`, all of it */
SystemImage predictor_image(Compute *cx, const Predictor *p); /* the same as tensors */

/* ---- Decoding (predictor_decode.c) ------------------------------------------------------ */

/* What the routers of an answer did. */
typedef struct Routing {
    int layers, tokens, experts; /* 0: the model has none */
    int chosen;                  /* token whose mask is the answer */
    float *routed;               /* [layers][tokens][3 experts + 1], see op_route */
} Routing;

enum { PREDICTION_MASKS_MAX = EXPERT_TOKENS_MAX };

typedef struct Prediction {
    int count, side; /* masks; side of low_res */
    float *low_res;  /* [count][side][side] */
    float iou[PREDICTION_MASKS_MAX];
    int token[PREDICTION_MASKS_MAX];       /* which mask token each came from */
    Crop crop;                             /* what the model looked at, pixels of the picture */
    double encode_seconds, decode_seconds; /* of predictor_answer, all looks together */
    bool from_cache;                       /* of predictor_answer: no encoder ran */
    Routing routing;
} Prediction;

/* One sentence where the model cannot do what is asked: VOXPERT_BAD_ARGUMENT. */
MUST_CHECK Status predictor_check(const Predictor *p, const ObjectPrompt *prompt, Error *error);

/* Decodes against the current embedding.  `multimask`: all masks 1.., in the model's order; else
 * mask 0, or for presets that choose, the best of masks 1...  Overwrites `out`. */
MUST_CHECK Status predictor_decode(Predictor *p, const ObjectPrompt *prompt, bool multimask,
                                   Prediction *out, Error *error);

/* The same for many single points at once (everything mode): [points][2] in pixels of the picture;
 * masks 1.. of each, or mask 0 where not `multimask`: low_res [points][masks][side][side], iou
 * [points][masks], both the caller's. */
MUST_CHECK Status predictor_decode_points(Predictor *p, int points, const float *point,
                                          bool multimask, float *low_res, float *iou, Error *error);

/* Logits on the picture's own pixels [count][height][width]; outside of a crop they are -32. */
MUST_CHECK Status predictor_logits(const Predictor *p, const Prediction *prediction, float *out,
                                   Error *error);

void prediction_free(Prediction *p); /* zeroed is fine */

/* ---- Answers (predictor_zoom.c) --------------------------------------------------------- */

/* The answer to a prompt: in the whole picture, or with `zoom` in the crop around the box, the mask
 * or the earlier logits, and every point; points alone are first asked in the whole picture and in
 * ever smaller crops, and the crop is around their best answer (the whole picture where there is
 * none).  Earlier logits are brought into that view.  Overwrites `out`, whose times are set on
 * failure too. */
MUST_CHECK Status predictor_answer(Predictor *p, const ObjectPrompt *prompt, bool zoom,
                                   bool multimask, Prediction *out, Error *error);

#endif

/* experts.h - a look inside a mixture of experts: who they are, and where tokens go.
 *
 * UNSTABLE: it may change in every minor version (version.h).
 *
 * Experts, layers and tokens are counted from 1.  All calls give VOXPERT_BAD_ARGUMENT for a model
 * that has no experts. */
#ifndef VOXPERT_EXPERTS_H
#define VOXPERT_EXPERTS_H

#ifndef VOXPERT_UNSTABLE
#error "this header may change in every minor version: define VOXPERT_UNSTABLE to use it"
#endif

#include <stdint.h>

#include <voxpert/error.h>
#include <voxpert/evaluate.h>
#include <voxpert/mask.h>
#include <voxpert/model.h>
#include <voxpert/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One JSON object: numbers of tokens, experts, kept experts and prompt tokens, names of these
 * tokens' classes (where there are any: "prompt_classes"), rank, update and gate; the identity of
 * the base; and of each layer whether its router is degenerate (all weights zero: every logit ties
 * and the first expert gets all), and each expert's name, parameters and whether it is held back
 * from the router.  The caller frees `*json` with voxpert_free. */
VOXPERT_API VoxpertStatus voxpert_experts_describe(const VoxpertModel *model, char **json,
                                                   VoxpertError *error);

/* The expert that a number or a name means.  VOXPERT_BAD_ARGUMENT where there is none. */
VOXPERT_API VoxpertStatus voxpert_expert_find(const VoxpertModel *model, const char *word,
                                              int *expert, VoxpertError *error);

/* The class of prompt tokens, 1 and up, of that name: what a VoxpertSegmentOptions.prompt_class
 * asks for.  VOXPERT_BAD_ARGUMENT where there is none; the message names those that there are. */
VOXPERT_API VoxpertStatus voxpert_class_find(const VoxpertModel *model, const char *name,
                                             int *prompt_class, VoxpertError *error);

/* The name of class 1, 2, ...; NULL past the last. */
VOXPERT_API const char *voxpert_class_name(const VoxpertModel *model, int prompt_class);

/* Entropy of the softmax over a token's logits[experts], divided by ln of how many experts there
 * are to choose from: 0 is decided, 1 not at all.  Those of -infinity are held back and do not
 * count. */
VOXPERT_API double voxpert_routing_entropy(const float *logits, int experts);

/* ---- Where they look -------------------------------------------------------------------- */

/* Maps that show the whole image, made smaller until no side exceeds 512 pixels. */
typedef struct VoxpertExpertMaps {
    int width, height;
    VoxpertRouting routing;
    float *attention; /* [layers][experts][height][width], 0 to 1: where the tokens that went to an
                         expert look in that layer's attention to the image; all 0 where none did,
                         and where the model did not look */
    float *logits;    /* [tokens][height][width]: the mask that each token would answer with, above
                         0 inside; -32 where the model did not look */
} VoxpertExpertMaps;

/* What voxpert_segment does with this prompt, seen from inside.  `options` as there; multimask is
 * not looked at.  Errors: those of voxpert_segment. */
VOXPERT_API VoxpertStatus voxpert_expert_maps(VoxpertSession *session, const VoxpertPrompt *prompt,
                                              const VoxpertSegmentOptions *options,
                                              VoxpertExpertMaps *maps, VoxpertError *error);

/* Zeroed or NULL is fine. */
VOXPERT_API void voxpert_expert_maps_free(VoxpertExpertMaps *maps);

/* Draws them over the session's image and writes a PNG: a row for each layer with its experts'
 * attention, and one with the tokens' masks.  Errors: VOXPERT_BAD_OUTPUT, VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_expert_maps_write(const VoxpertSession *session,
                                                    const VoxpertExpertMaps *maps, const char *path,
                                                    VoxpertError *error);

/* Writes shares [layers][rows][experts] of 0 to 1 (NaN: nothing is known) as a PNG of coloured
 * cells; `row` names the rows.  Errors: VOXPERT_BAD_OUTPUT, VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_expert_matrix_write(const VoxpertModel *model,
                                                      const double *shares, int rows,
                                                      const char *const *row, const char *path,
                                                      VoxpertError *error);

/* ---- More of them, or fewer ------------------------------------------------------------- */

typedef struct VoxpertExpertAdd {
    const char *name; /* letters, digits, _, - and ., a letter first, at most 31 of them */
    int copy;         /* the expert that it begins as; 0: begun afresh, from `seed` */
    uint64_t seed;
} VoxpertExpertAdd;

/* Writes the model, which is an adapter, with one expert more in every layer.  It is held back: the
 * router does not know it until it is trained again, so that no answer changes by a bit; a
 * VoxpertSegmentOptions.expert reaches it.  The file is read back and compared; what was at `path`
 * is replaced.  Errors: VOXPERT_BAD_ARGUMENT, VOXPERT_BAD_OUTPUT, VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_expert_add(const VoxpertModel *model, const VoxpertExpertAdd *how,
                                             const char *path, VoxpertError *error);

/* The same with one expert, and its columns of the routers, less; those behind it move up.
 * VOXPERT_BAD_ARGUMENT also where it is the last one, or where fewer would be left to the router
 * than are kept of a token. */
VOXPERT_API VoxpertStatus voxpert_expert_remove(const VoxpertModel *model, int expert,
                                                const char *path, VoxpertError *error);

/* ---- As few as it takes ----------------------------------------------------------------- */

/* Ways of asking a model; bits. */
typedef enum VoxpertAsk {
    VOXPERT_ASK_BOX = 1,        /* each object's box */
    VOXPERT_ASK_CLICKS = 2,     /* clicks alone, the last of them counts */
    VOXPERT_ASK_PROMPT_FREE = 4 /* each image's whole foreground, without a prompt */
} VoxpertAsk;

/* NULL or 0 in any field but the tolerance means its default. */
typedef struct VoxpertPruneOptions {
    const char *const *data; /* folders with options, as for training: see voxpert/train.h */
    size_t data_count;
    const char *part;  /* "train", "validation" (default), "test", or "all" */
    unsigned ask;      /* VoxpertAsk's; default: all that the model can be asked */
    int clicks;        /* 1 .. 50; default: 1 */
    int most;          /* objects of each set, evenly spread; default: all */
    double tolerance;  /* 0 .. 1: how far below the start's the score may come */
    int min_tokens;    /* default: 1 */
    int min_experts;   /* that the router knows; default: as many as it keeps of a token */
    const char *cache; /* folder of embeddings, as of voxpert_session_cache; default: in memory */
    bool cache_half;
} VoxpertPruneOptions;

/* Takes expert tokens and experts out of an adapter, the least used first, as long as its score
 * allows, and writes what is left to `path`.  The load of an expert is its share of all that the
 * routers sent, that of a token the share of answers that were its mask.  The score is the mean,
 * over the ways of asking, of the mean over sets of the mean Dice over objects (nested labels: the
 * innermost) in whole images; `done` is called for each object, out of the most that there may be.
 * Experts that are held back stay.  `*json`, which the caller frees with voxpert_free, has start
 * and end (tokens, experts, parameters, score and Dice by way of asking) and each step: what was
 * taken out, by its number in the model that was given, its load, the score before and after, and
 * whether it came back, and "warnings", what was taken of the data although it was odd.  The file
 * is read back and compared; what was at `path` is replaced. Errors: those of
 * voxpert_evaluate_clicks; VOXPERT_BAD_ARGUMENT also where the model is no adapter, or has not as
 * many as are to be left, or would be left fewer experts than its router keeps; VOXPERT_BAD_OUTPUT.
 */
VOXPERT_API VoxpertStatus voxpert_experts_prune(const VoxpertModel *model,
                                                const VoxpertPruneOptions *options,
                                                const char *path, VoxpertCaseDone *done,
                                                void *context, char **json, VoxpertError *error);

#ifdef __cplusplus
}
#endif

#endif

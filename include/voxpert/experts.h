/* experts.h - a look inside a mixture of experts: who they are, and where tokens go.
 *
 * UNSTABLE: unlike the other headers, this one may change between minor versions.
 *
 * Experts, layers and tokens are counted from 1.  All calls give VOXPERT_BAD_ARGUMENT for a model
 * that has no experts. */
#ifndef VOXPERT_EXPERTS_H
#define VOXPERT_EXPERTS_H

#include <voxpert/error.h>
#include <voxpert/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One JSON object: numbers of tokens, experts, kept experts and prompt tokens, rank, update and
 * gate; the identity of the base; and of each layer whether its router is degenerate (all weights
 * zero: every logit ties and the first expert gets all), and each expert's name, parameters and
 * whether it is held back from the router.  The caller frees `*json` with voxpert_free. */
VOXPERT_API VoxpertStatus voxpert_experts_describe(const VoxpertModel *model, char **json,
                                                   VoxpertError *error);

/* The expert that a number or a name means.  VOXPERT_BAD_ARGUMENT where there is none. */
VOXPERT_API VoxpertStatus voxpert_expert_find(const VoxpertModel *model, const char *word,
                                              int *expert, VoxpertError *error);

/* Entropy of the softmax over a token's logits[experts], divided by ln of how many experts there
 * are to choose from: 0 is decided, 1 not at all.  Those of -infinity are held back and do not
 * count. */
VOXPERT_API double voxpert_routing_entropy(const float *logits, int experts);

#ifdef __cplusplus
}
#endif

#endif

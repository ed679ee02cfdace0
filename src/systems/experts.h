/* experts.h - the token experts of a system that routes: how many, how large, named, used or not.
 */
#ifndef SYSTEMS_EXPERTS_H
#define SYSTEMS_EXPERTS_H

#include "systems/system.h"

int system_experts(const System *s); /* 0: it has none */
int system_expert_layers(const System *s);

/* Their numbers: tokens, experts, kept, rank, which are disabled; NULL: it has none. */
const TokenExpertsConfig *system_token_experts(const System *s);

/* Of the expert tokens, among all queries of the decoder. */
int system_expert_first_token(const System *s);

const char *system_expert_name(const System *s, int expert); /* from 0; "": it has none */

/* From its number, 1 and up, or its name: 1 + the expert's index; 0: there is none. */
int system_expert_find(const System *s, const char *word);

int system_image_prompt_tokens(const System *s); /* made from the image; 0: none */

/* Passes that are not routed, and text prompts in training, are those of the published mode. */
bool system_experts_are_published(const System *s);

/* Numbers of one expert, from 0, in one layer. */
size_t system_expert_parameters(const System *s, int layer, int expert);

/* Whether no weight of a layer's router is used: then all logits tie, and the lowest expert gets
 * every token (docs/spec/segmote.md, 4.3).  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status system_router_is_degenerate(const System *s, int layer, bool *out, Error *error);

#endif

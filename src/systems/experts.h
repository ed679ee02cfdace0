/* experts.h - the experts of a system, seen from outside: how many, how large, used or not. */
#ifndef SYSTEMS_EXPERTS_H
#define SYSTEMS_EXPERTS_H

#include "systems/system.h"

int system_experts(const System *s); /* 0: it has none */
int system_expert_layers(const System *s);

/* Numbers of one expert, from 0, in one layer. */
size_t system_expert_parameters(const System *s, int layer, int expert);

/* Whether no weight of a layer's router is used: then all logits tie, and the lowest expert gets
 * every token (models.md, B.4).  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status system_router_is_degenerate(const System *s, int layer, bool *out, Error *error);

#endif

/* systems.h - one line for each published system, and what their rows share; the list of them is in
 * systems.c. */
#ifndef SYSTEMS_SYSTEMS_H
#define SYSTEMS_SYSTEMS_H

#include "systems/system.h"

extern const SystemOps sam_system;     /* sam_system.c */
extern const SystemOps imis_system;    /* imis_system.c */
extern const SystemOps segmote_system; /* segmote_system.c */

/* Declares the experts of that configuration around the base that is declared already. */
void system_declare_segmote(System *s, const SegmoteConfig *config);

/* The prompts as options->tokens, or encoded; the text as options->text_token, or made of
 * options->text, or NULL. */
PromptTokens system_prompt_tokens(Compute *cx, const System *s, const Prompts *prompts,
                                  const DecodeOptions *options);
Tensor *system_prompt_text(Compute *cx, const System *s, const DecodeOptions *options);

#endif

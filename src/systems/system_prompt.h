/* system_prompt.h - prompts of one decoder pass, as the rows of systems take them. */
#ifndef SYSTEMS_SYSTEM_PROMPT_H
#define SYSTEMS_SYSTEM_PROMPT_H

#include "systems/system.h"

/* The prompts as options->tokens, or encoded; the text as options->text_token, or made of
 * options->text, or NULL. */
PromptTokens system_prompt_tokens(Compute *cx, const System *s, const Prompts *prompts,
                                  const DecodeOptions *options);

Tensor *system_prompt_text(Compute *cx, const System *s, const DecodeOptions *options);

/* vectors [batch,system_text_width] -> [batch,dim], as decoders take them */
Tensor *system_text_token(Compute *cx, const System *s, Tensor *vectors);

#endif

#include "systems/system_prompt.h"

PromptTokens system_prompt_tokens(Compute *cx, const System *s, const Prompts *prompts,
                                  const DecodeOptions *options) {
    return options->tokens ? *options->tokens : prompt_encoder_forward(cx, &s->sam.prompt, prompts);
}

Tensor *system_text_token(Compute *cx, const System *s, Tensor *vectors) {
    return imis_text(cx, &s->imis, vectors);
}

Tensor *system_prompt_text(Compute *cx, const System *s, const DecodeOptions *options) {
    if (options->text_token) return options->text_token;
    return options->text ? system_text_token(cx, s, options->text) : NULL;
}

/* text_prompt.h - the name of a structure as the sentence that IMIS-Net and SegMoTE were trained
 * with, and its tokens (docs/spec/segmote.md, 7.2). */
#ifndef TEXT_TEXT_PROMPT_H
#define TEXT_TEXT_PROMPT_H

#include "text/bpe.h"

/* "A segmentation area of a NAME.": each run of spaces, '_' and '-' becomes one space, those around
 * the name go; capitals are left to the tokenizer.  Caller frees; NULL when out of memory. */
char *text_prompt_sentence(const char *name);

typedef struct TextTokens {
    int batch, length;
    int *id; /* [batch][length]: each text, then end tokens */
} TextTokens;

/* The sentences of `batch` names, padded to the longest.  VOXPERT_BAD_ARGUMENT: no name, an empty
 * one, or one that makes more than `most` tokens, begin and end included (of published towers: 77);
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status text_prompts_tokenize(TextTokens *out, const Bpe *bpe, int most, int batch,
                                        const char *const *names, Error *error);
void text_tokens_free(TextTokens *t); /* a zeroed one is fine */

#endif

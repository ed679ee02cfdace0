#include "text/text_prompt.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"

/* ---- The sentence ----------------------------------------------------------------------- */

static bool is_gap(char c) { return c == '_' || c == '-' || c == ' ' || (c >= '\t' && c <= '\r'); }

char *text_prompt_sentence(const char *name) {
    static const char before[] = "A segmentation area of a";
    char *sentence = memory_new(sizeof before + strlen(name) + 2); /* a space and a full stop */
    if (!sentence) return NULL;
    char *to = sentence + sizeof before - 1;
    memcpy(sentence, before, sizeof before);
    for (bool gap = true; *name; name++) {
        if (!is_gap(*name)) {
            if (gap) *to++ = ' ';
            *to++ = *name;
        }
        gap = is_gap(*name);
    }
    *to = '.';
    return sentence;
}

static bool is_empty(const char *name) {
    while (is_gap(*name)) name++;
    return *name == '\0';
}

/* ---- Tokens ----------------------------------------------------------------------------- */

static Status add_name(BpeTokens *all, const Bpe *bpe, const char *name, Error *error) {
    if (is_empty(name))
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "text", "the name is empty");
    char *sentence = text_prompt_sentence(name);
    if (!sentence) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a text prompt");
    Status status = bpe_encode(bpe, sentence, all, error);
    memory_free(sentence);
    return status;
}

/* Text i is tokens at[i] .. at[i + 1] of `all`. */
static Status collect(BpeTokens *all, size_t *at, const Bpe *bpe, int most, int batch,
                      const char *const *names, size_t *longest, Error *error) {
    for (int i = 0; i < batch; i++) {
        Status status = add_name(all, bpe, names[i], error);
        if (status) return error_prefix(error, status, "text \"%.60s\"", names[i]);
        at[i + 1] = all->count;
        size_t length = at[i + 1] - at[i];
        if (length > (size_t)most)
            return error_set_field(
                error, VOXPERT_BAD_ARGUMENT, "text",
                "text \"%.60s\": makes %zu tokens, and the model reads %d at most", names[i],
                length, most);
        *longest = size_max(*longest, length);
    }
    return VOXPERT_OK;
}

static Status pad(TextTokens *out, const BpeTokens *all, const size_t *at, int end, Error *error) {
    size_t length = (size_t)out->length;
    out->id = memory_new((size_t)out->batch * length * sizeof *out->id);
    if (!out->id) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for text prompts");
    for (int b = 0; b < out->batch; b++) {
        size_t count = at[b + 1] - at[b];
        int *row = out->id + (size_t)b * length;
        memcpy(row, all->id + at[b], count * sizeof *row);
        for (size_t i = count; i < length; i++) row[i] = end;
    }
    return VOXPERT_OK;
}

Status text_prompts_tokenize(TextTokens *out, const Bpe *bpe, int most, int batch,
                             const char *const *names, Error *error) {
    *out = (TextTokens){0};
    if (batch < 1) return error_set(error, VOXPERT_BAD_ARGUMENT, "there is no text prompt");
    BpeTokens all = {0};
    size_t longest = 0, *at = memory_new(((size_t)batch + 1) * sizeof *at);
    Status status = at ? collect(&all, at, bpe, most, batch, names, &longest, error)
                       : error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for text prompts");
    if (!status) {
        *out = (TextTokens){.batch = batch, .length = (int)longest};
        status = pad(out, &all, at, bpe_end(bpe), error);
    }
    memory_free(at);
    bpe_tokens_free(&all);
    if (status) text_tokens_free(out);
    return status;
}

void text_tokens_free(TextTokens *t) {
    memory_free(t->id);
    *t = (TextTokens){0};
}

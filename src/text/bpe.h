/* bpe.h - CLIP's byte-pair tokenizer: text to token ids (Radford et al. 2021).
 *
 * Token ids of a vocabulary of n: 0..255 the bytes, in the order of GPT-2's printable alphabet;
 * 256..511 the same as ends of words; then one for each merge, in the order of the file; n - 2 and
 * n - 1 begin and end a text.
 *
 * Exact for ASCII.  Of everything else a byte is a letter and keeps its case: small letters of any
 * script give the published tokens, capitals, signs, digits and spaces beyond ASCII may not, and
 * nothing is composed (NFC). */
#ifndef TEXT_BPE_H
#define TEXT_BPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { BPE_BYTES = 256, BPE_FIRST_MERGE = 2 * BPE_BYTES, BPE_LEAST = BPE_FIRST_MERGE + 2 };

typedef struct BpePair {
    int left, right; /* tokens; of merge i, both before BPE_FIRST_MERGE + i */
} BpePair;

typedef struct Bpe {
    int vocabulary;
    BpePair *pair;  /* of each merge, in order */
    uint32_t *slot; /* merges by a hash of their pair, counted from 1; 0: free */
    size_t slots;   /* a power of two */
} Bpe;

/* The merges as OpenAI (bpe_simple_vocab_16e6.txt.gz) and Hugging Face (merges.txt) publish them,
 * plain or gzip: a line that names a #version, then two tokens on each line.  A vocabulary of n
 * takes the first n - BPE_LEAST lines (published models: 49,408 tokens, 48,894 lines) and passes
 * over the rest.  VOXPERT_BAD_INPUT names the line and the rule; VOXPERT_BAD_ARGUMENT: a vocabulary
 * below BPE_LEAST; VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status bpe_open(Bpe *out, const char *path, int vocabulary, Error *error);

/* The same of bytes in memory; `name` stands for the file in messages. */
MUST_CHECK Status bpe_open_memory(Bpe *out, const uint8_t *bytes, size_t size, const char *name,
                                  int vocabulary, Error *error);
void bpe_close(Bpe *b); /* a zeroed one is fine */

int bpe_begin(const Bpe *b);
int bpe_end(const Bpe *b); /* pads, too */

/* The token that a pair becomes, or -1.  Of two, the lower is merged first. */
int bpe_merged(const Bpe *b, int left, int right);

typedef struct BpeTokens {
    int *id;
    size_t count, capacity;
} BpeTokens;

enum { BPE_TEXT_MOST = 1 << 20 }; /* bytes of a text */

/* Adds the tokens of a text to `out`, between begin and end.  Words, digits, runs of other signs,
 * and 's 't 're 've 'm 'll 'd are cut apart and merged each for itself; white space is dropped, and
 * nothing in a text is special.  n log n in its length.  VOXPERT_BAD_ARGUMENT: longer than
 * BPE_TEXT_MOST; VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status bpe_encode(const Bpe *b, const char *text, BpeTokens *out, Error *error);
void bpe_tokens_free(BpeTokens *t); /* a zeroed one is fine */

/* The token of a byte inside a word; that of a byte that ends one is BPE_BYTES more. */
int bpe_byte_token(uint8_t byte);

/* The byte token that a code point of the printable alphabet stands for, or -1. */
int bpe_letter_token(uint32_t code);

#endif

/* bpe.c - text to tokens.
 *
 * Merging takes the lowest merge anywhere in a word, the leftmost of equals, until none is left.
 * As a merge's halves are older than itself, this is the published rule - all places of the lowest
 * merge from left to right, then of the next - and a heap keeps long words affordable. */
#include "text/bpe.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

/* ---- Cutting a text --------------------------------------------------------------------- */

typedef enum Kind { KIND_SPACE, KIND_LETTER, KIND_DIGIT, KIND_SIGN } Kind;

static uint8_t lower(char c) {
    uint8_t byte = (uint8_t)c;
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 'a' - 'A') : byte;
}

static Kind kind_of(char c) {
    uint8_t byte = lower(c);
    if (byte == ' ' || (byte >= '\t' && byte <= '\r')) return KIND_SPACE;
    if (byte >= 0x80 || (byte >= 'a' && byte <= 'z')) return KIND_LETTER;
    return byte >= '0' && byte <= '9' ? KIND_DIGIT : KIND_SIGN;
}

static size_t contraction_length(const char *text) {
    static const char *const endings[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t length = strlen(endings[i]);
        if (strncasecmp(text, endings[i], length) == 0) return length;
    }
    return 0;
}

/* Of what begins at `text`, which is neither space nor end. */
static size_t word_length(const char *text) {
    size_t length = contraction_length(text);
    if (length) return length;
    Kind kind = kind_of(*text);
    length = 1;
    while (kind != KIND_DIGIT && text[length] && kind_of(text[length]) == kind) length++;
    return length;
}

/* ---- Merging a word --------------------------------------------------------------------- */

static const uint32_t none = UINT32_MAX; /* no neighbour */

typedef struct Piece {
    int token;              /* -1: merged into the one before */
    uint32_t before, after; /* neighbours */
} Piece;

typedef struct Work {
    const Bpe *bpe;
    Piece *piece;
    uint64_t *heap; /* token that a pair would become, and the place of its left half */
    size_t waiting;
} Work;

static void heap_put(Work *w, uint64_t x) {
    size_t at = w->waiting++;
    for (; at && w->heap[(at - 1) / 2] > x; at = (at - 1) / 2) w->heap[at] = w->heap[(at - 1) / 2];
    w->heap[at] = x;
}

static uint64_t heap_take(Work *w) {
    uint64_t *heap = w->heap, first = heap[0], x = heap[--w->waiting];
    size_t at = 0;
    for (size_t child = 1; child < w->waiting; child = 2 * at + 1) {
        if (child + 1 < w->waiting && heap[child + 1] < heap[child]) child++;
        if (heap[child] >= x) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = x;
    return first;
}

static int merged_at(const Work *w, uint32_t left) {
    const Piece *p = &w->piece[left];
    return p->after == none ? -1 : bpe_merged(w->bpe, p->token, w->piece[p->after].token);
}

static void propose(Work *w, uint32_t left) {
    int token = left == none ? -1 : merged_at(w, left);
    if (token >= 0) heap_put(w, (uint64_t)token << 32 | left);
}

static void merge(Work *w, uint32_t left, int token) {
    Piece *p = &w->piece[left], *gone = &w->piece[p->after];
    p->token = token;
    p->after = gone->after;
    gone->token = -1;
    if (p->after != none) w->piece[p->after].before = left;
    propose(w, p->before);
    propose(w, left);
}

static void word_merge(Work *w, const char *word, uint32_t length) {
    for (uint32_t i = 0; i < length; i++)
        w->piece[i] = (Piece){bpe_byte_token(lower(word[i])), i - 1, i + 1};
    w->piece[0].before = w->piece[length - 1].after = none;
    w->piece[length - 1].token += BPE_BYTES;

    for (uint32_t i = 0; i < length; i++) propose(w, i);
    while (w->waiting) {
        uint64_t best = heap_take(w);
        uint32_t left = (uint32_t)best;
        int token = (int)(best >> 32);
        if (merged_at(w, left) == token) merge(w, left, token); /* else one half has changed */
    }
}

/* ---- Texts ------------------------------------------------------------------------------ */

static bool add(BpeTokens *t, int id) {
    if (!memory_grow(&t->id, &t->capacity, t->count, sizeof *t->id)) return false;
    t->id[t->count++] = id;
    return true;
}

static bool add_words(Work *w, const char *text, BpeTokens *out) {
    bool ok = true;
    while (ok && *text) {
        if (kind_of(*text) == KIND_SPACE) {
            text++;
            continue;
        }
        size_t length = word_length(text);
        word_merge(w, text, (uint32_t)length);
        for (uint32_t i = 0; ok && i != none; i = w->piece[i].after)
            ok = add(out, w->piece[i].token);
        text += length;
    }
    return ok;
}

Status bpe_encode(const Bpe *b, const char *text, BpeTokens *out, Error *error) {
    size_t length = strnlen(text, BPE_TEXT_MOST + 1);
    if (length > BPE_TEXT_MOST)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "a text is longer than %d bytes",
                         BPE_TEXT_MOST);
    Work w = {.bpe = b};
    w.piece = memory_new(length * sizeof *w.piece);
    w.heap = memory_new(3 * length * sizeof *w.heap); /* a merge proposes two more at most */
    bool ok = w.piece && w.heap && add(out, bpe_begin(b)) && add_words(&w, text, out) &&
              add(out, bpe_end(b));
    memory_free(w.piece);
    memory_free(w.heap);
    if (ok) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a text of %zu bytes", length);
}

void bpe_tokens_free(BpeTokens *t) {
    memory_free(t->id);
    *t = (BpeTokens){0};
}

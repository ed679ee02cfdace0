/* bpe_vocabulary.c - the tokens of bytes and of merges, and the file that lists the merges.
 *
 * Each line's halves are names of tokens: one letter of the printable alphabet, with "</w>" behind
 * it at the end of a word, or what an earlier line makes, its halves joined. */
#include <stdbool.h>
#include <string.h>

#include "base/byte_stream.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/size.h"
#include "text/bpe.h"

/* ---- The alphabet ----------------------------------------------------------------------- */

/* Printable bytes stand for themselves and come first; the other 68 are code points from 256 on. */
enum { SHOWN = 188, HIDDEN = BPE_BYTES - SHOWN };

static int shown_token(uint32_t code) {
    if (code >= '!' && code <= '~') return (int)code - '!';
    if (code >= 0xA1 && code <= 0xAC) return (int)code - 0xA1 + 94;
    if (code >= 0xAE && code <= 0xFF) return (int)code - 0xAE + 106;
    return -1;
}

int bpe_letter_token(uint32_t code) {
    if (code >= 256 && code < 256 + HIDDEN) return (int)code - 256 + SHOWN;
    return shown_token(code);
}

int bpe_byte_token(uint8_t byte) {
    int token = shown_token(byte);
    if (token >= 0) return token;
    if (byte <= ' ') return SHOWN + byte;
    return byte == 0xAD ? BPE_BYTES - 1 : SHOWN + 33 + byte - 0x7F;
}

/* ---- The table of pairs ----------------------------------------------------------------- */

static size_t pair_hash(int left, int right) {
    uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    return (size_t)(key * 0x9E3779B97F4A7C15u >> 32);
}

/* Of that merge, or the free one where it would be. */
static uint32_t *pair_slot(const Bpe *b, int left, int right) {
    size_t at = pair_hash(left, right) & (b->slots - 1);
    for (; b->slot[at]; at = (at + 1) & (b->slots - 1)) {
        const BpePair *pair = &b->pair[b->slot[at] - 1];
        if (pair->left == left && pair->right == right) break;
    }
    return &b->slot[at];
}

int bpe_merged(const Bpe *b, int left, int right) {
    uint32_t merge = *pair_slot(b, left, right);
    return merge ? BPE_FIRST_MERGE + (int)merge - 1 : -1;
}

int bpe_begin(const Bpe *b) { return b->vocabulary - 2; }
int bpe_end(const Bpe *b) { return b->vocabulary - 1; }

/* ---- The text of the file --------------------------------------------------------------- */

enum { FILE_MOST = 64 << 20 }; /* OpenAI's has 3.2 MB unpacked */

typedef struct Name {
    const uint8_t *chars;
    size_t length;
} Name;

typedef struct Reader {
    Bpe *bpe;
    const char *file;
    uint8_t *text, *at; /* unpacked; what is left begins at `at` */
    size_t size;
    int line;
    Name *name;     /* of each merge's token: its line, halves joined in place */
    uint32_t *slot; /* merges by a hash of their name, counted from 1; 0: free */
} Reader;

static Status no_memory(const Reader *r, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for the merges", r->file);
}

static Status text_read(Reader *r, ByteStream *s, Error *error) {
    Status status = VOXPERT_OK;
    for (size_t capacity = 1 << 16; !status; capacity *= 2) {
        uint8_t *grown = memory_resize(r->text, capacity);
        if (!grown) return no_memory(r, error);
        r->text = grown;
        size_t got;
        status = byte_stream_read(s, r->text + r->size, capacity - r->size, &got, error);
        r->size += got;
        if (status || r->size < capacity) break;
        if (capacity >= FILE_MOST)
            return error_set(error, VOXPERT_BAD_INPUT, "%s: must unpack to less than %d MiB",
                             r->file, FILE_MOST >> 20);
    }
    r->at = r->text;
    return status;
}

static bool line_next(Reader *r, uint8_t **begin, uint8_t **end) {
    size_t left = (size_t)(r->text + r->size - r->at);
    if (left == 0) return false;
    *begin = r->at;
    *end = memchr(r->at, '\n', left);
    if (!*end) *end = r->at + left;
    r->at = *end + (*end < r->text + r->size);
    r->line++;
    return true;
}

static Status header_read(Reader *r, Error *error) {
    static const char version[] = "#version";
    uint8_t *begin, *end;
    if (line_next(r, &begin, &end) &&
        memmem(begin, (size_t)(end - begin), version, sizeof version - 1))
        return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT, "%s: the first line must name a %s", r->file,
                     version);
}

/* ---- Names of tokens -------------------------------------------------------------------- */

static uint32_t *name_slot(const Reader *r, Name n) {
    size_t mask = r->bpe->slots - 1, at = (size_t)hash_fnv1a(n.chars, n.length) & mask;
    for (; r->slot[at]; at = (at + 1) & mask) {
        const Name *other = &r->name[r->slot[at] - 1];
        if (other->length == n.length && memcmp(other->chars, n.chars, n.length) == 0) break;
    }
    return &r->slot[at];
}

/* One letter is at most two bytes of UTF-8: U+0143 is the last. */
static int byte_named(Name n) {
    uint32_t code = n.chars[0];
    size_t bytes = 1;
    if (n.length > 1 && code >= 0xC2 && code <= 0xC5 && (n.chars[1] & 0xC0) == 0x80) {
        code = (code & 0x1F) << 6 | (n.chars[1] & 0x3F);
        bytes = 2;
    } else if (code >= 0x80) {
        return -1;
    }
    int token = bpe_letter_token(code);
    if (token < 0 || n.length == bytes) return token;
    bool ends = n.length == bytes + 4 && memcmp(n.chars + bytes, "</w>", 4) == 0;
    return ends ? token + BPE_BYTES : -1;
}

static int token_named(const Reader *r, Name n) {
    int token = byte_named(n);
    if (token >= 0) return token;
    uint32_t merge = *name_slot(r, n);
    return merge ? BPE_FIRST_MERGE + (int)merge - 1 : -1;
}

/* ---- Merges ----------------------------------------------------------------------------- */

static Status line_error(const Reader *r, const char *rule, Error *error) {
    return error_set(error, VOXPERT_BAD_INPUT, "%s, line %d: %s", r->file, r->line, rule);
}

static bool halves_find(Name *left, Name *right, const uint8_t *begin, const uint8_t *end) {
    const uint8_t *space = memchr(begin, ' ', (size_t)(end - begin));
    if (!space) return false;
    *left = (Name){begin, (size_t)(space - begin)};
    *right = (Name){space + 1, (size_t)(end - space) - 1};
    return left->length && right->length && !memchr(right->chars, ' ', right->length);
}

static Status merge_add(Reader *r, uint32_t index, BpePair pair, Name name, Error *error) {
    if (pair.left < 0) return line_error(r, "its first token comes from no line before", error);
    if (pair.right < 0) return line_error(r, "its second token comes from no line before", error);
    if (token_named(r, name) >= 0)
        return line_error(r, "its merge makes a token that is there already", error);
    r->name[index] = name;
    *name_slot(r, name) = index + 1;
    r->bpe->pair[index] = pair;
    *pair_slot(r->bpe, pair.left, pair.right) = index + 1;
    return VOXPERT_OK;
}

/* Merge `index` from the next line, whose halves are joined where they lie. */
static Status merge_read(Reader *r, uint32_t index, Error *error) {
    uint8_t *begin, *end;
    if (!line_next(r, &begin, &end))
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: ends after %d merges, and a vocabulary of %d tokens needs %d",
                         r->file, (int)index, r->bpe->vocabulary, r->bpe->vocabulary - BPE_LEAST);
    Name left, right;
    if (!halves_find(&left, &right, begin, end))
        return line_error(r, "must be two tokens with one space between them", error);
    BpePair pair = {token_named(r, left), token_named(r, right)};
    memmove(begin + left.length, right.chars, right.length);
    return merge_add(r, index, pair, (Name){begin, left.length + right.length}, error);
}

/* Memory follows what the file can hold, not what the vocabulary asks for. */
static size_t merges_possible(const Reader *r) {
    enum { SHORTEST = 4 }; /* bytes of a line: "a b" and its end */
    size_t wanted = (size_t)(r->bpe->vocabulary - BPE_LEAST);
    return size_min(wanted, r->size / SHORTEST + 1);
}

static Status merges_read(Reader *r, Error *error) {
    Bpe *b = r->bpe;
    size_t room = merges_possible(r);
    for (b->slots = 16; b->slots < 2 * room;) b->slots *= 2;
    b->pair = memory_new(room * sizeof *b->pair);
    b->slot = memory_new(b->slots * sizeof *b->slot);
    r->name = memory_new(room * sizeof *r->name);
    r->slot = memory_new(b->slots * sizeof *r->slot);
    if (!b->pair || !b->slot || !r->name || !r->slot) return no_memory(r, error);

    Status status = header_read(r, error);
    uint32_t wanted = (uint32_t)(b->vocabulary - BPE_LEAST);
    for (uint32_t i = 0; !status && i < wanted; i++) status = merge_read(r, i, error);
    return status;
}

/* ---- Files ------------------------------------------------------------------------------ */

Status bpe_open_memory(Bpe *out, const uint8_t *bytes, size_t size, const char *name,
                       int vocabulary, Error *error) {
    *out = (Bpe){.vocabulary = vocabulary};
    if (vocabulary < BPE_LEAST)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "a byte-pair vocabulary has %d tokens at least, not %d", BPE_LEAST,
                         vocabulary);
    Reader r = {.bpe = out, .file = name};
    ByteStream s;
    Status status = byte_stream_open(&s, name, bytes, size, error);
    if (status) return status;
    status = text_read(&r, &s, error);
    byte_stream_close(&s);
    if (!status) status = merges_read(&r, error);
    memory_free(r.text);
    memory_free(r.name);
    memory_free(r.slot);
    if (status) bpe_close(out);
    return status;
}

Status bpe_open(Bpe *out, const char *path, int vocabulary, Error *error) {
    *out = (Bpe){0};
    FileMap map;
    Status status = file_map(&map, path, VOXPERT_BAD_INPUT, error);
    if (!status) status = bpe_open_memory(out, map.bytes, map.size, path, vocabulary, error);
    file_unmap(&map);
    return status;
}

void bpe_close(Bpe *b) {
    memory_free(b->pair);
    memory_free(b->slot);
    *b = (Bpe){0};
}

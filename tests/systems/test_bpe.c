/* Text to tokens, on a vocabulary of eight merges. */
#include "text/bpe.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "tests/check.h"
#include "tests/systems/small_bpe.h"

enum { ENDS = BPE_BYTES }; /* what is added to a byte that ends a word */

static int of(char c) { return bpe_byte_token((uint8_t)c); }
static int ending(char c) { return of(c) + ENDS; }

/* `want` between begin and end. */
static void check_tokens(int line, const char *text, size_t count, const int *want) {
    Bpe b = small_bpe();
    BpeTokens t = {0};
    CHECK(bpe_encode(&b, text, &t, NULL) == VOXPERT_OK);
    bool same = t.count == count + 2 && t.id[0] == SMALL_BEGIN && t.id[count + 1] == SMALL_END &&
                memcmp(t.id + 1, want, count * sizeof *want) == 0;
    check_report(same, __FILE__, line, "'%s': %zu tokens", text, t.count);
    bpe_tokens_free(&t);
    bpe_close(&b);
}

#define CHECK_TOKENS(text, ...)                                                                    \
    check_tokens(__LINE__, text, sizeof(int[]){__VA_ARGS__} / sizeof(int), (int[]){__VA_ARGS__})

/* ---- Merging -------------------------------------------------------------------------------- */

TEST(a_word_becomes_the_longest_that_its_merges_make) {
    CHECK_TOKENS("liver", SMALL_LIVER_END);
    CHECK_TOKENS("livers", SMALL_LIV, of('e'), of('r'), ending('s'));
    CHECK_TOKENS("er", SMALL_ER_END);
    CHECK_TOKENS("x", ending('x'));
}

TEST(equal_pairs_merge_from_the_left) {
    CHECK_TOKENS("aaa", SMALL_AA, ending('a'));
    CHECK_TOKENS("aaaa", SMALL_AA, of('a'), ending('a'));
    CHECK_TOKENS("aaaaa", SMALL_AAAA, ending('a'));
    CHECK_TOKENS("aaaaaaa", SMALL_AAAA, SMALL_AA, ending('a'));
}

/* The published rule as it is told: the lowest pair of the word, all its places from left to right,
 * then the next. */
static size_t merge_plainly(const Bpe *b, int *token, size_t count) {
    for (;;) {
        int lowest = -1, left = 0, right = 0;
        for (size_t i = 0; i + 1 < count; i++) {
            int merged = bpe_merged(b, token[i], token[i + 1]);
            if (merged >= 0 && (lowest < 0 || merged < lowest))
                lowest = merged, left = token[i], right = token[i + 1];
        }
        if (lowest < 0) return count;
        size_t kept = 0;
        for (size_t i = 0; i < count; i++, kept++) {
            bool pair = i + 1 < count && token[i] == left && token[i + 1] == right;
            token[kept] = pair ? lowest : token[i];
            i += pair;
        }
        count = kept;
    }
}

TEST(merging_is_the_published_rule) {
    enum { WORDS = 3000, LONGEST = 40 };
    static const char letters[] = "liverras"; /* those of the merges, some more often */
    Bpe b = small_bpe();
    for (uint64_t word = 0; word < WORDS; word++) {
        Random r = random_begin(5, 0, word, 0);
        size_t length = (size_t)random_integer(&r, 1, LONGEST);
        char text[LONGEST + 1] = "";
        int want[LONGEST];
        for (size_t i = 0; i < length; i++) {
            text[i] = letters[random_integer(&r, 0, (int64_t)sizeof letters - 2)];
            want[i] = of(text[i]) + (i + 1 == length ? ENDS : 0);
        }
        size_t count = merge_plainly(&b, want, length);
        BpeTokens t = {0};
        CHECK(bpe_encode(&b, text, &t, NULL) == VOXPERT_OK);
        check_report(t.count == count + 2 && memcmp(t.id + 1, want, count * sizeof *want) == 0,
                     __FILE__, __LINE__, "%s", text);
        bpe_tokens_free(&t);
    }
    bpe_close(&b);
}

TEST(a_word_of_a_megabyte_is_no_trouble_and_more_is_refused) {
    char *text = malloc(BPE_TEXT_MOST + 2);
    if (!text) abort();
    memset(text, 'a', BPE_TEXT_MOST + 1);
    text[BPE_TEXT_MOST] = '\0';
    Bpe b = small_bpe();
    BpeTokens t = {0};
    CHECK(bpe_encode(&b, text, &t, NULL) == VOXPERT_OK);
    CHECK(t.count == BPE_TEXT_MOST / 4 - 1 + 3 + 2); /* fours; aa, a and the last a; both ends */
    bpe_tokens_free(&t);

    Error error;
    text[BPE_TEXT_MOST] = 'a';
    text[BPE_TEXT_MOST + 1] = '\0';
    CHECK(bpe_encode(&b, text, &t, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "1048576 bytes") && t.count == 0);
    bpe_close(&b);
    free(text);
}

/* ---- Cutting -------------------------------------------------------------------------------- */

TEST(words_digits_and_signs_are_cut_apart) {
    CHECK_TOKENS("liver12(x).", SMALL_LIVER_END, ending('1'), ending('2'), ending('('), ending('x'),
                 of(')'), ending('.'));
    CHECK_TOKENS("li_er", of('l'), ending('i'), ending('_'), SMALL_ER_END);
}

TEST(contractions_are_words_of_their_own) {
    CHECK_TOKENS("liver's", SMALL_LIVER_END, SMALL_S_END);
    CHECK_TOKENS("x've'll", ending('x'), of('\''), of('v'), ending('e'), of('\''), of('l'),
                 ending('l'));
    CHECK_TOKENS("'tis", of('\''), ending('t'), of('i'), ending('s'));
    CHECK_TOKENS("('s", of('('), ending('\''), ending('s')); /* in a run of signs it is one */
    CHECK_TOKENS("'x", ending('\''), ending('x'));
}

TEST(case_and_white_space_do_not_matter) {
    CHECK_TOKENS("LiVER'S", SMALL_LIVER_END, SMALL_S_END);
    CHECK_TOKENS(" \t\r\n\v\fliver  er ", SMALL_LIVER_END, SMALL_ER_END);
    check_tokens(__LINE__, "", 0, (int[]){0});
    check_tokens(__LINE__, " \n", 0, (int[]){0});
}

TEST(bytes_beyond_ascii_are_letters_that_keep_their_case) {
    CHECK_TOKENS("\xC3\xBCx", SMALL_UE, ending('x'));
    CHECK_TOKENS("\xC3\xBC", of('\xC3'), ending('\xBC'));
    CHECK_TOKENS("\xC3\x9Cx", of('\xC3'), of('\x9C'), ending('x'));
    CHECK_TOKENS("\xFF\xFE", of('\xFF'), ending('\xFE')); /* not UTF-8, and no trouble */
}

TEST(every_byte_has_a_token_of_its_own_in_the_order_of_the_alphabet) {
    bool seen[BPE_BYTES] = {false};
    for (int byte = 0; byte < BPE_BYTES; byte++) {
        int token = bpe_byte_token((uint8_t)byte);
        CHECK(token >= 0 && token < BPE_BYTES && !seen[token]);
        seen[token] = true;
    }
    CHECK(of('!') == 0 && of('~') == 93 && of('\xA1') == 94 && of('\xAC') == 105);
    CHECK(of('\xAE') == 106 && of('\xFF') == 187);
    CHECK(of('\0') == 188 && of(' ') == 220 && of('\x7F') == 221 && of('\xA0') == 254);
    CHECK(of('\xAD') == 255);
    CHECK(bpe_letter_token('!') == 0 && bpe_letter_token(0xFF) == 187);
    CHECK(bpe_letter_token(256) == 188 && bpe_letter_token(323) == 255);
    CHECK(bpe_letter_token(' ') < 0 && bpe_letter_token(0xAD) < 0 && bpe_letter_token(324) < 0);
}

/* ---- Memory --------------------------------------------------------------------------------- */

TEST(encoding_survives_every_refusal_of_memory) {
    Bpe b = small_bpe();
    bool refused = true;
    for (size_t n = 1; refused; n++) {
        BpeTokens t = {0};
        Error error;
        memory_fail_at(n, false);
        Status status = bpe_encode(&b, "a liver, and another liver's er er er er", &t, &error);
        refused = memory_requests() >= n;
        memory_fail_at(0, false);
        CHECK(status == (refused ? VOXPERT_OUT_OF_MEMORY : VOXPERT_OK));
        bpe_tokens_free(&t);
    }
    bpe_close(&b);
}

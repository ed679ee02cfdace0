#include "text/text_prompt.h"

#include <string.h>

#include "base/memory.h"
#include "tests/check.h"
#include "tests/systems/small_bpe.h"

static void check_sentence(const char *name, const char *want) {
    char *sentence = text_prompt_sentence(name);
    check_report(sentence && strcmp(sentence, want) == 0, __FILE__, __LINE__, "'%s': '%s'", name,
                 sentence ? sentence : "(none)");
    memory_free(sentence);
}

TEST(a_name_stands_in_the_sentence_with_single_spaces) {
    check_sentence("liver", "A segmentation area of a liver.");
    check_sentence("left_lung", "A segmentation area of a left lung.");
    check_sentence(" non-small__cell \t tumour- ",
                   "A segmentation area of a non small cell tumour.");
    check_sentence("x", "A segmentation area of a x.");
}

TEST(names_become_rows_padded_with_the_end) {
    static const char *const names[] = {"Liver", "left_liver", "er"};
    Bpe b = small_bpe();
    TextTokens t;
    CHECK(text_prompts_tokenize(&t, &b, 77, 3, names, NULL) == VOXPERT_OK);
    CHECK(t.batch == 3 && t.id != NULL);
    for (int i = 0; t.id && i < 3; i++) {
        char *sentence = text_prompt_sentence(names[i]);
        BpeTokens alone = {0};
        CHECK(bpe_encode(&b, sentence, &alone, NULL) == VOXPERT_OK);
        const int *row = t.id + i * t.length;
        CHECK(alone.count <= (size_t)t.length);
        CHECK(memcmp(row, alone.id, alone.count * sizeof *row) == 0);
        for (int k = (int)alone.count; k < t.length; k++) CHECK(row[k] == SMALL_END);
        CHECK((alone.count == (size_t)t.length) == (i == 1)); /* no longer than the longest */
        bpe_tokens_free(&alone);
        memory_free(sentence);
    }
    text_tokens_free(&t);
    bpe_close(&b);
}

TEST(prompts_that_no_tower_can_read_are_told_by_name) {
    static const char *const names[] = {"liver", "er"}, *const empty[] = {"liver", "_ -"};
    Bpe b = small_bpe();
    TextTokens t;
    Error error;
    CHECK(text_prompts_tokenize(&t, &b, 77, 1, names, NULL) == VOXPERT_OK);
    int length = t.length;
    text_tokens_free(&t);
    CHECK(text_prompts_tokenize(&t, &b, length, 2, names, NULL) == VOXPERT_OK);
    text_tokens_free(&t);
    CHECK(text_prompts_tokenize(&t, &b, length - 1, 2, names, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "text \"liver\": makes ") == error.message);
    CHECK(text_prompts_tokenize(&t, &b, 77, 2, empty, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strcmp(error.message, "text \"_ -\": the name is empty") == 0);
    CHECK(text_prompts_tokenize(&t, &b, 77, 0, names, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(t.id == NULL);
    bpe_close(&b);
}

TEST(prompts_survive_every_refusal_of_memory) {
    static const char *const names[] = {"liver", "left_liver"};
    Bpe b = small_bpe();
    bool refused = true;
    for (size_t n = 1; refused; n++) {
        TextTokens t;
        Error error;
        memory_fail_at(n, false);
        Status status = text_prompts_tokenize(&t, &b, 77, 2, names, &error);
        refused = memory_requests() >= n;
        memory_fail_at(0, false);
        CHECK(status == (refused ? VOXPERT_OUT_OF_MEMORY : VOXPERT_OK));
        text_tokens_free(&t);
    }
    bpe_close(&b);
}

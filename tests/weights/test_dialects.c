#include "weights/dialects.h"

#include <string.h>

#include "base/memory.h"
#include "tests/check.h"

static void check_name(const char *stored, const char *canonical) {
    char *name = dialect_name(stored, strlen(stored));
    check_report(name && strcmp(name, canonical) == 0, __FILE__, __LINE__, "%s became %s", stored,
                 name ? name : "nothing");
    memory_free(name);
}

TEST(old_names_of_segmote_become_new_ones) {
    check_name("mask_decoder.hq_token.weight", "mask_decoder.expert_tokens.weight");
    check_name("mask_decoder.hq_mlp.layers.0.bias", "mask_decoder.expert_mlp.layers.0.bias");
    check_name("mask_decoder.output_hypernetworks_mlps_hq.3.layers.2.weight",
               "mask_decoder.expert_output_mlps.3.layers.2.weight");
    check_name("mask_decoder.embedding_encoder.0.weight",
               "mask_decoder.expert_embedding_encoder.0.weight");
    check_name("mask_decoder.embedding_maskfeature.3.bias",
               "mask_decoder.expert_feature_fusion.3.bias");
}

TEST(canonical_names_stay) {
    static const char *const names[] = {
        "mask_decoder.expert_tokens.weight",
        "mask_decoder.expert_embedding_encoder.0.weight",
        "expert_embedding_encoder",
        "mask_decoder.output_hypernetworks_mlps.3.layers.2.weight",
        "image_encoder.blocks.11.attn.qkv.weight",
        "",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) check_name(names[i], names[i]);
}

TEST(every_old_part_of_a_name_is_replaced) {
    check_name("hq_mlphq_mlp", "expert_mlpexpert_mlp");
    check_name("embedding_encoder.embedding_encoder",
               "expert_embedding_encoder.expert_embedding_encoder");
    check_name("expert_embedding_encoder.embedding_encoder",
               "expert_embedding_encoder.expert_embedding_encoder");
    check_name("hq_tokenhq_toke", "expert_tokenshq_toke");
}

TEST(a_name_may_be_a_part_of_a_longer_text) {
    char *name = dialect_name("hq_token.weight", 7);
    CHECK(name && strcmp(name, "hq_toke") == 0);
    memory_free(name);
}

TEST(nests_end_with_null) {
    CHECK(strcmp(dialect_nest(0), "model_state_dict") == 0);
    CHECK(strcmp(dialect_nest(1), "model") == 0);
    CHECK(strcmp(dialect_nest(2), "state_dict") == 0);
    size_t count = 0;
    while (dialect_nest(count)) count++;
    CHECK(count > 3 && count < 20);
}

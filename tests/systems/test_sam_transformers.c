/* config.json of transformers: taken where shapes do not show it, checked where they do. */
#include <math.h>
#include <string.h>

#include "systems/sam_config.h"
#include "tests/check.h"
#include "tests/systems/shapes.h"

static Status take(SamConfig *c, const char *json, Error *error) {
    *c = shape_tiny();
    return sam_config_take_transformers(c, json, "config.json", error);
}

TEST(what_shapes_do_not_show_is_taken) {
    SamConfig c;
    CHECK(take(&c,
               "{\"model_type\": \"sam\", \"vision_config\": {\"num_attention_heads\": 4, "
               "\"layer_norm_eps\": 1e-5, \"global_attn_indexes\": [0], \"window_size\": 2}, "
               "\"mask_decoder_config\": {\"num_attention_heads\": 2, \"layer_norm_eps\": 1e-6}}",
               NULL) == VOXPERT_OK);
    CHECK(c.vit.heads == 4 && c.vit.eps == 1e-5f && c.vit.global == 1 && c.vit.window == 2);
    CHECK(c.decoder.transformer.heads == 2 && c.decoder.transformer.eps == 1e-6f);
}

TEST(without_it_and_without_fields_all_is_as_shapes_show) {
    SamConfig c, tiny = shape_tiny();
    CHECK(sam_config_take_transformers(&tiny, NULL, NULL, NULL) == VOXPERT_OK);
    CHECK(take(&c, "{\"architectures\": [\"SamModel\"], \"vision_config\": {}}", NULL) ==
          VOXPERT_OK);
    CHECK(same_config(&c, &tiny));
    CHECK(take(&c, "\xef\xbb\xbf{\"vision_config\": {\"layer_norm_eps\": 1e-5}}", NULL) ==
              VOXPERT_OK &&
          c.vit.eps == 1e-5f);
}

TEST(what_does_not_agree_or_cannot_be_run_is_refused) {
    static const char *const cases[][2] = {
        {"{\"vision_config\": {\"hidden_size\": 768}}", "\"vision_config.hidden_size\" is 768"},
        {"{\"vision_config\": {\"image_size\": 1024}}", "made for 64"},
        {"{\"vision_config\": {\"num_hidden_layers\": 12}}", "num_hidden_layers"},
        {"{\"vision_config\": {\"num_attention_heads\": -1}}", "whole number"},
        {"{\"vision_config\": {\"num_attention_heads\": 2.5}}", "whole number"},
        {"{\"vision_config\": {\"num_attention_heads\": 1e99}}", "whole number"},
        {"{\"vision_config\": {\"hidden_act\": \"silu\"}}", "hidden_act"},
        {"{\"mask_decoder_config\": {\"hidden_act\": \"gelu_new\"}}", "hidden_act"},
        {"{\"vision_config\": {\"qkv_bias\": false}}", "qkv_bias"},
        {"{\"vision_config\": {\"use_rel_pos\": false}}", "use_rel_pos"},
        {"{\"vision_config\": {\"layer_norm_eps\": 0}}", "layer_norm_eps"},
        {"{\"vision_config\": {\"layer_norm_eps\": \"x\"}}", "layer_norm_eps"},
        {"{\"prompt_encoder_config\": {\"layer_norm_eps\": 1e-5}}", "layer_norm_eps"},
        {"{\"vision_config\": {\"global_attn_indexes\": [99]}}", "global_attn_indexes"},
        {"{\"vision_config\": {\"global_attn_indexes\": 1}}", "global_attn_indexes"},
        {"{\"mask_decoder_config\": {\"attention_downsample_rate\": 4}}", "must be 2"},
        {"{\"mask_decoder_config\": {\"iou_head_depth\": 5}}", "iou_head_depth"},
        {"{\"mask_decoder_config\": {\"num_multimask_outputs\": 5}}", "made for 3"},
        {"{\"model_type\": \"sam2\"}", "\"sam2\""},
        {"{\"vision_config\": []}", "is not an object"},
        {"[]", "is not a JSON object"},
        {"{\"a\": 1, \"a\": 2}", "duplicate"},
        {"", "is not a JSON object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SamConfig c;
        Error error = {0};
        Status status = take(&c, cases[i][0], &error);
        check_report(status == VOXPERT_BAD_MODEL && strstr(error.message, "config.json: ") &&
                         strstr(error.message, cases[i][1]),
                     __FILE__, __LINE__, "%s: no '%s' in: %s", cases[i][0], cases[i][1],
                     error.message);
    }
}

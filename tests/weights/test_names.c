/* Names as other programs write them: wrappers, transformers, the same tensor twice. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/quote.h"
#include "tests/check.h"
#include "tests/weights/torch_file.h"
#include "weights/checkpoint.h"
#include "weights/dialects.h"

/* A file of `count` tensors of one byte each, whose value is `value[i]` (NULL: 0). */
static Checkpoint *open_names(const char *const *name, size_t count, const uint8_t *value,
                              Bytes *file, Error *error) {
    Text header = {0};
    text_add(&header, "{");
    for (size_t i = 0; i < count; i++) {
        text_add(&header, i ? "," : "");
        text_add_quoted(&header, name[i]);
        text_add(&header, ":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%zu,%zu]}", i, i + 1);
    }
    text_add(&header, "}");
    *file = safetensors_file(header.chars, count);
    if (value) memcpy(file->at + file->size - count, value, count);
    text_free(&header);
    Checkpoint *c = NULL;
    Status status = checkpoint_open_memory(&c, file->at, file->size, "x.safetensors", error);
    check_report(!status == !!c, __FILE__, __LINE__, "status %d", (int)status);
    return c;
}

static void check_becomes(const char *stored, const char *canonical, const char *wrapper) {
    Bytes file;
    Error error = {0};
    Checkpoint *c = open_names(&stored, 1, NULL, &file, &error);
    check_report(c && checkpoint_find(c, canonical) &&
                     strcmp(checkpoint_wrapper(c), wrapper) == 0 &&
                     strcmp(checkpoint_tensor(c, 0)->stored_name, stored) == 0,
                 __FILE__, __LINE__, "%s became %s, without %s", stored,
                 c ? checkpoint_tensor(c, 0)->name : error.message, c ? checkpoint_wrapper(c) : "");
    checkpoint_close(c);
    bytes_free(&file);
}

TEST(wrappers_are_removed_in_any_order_and_depth) {
    static const char want[] = "image_encoder.neck.0.weight";
    check_becomes(want, want, "");
    check_becomes("module.image_encoder.neck.0.weight", want, "module.");
    check_becomes("model.image_encoder.neck.0.weight", want, "model.");
    check_becomes("sam.image_encoder.neck.0.weight", want, "sam.");
    check_becomes("net.image_encoder.neck.0.weight", want, "net.");
    check_becomes("module.model.sam.image_encoder.neck.0.weight", want, "module.model.sam.");
    check_becomes("sam.net.module.model.model.image_encoder.neck.0.weight", want,
                  "sam.net.module.model.model.");
    check_becomes("_orig_mod.image_encoder.neck.0.weight", want, "");
    check_becomes("_orig_mod.module._orig_mod.image_encoder.neck.0.weight", want, "module.");
    check_becomes("model._orig_mod.image_encoder._orig_mod.neck._orig_mod.0.weight", want,
                  "model.");
    check_becomes("image_encoder.module.neck.0.weight", want, "");
    check_becomes("_fsdp_wrapped_module.image_encoder._fsdp_wrapped_module."
                  "_checkpoint_wrapped_module.neck.0.weight",
                  want, "");
}

TEST(what_is_no_wrapper_stays) {
    check_becomes("model.other.weight", "model.other.weight", "");
    check_becomes("my_orig_mod.a", "my_orig_mod.a", "");
    check_becomes("_orig_mod", "_orig_mod", "");
    check_becomes("a.b_orig_mod.c", "a.b_orig_mod.c", "");
    check_becomes("text_model.text_model.module.x", "text_model.text_model.module.x", "");
}

TEST(a_wrapper_that_nobody_knows_is_passed_over_with_a_warning) {
    static const char *const names[] = {"backbone.image_encoder.a", "backbone.mask_decoder.b",
                                        "backbone.head.w", "grad.image_encoder.a"};
    Bytes file;
    Checkpoint *c = open_names(names, 3, NULL, &file, NULL);
    CHECK(c && checkpoint_find(c, "image_encoder.a") && checkpoint_find(c, "mask_decoder.b") &&
          checkpoint_find(c, "head.w"));
    CHECK(c && strstr(warnings_lines(checkpoint_warnings(c)), "'backbone.' before the names"));
    checkpoint_close(c);
    bytes_free(&file);
    c = open_names(names, 4, NULL, &file, NULL); /* not all of them are wrapped by it */
    CHECK(c && checkpoint_find(c, names[0]) && !*warnings_lines(checkpoint_warnings(c)));
    checkpoint_close(c);
    bytes_free(&file);
}

TEST(other_tensors_beside_a_wrapped_model_stay) {
    static const char *const names[] = {"model.image_encoder.a", "model.mask_decoder.b", "loss.w",
                                        "ema.image_encoder.a"};
    Bytes file;
    Checkpoint *c = open_names(names, 4, NULL, &file, NULL);
    CHECK(c && checkpoint_find(c, "image_encoder.a") && checkpoint_find(c, "mask_decoder.b") &&
          checkpoint_find(c, "loss.w") && checkpoint_find(c, "ema.image_encoder.a"));
    checkpoint_close(c);
    bytes_free(&file);
}

static void check_refused(const char *const *names, size_t count, const uint8_t *value,
                          const char *words) {
    Bytes file;
    Error error = {0};
    Checkpoint *c = open_names(names, count, value, &file, &error);
    check_report(!c && error.status == VOXPERT_BAD_MODEL && strstr(error.message, words), __FILE__,
                 __LINE__, "no '%s' in: %s", words, error.message);
    checkpoint_close(c);
    bytes_free(&file);
}

TEST(two_models_in_one_file_are_refused) {
    check_refused((const char *[]){"model.image_encoder.a", "net.image_encoder.a"}, 2, NULL,
                  "in two places, 'model.image_encoder.a' and 'net.image_encoder.a'");
    check_refused((const char *[]){"image_encoder.a", "model.mask_decoder.a"}, 2, NULL,
                  "in two places");
}

/* ---- transformers ---------------------------------------------------------------------------- */

#define MATRIX "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"

static void check_transformers(const char *stored, const char *canonical) {
    char *name = dialect_from_transformers(stored);
    check_report(name && strcmp(name, canonical) == 0, __FILE__, __LINE__, "%s became %s", stored,
                 name ? name : "nothing");
    memory_free(name);
}

TEST(names_of_transformers_become_published_ones) {
    static const char *const pairs[][2] = {
        {"vision_encoder.pos_embed", "image_encoder.pos_embed"},
        {"vision_encoder.patch_embed.projection.bias", "image_encoder.patch_embed.proj.bias"},
        {"vision_encoder.layers.11.layer_norm2.weight", "image_encoder.blocks.11.norm2.weight"},
        {"vision_encoder.layers.0.attn.proj.weight", "image_encoder.blocks.0.attn.proj.weight"},
        {"vision_encoder.layers.0.attn.rel_pos_h", "image_encoder.blocks.0.attn.rel_pos_h"},
        {"vision_encoder.layers.0.mlp.lin2.bias", "image_encoder.blocks.0.mlp.lin2.bias"},
        {"vision_encoder.neck.layer_norm2.bias", "image_encoder.neck.3.bias"},
        {"vision_encoder.neck.conv2.weight", "image_encoder.neck.2.weight"},
        {"shared_image_embedding.positional_embedding", MATRIX},
        {"prompt_encoder.shared_embedding.positional_embedding", MATRIX},
        {"prompt_encoder.point_embed.3.weight", "prompt_encoder.point_embeddings.3.weight"},
        {"prompt_encoder.mask_embed.conv3.bias", "prompt_encoder.mask_downscaling.6.bias"},
        {"prompt_encoder.mask_embed.layer_norm2.bias", "prompt_encoder.mask_downscaling.4.bias"},
        {"prompt_encoder.no_mask_embed.weight", "prompt_encoder.no_mask_embed.weight"},
        {"mask_decoder.transformer.layers.1.layer_norm4.bias",
         "mask_decoder.transformer.layers.1.norm4.bias"},
        {"mask_decoder.transformer.layer_norm_final_attn.weight",
         "mask_decoder.transformer.norm_final_attn.weight"},
        {"mask_decoder.transformer.layers.1.self_attn.q_proj.bias",
         "mask_decoder.transformer.layers.1.self_attn.q_proj.bias"},
        {"mask_decoder.upscale_layer_norm.bias", "mask_decoder.output_upscaling.1.bias"},
        {"mask_decoder.upscale_conv2.weight", "mask_decoder.output_upscaling.3.weight"},
        {"mask_decoder.output_hypernetworks_mlps.3.proj_in.weight",
         "mask_decoder.output_hypernetworks_mlps.3.layers.0.weight"},
        {"mask_decoder.output_hypernetworks_mlps.3.layers.0.weight",
         "mask_decoder.output_hypernetworks_mlps.3.layers.1.weight"},
        {"mask_decoder.output_hypernetworks_mlps.3.proj_out.weight",
         "mask_decoder.output_hypernetworks_mlps.3.layers.2.weight"},
        {"mask_decoder.iou_prediction_head.proj_out.bias",
         "mask_decoder.iou_prediction_head.layers.2.bias"},
        {"something.else", "something.else"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        check_transformers(pairs[i][0], pairs[i][1]);
}

TEST(one_matrix_under_two_names_must_be_one) {
    static const char *const names[] = {"vision_encoder.pos_embed",
                                        "shared_image_embedding.positional_embedding",
                                        "prompt_encoder.shared_embedding.positional_embedding"};
    Bytes file;
    Checkpoint *c = open_names(names, 3, (uint8_t[]){1, 7, 7}, &file, NULL);
    CHECK(c && checkpoint_count(c) == 2 && checkpoint_find(c, MATRIX));
    CHECK(c && strcmp(checkpoint_dialect(c), "transformers") == 0);
    checkpoint_close(c);
    bytes_free(&file);
    check_refused(names, 3, (uint8_t[]){1, 7, 8},
                  "twice with different values, as 'shared_image_embedding.positional_embedding' "
                  "and as 'prompt_encoder.shared_embedding.positional_embedding'");
}

TEST(wrapped_names_of_transformers_are_unwrapped_first) {
    static const char *const names[] = {"model._orig_mod.vision_encoder.pos_embed",
                                        "model._orig_mod.mask_decoder.upscale_conv1.bias"};
    Bytes file;
    Checkpoint *c = open_names(names, 2, NULL, &file, NULL);
    CHECK(c && checkpoint_find(c, "image_encoder.pos_embed"));
    CHECK(c && checkpoint_find(c, "mask_decoder.output_upscaling.0.bias"));
    checkpoint_close(c);
    bytes_free(&file);
}

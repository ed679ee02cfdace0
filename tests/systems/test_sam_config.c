#include "systems/sam.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"
#include "tests/systems/shapes.h"

/* ---- From names and shapes ------------------------------------------------------------------ */

static size_t trainable_elements(const Params *p) {
    size_t sum = 0;
    for (size_t i = 0; i < p->count; i++) {
        if (!p->item[i]->buffer) sum += tensor_size(&p->item[i]->tensor);
    }
    return sum;
}

static void check_inferred(const char *name, const SamConfig *want, size_t tensors,
                           size_t parameters) {
    Sam sam;
    sam_declare(&sam, want);
    Stored *stored;
    Checkpoint *c = shape_checkpoint(&sam.params, &stored);
    SamConfig got;
    Error error = {0};
    Status status = sam_config_infer(&got, c, &error);
    check_report(status == VOXPERT_OK && same_config(&got, want), __FILE__, __LINE__,
                 "%s: is not seen as what it is: %s", name, error.message);
    if (tensors) CHECK(sam.params.count == tensors);
    if (parameters) CHECK(trainable_elements(&sam.params) == parameters);
    checkpoint_close(c);
    stored_free(stored);
    sam_free(&sam);
}

TEST(published_shapes_are_seen_for_what_they_are) {
    for (size_t i = 0; i < published_shapes_count; i++) {
        const PublishedShape *s = &published_shapes[i];
        SamConfig c = shape_config(s);
        check_inferred(s->name, &c, s->tensors, s->parameters);
    }
}

TEST(mobile_sam_is_seen_as_a_pyramid) {
    SamConfig c = shape_mobile_sam();
    check_inferred("MobileSAM", &c, 0, 0);
    Sam sam;
    sam_declare(&sam, &c);
    size_t sum = 0;
    for (size_t i = 0; i < sam.params.count; i++) {
        const Param *p = sam.params.item[i];
        if (!strstr(p->name, ".running_") && !strstr(p->name, "gaussian"))
            sum += tensor_size(&p->tensor);
    }
    CHECK(sum == 10130092 - 640 - 321000); /* without its classifier */
    sam_free(&sam);
}

TEST(lite_med_sam_is_seen_by_its_stem) {
    SamConfig c = shape_mobile_sam();
    c.image = c.tiny.image = c.prompt.image = 256;
    c.tiny.pointwise_stem = true;
    check_inferred("LiteMedSAM", &c, 0, 0);
}

TEST(small_models_of_both_kinds_are_seen_too) {
    SamConfig tiny = shape_tiny();
    check_inferred("tiny", &tiny, 0, 0);
}

TEST(a_checkpoint_of_something_else_is_refused_by_name) {
    Stored *s = stored_new(16);
    stored_add(s, "layer.weight", 2, (int[]){4, 4});
    Checkpoint *c = stored_open(s, NULL);
    SamConfig config;
    Error error;
    CHECK(sam_config_infer(&config, c, &error) == VOXPERT_BAD_MODEL);
    CHECK(strstr(error.message, "stored") && strstr(error.message, "image_encoder.pos_embed"));
    checkpoint_close(c);
    stored_free(s);
}

TEST(published_checkpoint_files_are_seen_for_what_they_are) {
    static const char *const files[] = {
        "sam_bare.pth",       "sam_bare_legacy.pth",    "sam_bare_bf16.pth",
        "sam_bare_fp16.pth",  "sam.safetensors",        "sam_bf16.safetensors",
        "sammed2d_style.pth", "sam_bare_protocol4.pth", "sammed3d_style.pth"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char relative[128];
        snprintf(relative, sizeof relative, "golden/sam/files/%s", files[i]);
        Checkpoint *c;
        SamConfig config = {0};
        Error error = {0};
        Status status = checkpoint_open(&c, check_shared(relative), &error);
        if (!status) status = sam_config_infer(&config, c, &error);
        check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s: %s", files[i], error.message);
        if (status) continue;
        const ImageEncoderConfig *e = &config.vit;
        CHECK(config.image == 64 && config.prompt.grid == 4 && config.prompt.dim == 16);
        CHECK(e->dim == 32 && e->depth == 2 && e->heads == 2 && e->window == 14);
        CHECK(e->global == 2 && e->hidden == 128 && e->out == 16 && !e->adapters && !e->timm);
        CHECK(config.decoder.masks == 4 && config.decoder.transformer.hidden == 32);
        checkpoint_close(c);
    }
}

/* ---- As JSON -------------------------------------------------------------------------------- */

static void check_round_trip(const SamConfig *c) {
    char *json = sam_config_write(c);
    SamConfig again;
    Error error = {0};
    Status status = sam_config_parse(&again, json, "file", &error);
    check_report(status == VOXPERT_OK && same_config(c, &again), __FILE__, __LINE__, "%s: %s", json,
                 error.message);
    memory_free(json);
}

TEST(a_config_survives_being_written) {
    for (size_t i = 0; i < published_shapes_count; i++) {
        SamConfig c = shape_config(&published_shapes[i]);
        check_round_trip(&c);
    }
    SamConfig mobile = shape_mobile_sam(), tiny = shape_tiny(), pyramid = shape_tiny_pyramid();
    tiny.decoder.transformer.heads = 4; /* what no shape tells */
    pyramid.tiny.stage[0].stride = 1;
    check_round_trip(&mobile);
    check_round_trip(&tiny);
    pyramid.prompt.grid = tiny_vit_grid(&pyramid.tiny);
    check_round_trip(&pyramid);
}

TEST(a_config_in_the_file_decides_what_shapes_cannot_tell) {
    SamConfig want = shape_tiny_pyramid();
    want.decoder.transformer.heads = 2;
    Sam sam;
    sam_declare(&sam, &want);
    Stored *stored;
    Checkpoint *plain = shape_checkpoint(&sam.params, &stored);
    checkpoint_close(plain);
    Text metadata = {0};
    char *json = sam_config_write(&want);
    text_add(&metadata, "\"config\": \"");
    for (const char *c = json; *c; c++) text_add(&metadata, *c == '"' ? "\\\"" : "%c", *c);
    text_add(&metadata, "\"");
    Checkpoint *c = stored_open(stored, metadata.chars);
    SamConfig got;
    CHECK(sam_config_infer(&got, c, NULL) == VOXPERT_OK);
    CHECK(same_config(&got, &want));
    checkpoint_close(c);
    text_free(&metadata);
    memory_free(json);
    stored_free(stored);
    sam_free(&sam);
}

/* The text with the first `from` replaced. */
static void check_refused(const SamConfig *c, const char *from, const char *to,
                          const char *message) {
    char *json = sam_config_write(c);
    char *at = strstr(json, from);
    CHECK(at != NULL);
    if (!at) return;
    Text changed = {0};
    text_add(&changed, "%.*s%s%s", (int)(at - json), json, to, at + strlen(from));
    SamConfig out;
    Error error = {0};
    Status status = sam_config_parse(&out, changed.chars, "some.file", &error);
    check_report(status == VOXPERT_BAD_MODEL && strstr(error.message, message) &&
                     strstr(error.message, "some.file"),
                 __FILE__, __LINE__, "%s for %s: \"%s\"", from, to, error.message);
    text_free(&changed);
    memory_free(json);
}

TEST(numbers_that_no_model_has_are_refused_with_a_sentence) {
    SamConfig vit = shape_tiny(), tiny = shape_tiny_pyramid();
    check_refused(&vit, "\"image\": 64", "\"image\": 63", "multiple of its patch");
    check_refused(&vit, "\"image\": 64", "\"image\": 80", "size that its positions are for");
    check_refused(&vit, "\"image\": 64", "\"image\": \"64\"", "field \"image\"");
    check_refused(&vit, "\"vit.heads\": 2", "\"vit.heads\": 3", "heads");
    check_refused(&vit, "\"vit.heads\": 2", "\"vit.heads\": 0", "heads");
    check_refused(&vit, "\"vit.dim\": 16", "\"vit.dim\": 1000000", "wide");
    check_refused(&vit, "\"vit.window\": 3", "\"vit.window\": 0", "windows");
    check_refused(&vit, "\"vit.depth\": 2", "\"vit.depth\": 65", "\"vit.global\"");
    check_refused(&vit, "\"vit.global\": [1]", "\"vit.global\": [2]", "\"vit.global\"");
    check_refused(&vit, "\"vit.eps\": 1e-06", "\"vit.eps\": 0", "\"vit.eps\"");
    check_refused(&vit, "\"fixed\"", "\"free\"", "\"vit.positions\"");
    check_refused(&vit, "\"vit\"", "\"cnn\"", "\"encoder\"");
    check_refused(&vit, "\"decoder.masks\": 4", "\"decoder.masks\": 9", "mask tokens");
    check_refused(&vit, "\"decoder.iou_depth\": 3", "\"decoder.iou_depth\": 5", "quality");
    check_refused(&vit, "\"prompt.dim\": 16", "\"prompt.dim\": 24", "differ in width");
    check_refused(&vit, "\"prompt.mask_width\": 16", "\"prompt.mask_width\": 6", "multiple of 4");
    check_refused(&tiny, "\"tiny.heads\": [0, 2, 3]", "\"tiny.heads\": [0, 2]", "\"tiny.heads\"");
    check_refused(&tiny, "\"tiny.heads\": [0, 2, 3]", "\"tiny.heads\": [0, 3, 3]", "heads");
    check_refused(&tiny, "\"tiny.stride\": [2, 2, 0]", "\"tiny.stride\": [2, 3, 0]", "stride");
    check_refused(&tiny, "\"tiny.depth\": [1, 1, 1]", "\"tiny.depth\": [1, 17, 1]", "stage");
    check_refused(&tiny, "\"tiny.dim\": [8, 16, 24]", "\"tiny.dim\": []", "\"tiny.depth\"");
}

TEST(text_that_is_no_json_object_is_refused) {
    static const char *const texts[] = {"", "[]", "{", "{\"image\": 64, \"image\": 64}", "7"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        SamConfig out;
        Error error;
        CHECK(sam_config_parse(&out, texts[i], "file", &error) == VOXPERT_BAD_MODEL);
        CHECK(strstr(error.message, "no JSON object") != NULL);
    }
}

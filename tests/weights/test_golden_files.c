/* Checkpoints as people publish them: every tensor of every container against the plain one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"
#include "weights/checkpoint.h"
#include "weights/checkpoint_elements.h"

static Checkpoint *open_shared(const char *name) {
    char relative[128];
    Checkpoint *c;
    Error error;
    snprintf(relative, sizeof relative, "golden/sam/files/%s", name);
    Status status = checkpoint_open(&c, check_shared(relative), &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s: %s", name,
                 status ? error.message : "");
    return c;
}

static float *values_of(const StoredTensor *t) {
    float *values = memory_new(t->count * sizeof *values);
    if (values) stored_tensor_read(t, values);
    return values;
}

static float same(float value) { return value; }
static float through_f16(float value) { return float_from_f16(f16_from_float(value)); }
static float through_bf16(float value) { return float_from_bf16(bf16_from_float(value)); }

static bool same_tensor(const StoredTensor *t, const StoredTensor *want, float (*rounded)(float)) {
    if (!want || t->rank != want->rank || memcmp(t->dim, want->dim, sizeof t->dim) != 0)
        return false;
    float *got = values_of(t), *expected = values_of(want);
    bool equal = got && expected;
    for (size_t i = 0; equal && i < t->count; i++) equal = got[i] == rounded(expected[i]);
    memory_free(got);
    memory_free(expected);
    return equal;
}

/* Every tensor of `name` is that of `reference` under the same name, to the last bit. */
static void check_file(const char *name, const char *reference, size_t count, const char *container,
                       const char *layout, float (*rounded)(float)) {
    Checkpoint *c = open_shared(name), *want = open_shared(reference);
    if (c && want) {
        size_t wrong = 0;
        for (size_t i = 0; i < checkpoint_count(c); i++) {
            const StoredTensor *t = checkpoint_tensor(c, i);
            wrong += !same_tensor(t, checkpoint_find(want, t->name), rounded);
            wrong += checkpoint_find(c, t->name) != t;
        }
        check_report(wrong == 0, __FILE__, __LINE__, "%s: %zu tensors differ", name, wrong);
        CHECK(checkpoint_count(c) == count);
        CHECK(strcmp(checkpoint_container(c), container) == 0);
        CHECK(strcmp(checkpoint_layout(c), layout) == 0);
    }
    checkpoint_close(want);
    checkpoint_close(c);
}

TEST(a_bare_zip_file_has_the_tensors_of_safetensors) {
    check_file("sam_bare.pth", "sam.safetensors", 174, "torch zip", "bare", same);
    check_file("sam_bare_protocol4.pth", "sam.safetensors", 174, "torch zip", "bare", same);
}

TEST(a_legacy_file_has_the_tensors_of_safetensors) {
    check_file("sam_bare_legacy.pth", "sam.safetensors", 174, "torch legacy", "bare", same);
}

TEST(rounded_files_have_the_values_of_our_own_rounding) {
    check_file("sam_bare_fp16.pth", "sam.safetensors", 174, "torch zip", "bare", through_f16);
    check_file("sam_bare_bf16.pth", "sam.safetensors", 174, "torch zip", "bare", through_bf16);
    check_file("sam_bf16.safetensors", "sam.safetensors", 174, "safetensors", "bare", through_bf16);
}

TEST(state_dicts_are_found_beside_optimizers_and_arguments) {
    check_file("sammed2d_style.pth", "sam.safetensors", 174, "torch zip", "model", same);
    check_file("sammed3d_style.pth", "sam.safetensors", 174, "torch zip", "model_state_dict", same);
}

TEST(a_prefix_that_all_names_share_is_removed) {
    check_file("decoder_module_prefix.pth", "sam.safetensors", 120, "torch zip", "bare", same);
}

TEST(views_have_the_values_of_their_contiguous_copies) {
    check_file("views.pth", "views.expected.safetensors", 11, "torch zip", "bare", same);
}

TEST(views_keep_their_strides_and_types) {
    Checkpoint *c = open_shared("views.pth");
    if (!c) return;
    const StoredTensor *t = checkpoint_find(c, "transposed");
    CHECK(!t->contiguous && t->stride[0] == 1 && t->stride[1] == 6);
    CHECK(stored_tensor_in_place(t) == NULL);
    CHECK(checkpoint_find(c, "slice")->contiguous);
    CHECK(checkpoint_find(c, "scalar")->rank == 0 && checkpoint_find(c, "scalar")->count == 1);
    CHECK(checkpoint_find(c, "empty")->count == 0 && checkpoint_find(c, "empty")->bytes == NULL);
    CHECK(checkpoint_find(c, "i64")->type == ELEMENT_I64);
    CHECK(checkpoint_find(c, "bool")->type == ELEMENT_BOOL);
    CHECK(checkpoint_find(c, "f64")->type == ELEMENT_F64);
    CHECK(checkpoint_find(c, "absent") == NULL);
    checkpoint_close(c);
}

TEST(dense_floats_are_used_where_they_lie) {
    Checkpoint *c = open_shared("sam_bare.pth");
    if (!c) return;
    const StoredTensor *t = checkpoint_find(c, "image_encoder.pos_embed");
    const float *here = stored_tensor_in_place(t);
    CHECK(here != NULL && (const void *)here == t->bytes);
    float *copy = values_of(t);
    CHECK(memcmp(here, copy, t->count * sizeof *copy) == 0);
    checkpoint_drop(c, t);
    CHECK(memcmp(here, copy, t->count * sizeof *copy) == 0); /* read again from the file */
    memory_free(copy);
    checkpoint_close(c);
}

TEST(metadata_is_kept) {
    Checkpoint *c = open_shared("sam.safetensors");
    if (!c) return;
    const char *key, *value;
    CHECK(checkpoint_metadata(c, "format") && strcmp(checkpoint_metadata(c, "format"), "pt") == 0);
    CHECK(checkpoint_metadata(c, "absent") == NULL);
    CHECK(checkpoint_metadata_count(c) == 1);
    checkpoint_metadata_at(c, 0, &key, &value);
    CHECK(strcmp(key, "format") == 0 && strcmp(value, "pt") == 0);
    checkpoint_close(c);
}

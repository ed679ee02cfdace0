/* State dicts in PyTorch's files: where they are found, what is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"
#include "tests/weights/torch_file.h"
#include "weights/checkpoint.h"

static const TensorRecipe dense = {.type = "FloatStorage",
                                   .key = "0",
                                   .elements = 12,
                                   .rank = 2,
                                   .size = {3, 4},
                                   .stride = {4, 1}};

/* {"a": tensor} */
static Bytes pickle_of(const TensorRecipe *recipe) {
    Bytes b = {0};
    put_start(&b);
    put(&b, "}");
    put_text(&b, "a");
    put_tensor(&b, recipe);
    put(&b, "s.");
    return b;
}

/* Opens a zip file with this pickle (freed here) and the floats 0 .. 11 in storage 0. */
static Checkpoint *open_pickle(Bytes pickle, Bytes *file, Error *error) {
    Checkpoint *c;
    *file = torch_zip_file(&pickle, 12, false);
    Status status = checkpoint_open_memory(&c, file->at, file->size, "x.pth", error);
    check_report(!status == !!c, __FILE__, __LINE__, "status %d", (int)status);
    bytes_free(&pickle);
    return c;
}

static void check_refused(Bytes pickle, const char *words) {
    Bytes file;
    Error error = {0};
    Checkpoint *c = open_pickle(pickle, &file, &error);
    check_report(!c && error.status == VOXPERT_BAD_MODEL && strstr(error.message, words), __FILE__,
                 __LINE__, "no '%s' in: %s", words, error.message);
    checkpoint_close(c);
    bytes_free(&file);
}

static void check_values(Bytes pickle, const char *layout, const char *name, const float *want,
                         size_t count) {
    Bytes file;
    Error error = {0};
    Checkpoint *c = open_pickle(pickle, &file, &error);
    check_report(c != NULL, __FILE__, __LINE__, "%s", error.message);
    const StoredTensor *t = c ? checkpoint_find(c, name) : NULL;
    float got[32];
    CHECK(t && t->count == count && count <= 32);
    if (t && t->count == count && count <= 32) {
        stored_tensor_read(t, got);
        CHECK(memcmp(got, want, count * sizeof *got) == 0);
    }
    CHECK(c && strcmp(checkpoint_layout(c), layout) == 0 && checkpoint_count(c) == 1);
    checkpoint_close(c);
    bytes_free(&file);
}

static const float counting[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

TEST(a_state_dict_is_found_at_the_top) {
    check_values(pickle_of(&dense), "bare", "a", counting, 12);
}

/* {"epoch": 3, "loss": tensor, KEY: {"n": 1, "module.hq_token": tensor, 5: tensor}, "model": {}} */
static Bytes nested(const char *key) {
    Bytes b = {0};
    put_start(&b);
    put(&b, "}(");
    put_text(&b, "epoch");
    put(&b, "K\x03");
    put_text(&b, "loss");
    put_tensor(&b, &dense);
    put_text(&b, key);
    put(&b, "}(");
    put_text(&b, "n");
    put(&b, "K\x01");
    put_text(&b, "module.hq_token");
    put_tensor(&b, &dense);
    put(&b, "K\x05");
    put_tensor(&b, &dense);
    put(&b, "u");
    if (strcmp(key, "model") != 0) {
        put_text(&b, "model");
        put(&b, "}");
    }
    put(&b, "u.");
    return b;
}

TEST(a_state_dict_is_found_under_its_keys_and_names_become_canonical) {
    check_values(nested("model"), "model", "expert_tokens", counting, 12);
    check_values(nested("model_state_dict"), "model_state_dict", "expert_tokens", counting, 12);
    check_values(nested("state_dict"), "state_dict", "expert_tokens", counting, 12);
    check_values(nested("something"), "bare", "loss", counting, 12);
}

TEST(other_scripts_have_other_keys) {
    static const char *const keys[] = {"model_state", "net", "network_weights", "sam", "module"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        check_values(nested(keys[i]), keys[i], "expert_tokens", counting, 12);
}

/* {A: {B: {NAME: tensor}}, C: {NAME: tensor}}; C may be NULL */
static Bytes twice_nested(const char *a, const char *b, const char *c, const char *name) {
    Bytes out = {0};
    put_start(&out);
    put(&out, "}(");
    for (const char *const *key = (const char *[]){a, b, NULL}; *key; key++) {
        put_text(&out, *key);
        put(&out, "}(");
    }
    put_text(&out, name);
    put_tensor(&out, &dense);
    put(&out, "uu");
    if (c) {
        put_text(&out, c);
        put(&out, "}(");
        put_text(&out, name);
        put_tensor(&out, &dense);
        put(&out, "u");
    }
    put(&out, "u.");
    return out;
}

TEST(a_state_dict_may_lie_deeper_but_not_in_two_places) {
    static const char name[] = "model.image_encoder.a";
    check_values(twice_nested("checkpoint", "model", NULL, name), "checkpoint.model",
                 "image_encoder.a", counting, 12);
    check_values(twice_nested("checkpoint", "model", "ema", name), "checkpoint.model",
                 "image_encoder.a", counting, 12);
    check_refused(twice_nested("checkpoint", "model", "net", name),
                  "under 'net' and another one under 'checkpoint.model'");
}

/* {A: {"image_encoder.a": tensor}, B: the same, C: the same}; A, B and C may be NULL; with `top`
 * the name is at the top, too. */
static Bytes beside(const char *a, const char *b, const char *c, bool top) {
    const char *const keys[] = {a, b, c};
    Bytes out = {0};
    put_start(&out);
    put(&out, "}(");
    for (int i = 0; i < 3; i++) {
        if (!keys[i]) continue;
        put_text(&out, keys[i]);
        put(&out, "}(");
        put_text(&out, "image_encoder.a");
        put_tensor(&out, &dense);
        put(&out, "u");
    }
    if (top) {
        put_text(&out, "image_encoder.a");
        put_tensor(&out, &dense);
    }
    put(&out, "u.");
    return out;
}

TEST(what_could_be_meant_in_two_ways_is_refused_or_told) {
    static const struct {
        const char *key[3];
        bool top;
        const char *layout, *words; /* layout NULL: it is refused */
    } cases[] = {
        {{"model"}, false, "model", ""},
        {{"model", "ema"},
         false,
         "model",
         "under 'model' is taken; there is another one under ema"},
        {{"ema", "model"}, false, "model", "another one under ema"},
        {{"state_dict", "model_ema", "teacher"}, false, "state_dict", "under model_ema, teacher"},
        {{"ema_state_dict"}, true, "bare", "at the top is taken; there is another one under ema_"},
        {{"params"}, false, "params", "under params is taken, the only one there is"},
        {{"ema"}, false, "ema", "under ema is taken"},
        {{"teacher", "student"}, false, NULL, "models under teacher, student: which of them"},
        {{"model", "state_dict"}, false, NULL, "under 'model' and another one under 'state_dict'"},
        {{"model"}, true, NULL, "at its top and another one under 'model'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Bytes pickle = beside(cases[i].key[0], cases[i].key[1], cases[i].key[2], cases[i].top);
        if (!cases[i].layout) {
            check_refused(pickle, cases[i].words);
            continue;
        }
        Bytes file = torch_zip_file(&pickle, 12, false);
        Checkpoint *c = NULL;
        Error error = {0};
        Status status = checkpoint_open_memory(&c, file.at, file.size, "w.pth", &error);
        const char *said = status ? error.message : warnings_lines(checkpoint_warnings(c));
        check_report(!status && strcmp(checkpoint_layout(c), cases[i].layout) == 0 &&
                         checkpoint_find(c, "image_encoder.a") && strstr(said, cases[i].words) &&
                         !*cases[i].words == !*said,
                     __FILE__, __LINE__, "case %zu: %s", i, said);
        checkpoint_close(c);
        bytes_free(&pickle);
        bytes_free(&file);
    }
}

TEST(a_whole_pickled_object_is_called_one) {
    static const char object[] = "cseg.sam\nSam\n)\x81}b";
    Bytes b = {0};
    put_start(&b);
    put(&b, object);
    put(&b, ".");
    check_refused(b, "a whole pickled object of class seg.sam.Sam");
    b = (Bytes){0};
    put_start(&b);
    put(&b, "}");
    put_text(&b, "model");
    put(&b, object);
    put(&b, "s.");
    check_refused(b, "a whole pickled object of class seg.sam.Sam");
}

TEST(a_prefix_that_only_some_names_have_stays) {
    Bytes b = {0}, file;
    put_start(&b);
    put(&b, "}(");
    put_text(&b, "module.a");
    put_tensor(&b, &dense);
    put_text(&b, "b");
    put_tensor(&b, &dense);
    put(&b, "u.");
    Checkpoint *c = open_pickle(b, &file, NULL);
    CHECK(c && checkpoint_find(c, "module.a") && checkpoint_find(c, "b"));
    checkpoint_close(c);
    bytes_free(&file);
}

TEST(pickles_without_a_state_dict_are_refused) {
    static const char *const pickles[] = {"\x80\x02}.",
                                          "\x80\x02]K\x01"
                                          "a.",
                                          "\x80\x02N.",
                                          "\x80\x02"
                                          "cmy\nModel\n)\x81}b."};
    for (size_t i = 0; i < sizeof pickles / sizeof *pickles; i++) {
        Bytes b = {0};
        put(&b, pickles[i]);
        check_refused(b, "no state dict");
    }
}

TEST(views_are_read_by_their_strides) {
    TensorRecipe t = dense;
    t.size[0] = 4, t.size[1] = 3, t.stride[0] = 1, t.stride[1] = 4;
    check_values(pickle_of(&t), "bare", "a", (float[]){0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}, 12);
    t = dense, t.offset = 11, t.size[0] = t.size[1] = 1, t.stride[0] = 99;
    check_values(pickle_of(&t), "bare", "a", (float[]){11}, 1);
    t = dense, t.offset = 3, t.stride[0] = t.stride[1] = 0; /* one value, expanded */
    check_values(pickle_of(&t), "bare", "a", (float[]){3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3}, 12);
}

static void check_recipe(TensorRecipe t, const char *words) { check_refused(pickle_of(&t), words); }

TEST(tensors_that_do_not_fit_their_storage_are_refused) {
    TensorRecipe t = dense;
    t.offset = 1;
    check_recipe(t, "'a': its shape, stride and storage offset reach outside");
    t = dense, t.stride[0] = 5;
    check_recipe(t, "reach outside");
    t = dense, t.stride[0] = INT64_MAX;
    check_recipe(t, "reach outside");
    t = dense, t.offset = -1;
    check_recipe(t, "'a': its storage offset");
    t = dense, t.stride[1] = -1;
    check_recipe(t, "'a': its stride");
    t = dense, t.size[0] = -3;
    check_recipe(t, "'a': its shape");
    t = dense, t.size[0] = t.size[1] = INT64_MAX;
    check_recipe(t, "'a': its shape overflows");
    t = dense, t.size[0] = 1 << 20, t.stride[0] = t.stride[1] = 0;
    check_recipe(t, "more values than its file has bytes");
    t = dense, t.rank = 9;
    check_recipe(t, "at most 8");
    t = dense, t.elements = INT64_MAX;
    check_recipe(t, "too large");
    t = dense, t.elements = -1;
    check_recipe(t, "'a': its storage is damaged");
    t = dense, t.elements = 13;
    check_recipe(t, "'data/0' has 48 bytes, but needs 52");
    t = dense, t.type = "DoubleStorage";
    check_recipe(t, "needs 96");
    t = dense, t.type = "ComplexFloatStorage";
    check_recipe(t, "of a type that is not supported");
    t = dense, t.key = "1";
    check_recipe(t, "'data/1' is missing");
    t = dense, t.key = "../byteorder";
    check_recipe(t, "is missing");
}

TEST(names_that_are_no_text_are_refused) {
    static const char *const names[] = {"X\x01\x00\x00\x00\xff", "X\x01\x00\x00\x00\x00"};
    for (int i = 0; i < 2; i++) {
        Bytes b = {0};
        put_start(&b);
        put(&b, "}");
        bytes_add(&b, names[i], 6);
        put_tensor(&b, &dense);
        put(&b, "s.");
        check_refused(b, "UTF-8");
    }
}

/* ---- The zip file ----------------------------------------------------------------------- */

static Status open_parts(const ZipPart *part, size_t count, Error *error) {
    Checkpoint *c;
    Bytes file = zip_file(part, count, (ZipForm){0});
    Status status = checkpoint_open_memory(&c, file.at, file.size, "x.pth", error);
    checkpoint_close(c);
    bytes_free(&file);
    return status;
}

TEST(folders_and_byte_orders) {
    Bytes p = small_pickle("0", false);
    ZipPart parts[] = {{.name = "data.pkl", .bytes = p.at, .size = p.size},
                       {.name = "data/0", .bytes = counting, .size = sizeof counting},
                       {.name = "byteorder", .bytes = "big", .size = 3}};
    Error error = {0};
    CHECK(open_parts(parts, 2, &error) == VOXPERT_OK); /* neither folder nor byteorder */
    CHECK(open_parts(parts, 3, &error) == VOXPERT_BAD_MODEL);
    CHECK(strstr(error.message, "byteorder") != NULL);
    parts[0].name = "deep/er/data.pkl";
    CHECK(open_parts(parts, 2, &error) == VOXPERT_BAD_MODEL);
    CHECK(strstr(error.message, "without data.pkl") != NULL);
    bytes_free(&p);
}

TEST(what_inflates_to_too_much_is_refused) {
    Bytes p = small_pickle("0", false);
    ZipPart parts[] = {
        {.name = "data.pkl", .bytes = p.at, .size = p.size},
        {.name = "data/0", .bytes = counting, .size = sizeof counting, .deflated = true}};
    Error error = {0};
    CHECK(open_parts(parts, 2, &error) == VOXPERT_OK);
    parts[1].zip64 = true;
    parts[1].announced = (size_t)1 << 40;
    CHECK(open_parts(parts, 2, &error) == VOXPERT_BAD_MODEL);
    CHECK(strstr(error.message, "'data/0' announces 1099511627776 bytes") != NULL);
    parts[1].announced = 49;
    CHECK(open_parts(parts, 2, &error) == VOXPERT_BAD_MODEL);
    CHECK(strstr(error.message, "damaged") != NULL);
    bytes_free(&p);
}

/* ---- The legacy file -------------------------------------------------------------------- */

static Status open_legacy(const Bytes *file, Error *error) {
    Checkpoint *c;
    Status status = checkpoint_open_memory(&c, file->at, file->size, "x.pth", error);
    checkpoint_close(c);
    return status;
}

static void check_legacy_refused(const char *pickled_key, const char *listed_key, size_t at,
                                 uint8_t turn, const char *words) {
    Bytes p = small_pickle(pickled_key, true), file = torch_legacy_file(&p, listed_key, 12);
    Error error = {0};
    file.at[at] ^= turn;
    CHECK(open_legacy(&file, &error) == VOXPERT_BAD_MODEL);
    check_report(strstr(error.message, words) != NULL, __FILE__, __LINE__, "no '%s' in: %s", words,
                 error.message);
    bytes_free(&p);
    bytes_free(&file);
}

TEST(legacy_files_that_are_not_whole_are_refused) {
    enum { MAGIC = 4, VERSION = 18, LITTLE_ENDIAN_FLAG = 43 };
    check_legacy_refused("9", "9", MAGIC, 1, "magic number");
    check_legacy_refused("9", "9", VERSION, 1, "protocol version");
    check_legacy_refused("9", "9", LITTLE_ENDIAN_FLAG, 1, "little_endian");
    check_legacy_refused("9", "8", MAGIC, 0, "type is unknown");
}

TEST(legacy_storages_have_the_size_that_their_tensors_say) {
    Bytes p = small_pickle("9", true), file = torch_legacy_file(&p, "9", 11);
    Error error = {0};
    CHECK(open_legacy(&file, &error) == VOXPERT_BAD_MODEL);
    CHECK(strstr(error.message, "two different sizes") != NULL);
    bytes_free(&p);
    bytes_free(&file);
}

TEST(legacy_values_lie_behind_the_keys) {
    Bytes p = small_pickle("9", true), file = torch_legacy_file(&p, "9", 12);
    Checkpoint *c;
    float got[12];
    CHECK(checkpoint_open_memory(&c, file.at, file.size, "x.pth", NULL) == VOXPERT_OK);
    stored_tensor_read(checkpoint_find(c, "a"), got);
    CHECK(memcmp(got, counting, sizeof got) == 0);
    CHECK(strcmp(checkpoint_container(c), "torch legacy") == 0);
    checkpoint_close(c);
    bytes_free(&p);
    bytes_free(&file);
}

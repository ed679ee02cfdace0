#include "weights/safetensors_write.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"
#include "weights/checkpoint_elements.h"

static char folder[] = "/tmp/voxpert_write_XXXXXX";
static char path[64];

static const char *output(void) {
    if (!*path) {
        if (!mkdtemp(folder)) abort();
        snprintf(path, sizeof path, "%s/out.safetensors", folder);
    }
    return path;
}

static size_t files_left(void) {
    FileNames names;
    CHECK(folder_list(&names, folder, NULL) == VOXPERT_OK);
    size_t count = names.count;
    file_names_free(&names);
    return count;
}

static void remove_output(void) {
    unlink(output());
    CHECK(files_left() == 0); /* no temporary file either */
    rmdir(folder);
    *path = '\0';
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
}

static void fill_scaled(float *out, const void *context) {
    for (int i = 0; i < 6; i++) out[i] = *(const float *)context * (float)i;
}

static const float some[] = {0.1f, -2.5f, 65504.0f, 6e-8f, 0.0f};
static const float scale = 0.3f;
static const TensorToWrite tensors[] = {
    {.name = "first", .rank = 1, .dim = {5}, .values = some},
    {.name = "filled", .rank = 2, .dim = {2, 3}, .fill = fill_scaled, .context = &scale},
    {.name = "scalar", .rank = 0, .values = some + 1},
    {.name = "empty", .rank = 2, .dim = {0, 7}, .values = some},
    {.name = "poids \"\xe2\x82\x82\"\n", .rank = 1, .dim = {1}, .values = some},
};
enum { TENSORS = sizeof tensors / sizeof *tensors };
static const MetadataPair pairs[] = {{"format", "voxpert"}, {"tab\t", "back\\slash \x01 \xc3\xa9"}};

static float as_is(float v) { return v; }
static float as_f16(float v) { return float_from_f16(f16_from_float(v)); }
static float as_bf16(float v) { return float_from_bf16(bf16_from_float(v)); }

static void check_tensor(const StoredTensor *t, const TensorToWrite *want,
                         float (*rounded)(float)) {
    float got[6] = {0}, values[6] = {0};
    CHECK(strcmp(t->name, want->name) == 0 && t->rank == want->rank && t->count <= 6);
    CHECK(memcmp(t->dim, want->dim, (size_t)want->rank * sizeof *t->dim) == 0);
    stored_tensor_read(t, got);
    if (want->fill)
        want->fill(values, want->context);
    else
        memcpy(values, want->values, t->count * sizeof *values);
    for (size_t i = 0; i < t->count; i++) CHECK(got[i] == rounded(values[i]));
}

static void check_round_trip(ElementType type, float (*rounded)(float)) {
    Checkpoint *c;
    Error error = {0};
    Status status = safetensors_write(output(), tensors, TENSORS, pairs, 2, type, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
    status = checkpoint_open(&c, path, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
    if (c) {
        CHECK(checkpoint_count(c) == TENSORS);
        for (size_t i = 0; i < TENSORS; i++) {
            const StoredTensor *t = checkpoint_find(c, tensors[i].name);
            CHECK(t && t->type == type);
            if (t) check_tensor(t, &tensors[i], rounded);
        }
        const char *value = checkpoint_metadata(c, pairs[1].key);
        CHECK(value && strcmp(value, pairs[1].value) == 0);
    }
    checkpoint_close(c);
    remove_output();
}

TEST(what_is_written_is_read_again) {
    check_round_trip(ELEMENT_F32, as_is);
    check_round_trip(ELEMENT_F16, as_f16);
    check_round_trip(ELEMENT_BF16, as_bf16);
}

TEST(the_bytes_are_these) {
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"voxpert\",\"tab\\u0009\":\"back\\\\slash \\u0001 "
        "\xc3\xa9\"},\"first\":{\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":[0,20]}}";
    FileMap map;
    CHECK(safetensors_write(output(), tensors, 1, pairs, 2, ELEMENT_F32, NULL) == VOXPERT_OK);
    REQUIRE(file_map(&map, path, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
    size_t length = sizeof header - 1, padded = (length + 7) / 8 * 8;
    uint64_t size = 0;
    CHECK(map.size == 8 + padded + sizeof some);
    memcpy(&size, map.bytes, sizeof size);
    CHECK(size == padded); /* the data begin at a multiple of 8 */
    CHECK(memcmp(map.bytes + 8, header, length) == 0);
    for (size_t i = length; i < padded; i++) CHECK(map.bytes[8 + i] == ' ');
    CHECK(memcmp(map.bytes + 8 + padded, some, sizeof some) == 0);
    file_unmap(&map);
    remove_output();
}

static void check_refused(const TensorToWrite *t, size_t count, ElementType type,
                          const char *words) {
    Error error = {0};
    CHECK(safetensors_write(output(), t, count, NULL, 0, type, &error) == VOXPERT_BAD_OUTPUT);
    check_report(strstr(error.message, words) != NULL, __FILE__, __LINE__, "no '%s' in: %s", words,
                 error.message);
    remove_output();
}

TEST(what_the_type_cannot_hold_is_refused) {
    static const float wrong[] = {65520.0f, NAN, INFINITY, 3.4e38f};
    TensorToWrite t = {.name = "w", .rank = 1, .dim = {1}, .values = wrong};
    check_refused(&t, 1, ELEMENT_F16, "'w'");
    t.values = wrong + 1;
    check_refused(&t, 1, ELEMENT_F32, "'w'");
    t.values = wrong + 2;
    check_refused(&t, 1, ELEMENT_F32, "'w'");
    t.values = wrong + 3;
    check_refused(&t, 1, ELEMENT_BF16, "'w'");
}

TEST(names_and_shapes_that_safetensors_forbids_are_refused) {
    TensorToWrite t[] = {{.name = "a", .rank = 1, .dim = {1}, .values = some},
                         {.name = "a", .rank = 1, .dim = {1}, .values = some}};
    check_refused(t, 2, ELEMENT_F32, "twice");
    t[1].name = "__metadata__";
    check_refused(t, 2, ELEMENT_F32, "__metadata__");
    t[1].name = "\xff";
    check_refused(t, 2, ELEMENT_F32, "UTF-8");
    t[0].dim[0] = SIZE_MAX / 2;
    check_refused(t, 1, ELEMENT_F32, "'a' cannot be written: its shape");
    t[0].rank = 9;
    check_refused(t, 1, ELEMENT_F32, "'a' cannot be written: its shape");
}

TEST(values_longer_than_one_chunk_are_written_whole) {
    enum { COUNT = 10001 };
    float *values = memory_new(COUNT * sizeof *values), *got = memory_new(COUNT * sizeof *got);
    for (int i = 0; i < COUNT; i++) values[i] = (float)(i % 2048); /* exact in F16 */
    TensorToWrite t = {.name = "long", .rank = 1, .dim = {COUNT}, .values = values};
    Checkpoint *c;
    CHECK(safetensors_write(output(), &t, 1, NULL, 0, ELEMENT_F16, NULL) == VOXPERT_OK);
    REQUIRE(checkpoint_open(&c, path, NULL) == VOXPERT_OK);
    stored_tensor_read(checkpoint_tensor(c, 0), got);
    CHECK(memcmp(got, values, COUNT * sizeof *got) == 0);
    checkpoint_close(c);
    memory_free(values);
    memory_free(got);
    remove_output();
}

TEST(a_missing_folder_is_told) {
    Error error;
    CHECK(safetensors_write("/nonexistent/out", tensors, TENSORS, NULL, 0, ELEMENT_F32, &error) ==
          VOXPERT_BAD_OUTPUT);
    CHECK(strstr(error.message, "/nonexistent/out") != NULL);
}

/* A limit on the size of files acts like a disk that fills up. */
TEST(a_full_disk_leaves_nothing) {
    enum { COUNT = 1 << 16 };
    float *values = memory_new(COUNT * sizeof *values);
    TensorToWrite t = {.name = "w", .rank = 1, .dim = {COUNT}, .values = values};
    struct rlimit before, little;
    Error error;
    getrlimit(RLIMIT_FSIZE, &before);
    little = (struct rlimit){4096, before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &little) == 0);
    Status status = safetensors_write(output(), &t, 1, NULL, 0, ELEMENT_F32, &error);
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    signal(SIGXFSZ, handler);
    CHECK(status == VOXPERT_BAD_OUTPUT && strstr(error.message, path) != NULL);
    memory_free(values);
    remove_output();
}

TEST(every_request_for_memory_may_fail_while_writing) {
    Status status = VOXPERT_OUT_OF_MEMORY;
    size_t n = 1;
    output();
    for (; status && n < 100; n++) {
        memory_fail_at(n, n % 2);
        status = safetensors_write(path, tensors, TENSORS, pairs, 2, ELEMENT_F32, NULL);
        memory_fail_at(0, false);
        CHECK(status == VOXPERT_OK || status == VOXPERT_OUT_OF_MEMORY);
        CHECK(files_left() == (status == VOXPERT_OK));
    }
    CHECK(status == VOXPERT_OK && n > 4);
    remove_output();
}

/* The precision of a model: what a caller asks for, what a file states, and f32 where neither does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <voxpert/voxpert.h>

#include "base/files.h"
#include "tests/check.h"

/* The built-in model, whose header states one thing more. */
typedef struct Stated {
    char *bytes;
    size_t size;
} Stated;

static Stated state(const char *precision) {
    FileMap map;
    Stated s = {0};
    char more[64];
    REQUIRE(file_map(&map, "models/builtin.safetensors", VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
    const char *key = "\"__metadata__\":{", *header = (const char *)map.bytes + 8;
    uint64_t length;
    memcpy(&length, map.bytes, 8);
    const char *at = memmem(header, length, key, strlen(key));
    CHECK(at != NULL);
    size_t before = (size_t)(at + strlen(key) - (const char *)map.bytes);
    snprintf(more, sizeof more, "\"precision\":\"%s\",%*s", precision, 8, "");
    size_t added = strlen(more) / 8 * 8; /* offsets stay aligned; spaces may be cut */
    s.size = map.size + added;
    s.bytes = malloc(s.size);
    length += added;
    memcpy(s.bytes, map.bytes, before);
    memcpy(s.bytes, &length, 8);
    memcpy(s.bytes + before, more, added);
    memcpy(s.bytes + before + added, map.bytes + before, map.size - before);
    file_unmap(&map);
    return s;
}

static VoxpertStatus open_stated(const char *precision, VoxpertError *error) {
    Stated s = state(precision);
    VoxpertModel *model = NULL;
    VoxpertModelInfo info = {0};
    VoxpertStatus status = voxpert_model_open_memory(&model, s.bytes, s.size, "m", NULL, error);
    if (!status) {
        CHECK(voxpert_model_info(model, &info, NULL) == VOXPERT_OK);
        CHECK(strcmp(info.precision, precision) == 0);
    }
    voxpert_model_close(model);
    free(s.bytes);
    return status;
}

TEST(what_a_file_states_is_taken_or_refused) {
    VoxpertError error = {0};
    CHECK(open_stated("f32", &error) == VOXPERT_OK);
    CHECK(open_stated("int8", &error) == VOXPERT_BAD_MODEL);
    CHECK(strstr(error.message, "\"precision\"") && strstr(error.message, "int8"));
}

TEST(what_a_caller_asks_for_is_taken_or_refused) {
    VoxpertError error = {0};
    VoxpertModel *model = NULL;
    VoxpertOptions options = {.precision = "f32"};
    REQUIRE(voxpert_model_open(&model, NULL, &options, &error) == VOXPERT_OK);
    voxpert_model_close(model);
    options.precision = "bf16";
    CHECK(voxpert_model_open(&model, NULL, &options, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(!model && strcmp(error.field, "precision") == 0 && strstr(error.message, "bf16"));
}

TEST(where_nothing_is_stated_it_is_f32) {
    VoxpertModel *model = NULL;
    VoxpertModelInfo info = {0};
    char *json = NULL;
    REQUIRE(voxpert_model_open(&model, NULL, NULL, NULL) == VOXPERT_OK);
    CHECK(voxpert_model_info(model, &info, NULL) == VOXPERT_OK);
    CHECK(strcmp(info.precision, "f32") == 0);
    CHECK(voxpert_model_describe(model, &json, NULL) == VOXPERT_OK);
    CHECK(strstr(json, "\"precision\": \"f32\"") != NULL);
    voxpert_free(json);
    voxpert_model_close(model);
}

/* Models in several files: what an index may say, and what it may not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "tests/check.h"
#include "tests/weights/torch_file.h"
#include "weights/checkpoint.h"

typedef struct Folder {
    char path[64], index[96];
} Folder;

static void put_file(const Folder *f, const char *name, const void *bytes, size_t size) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    CHECK(file_write(path, bytes, size, NULL) == VOXPERT_OK);
}

static void put_tensor_file(const Folder *f, const char *name, const char *header, size_t data) {
    Bytes file = safetensors_file(header, data);
    put_file(f, name, file.at, file.size);
    bytes_free(&file);
}

/* a and b in one.safetensors, c in two.safetensors */
static Folder folder_new(void) {
    Folder f = {.path = "/tmp/voxpert_shards_XXXXXX"};
    CHECK(mkdtemp(f.path) != NULL);
    snprintf(f.index, sizeof f.index, "%s/model.safetensors.index.json", f.path);
    put_tensor_file(&f, "one.safetensors",
                    "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                    "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
                    2);
    put_tensor_file(&f, "two.safetensors",
                    "{\"c\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}", 3);
    return f;
}

static void folder_remove(const Folder *f) {
    FileNames names;
    char path[512];
    CHECK(folder_list(&names, f->path, NULL) == VOXPERT_OK);
    for (size_t i = 0; i < names.count; i++) {
        snprintf(path, sizeof path, "%s/%s", f->path, names.name[i]);
        unlink(path);
    }
    file_names_free(&names);
    CHECK(rmdir(f->path) == 0);
}

static const char good[] = "{\"weight_map\": {\"a\": \"one.safetensors\", \"b\": "
                           "\"one.safetensors\", \"c\": \"two.safetensors\"}}";

TEST(an_index_may_begin_with_a_byte_order_mark) {
    Folder f = folder_new();
    char marked[sizeof good + 3] = "\xef\xbb\xbf";
    memcpy(marked + 3, good, sizeof good);
    put_file(&f, "model.safetensors.index.json", marked, strlen(marked));
    Checkpoint *c = NULL;
    Error error = {0};
    Status status = checkpoint_open(&c, f.index, &error);
    check_report(!status && checkpoint_count(c) == 3, __FILE__, __LINE__, "%s", error.message);
    checkpoint_close(c);
    folder_remove(&f);
}

TEST(an_index_means_all_of_its_files_and_so_does_its_folder) {
    Folder f = folder_new();
    put_file(&f, "model.safetensors.index.json", good, strlen(good));
    for (int i = 0; i < 2; i++) {
        Checkpoint *c = NULL;
        Error error = {0};
        Status status = checkpoint_open(&c, i ? f.path : f.index, &error);
        check_report(!status, __FILE__, __LINE__, "%s", error.message);
        CHECK(c && checkpoint_count(c) == 3 && checkpoint_find(c, "c")->count == 3);
        CHECK(c && strcmp(checkpoint_container(c), "shards") == 0);
        if (c) checkpoint_drop(c, checkpoint_find(c, "c"));
        checkpoint_close(c);
    }
    folder_remove(&f);
}

static void check_refused(const char *index, const char *words) {
    Folder f = folder_new();
    Checkpoint *c = NULL;
    Error error = {0};
    put_file(&f, "model.safetensors.index.json", index, strlen(index));
    put_file(&f, "nested.json", good, strlen(good));
    Status status = checkpoint_open(&c, f.index, &error);
    check_report(status == VOXPERT_BAD_MODEL && !c && strstr(error.message, words), __FILE__,
                 __LINE__, "no '%s' in: %s", words, error.message);
    checkpoint_close(c);
    folder_remove(&f);
}

#define MAP(members) "{\"weight_map\": {" members "}}"

TEST(indexes_that_lie_are_refused) {
    check_refused(MAP("\"a\": \"../one.safetensors\""), "own folder for tensor 'a'");
    check_refused(MAP("\"a\": \"/etc/passwd\""), "own folder for tensor 'a'");
    check_refused(MAP("\"a\": \".hidden\""), "own folder for tensor 'a'");
    check_refused(MAP("\"a\": \"\""), "own folder for tensor 'a'");
    check_refused(MAP("\"a\": \"on\\ne.safetensors\""), "own folder for tensor 'a'");
    check_refused(MAP("\"a\": 7"), "own folder for tensor 'a'");
    check_refused(MAP("\"a\": \"three.safetensors\""), "three.safetensors: cannot be opened");
    check_refused(MAP("\"a\": \"nested.json\""), "is an index, where a part");
    check_refused(MAP("\"a\": \"one.safetensors\""), "tensor 'b' of ");
    check_refused(MAP("\"a\": \"one.safetensors\", \"b\": \"two.safetensors\""), "is not listed");
    check_refused(MAP("\"a\": \"one.safetensors\", \"b\": \"one.safetensors\", \"d\": "
                      "\"one.safetensors\""),
                  "lists 3 tensors, but its files hold 2");
    check_refused(MAP(""), "names tensors");
    check_refused("{\"weight_map\": []}", "names tensors");
    check_refused("{\"weight_map\": ", "no index that can be read");
    check_refused("{\"weight\": 1}", "is a JSON file, not a checkpoint");
}

TEST(an_index_in_memory_has_no_files) {
    Checkpoint *c = NULL;
    Error error = {0};
    CHECK(checkpoint_open_memory(&c, good, strlen(good), "x", &error) == VOXPERT_BAD_MODEL);
    CHECK(strstr(error.message, "not here") != NULL && !c);
}

TEST(a_folder_without_a_checkpoint_says_what_is_looked_for) {
    Folder f = folder_new();
    Checkpoint *c = NULL;
    Error error = {0};
    CHECK(checkpoint_open(&c, f.path, &error) == VOXPERT_BAD_MODEL && !c);
    CHECK(strstr(error.message, "pytorch_model.bin") != NULL);
    folder_remove(&f);
}

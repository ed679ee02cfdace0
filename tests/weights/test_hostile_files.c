/* Files that a reader must survive: status and words of the message, and little memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check.h"
#include "weights/checkpoint.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SANITIZED = 1 }; /* a sanitizer's shadow does not fit under a limit */
#else
enum { SANITIZED = 0 };
#endif

enum { MEMORY_ABOVE_BASE = 64 << 20 };

typedef struct Case {
    const char *file;
    Status status;
    const char *words[3]; /* that the message holds besides the file's name */
} Case;

static size_t address_space(void) {
    size_t pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%zu", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* The status of opening `path` in a child that may take little memory, or -1. */
static int status_with_little_memory(const char *path) {
    if (SANITIZED) return -1;
    size_t base = address_space();
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {base + MEMORY_ABOVE_BASE, base + MEMORY_ABOVE_BASE};
        if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(100);
        Checkpoint *c;
        Status status = checkpoint_open(&c, path, NULL);
        checkpoint_close(c);
        _exit((int)status);
    }
    int result;
    if (child < 0 || waitpid(child, &result, 0) != child || !WIFEXITED(result)) return 101;
    return WEXITSTATUS(result);
}

static void check_case(const char *folder, const Case *k) {
    char relative[160];
    snprintf(relative, sizeof relative, "golden/%s/%s", folder, k->file);
    const char *path = check_shared(relative);
    Error error = {0};
    Checkpoint *c;
    Status status = checkpoint_open(&c, path, &error);
    check_report(status == k->status, __FILE__, __LINE__, "%s: status %d: %s", k->file, (int)status,
                 error.message);
    check_report((c == NULL) == (status != VOXPERT_OK), __FILE__, __LINE__, "%s: result", k->file);
    checkpoint_close(c);
    if (status) {
        check_report(strstr(error.message, k->file) != NULL, __FILE__, __LINE__,
                     "no file name in: %s", error.message);
        for (int i = 0; i < 3 && k->words[i]; i++)
            check_report(strstr(error.message + strlen(path), k->words[i]) != NULL, __FILE__,
                         __LINE__, "no '%s' in: %s", k->words[i], error.message);
    }
    int small = status_with_little_memory(path);
    check_report(small == -1 || small == (int)k->status, __FILE__, __LINE__,
                 "%s: status %d with little memory", k->file, small);
}

TEST(hostile_safetensors_of_the_image_set) {
    static const Case cases[] = {
        {"empty.safetensors", VOXPERT_BAD_MODEL, {"an empty file"}},
        {"short.safetensors", VOXPERT_BAD_MODEL, {"header"}},
        {"size_huge.safetensors", VOXPERT_BAD_MODEL, {"header size"}},
        {"size_over_100mb.safetensors", VOXPERT_BAD_MODEL, {"header size"}},
        {"size_past_end.safetensors", VOXPERT_BAD_MODEL, {"header size"}},
        {"not_json.safetensors", VOXPERT_BAD_MODEL, {"JSON"}},
        {"json_cut.safetensors", VOXPERT_BAD_MODEL, {"JSON"}},
        {"json_array.safetensors", VOXPERT_BAD_MODEL, {"JSON"}},
        {"not_utf8.safetensors", VOXPERT_BAD_MODEL, {"UTF-8"}},
        {"offset_past_end.safetensors", VOXPERT_BAD_MODEL, {"'a'", "data_offsets"}},
        {"offset_reversed.safetensors", VOXPERT_BAD_MODEL, {"'a'", "data_offsets"}},
        {"offset_negative.safetensors", VOXPERT_BAD_MODEL, {"'a'", "data_offsets"}},
        {"size_mismatch.safetensors", VOXPERT_BAD_MODEL, {"'a'", "shape"}},
        {"shape_overflow.safetensors", VOXPERT_BAD_MODEL, {"'a'", "shape"}},
        {"shape_negative.safetensors", VOXPERT_BAD_MODEL, {"'a'", "shape"}},
        {"dtype_unknown.safetensors", VOXPERT_BAD_MODEL, {"'a'", "dtype"}},
        {"overlap.safetensors", VOXPERT_BAD_MODEL, {"data_offsets"}},
        {"hole.safetensors", VOXPERT_BAD_MODEL, {"data_offsets"}},
        {"trailing.safetensors", VOXPERT_BAD_MODEL, {"trailing"}},
        {"duplicate_name.safetensors", VOXPERT_BAD_MODEL, {"\"a\""}},
        {"metadata_number.safetensors", VOXPERT_BAD_MODEL, {"__metadata__"}},
        {"json_deep.safetensors", VOXPERT_BAD_MODEL, {"JSON"}},
        {"shape_1e30.safetensors", VOXPERT_BAD_MODEL, {"'a'", "shape"}},
        {"name_path.safetensors", VOXPERT_OK, {NULL}}, /* a name; no model has it */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case("image/hostile/safetensors", &cases[i]);
}

TEST(hostile_safetensors_of_the_sam_set) {
    static const Case cases[] = {
        {"overlap.safetensors", VOXPERT_BAD_MODEL, {"'b'", "data_offsets"}},
        {"hole.safetensors", VOXPERT_BAD_MODEL, {"data_offsets"}},
        {"trailing_bytes.safetensors", VOXPERT_BAD_MODEL, {"trailing"}},
        {"header_oversized.safetensors", VOXPERT_BAD_MODEL, {"header size"}},
        {"header_overflow.safetensors", VOXPERT_BAD_MODEL, {"header size"}},
        {"header_past_end.safetensors", VOXPERT_BAD_MODEL, {"header size"}},
        {"seven_bytes.safetensors", VOXPERT_BAD_MODEL, {"header"}},
        {"offset_past_end.safetensors", VOXPERT_BAD_MODEL, {"'a'", "data_offsets"}},
        {"offset_reversed.safetensors", VOXPERT_BAD_MODEL, {"'a'", "data_offsets"}},
        {"truncated.safetensors", VOXPERT_BAD_MODEL, {"data_offsets"}},
        {"size_mismatch.safetensors", VOXPERT_BAD_MODEL, {"'a'", "shape"}},
        {"dtype_size_mismatch.safetensors", VOXPERT_BAD_MODEL, {"'a'", "dtype"}},
        {"shape_overflow.safetensors", VOXPERT_BAD_MODEL, {"'a'", "shape"}},
        {"shape_negative.safetensors", VOXPERT_BAD_MODEL, {"'a'", "shape"}},
        {"wrong_dtype.safetensors", VOXPERT_BAD_MODEL, {"'a'", "dtype"}},
        {"duplicate_key.safetensors", VOXPERT_BAD_MODEL, {"\"a\""}},
        {"not_json.safetensors", VOXPERT_BAD_MODEL, {"JSON"}},
        {"header_array.safetensors", VOXPERT_BAD_MODEL, {"JSON"}},
        {"invalid_utf8.safetensors", VOXPERT_BAD_MODEL, {"UTF-8"}},
        {"metadata_not_string.safetensors", VOXPERT_BAD_MODEL, {"__metadata__"}},
        {"ok.safetensors", VOXPERT_OK, {NULL}},
        {"header_padded.safetensors", VOXPERT_OK, {NULL}},
        {"empty_tensor.safetensors", VOXPERT_OK, {NULL}},
        {"unicode_name.safetensors", VOXPERT_OK, {NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case("sam/hostile", &cases[i]);
}

TEST(hostile_pth_files) {
    static const Case cases[] = {
        {"truncated_tail.pth", VOXPERT_BAD_MODEL, {"zip directory", "cut short"}},
        {"truncated_head.pth", VOXPERT_BAD_MODEL, {"zip directory", "cut short"}},
        {"empty.pth", VOXPERT_BAD_MODEL, {"an empty file"}},
        {"storage_short.pth", VOXPERT_BAD_MODEL, {"'a'", "data/0", "needs 48"}},
        {"storage_missing.pth", VOXPERT_BAD_MODEL, {"'b'", "data/1", "missing"}},
        {"no_pickle.pth", VOXPERT_BAD_MODEL, {"data.pkl"}},
        {"shape_exceeds_storage.pth", VOXPERT_BAD_MODEL, {"'a'", "shape", "storage"}},
        {"negative_offset.pth", VOXPERT_BAD_MODEL, {"'a'", "offset"}},
        {"garbage_pickle.pth", VOXPERT_BAD_MODEL, {"pickle", "past its end"}},
        {"deep_nesting.pth", VOXPERT_BAD_MODEL, {"no state dict"}},
        {"big_endian.pth", VOXPERT_BAD_MODEL, {"byteorder", "big-endian"}},
        {"evil_system.pth", VOXPERT_OK, {NULL}}, /* what would run is skipped as unknown */
        {"evil_system_legacy.pth", VOXPERT_OK, {NULL}},
        {"evil_eval.pth", VOXPERT_OK, {NULL}},
        {"path_traversal.pth", VOXPERT_OK, {NULL}}, /* the entry is never asked for */
        {"deflated.pth", VOXPERT_OK, {NULL}},
        {"ok_small.pth", VOXPERT_OK, {NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case("sam/hostile", &cases[i]);
}

static void check_values(const char *file, const char *name, size_t count, float first) {
    char relative[128];
    snprintf(relative, sizeof relative, "golden/sam/hostile/%s", file);
    Checkpoint *c;
    REQUIRE(checkpoint_open(&c, check_shared(relative), NULL) == VOXPERT_OK);
    const StoredTensor *t = c ? checkpoint_find(c, name) : NULL;
    bool right = t && t->count == count;
    float values[16] = {0};
    if (right) stored_tensor_read(t, values);
    for (size_t i = 0; right && i < count; i++) right = values[i] == first + (float)i;
    check_report(right, __FILE__, __LINE__, "%s: values of '%s'", file, name);
    checkpoint_close(c);
}

TEST(what_is_left_of_them_has_the_right_values) {
    static const char *const whole[] = {"ok_small.pth", "deflated.pth", "path_traversal.pth"};
    for (int i = 0; i < 3; i++) {
        check_values(whole[i], "a", 12, 0.0f);
        check_values(whole[i], "b", 5, 0.0f);
    }
    check_values("evil_system.pth", "a", 12, 0.0f);
    check_values("evil_system_legacy.pth", "a", 12, 0.0f);
    check_values("evil_eval.pth", "a", 12, 0.0f);
    check_values("ok.safetensors", "a", 6, 0.0f);
    check_values("ok.safetensors", "b", 2, 6.0f);
    check_values("header_padded.safetensors", "a", 1, 0.0f);
    check_values("empty_tensor.safetensors", "a", 0, 0.0f);
    check_values("unicode_name.safetensors", "poids\xe2\x82\x82", 1, 0.0f);
}

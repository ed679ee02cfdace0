/* Files cut at every byte and changed at every byte, and memory that runs out at every request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"
#include "tests/weights/torch_file.h"
#include "weights/checkpoint.h"

enum { EVERY = 2048 };

/* Opens a block of exactly this size, so that a sanitizer sees the first byte read behind it, and
 * reads what it holds. */
static Status open_and_read(const uint8_t *bytes, size_t size, Error *error) {
    uint8_t *copy = malloc(size + !size);
    if (!copy) abort();
    if (size) memcpy(copy, bytes, size);
    Checkpoint *c;
    Status status = checkpoint_open_memory(&c, copy, size, "damaged", error);
    for (size_t i = 0; c && i < checkpoint_count(c); i++) {
        const StoredTensor *t = checkpoint_tensor(c, i);
        float *values = malloc(t->count * sizeof *values + 1);
        if (!values) abort();
        stored_tensor_read(t, values);
        free(values);
    }
    checkpoint_close(c);
    free(copy);
    return status;
}

static void check_damage(const char *name, const uint8_t *bytes, size_t size) {
    static const uint8_t turns[] = {0x01, 0x80, 0xFF};
    Error error;
    check_report(open_and_read(bytes, size, &error) == VOXPERT_OK, __FILE__, __LINE__, "%s: whole",
                 name);
    for (size_t cut = 0; cut < size; cut++)
        check_report(open_and_read(bytes, cut, &error) == VOXPERT_BAD_MODEL, __FILE__, __LINE__,
                     "%s: cut at %zu", name, cut);
    uint8_t *changed = malloc(size);
    if (!changed) abort();
    memcpy(changed, bytes, size);
    for (size_t i = 0; i < size && i < EVERY; i++) {
        for (size_t turn = 0; turn < sizeof turns; turn++) {
            changed[i] ^= turns[turn];
            Status status = open_and_read(changed, size, &error);
            bool told = status == VOXPERT_OK || (status == VOXPERT_BAD_MODEL &&
                                                 strncmp(error.message, "damaged: ", 9) == 0);
            check_report(told, __FILE__, __LINE__, "%s: byte %zu turned by %d: status %d", name, i,
                         turns[turn], (int)status);
            changed[i] ^= turns[turn];
        }
    }
    free(changed);
}

static void check_damaged_file(const char *relative) {
    FileMap map;
    REQUIRE(file_map(&map, check_shared(relative), VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
    check_damage(relative, map.bytes, map.size);
    file_unmap(&map);
}

TEST(a_damaged_zip_file_is_survived) { check_damaged_file("golden/sam/hostile/ok_small.pth"); }
TEST(damaged_safetensors_are_survived) { check_damaged_file("golden/sam/hostile/ok.safetensors"); }

static const char header[] =
    "{\"__metadata__\":{\"k\":\"v\"},\"a\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":"
    "[0,12]},\"b\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[12,16]}}";

typedef Bytes Maker(void);

static Bytes make_safetensors(void) { return safetensors_file(header, 16); }

static Bytes make_zip(void) {
    Bytes pickle = small_pickle("0", false), file = torch_zip_file(&pickle, 12, false);
    bytes_free(&pickle);
    return file;
}

static Bytes make_deflated(void) {
    Bytes pickle = small_pickle("0", false), file = torch_zip_file(&pickle, 12, true);
    bytes_free(&pickle);
    return file;
}

static Bytes make_legacy(void) {
    Bytes pickle = small_pickle("94508", true), file = torch_legacy_file(&pickle, "94508", 12);
    bytes_free(&pickle);
    return file;
}

static Maker *const makers[] = {make_safetensors, make_zip, make_deflated, make_legacy};
static const char *const names[] = {"safetensors", "zip", "deflated zip", "legacy"};

TEST(damage_to_any_container_is_survived) {
    for (int i = 0; i < 4; i++) {
        Bytes file = makers[i]();
        check_damage(names[i], file.at, file.size);
        bytes_free(&file);
    }
}

TEST(every_request_for_memory_may_fail) {
    for (int i = 0; i < 4; i++) {
        Bytes file = makers[i]();
        Checkpoint *c = NULL;
        Error error;
        size_t n = 1;
        for (; !c && n < 100; n++) {
            memory_fail_at(n, n % 2);
            Status status = checkpoint_open_memory(&c, file.at, file.size, "file", &error);
            memory_fail_at(0, false);
            check_report(status == (c ? VOXPERT_OK : VOXPERT_OUT_OF_MEMORY), __FILE__, __LINE__,
                         "%s: request %zu: status %d", names[i], n, (int)status);
        }
        check_report(c != NULL && n > 6, __FILE__, __LINE__, "%s: %zu requests", names[i], n);
        checkpoint_close(c);
        bytes_free(&file);
    }
}

TEST(a_mapped_file_may_lack_memory_too) {
    const char *path = check_shared("golden/sam/hostile/ok_small.pth");
    for (size_t n = 1; n < 4; n++) {
        Checkpoint *c;
        memory_fail_at(n, true);
        CHECK(checkpoint_open(&c, path, NULL) == VOXPERT_OUT_OF_MEMORY);
        memory_fail_at(0, false);
        CHECK(c == NULL);
    }
}

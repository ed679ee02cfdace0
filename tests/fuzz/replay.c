/* replay.c - runs a fuzz target over its corpus, without libFuzzer.
 *
 * Each file as it is, cut short at each length, and with each byte turned over: all of them for the
 * first 2 KiB, 500 seeded positions above. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/random.h"
#include "tests/fuzz/fuzz.h"

enum { EVERY = 2048, ABOVE = 500 };

/* A block of exactly this size, so that a sanitizer sees the first byte read behind it. */
static void replay(const uint8_t *bytes, size_t size, size_t turned) {
    uint8_t *copy = memory_new(size);
    if (!copy) abort();
    if (size) memcpy(copy, bytes, size);
    if (turned < size) copy[turned] ^= 0xff;
    LLVMFuzzerTestOneInput(copy, size);
    memory_free(copy);
}

static void replay_damaged(const uint8_t *bytes, size_t size) {
    Random random = random_begin(1, 0, size, 0);
    size_t near = size < EVERY ? size : EVERY, far = size > EVERY ? ABOVE : 0;
    replay(bytes, size, size);
    for (size_t i = 0; i < near + far; i++) {
        size_t at = i < near ? i : (size_t)random_integer(&random, EVERY, (int64_t)size - 1);
        replay(bytes, at, at);
        replay(bytes, size, at);
    }
}

static Status replay_folder(const char *folder, Error *error) {
    FileNames names;
    Status status = folder_list(&names, folder, error);
    for (size_t i = 0; !status && i < names.count; i++) {
        FileMap map = {0};
        char *path = path_join(folder, names.name[i]);
        status = path ? file_map(&map, path, VOXPERT_BAD_INPUT, error)
                      : error_set(error, VOXPERT_OUT_OF_MEMORY, "out of memory");
        if (!status) replay_damaged(map.bytes, map.size);
        file_unmap(&map);
        memory_free(path);
    }
    if (!status) printf("%zu files of %s replayed\n", names.count, folder);
    file_names_free(&names);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }
    Error error;
    Status status = replay_folder(argv[1], &error);
    if (status) fprintf(stderr, "%s\n", error.message);
    return (int)status;
}

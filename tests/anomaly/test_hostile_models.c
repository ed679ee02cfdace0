/* Hostile and damaged files as models, through the public door. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <voxpert/voxpert.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/random.h"
#include "predict/model.h"
#include "tests/check.h"
#include "tests/predict/tiny_model.h"

/* ---- Files made to harm -------------------------------------------------------------------- */

typedef struct HostileFolder {
    const char *path;
    size_t least; /* files that must be there */
} HostileFolder;

static const HostileFolder folders[] = {
    {"golden/sam/hostile", 40},
    {"golden/image/hostile/safetensors", 20},
};

/* Even the harmless among them are no model. */
static void check_refused(const char *folder, const char *name) {
    char *path = path_join(folder, name), untouched;
    VoxpertModel *model = (VoxpertModel *)(void *)&untouched;
    VoxpertError error = {0};
    VoxpertStatus status = voxpert_model_open(&model, path, NULL, &error);
    check_report(status == VOXPERT_BAD_MODEL, __FILE__, __LINE__, "%s: status %d: %s", name,
                 (int)status, error.message);
    check_report(!model, __FILE__, __LINE__, "%s: a model came of it", name);
    check_report(strstr(error.message, name) != NULL && error.status == status, __FILE__, __LINE__,
                 "%s is not named in: %s", name, error.message);
    memory_free(path);
}

TEST(no_hostile_file_opens_as_a_model) {
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const char *folder = check_shared(folders[i].path);
        FileNames names;
        CHECK(!folder_list(&names, folder, NULL));
        CHECK(names.count >= folders[i].least);
        for (size_t k = 0; k < names.count; k++) {
            if (strcmp(names.name[k], "README.md") != 0) check_refused(folder, names.name[k]);
        }
        file_names_free(&names);
    }
}

/* ---- Damage -------------------------------------------------------------------------------- */

typedef struct Bytes {
    TinyModel t;
    uint8_t *byte;
    size_t size;
} Bytes;

static void bytes_open(Bytes *b) {
    FileMap map;
    tiny_model_open(&b->t, NULL, 1, 1);
    if (file_map(&map, b->t.path, VOXPERT_BAD_MODEL, NULL)) abort();
    b->size = map.size;
    b->byte = malloc(map.size);
    if (!b->byte) abort();
    memcpy(b->byte, map.bytes, map.size);
    file_unmap(&map);
}

static void bytes_close(Bytes *b) {
    free(b->byte);
    tiny_model_close(&b->t);
}

/* Opens the first `size` bytes; what opens must be able to work. */
static Status try(const Bytes *b, size_t size) {
    Error error = {0};
    Model *model = NULL;
    ModelOptions options = {.threads = 1, .embedded = b->byte, .embedded_size = size};
    Status status = model_open(&model, NULL, &options, &error);
    check_report((model != NULL) == !status, __FILE__, __LINE__, "status %d", (int)status);
    check_report(!status || error.message[0], __FILE__, __LINE__, "no words for it");
    if (model && model->system.sam.config.image == TINY_IMAGE) {
        TinyModel t = {.model = model};
        predictor_close(tiny_session(&t, 20, 20));
    }
    model_close(model);
    return status;
}

TEST(a_model_that_was_cut_short_is_refused) {
    Bytes b;
    bytes_open(&b);
    CHECK(try(&b, b.size) == VOXPERT_OK);
    for (size_t size = 0; size < 2048; size++) CHECK(try(&b, size) == VOXPERT_BAD_MODEL);
    for (uint64_t i = 0; i < 200; i++) {
        size_t size = (size_t)(random_mix(i) % b.size);
        CHECK(try(&b, size) == VOXPERT_BAD_MODEL);
    }
    bytes_close(&b);
}

TEST(a_model_with_a_flipped_byte_is_refused_or_works) {
    Bytes b;
    bytes_open(&b);
    for (size_t i = 0; i < 2548; i++) {
        size_t at = i < 2048 ? i : (size_t)(random_mix(i) % b.size);
        b.byte[at] ^= (uint8_t)(1u << (i % 8));
        Status status = try(&b, b.size);
        check_report(status == VOXPERT_OK || status == VOXPERT_BAD_MODEL, __FILE__, __LINE__,
                     "byte %zu: status %d", at, (int)status);
        b.byte[at] ^= (uint8_t)(1u << (i % 8));
    }
    bytes_close(&b);
}

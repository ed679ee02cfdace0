#include "tests/train/tiny.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "systems/systems.h"
#include "tests/check.h"

const char tiny_config[] =
    "{\"system\": \"sam\", \"encoder\": \"vit\", \"image\": 32, \"vit.side\": 8, \"vit.patch\": 4, "
    "\"vit.channels\": 3, "
    "\"vit.dim\": 16, \"vit.depth\": 1, \"vit.heads\": 2, \"vit.window\": 4, \"vit.hidden\": 32, "
    "\"vit.out\": 16, \"prompt.dim\": 16, \"prompt.mask_width\": 4, "
    "\"decoder.transformer.dim\": 16, \"decoder.transformer.depth\": 1, "
    "\"decoder.transformer.heads\": 2, \"decoder.transformer.hidden\": 32, \"decoder.masks\": 4, "
    "\"decoder.iou_hidden\": 16, \"decoder.iou_depth\": 2, \"vit.relative\": true, "
    "\"vit.adapters\": false, \"vit.timm\": false, \"vit.eps\": 1e-6, "
    "\"vit.positions\": \"fixed\", \"vit.global\": [0]}";

const char *tiny_folder(const char *name) {
    static char path[4][256];
    static int next;
    char *at = path[next++ % 4];
    const char *base = getenv("TMPDIR");
    snprintf(at, sizeof path[0], "%s/voxpert-train-%d-%s", base ? base : "/tmp", (int)getpid(),
             name);
    return at;
}

TrainOptions tiny_options(const char *out) {
    static const char *const names[] = {"state.safetensors", "history.jsonl", "model.safetensors",
                                        "last.safetensors", "summary.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = path_join(out, names[i]);
        if (path) unlink(path);
        memory_free(path);
    }
    TrainOptions o = train_options_default();
    o.out = out;
    o.config = tiny_config;
    o.shapes = 6;
    o.steps = 6;
    o.batch = 4;
    o.threads = 1;
    o.warm_up = 2.0;
    o.optimizer.lr = 2e-3;
    o.validate_every = 0;
    return o;
}

bool tiny_same_file(const char *folder_a, const char *folder_b, const char *name) {
    char *a = path_join(folder_a, name), *b = path_join(folder_b, name);
    FileMap x = {0}, y = {0};
    bool ok = a && b && file_map(&x, a, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK &&
              file_map(&y, b, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK && x.size == y.size &&
              x.size > 0 && memcmp(x.bytes, y.bytes, x.size) == 0;
    file_unmap(&x);
    file_unmap(&y);
    memory_free(a);
    memory_free(b);
    return ok;
}

/* The value of a key on a line of its own. */
static bool same_value(const char *a, const char *b, const char *key) {
    const char *x = strstr(a, key), *y = strstr(b, key);
    size_t length = x ? strcspn(x, "\n") : 0;
    return x && y && strcspn(y, "\n") == length && memcmp(x, y, length) == 0;
}

static char *read_summary(const char *folder) {
    char *path = path_join(folder, "summary.json"), *text = NULL;
    FileMap map;
    if (path && file_map(&map, path, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK) {
        text = memory_new(map.size + 1);
        if (text && map.size) memcpy(text, map.bytes, map.size);
        file_unmap(&map);
    }
    memory_free(path);
    return text;
}

bool tiny_same_summary(const char *folder_a, const char *folder_b) {
    char *a = read_summary(folder_a), *b = read_summary(folder_b);
    bool same = a && b && same_value(a, b, "\"weights\": ") && same_value(a, b, "\"recipe\": ") &&
                same_value(a, b, "\"steps\": ") && same_value(a, b, "\"best_score\": ");
    memory_free(a);
    memory_free(b);
    return same;
}

bool tiny_same_weights(const char *folder_a, const char *folder_b) {
    return tiny_same_summary(folder_a, folder_b) &&
           tiny_same_file(folder_a, folder_b, "last.safetensors");
}

bool tiny_same_run(const char *folder_a, const char *folder_b) {
    return tiny_same_file(folder_a, folder_b, "last.safetensors") &&
           tiny_same_file(folder_a, folder_b, "routing.csv");
}

Checkpoint *tiny_open(const char *folder, const char *name) {
    Checkpoint *c = NULL;
    char *path = path_join(folder, name);
    REQUIRE(checkpoint_open(&c, path, NULL) == VOXPERT_OK);
    memory_free(path);
    return c;
}

void tiny_experts_open(TinyExperts *e, const char *folder, const char *name, const char *base) {
    Error error = {0};
    char surplus[256];
    *e = (TinyExperts){.file = tiny_open(folder, name)};
    REQUIRE(checkpoint_open(&e->base, base, NULL) == VOXPERT_OK);
    check_report(system_open(&e->system, e->file, e->base, true, surplus, sizeof surplus, &error) ==
                     VOXPERT_OK,
                 __FILE__, __LINE__, "%s", error.message);
    CHECK(e->system.ops == &segmote_system && e->system.adapter);
}

void tiny_experts_close(TinyExperts *e) {
    system_close(&e->system);
    checkpoint_close(e->base);
    checkpoint_close(e->file);
}

bool tiny_copy_file(const char *from, const char *to) {
    FileMap map = {0};
    bool ok = file_map(&map, from, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK &&
              file_write(to, map.bytes, map.size, NULL) == VOXPERT_OK;
    file_unmap(&map);
    return ok;
}

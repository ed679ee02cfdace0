/* fuzz_model_config.c - any bytes as what a model's file states of itself beside its tensors.
 *
 * The first byte is what they are taken for: 's' the config of a SAM, 'e' that of experts, 't' the
 * config.json of transformers, 'i' an index of shards, 'p' the metadata "preprocess".  What is
 * accepted is written and must be accepted again as the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/quote.h"
#include "predict/model.h"
#include "systems/sam_config.h"
#include "tests/fuzz/fuzz.h"

/* 64 pixels, two blocks: what experts stand around, and what tensors show. */
static const char tiny[] =
    "{\"system\": \"sam\", \"image\": 64, \"prompt.dim\": 16, \"prompt.mask_width\": 16, "
    "\"decoder.transformer.dim\": 16, \"decoder.transformer.depth\": 2, "
    "\"decoder.transformer.heads\": 2, \"decoder.transformer.hidden\": 32, \"decoder.masks\": 4, "
    "\"decoder.iou_hidden\": 16, \"decoder.iou_depth\": 3, \"vit.side\": 4, \"vit.patch\": 16, "
    "\"vit.channels\": 3, \"vit.dim\": 16, \"vit.depth\": 2, \"vit.heads\": 2, \"vit.window\": 3, "
    "\"vit.hidden\": 32, \"vit.out\": 16, \"vit.relative\": true, \"vit.adapters\": false, "
    "\"vit.timm\": false, \"vit.eps\": 1e-06, \"vit.positions\": \"fixed\", \"vit.global\": [1]}";

static SamConfig tiny_config(void) {
    SamConfig c;
    if (sam_config_parse(&c, tiny, "tiny", NULL)) abort();
    return c;
}

/* Accepted, written, accepted, written: the same text. */
static void check_sam(const SamConfig *c) {
    SamConfig again;
    char *first = sam_config_write(c);
    if (!first || sam_config_parse(&again, first, "written", NULL)) abort();
    char *second = sam_config_write(&again);
    if (!second || strcmp(first, second) != 0) abort();
    memory_free(first);
    memory_free(second);
}

static void take_sam(const char *text) {
    SamConfig c;
    Error error;
    if (!sam_config_parse(&c, text, "fuzz", &error)) check_sam(&c);
}

static void take_experts(const char *text) {
    SamConfig sam = tiny_config();
    SegmoteConfig c, again;
    Error error;
    if (segmote_config_parse(&c, text, "fuzz", &sam, NULL, &error)) return;
    char *first = segmote_config_write(&c);
    if (!first || segmote_config_parse(&again, first, "written", &sam, NULL, NULL)) abort();
    char *second = segmote_config_write(&again);
    if (!second || strcmp(first, second) != 0) abort();
    memory_free(first);
    memory_free(second);
}

static void take_transformers(const char *text) {
    SamConfig c = tiny_config();
    Error error;
    Status status = sam_config_take_transformers(&c, text, "config.json", &error);
    if (!status) status = sam_config_complete(&c, "fuzz", &error);
    if (!status) check_sam(&c);
}

/* ---- With files ------------------------------------------------------------------------- */

static char folder[256], index_path[320], shard_path[320];

static void leave(void) {
    unlink(index_path);
    unlink(shard_path);
    rmdir(folder);
}

static void put_file(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) abort();
}

static void enter(void) {
    static const char shard[] = "\x3f\0\0\0\0\0\0\0"
                                "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}"
                                "          x";
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/voxpert-fuzz-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(folder)) abort();
    snprintf(index_path, sizeof index_path, "%s/model.safetensors.index.json", folder);
    snprintf(shard_path, sizeof shard_path, "%s/a.safetensors", folder);
    put_file(shard_path, shard, sizeof shard - 1);
    atexit(leave);
}

static void take_index(const uint8_t *bytes, size_t size) {
    Checkpoint *c;
    Error error;
    if (!*folder) enter();
    put_file(index_path, bytes, size);
    if (!checkpoint_open(&c, folder, &error)) checkpoint_close(c);
}

static void take_preprocess(const char *text) {
    SamConfig config = tiny_config();
    Sam sam = {.config = config};
    Text file = {0};
    Error error;
    Checkpoint *c;
    Preset preset;
    text_add(&file, "12345678{\"__metadata__\":{\"preprocess\":");
    text_add_quoted(&file, text);
    text_add(&file, "}}");
    if (file.failed) abort();
    uint64_t header = file.length - sizeof header;
    memcpy(file.chars, &header, sizeof header);
    if (!checkpoint_open_memory(&c, file.chars, file.length, "fuzz", &error)) {
        if (!model_preset(&preset, c, &sam, NULL, &error) &&
            !(preset.zoom >= 0.0 && preset.zoom < 100.0))
            abort();
        checkpoint_close(c);
    }
    text_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size == 0) return 0;
    char *text = malloc(size);
    if (!text) abort();
    memcpy(text, bytes + 1, size - 1);
    text[size - 1] = '\0';
    if (bytes[0] == 's') take_sam(text);
    if (bytes[0] == 'e') take_experts(text);
    if (bytes[0] == 't') take_transformers(text);
    if (bytes[0] == 'i') take_index(bytes + 1, size - 1);
    if (bytes[0] == 'p') take_preprocess(text);
    free(text);
    return 0;
}

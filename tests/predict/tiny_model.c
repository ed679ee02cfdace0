#include "tests/predict/tiny_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"

static const SamConfig config = {
    .image = TINY_IMAGE,
    .vit = {.side = TINY_GRID,
            .patch = TINY_IMAGE / TINY_GRID,
            .channels = 3,
            .dim = 16,
            .depth = 2,
            .heads = 2,
            .window = 3,
            .global = 1u << 1,
            .hidden = 32,
            .out = 16,
            .eps = 1e-6f,
            .relative = true},
    .prompt = {.dim = 16, .grid = TINY_GRID, .image = TINY_IMAGE, .mask_width = 16},
    .decoder = {.transformer = {.dim = 16, .depth = 2, .heads = 2, .hidden = 32},
                .masks = 4,
                .iou_hidden = 16,
                .iou_depth = 3},
};

static void must(Status status, const Error *error) {
    if (!status) return;
    fprintf(stderr, "tiny model: %s\n", error->message);
    abort();
}

void tiny_model_write(const char *path, unsigned seed) {
    Error error;
    Sam sam;
    TensorToWrite *tensors = NULL;
    size_t count = 0;
    sam_declare(&sam, &config);
    must(params_initialize(&sam.params, seed, &error), &error);
    must(params_to_write(&sam.params, NULL, &tensors, &count, &error), &error);
    char *json = sam_config_write(&config);
    MetadataPair metadata[] = {{"format", "voxpert 1"}, {"config", json}};
    must(safetensors_write(path, tensors, count, metadata, 2, ELEMENT_F32, &error), &error);
    memory_free(json);
    memory_free(tensors);
    sam_free(&sam);
}

void tiny_model_open(TinyModel *t, const char *preset, unsigned seed, int threads) {
    *t = (TinyModel){.folder = "/tmp/voxpert_tiny_XXXXXX"};
    if (!mkdtemp(t->folder)) abort();
    snprintf(t->path, sizeof t->path, "%s/model.safetensors", t->folder);
    tiny_model_write(t->path, seed);
    Error error;
    ModelOptions options = {.threads = threads, .preset = preset ? preset : "sam"};
    must(model_open(&t->model, t->path, &options, &error), &error);
}

void tiny_model_close(TinyModel *t) {
    model_close(t->model);
    FileNames names;
    if (folder_list(&names, t->folder, NULL) == VOXPERT_OK) {
        for (size_t i = 0; i < names.count; i++) {
            char path[512];
            snprintf(path, sizeof path, "%s/%s", t->folder, names.name[i]);
            unlink(path);
        }
        file_names_free(&names);
    }
    rmdir(t->folder);
}

Predictor *tiny_predictor(const TinyModel *t) {
    Predictor *p = NULL;
    Error error;
    must(predictor_open(&p, t->model, NULL, &error), &error);
    return p;
}

Picture tiny_picture(size_t width, size_t height, unsigned salt) {
    Picture p = {.rgb = memory_new(3 * width * height), .width = width, .height = height};
    if (!p.rgb) abort();
    for (size_t i = 0; i < 3 * width * height; i++) {
        double x = (double)(i / 3 % width), y = (double)(i / 3 / width), c = (double)(i % 3);
        p.rgb[i] = (uint8_t)(127.5 + 127.0 * sin(0.21 * x + 0.13 * y * (c + 1.0) + (double)salt));
    }
    return p;
}

Predictor *tiny_session(const TinyModel *t, size_t width, size_t height) {
    Predictor *p = tiny_predictor(t);
    Picture picture = tiny_picture(width, height, 0);
    Error error;
    must(predictor_set_picture(p, &picture, &error), &error);
    must(predictor_encode(p, crop_whole(&picture), &error), &error);
    picture_free(&picture);
    return p;
}

#include "tests/train/tiny_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "image/volume.h"

enum { SIDE = TINY_DATA_SIDE };

static void must(Status status, const Error *error) {
    if (!status) return;
    fprintf(stderr, "tiny data: %s\n", error->message);
    abort();
}

static void write_picture(const char *folder, const char *name, const uint8_t *pixels) {
    char path[512];
    Error error;
    Volume *v;
    snprintf(path, sizeof path, "%s/%s.png", folder, name);
    must(volume_new(&v, (VolumeSize){1, 1, SIDE, SIDE, 1}, SAMPLE_U8, &error), &error);
    memcpy(v->samples, pixels, (size_t)SIDE * SIDE);
    must(volume_write(v, path, &error), &error);
    volume_free(v);
}

static void make_folder(const char *folder, const char *name, char path[512]) {
    Error error;
    snprintf(path, 512, "%s/%s", folder, name);
    must(folder_make(path, &error), &error);
}

static void block(uint8_t *pixels, int x0, int y0, int x1, int y1, uint8_t value) {
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++) pixels[y * SIDE + x] = value;
}

void tiny_data_write(const char *folder, int pictures, unsigned salt) {
    static const char names[] = "{\"1\": \"liver\", \"2\": \"spleen\"}";
    char images[512], masks[512], regions[512], path[600];
    Error error;
    must(folder_make(folder, &error), &error);
    make_folder(folder, "images", images);
    make_folder(folder, "masks", masks);
    make_folder(folder, "regions", regions);
    for (int k = 0; k < pictures; k++) {
        uint8_t picture[SIDE * SIDE], labels[SIDE * SIDE] = {0}, map[SIDE * SIDE] = {0};
        char name[32];
        int shift = (k * 3 + (int)salt) % 7;
        for (int i = 0; i < SIDE * SIDE; i++)
            picture[i] = (uint8_t)(60 + (i * 7 + k * 13 + (int)salt * 5) % 40);
        block(picture, 3 + shift, 4, 14 + shift, 16, 220);
        block(labels, 3 + shift, 4, 14 + shift, 16, 1);
        block(picture, 20, 22 + shift, 33, 30 + shift, 10);
        block(labels, 20, 22 + shift, 33, 30 + shift, 2);
        block(map, 0, 30, 12, 39, 1);
        block(map, 26, 0, 39, 12, 2);
        block(map, 3 + shift, 4, 14 + shift, 16, 3);
        snprintf(name, sizeof name, "case%d", k);
        write_picture(images, name, picture);
        write_picture(masks, name, labels);
        if (k) write_picture(regions, name, map);
    }
    snprintf(path, sizeof path, "%s/names.json", folder);
    must(file_write(path, names, strlen(names), &error), &error);
}

/* images.h - what every fuzz target of an image format does with its bytes. */
#ifndef TESTS_FUZZ_IMAGES_H
#define TESTS_FUZZ_IMAGES_H

#include <stdlib.h>

#include "base/memory.h"
#include "image/picture.h"
#include "tests/fuzz/fuzz.h"

/* A refusal must have a sentence and leave nothing behind; what is read must be whole: every slice
 * can be cut, and every label looked at. */
static inline void fuzz_image(const uint8_t *bytes, size_t size, const char *name, bool labels) {
    VolumeReadOptions options = {.labels = labels, .max_bytes = (size_t)1 << 24};
    Error error = {0};
    Volume *v;
    Status status = volume_read_memory(&v, bytes, size, name, &options, &error);
    if (status) {
        if (v || error.status != status || error.message[0] == '\0') abort();
        return;
    }
    Picture picture;
    Window window = {.low = 0.0, .high = 255.0};
    uint32_t *label = memory_new(volume_voxels(v) * sizeof *label);
    if (!label) abort();
    (void)!volume_labels(label, v, NULL);
    (void)!volume_slice(&picture, v, (VolumeSlice){'k', v->depth - 1, v->frames - 1}, &window,
                        NULL);
    picture_free(&picture);
    memory_free(label);
    volume_free(v);
}

static inline int fuzz_format(const uint8_t *bytes, size_t size, const char *name) {
    fuzz_image(bytes, size, name, false);
    fuzz_image(bytes, size, name, true);
    return 0;
}

#endif

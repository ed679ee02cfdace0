/* fuzz_annotation.c - any bytes as the JSON of a COCO annotation of a picture of 15 x 17 pixels. */
#include <stdlib.h>

#include "data/outline.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    enum { HEIGHT = 15, WIDTH = 17 };
    uint8_t mask[HEIGHT * WIDTH] = {0};
    Error error;
    json_t *annotation = json_loadb((const char *)bytes, size, 0, NULL);
    if (!annotation_mask(mask, (Extent){HEIGHT, WIDTH}, annotation, &error)) {
        for (int i = 0; i < HEIGHT * WIDTH; i++) {
            if (mask[i] > 1) abort();
        }
    }
    json_decref(annotation);
    return 0;
}

/* fuzz_rle.c - any bytes as the text of COCO run lengths of a mask of 15 x 17 pixels. */
#include <stdlib.h>

#include "image/rle.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    enum { HEIGHT = 15, WIDTH = 17 };
    Rle rle;
    uint8_t mask[HEIGHT * WIDTH];
    size_t xywh[4];
    if (rle_from_text(&rle, (const char *)bytes, size, (Extent){HEIGHT, WIDTH}, NULL)) return 0;
    rle_decode(&rle, mask);
    rle_box(&rle, xywh);
    if (rle_area(&rle) > sizeof mask || xywh[0] + xywh[2] > WIDTH || xywh[1] + xywh[3] > HEIGHT)
        abort();
    rle_free(&rle);
    return 0;
}

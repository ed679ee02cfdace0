#include "image/rle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"
#include "base/random.h"
#include "tests/check.h"
#include "tests/golden/tensor_file.h"

/* pycocotools 2.0.11 on the same masks. */
typedef struct Known {
    size_t height, width;
    const char *mask, *text;
    size_t area, xywh[4];
} Known;

static const Known known[] = {
    {3, 4, "011001001000", "231N4", 4, {0, 0, 3, 3}},
    {9,
     14,
     "000111111001100011010101001001010111011010110001101010100100011010010110100000010010101111000"
     "101011100101101011111100110010100",
     "31131O0OOO21N22MO031L30L0101122LM01130M20N3ON0N60J0040L10",
     63,
     {0, 0, 14, 9}},
    {3, 5, "000000000000000", "?", 0, {0, 0, 0, 0}},
    {3, 5, "111111111111111", "0?", 15, {0, 0, 5, 3}},
    {15,
     17,
     "000000000000000000000000111000000000000111111100000000011111111100000001111111111100000011111"
     "111111000001111111111111000011111111111110000111111111111100000111111111110000001111111111100"
     "000001111111110000000001111111000000000000111000000000000000000000000",
     "T13:4M2N2O0O2O0001N101N2N3Lj0",
     121,
     {2, 1, 13, 13}},
    {1, 30, "000111111100000000000010000001", "37<JJ0", 9, {3, 0, 27, 1}},
    {30, 1, "111011110111011010001111110101", "03110O0O0O25NK00", 21, {0, 0, 1, 30}},
    {5,
     17,
     "0000000000000000100000000000000001000000000000000010000000000000000100000000000000001",
     "`25",
     5,
     {16, 0, 1, 5}},
};

TEST(texts_areas_and_boxes_are_those_of_pycocotools) {
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        const Known *want = &known[k];
        Extent size = {want->height, want->width};
        size_t n = extent_pixels(size), xywh[4];
        uint8_t mask[256], back[256];
        for (size_t i = 0; i < n; i++) mask[i] = want->mask[i] == '1' ? 255 : 0;
        Rle rle, read;
        Text text = {0};
        CHECK(!rle_encode(&rle, mask, size, NULL));
        rle_to_text(&rle, &text);
        CHECK(strcmp(text.chars, want->text) == 0);
        CHECK(rle_area(&rle) == want->area);
        rle_box(&rle, xywh);
        CHECK(memcmp(xywh, want->xywh, sizeof xywh) == 0);
        CHECK(!rle_from_text(&read, text.chars, text.length, size, NULL));
        CHECK(read.count == rle.count &&
              memcmp(read.counts, rle.counts, rle.count * sizeof *rle.counts) == 0);
        rle_decode(&read, back);
        for (size_t i = 0; i < n; i++) CHECK(back[i] == (mask[i] != 0));
        rle_free(&rle);
        rle_free(&read);
        text_free(&text);
    }
}

TEST(random_masks_survive_both_ways) {
    Random random = random_begin(3, 0, 0, 0);
    for (int t = 0; t < 60; t++) {
        Extent size = {(size_t)random_integer(&random, 1, 90),
                       (size_t)random_integer(&random, 1, 150)};
        size_t n = extent_pixels(size), xywh[4], count = 0;
        size_t x0 = n, y0 = n, x1 = 0, y1 = 0;
        uint8_t *mask = calloc(n, 1), *back = malloc(n);
        double share = t % 3 == 0 ? 0.002 : random_uniform(&random);
        for (size_t i = 0; i < n; i++) {
            if (!(mask[i] = random_uniform(&random) < share)) continue;
            count++;
            x0 = i % size.width < x0 ? i % size.width : x0;
            x1 = i % size.width > x1 ? i % size.width : x1;
            y0 = i / size.width < y0 ? i / size.width : y0;
            y1 = i / size.width > y1 ? i / size.width : y1;
        }
        Rle rle;
        CHECK(!rle_encode(&rle, mask, size, NULL));
        rle_decode(&rle, back);
        CHECK(memcmp(mask, back, n) == 0 && rle_area(&rle) == count);
        rle_box(&rle, xywh);
        CHECK(count == 0 ? xywh[2] == 0
                         : xywh[0] == x0 && xywh[1] == y0 && xywh[2] == x1 - x0 + 1 &&
                               xywh[3] == y1 - y0 + 1);
        rle_free(&rle);
        free(mask);
        free(back);
    }
}

/* Masks of SAM's automatic generator as stored by its code. */
TEST(golden_counts_decode_and_encode_to_themselves) {
    TensorFile file;
    CHECK(
        tensor_file_open(&file, check_shared("golden/sam/sam_tiny256_automask_grid8.safetensors")));
    const FileTensor *counts = tensor_file_find(&file, "out.rle_counts");
    const FileTensor *lengths = tensor_file_find(&file, "out.rle_lengths");
    const FileTensor *areas = tensor_file_find(&file, "out.area");
    const FileTensor *boxes = tensor_file_find(&file, "out.boxes");
    uint8_t *mask = malloc(260 * 347);
    size_t at = 0;
    for (size_t i = 0; i < lengths->count && at < counts->count; i++) {
        int32_t length, area;
        float box[4];
        uint32_t stored[4096];
        memcpy(&length, lengths->bytes + 4 * i, 4);
        memcpy(&area, areas->bytes + 4 * i, 4);
        memcpy(box, boxes->bytes + 16 * i, 16);
        memcpy(stored, counts->bytes + 4 * at, 4 * (size_t)length);
        Rle rle, again;
        CHECK(!rle_from_counts(&rle, stored, (size_t)length, (Extent){260, 347}, NULL));
        CHECK(rle_area(&rle) == (size_t)area);
        rle_decode(&rle, mask);
        CHECK(!rle_encode(&again, mask, rle.size, NULL));
        CHECK(again.count == rle.count && memcmp(again.counts, stored, 4 * rle.count) == 0);
        size_t xywh[4]; /* SAM's boxes count from the first to the last pixel: one less */
        rle_box(&rle, xywh);
        CHECK(lrintf(box[0]) == (long)xywh[0] && lrintf(box[2]) == (long)xywh[2] - 1);
        CHECK(lrintf(box[1]) == (long)xywh[1] && lrintf(box[3]) == (long)xywh[3] - 1);
        at += (size_t)length;
        rle_free(&rle);
        rle_free(&again);
    }
    CHECK(at == counts->count);
    free(mask);
    tensor_file_close(&file);
}

TEST(damaged_texts_are_refused_with_a_sentence) {
    static const char *const bad[] = {"",  "5",    "\x7f",   "/",   "ooooooooooo",
                                      "o", "0000", "f1f1f1", "00N", "ooooooo0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Rle rle;
        Error error = {0};
        CHECK(rle_from_text(&rle, bad[i], strlen(bad[i]), (Extent){4, 5}, &error) ==
              VOXPERT_BAD_INPUT);
        CHECK(strstr(error.message, "counts") != NULL && rle.counts == NULL);
    }
}

TEST(every_flip_and_truncation_of_a_text_is_survived) {
    const char *text = known[1].text;
    Extent size = {known[1].height, known[1].width};
    uint8_t mask[256];
    char copy[256];
    size_t n = strlen(text), read = 0, refused = 0;
    for (size_t i = 0; i < 257 * n; i++) {
        memcpy(copy, text, n);
        size_t length = i < n ? i : n;
        if (i >= n) copy[(i - n) / 256] = (char)((i - n) % 256);
        Rle rle;
        if (rle_from_text(&rle, copy, length, size, NULL)) {
            refused++;
            continue;
        }
        rle_decode(&rle, mask);
        rle_free(&rle);
        read++;
    }
    CHECK(read >= n && refused > 200 * n);
}

TEST(stability_is_the_share_that_a_higher_threshold_keeps) {
    const float logits[] = {-2.0f, -0.5f, 0.0f, 0.5f, 1.0f, 1.5f, 9.0f};
    StabilityCounts c = stability_counts(logits, 7, 0.0f, 1.0f);
    CHECK(c.above_high == 2 && c.above_low == 6);
    CHECK(fabsf(stability_score(c) - 1.0f / 3.0f) < 1e-7f);
    CHECK(isnan(stability_score(stability_counts(logits, 1, 0.0f, 1.0f))));
    CHECK(stability_counts(logits, 0, 0.0f, 1.0f).above_low == 0);
}

TEST(every_failed_allocation_is_reported_and_leaks_nothing) {
    uint8_t mask[64];
    Rle rle, copy;
    Status status = VOXPERT_OUT_OF_MEMORY;
    for (size_t i = 0; i < sizeof mask; i++) mask[i] = i % 3 == 0;
    for (size_t n = 1; status == VOXPERT_OUT_OF_MEMORY; n++) {
        memory_fail_at(n, false);
        status = rle_encode(&rle, mask, (Extent){8, 8}, NULL);
        CHECK(status == VOXPERT_OK || rle.counts == NULL);
    }
    memory_fail_at(0, false);
    Text text = {0};
    rle_to_text(&rle, &text);
    status = VOXPERT_OUT_OF_MEMORY;
    for (size_t n = 1; status == VOXPERT_OUT_OF_MEMORY; n++) {
        memory_fail_at(n, false);
        status = rle_from_text(&copy, text.chars, text.length, (Extent){8, 8}, NULL);
        CHECK(status == VOXPERT_OK || copy.counts == NULL);
    }
    memory_fail_at(0, false);
    CHECK(copy.count == rle.count);
    rle_free(&rle);
    rle_free(&copy);
    text_free(&text);
}

/* A part anywhere gives the code of the whole mask that has it there. */
TEST(a_part_is_encoded_as_the_whole_that_it_is_in) {
    enum { H = 9, W = 7 };
    Random r = random_begin(3, 0, 0, 0);
    for (int round = 0; round < 400; round++) {
        size_t height = (size_t)random_integer(&r, 0, H), width = (size_t)random_integer(&r, 0, W);
        size_t y = (size_t)random_integer(&r, 0, H - (int64_t)height);
        size_t x = (size_t)random_integer(&r, 0, W - (int64_t)width);
        uint8_t whole[H * W] = {0}, part[H * W + 1] = {0};
        for (size_t i = 0; i < height * width; i++) {
            part[i] = random_integer(&r, 0, 3) > 0;
            whole[(y + i / width) * W + x + i % width] = part[i];
        }
        Rle want, got;
        CHECK(!rle_encode(&want, whole, (Extent){H, W}, NULL));
        CHECK(!rle_encode_placed(&got, part, (Extent){height, width}, x, y, (Extent){H, W}, NULL));
        CHECK(got.count == want.count &&
              memcmp(got.counts, want.counts, want.count * sizeof *want.counts) == 0);
        rle_free(&want);
        rle_free(&got);
    }
    Rle none;
    CHECK(rle_encode_placed(&none, (const uint8_t[]){1}, (Extent){1, 1}, W, 0, (Extent){H, W},
                            NULL) == VOXPERT_BAD_ARGUMENT);
}

#include "predict/found_masks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "image/mask_clean.h"

void found_masks_free(FoundMasks *f) {
    for (size_t i = 0; i < f->count; i++) rle_free(&f->item[i].mask);
    memory_free(f->item);
    *f = (FoundMasks){0};
}

size_t found_masks_bytes(const FoundMasks *f) {
    size_t bytes = f->capacity * sizeof *f->item;
    for (size_t i = 0; i < f->count; i++)
        bytes += f->item[i].mask.count * sizeof *f->item[i].mask.counts;
    return bytes;
}

Status found_mask_set(FoundMask *m, const uint8_t *mask, Extent size, size_t x, size_t y,
                      Error *error) {
    size_t low[3], high[3], size_zyx[3] = {1, size.height, size.width};
    rle_free(&m->mask);
    m->x = x, m->y = y;
    if (!mask_bounds(mask, size_zyx, low, high)) return VOXPERT_OK;
    m->x += low[2], m->y += low[1];
    Extent bounds = {high[1] - low[1] + 1, high[2] - low[2] + 1};
    return rle_encode_part(&m->mask, mask + low[1] * size.width + low[2], size.width, bounds,
                           error);
}

void found_mask_draw(const FoundMask *m, uint8_t *frame, size_t width) {
    rle_draw(&m->mask, frame + m->y * width + m->x, width);
}

/* Areas without the + 1 of inclusive pixels, in float32, as torchvision's: a pair without area
 * gives NaN, which removes nothing. */
static bool overlaps(const float a[4], const float b[4], float threshold) {
    float width = fminf(a[2], b[2]) - fmaxf(a[0], b[0]);
    float height = fminf(a[3], b[3]) - fmaxf(a[1], b[1]);
    float both = fmaxf(width, 0.0f) * fmaxf(height, 0.0f);
    float area_a = (a[2] - a[0]) * (a[3] - a[1]), area_b = (b[2] - b[0]) * (b[3] - b[1]);
    return both / (area_a + area_b - both) > threshold;
}

typedef struct Ranked {
    float score;
    size_t index;
} Ranked;

static int by_score(const void *a, const void *b) {
    const Ranked *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    return x->index < y->index ? -1 : x->index > y->index; /* stable */
}

Status found_masks_suppress(FoundMasks *f, size_t first, const float *score, float threshold,
                            Error *error) {
    size_t n = f->count - first, kept = 0;
    if (n == 0) return VOXPERT_OK;
    Ranked *rank = memory_new(n * sizeof *rank);
    FoundMask *order = memory_new(n * sizeof *order);
    if (!rank || !order) {
        memory_free(rank);
        memory_free(order);
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to compare masks");
    }
    for (size_t i = 0; i < n; i++) rank[i] = (Ranked){score[i], i};
    qsort(rank, n, sizeof *rank, by_score);
    for (size_t i = 0; i < n; i++) {
        FoundMask m = f->item[first + rank[i].index];
        bool beaten = false;
        for (size_t k = 0; k < kept && !beaten; k++)
            beaten = overlaps(order[k].box, m.box, threshold);
        if (beaten)
            rle_free(&m.mask);
        else
            order[kept++] = m;
    }
    memcpy(f->item + first, order, kept * sizeof *order);
    f->count = first + kept;
    memory_free(rank);
    memory_free(order);
    return VOXPERT_OK;
}

#include "predict/found_masks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void found_masks_free(FoundMasks *f) {
    for (size_t i = 0; i < f->count; i++) memory_free(f->item[i].mask);
    memory_free(f->item);
    *f = (FoundMasks){0};
}

Status found_masks_whole(FoundMasks *f, const Picture *p, Error *error) {
    for (size_t i = 0; i < f->count; i++) {
        FoundMask *m = &f->item[i];
        size_t x0 = (size_t)m->crop[0], y0 = (size_t)m->crop[1];
        size_t width = (size_t)m->crop[2] - x0, height = (size_t)m->crop[3] - y0;
        uint8_t *whole = memory_new(p->width * p->height);
        if (!whole)
            return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the masks of everything");
        for (size_t y = 0; y < height; y++)
            memcpy(whole + (y0 + y) * p->width + x0, m->mask + y * width, width);
        memory_free(m->mask);
        m->mask = whole;
    }
    return VOXPERT_OK;
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
            memory_free(m.mask);
        else
            order[kept++] = m;
    }
    memcpy(f->item + first, order, kept * sizeof *order);
    f->count = first + kept;
    memory_free(rank);
    memory_free(order);
    return VOXPERT_OK;
}

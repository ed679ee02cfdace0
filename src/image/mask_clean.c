#include "image/mask_clean.h"

#include <string.h>

#include "base/memory.h"

static size_t voxels_of(const size_t size[3]) { return size[0] * size[1] * size[2]; }

size_t mask_count(const uint8_t *mask, size_t voxels) {
    size_t count = 0;
    for (size_t i = 0; i < voxels; i++) count += mask[i] != 0;
    return count;
}

/* Columns of a row with foreground; false where there is none. */
static bool row_bounds(const uint8_t *row, size_t width, size_t *low, size_t *high) {
    uint8_t any = 0; /* most rows are empty, and this loop is done in vectors */
    for (size_t i = 0; i < width; i++) any |= row[i];
    if (!any) return false;
    size_t x = 0, end = width;
    while (!row[x]) x++;
    while (!row[end - 1]) end--;
    *low = x, *high = end - 1;
    return true;
}

bool mask_bounds(const uint8_t *mask, const size_t size[3], size_t low[3], size_t high[3]) {
    bool any = false;
    for (size_t row = 0; row < size[0] * size[1]; row++) {
        size_t at[2][3] = {{row / size[1], row % size[1], 0}, {row / size[1], row % size[1], 0}};
        if (!row_bounds(mask + row * size[2], size[2], &at[0][2], &at[1][2])) continue;
        for (int a = 0; a < 3; a++) {
            low[a] = any && low[a] < at[0][a] ? low[a] : at[0][a];
            high[a] = any && high[a] > at[1][a] ? high[a] : at[1][a];
        }
        any = true;
    }
    return any;
}

/* ---- Ours --------------------------------------------------------------------------------- */

Status mask_keep_largest(uint8_t *mask, const size_t size[3], Neighbours neighbours, Error *error) {
    Regions r;
    Status status = regions_find(&r, mask, size, neighbours, error);
    if (status) return status;
    size_t kept = regions_largest(&r) + 1;
    for (size_t i = 0; i < voxels_of(size); i++) {
        if (r.label[i] != kept) mask[i] = 0;
    }
    regions_free(&r);
    return VOXPERT_OK;
}

Status mask_remove_small(uint8_t *mask, const size_t size[3], Neighbours neighbours, size_t least,
                         Error *error) {
    Regions r;
    Status status = regions_find(&r, mask, size, neighbours, error);
    if (status) return status;
    for (size_t i = 0; i < voxels_of(size); i++) {
        if (r.label[i] && r.region[r.label[i] - 1].voxels < least) mask[i] = 0;
    }
    regions_free(&r);
    return VOXPERT_OK;
}

static bool touches_border(const Region *r, const size_t size[3]) {
    /* A picture has no border along z. */
    for (int a = size[0] == 1 ? 1 : 0; a < 3; a++) {
        if (r->low[a] == 0 || r->high[a] == size[a] - 1) return true;
    }
    return false;
}

static Status background_regions(Regions *out, const uint8_t *mask, const size_t size[3],
                                 Neighbours neighbours, Error *error) {
    size_t n = voxels_of(size);
    uint8_t *background = memory_new(n);
    if (!background)
        return error_set(error, VOXPERT_OUT_OF_MEMORY,
                         "no memory to find the holes of a mask of %zu x %zu x %zu voxels", size[0],
                         size[1], size[2]);
    for (size_t i = 0; i < n; i++) background[i] = !mask[i];
    Status status = regions_find(out, background, size, neighbours, error);
    memory_free(background);
    return status;
}

Status mask_fill_holes(uint8_t *mask, const size_t size[3], Error *error) {
    Regions r;
    Status status = background_regions(&r, mask, size, NEIGHBOURS_FACES, error);
    if (status) return status;
    for (size_t i = 0; i < voxels_of(size); i++) {
        if (r.label[i] && !touches_border(&r.region[r.label[i] - 1], size)) mask[i] = 1;
    }
    regions_free(&r);
    return VOXPERT_OK;
}

/* ---- segment_anything's ------------------------------------------------------------------- */

/* OpenCV numbers regions by blocks of 2 x 2 pixels, row by row of blocks. */
static size_t block_of(const Regions *r, size_t index, Extent size) {
    const Region *region = &r->region[index];
    size_t blocks = (size.width + 1) / 2, best = SIZE_MAX;
    size_t y0 = region->low[1] & ~(size_t)1;
    for (size_t y = y0; y < y0 + 2 && y < size.height; y++) {
        for (size_t x = region->low[2]; x <= region->high[2]; x++) {
            if (r->label[y * size.width + x] != index + 1) continue;
            size_t block = (y / 2) * blocks + x / 2;
            if (block < best) best = block;
        }
    }
    return best;
}

static size_t largest_by_opencv(const Regions *r, Extent size) {
    size_t best = regions_largest(r), best_block = block_of(r, best, size);
    for (size_t i = best + 1; i < r->count; i++) {
        if (r->region[i].voxels != r->region[best].voxels) continue;
        size_t block = block_of(r, i, size);
        if (block < best_block) best = i, best_block = block;
    }
    return best;
}

static size_t count_small(const Regions *r, size_t least) {
    size_t small = 0;
    for (size_t i = 0; i < r->count; i++) small += r->region[i].voxels < least;
    return small;
}

Status mask_remove_small_regions(uint8_t *mask, Extent size, SmallRegions what, size_t least,
                                 bool *changed, Error *error) {
    const size_t grid[3] = {1, size.height, size.width};
    Regions r;
    Status status = what == SMALL_HOLES ? background_regions(&r, mask, grid, NEIGHBOURS_ALL, error)
                                        : regions_find(&r, mask, grid, NEIGHBOURS_ALL, error);
    if (status) return status;
    size_t small = count_small(&r, least), kept = r.count;
    if (what == SMALL_ISLANDS && small == r.count && small > 0) kept = largest_by_opencv(&r, size);
    for (size_t i = 0; small > 0 && i < extent_pixels(size); i++) {
        if (r.label[i] == 0 || r.label[i] == kept + 1) continue;
        if (r.region[r.label[i] - 1].voxels < least) mask[i] = what == SMALL_HOLES;
    }
    if (changed) *changed = small > 0;
    regions_free(&r);
    return VOXPERT_OK;
}

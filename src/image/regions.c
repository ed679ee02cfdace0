/* Runs of foreground along x are joined to those of earlier rows by union-find; the smaller number
 * becomes the root, so that roots come in the order of first voxels. */
#include "image/regions.h"

#include <string.h>

#include "base/memory.h"
#include "base/size.h"

/* ---- Runs --------------------------------------------------------------------------------- */

typedef struct Run {
    uint32_t start, end; /* columns, end exclusive */
    uint32_t parent;     /* a run; itself at a root */
} Run;

typedef struct Runs {
    Run *run;
    size_t count, capacity;
    size_t *row; /* [rows + 1]: first run of each row */
} Runs;

static void runs_free(Runs *r) {
    memory_free(r->run);
    memory_free(r->row);
}

static bool runs_of_row(Runs *r, const uint8_t *row, size_t width) {
    for (size_t x = 0; x < width;) {
        if (!row[x]) {
            x++;
            continue;
        }
        size_t start = x;
        while (x < width && row[x]) x++;
        if (!memory_grow(&r->run, &r->capacity, r->count, sizeof *r->run)) return false;
        r->run[r->count] = (Run){(uint32_t)start, (uint32_t)x, (uint32_t)r->count};
        r->count++;
    }
    return true;
}

static bool runs_find(Runs *r, const uint8_t *mask, size_t rows, size_t width) {
    *r = (Runs){.row = memory_new((rows + 1) * sizeof *r->row)};
    bool ok = r->row;
    for (size_t y = 0; ok && y < rows; y++) {
        ok = runs_of_row(r, mask + y * width, width);
        r->row[y + 1] = r->count;
    }
    if (!ok) runs_free(r);
    return ok;
}

static uint32_t root_of(Run *run, uint32_t i) {
    while (run[i].parent != i) {
        run[i].parent = run[run[i].parent].parent;
        i = run[i].parent;
    }
    return i;
}

static void join(Run *run, uint32_t a, uint32_t b) {
    a = root_of(run, a);
    b = root_of(run, b);
    if (a < b)
        run[b].parent = a;
    else
        run[a].parent = b;
}

/* Joins runs of two rows that overlap, or (reach 1) touch at a corner. */
static void join_rows(Runs *r, size_t row, size_t other, uint32_t reach) {
    size_t i = r->row[row], j = r->row[other];
    while (i < r->row[row + 1] && j < r->row[other + 1]) {
        const Run *a = &r->run[i], *b = &r->run[j];
        if (a->start < b->end + reach && b->start < a->end + reach)
            join(r->run, (uint32_t)i, (uint32_t)j);
        if (a->end < b->end)
            i++;
        else
            j++;
    }
}

static void join_all(Runs *r, const size_t size[3], Neighbours n) {
    uint32_t face = n == NEIGHBOURS_FACES ? 0 : 1, edge = n == NEIGHBOURS_ALL ? 1 : 0;
    for (size_t z = 0; z < size[0]; z++) {
        for (size_t y = 0; y < size[1]; y++) {
            size_t row = z * size[1] + y;
            if (y > 0) join_rows(r, row, row - 1, face);
            if (z == 0) continue;
            size_t below = row - size[1];
            join_rows(r, row, below, face);
            if (n == NEIGHBOURS_FACES) continue;
            if (y > 0) join_rows(r, row, below - 1, edge);
            if (y + 1 < size[1]) join_rows(r, row, below + 1, edge);
        }
    }
}

/* ---- Regions ------------------------------------------------------------------------------ */

static void region_add(Region *region, const Run *run, size_t z, size_t y, size_t index) {
    size_t low[3] = {z, y, run->start}, high[3] = {z, y, run->end - 1};
    if (region->voxels == 0) {
        region->first = index;
        memcpy(region->low, low, sizeof low);
        memcpy(region->high, high, sizeof high);
    }
    for (int a = 0; a < 3; a++) {
        region->low[a] = size_min(region->low[a], low[a]);
        region->high[a] = size_max(region->high[a], high[a]);
    }
    region->voxels += run->end - run->start;
}

/* Makes `parent` of each run the number of its region; returns how many there are.  Roots come
 * before their members. */
static size_t regions_number(Runs *r) {
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++) {
        uint32_t parent = r->run[i].parent;
        r->run[i].parent = parent == i ? (uint32_t)count++ : r->run[parent].parent;
    }
    return count;
}

static void regions_paint(Regions *out, const Runs *r, const size_t size[3]) {
    for (size_t row = 0; row < size[0] * size[1]; row++) {
        for (size_t i = r->row[row]; i < r->row[row + 1]; i++) {
            const Run *run = &r->run[i];
            uint32_t *label = out->label + row * size[2];
            for (uint32_t x = run->start; x < run->end; x++) label[x] = run->parent + 1;
            region_add(&out->region[run->parent], run, row / size[1], row % size[1],
                       row * size[2] + run->start);
        }
    }
}

Status regions_find(Regions *out, const uint8_t *mask, const size_t size[3], Neighbours neighbours,
                    Error *error) {
    *out = (Regions){0};
    size_t rows, voxels;
    if (!size_multiply(&rows, size[0], size[1]) || !size_multiply(&voxels, rows, size[2]) ||
        voxels > INT32_MAX)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "a mask of %zu x %zu x %zu voxels is too large for connected regions (at "
                         "most 2^31)",
                         size[0], size[1], size[2]);
    Runs r;
    bool found = runs_find(&r, mask, rows, size[2]);
    if (found) {
        join_all(&r, size, neighbours);
        for (size_t i = 0; i < r.count; i++) r.run[i].parent = root_of(r.run, (uint32_t)i);
        out->count = regions_number(&r);
        out->label = memory_new(voxels * sizeof *out->label);
        out->region = memory_new(out->count * sizeof *out->region);
    }
    bool ok = found && out->label && out->region;
    if (ok) regions_paint(out, &r, size);
    if (found) runs_free(&r);
    if (ok) return VOXPERT_OK;
    regions_free(out);
    return error_set(error, VOXPERT_OUT_OF_MEMORY,
                     "no memory to find the regions of a mask of %zu x %zu x %zu voxels", size[0],
                     size[1], size[2]);
}

void regions_free(Regions *r) {
    memory_free(r->label);
    memory_free(r->region);
    *r = (Regions){0};
}

size_t regions_largest(const Regions *r) {
    size_t best = r->count;
    for (size_t i = 0; i < r->count; i++) {
        if (best == r->count || r->region[i].voxels > r->region[best].voxels) best = i;
    }
    return best;
}

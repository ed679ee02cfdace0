#include "predict/everything_crops.h"

#include <math.h>

#include "base/memory.h"

enum { MOST_SQUARES = 1024 };

static Status add(EverythingCrops *c, Crop crop, int layer, Error *error) {
    if (!memory_grow(&c->item, &c->capacity, c->count, sizeof *c->item))
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the crops of everything");
    c->item[c->count++] = (EverythingCrop){crop, layer};
    return VOXPERT_OK;
}

/* ---- The published layers --------------------------------------------------------------- */

/* Layer i cuts the picture into 2^(i+1) columns and rows that overlap. */
static Status add_published(EverythingCrops *c, const Picture *p, const EverythingOptions *o,
                            int layer, Error *error) {
    int width = (int)p->width, height = (int)p->height, n = 1 << layer;
    int overlap = (int)(o->crop_overlap_ratio * (width < height ? width : height) * (2.0 / n));
    int w = (int)ceil((double)(overlap * (n - 1) + width) / n);
    int h = (int)ceil((double)(overlap * (n - 1) + height) / n);
    Status status = VOXPERT_OK;
    for (int i = 0; !status && i < n * n; i++) { /* columns outer, as the published product */
        int x = (w - overlap) * (i / n), y = (h - overlap) * (i % n);
        int right = x + w < width ? x + w : width, bottom = y + h < height ? y + h : height;
        if (right > x && bottom > y)
            status = add(c, (Crop){x, y, right - x, bottom - y}, layer, error);
    }
    return status;
}

/* ---- Squares ---------------------------------------------------------------------------- */

/* How many squares cover the pixels, where neighbours share at least a third of their side. */
static int squares_along(size_t pixels, int side) {
    int overlap = side / 3, step = side - overlap;
    if (pixels <= (size_t)side) return 1;
    return (int)((pixels - (size_t)overlap + (size_t)step - 1) / (size_t)step);
}

/* Evenly, the last one at the end. */
static int square_at(size_t pixels, int side, int index, int count) {
    if (count == 1) return 0;
    double room = (double)pixels - side;
    return (int)(room * index / (count - 1) + 0.5);
}

static Status add_squares(EverythingCrops *c, const Picture *p, int side, int layer, Error *error) {
    int columns = squares_along(p->width, side), rows = squares_along(p->height, side);
    int width = (size_t)side < p->width ? side : (int)p->width;
    int height = (size_t)side < p->height ? side : (int)p->height;
    Status status = VOXPERT_OK;
    for (int i = 0; !status && i < columns * rows; i++) {
        int x = square_at(p->width, side, i % columns, columns);
        int y = square_at(p->height, side, i / columns, rows);
        status = add(c, (Crop){x, y, width, height}, layer, error);
    }
    return status;
}

static int first_side(const Picture *p, int side) {
    while ((size_t)squares_along(p->width, side) * (size_t)squares_along(p->height, side) >
           MOST_SQUARES)
        side *= 2;
    return side;
}

/* ---- All of them ------------------------------------------------------------------------ */

Status everything_crops(EverythingCrops *out, const Picture *p, const EverythingOptions *o,
                        Error *error) {
    *out = (EverythingCrops){0};
    size_t longer = p->width > p->height ? p->width : p->height;
    Status status = add(out, crop_whole(p), 0, error);
    for (int layer = 1; !status && !o->crop_side && layer <= o->crop_n_layers; layer++)
        status = add_published(out, p, o, layer, error);
    int layer = 1, side = o->crop_side ? first_side(p, o->crop_side) : 0;
    for (; !status && side && (size_t)side < longer; side *= 2)
        status = add_squares(out, p, side, layer++, error);
    if (status) everything_crops_free(out);
    return status;
}

void everything_crops_free(EverythingCrops *c) {
    memory_free(c->item);
    *c = (EverythingCrops){0};
}

#include "draw/sheet.h"

#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "draw/canvas.h"
#include "draw/font.h"
#include "image/resize.h"

static const Colour paper = {24, 26, 30}, ink = {226, 229, 233}, faint = {150, 156, 164};

typedef struct Layout {
    size_t columns, rows, side;
    size_t scale;   /* of the captions */
    size_t caption; /* height of the captions below each picture */
    size_t gap;
} Layout;

static const char *second_line(const char *caption) {
    const char *end = caption ? strchr(caption, '\n') : NULL;
    return end ? end + 1 : NULL;
}

static Layout layout_of(const SheetTile *tiles, size_t count, size_t columns, size_t side) {
    Layout l = {.columns = columns, .side = side, .scale = side >= 400 ? 2 : 1};
    if (columns == 0) {
        while (l.columns * l.columns < count) l.columns++;
    }
    l.columns = size_min(l.columns, count);
    l.rows = (count + l.columns - 1) / l.columns;
    l.gap = 8 * l.scale;
    size_t lines = 0;
    for (size_t i = 0; i < count; i++) {
        if (tiles[i].caption) lines = size_max(lines, second_line(tiles[i].caption) ? 2 : 1);
    }
    l.caption = lines ? lines * FONT_CELL_HEIGHT * l.scale + 2 * l.scale : 0;
    return l;
}

/* False where the sheet does not fit a size_t. */
static bool layout_size(const Layout *l, Extent *size, size_t *bytes) {
    size_t tile_height;
    return size_add(&tile_height, l->side, l->caption + l->gap) &&
           size_multiply(&size->height, l->rows, tile_height) &&
           size_add(&size->height, size->height, l->gap) &&
           size_multiply(&size->width, l->columns, l->side + l->gap) &&
           size_add(&size->width, size->width, l->gap) &&
           size_multiply(bytes, size->height, size->width) && size_multiply(bytes, *bytes, 3);
}

static Extent fitted(Extent size, size_t side) {
    size_t longest = size_max(size.height, size.width);
    return (Extent){size_max(1, (size.height * side + longest / 2) / longest),
                    size_max(1, (size.width * side + longest / 2) / longest)};
}

static Status picture_draw(Canvas c, const SheetTile *tile, size_t x, size_t y, size_t side,
                           Error *error) {
    if (tile->size.height == 0 || tile->size.width == 0) return VOXPERT_OK;
    Extent to = fitted(tile->size, side);
    uint8_t *rgb = memory_aligned(extent_pixels(to) * 3);
    if (!rgb) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a contact sheet");
    Status status = resize_bytes(rgb, to, tile->rgb, tile->size, 3, RESIZE_PILLOW_BILINEAR, error);
    if (!status) canvas_picture(c, rgb, to, x + (side - to.width) / 2, y + (side - to.height) / 2);
    memory_free(rgb);
    return status;
}

static void caption_draw(Canvas c, const Layout *l, const char *caption, size_t x, size_t y) {
    size_t most = l->side / (FONT_CELL_WIDTH * l->scale);
    const char *second = second_line(caption);
    if (caption) font_draw(c, x, y + 2 * l->scale, l->scale, caption, most, ink);
    if (second)
        font_draw(c, x, y + (2 + FONT_CELL_HEIGHT) * l->scale, l->scale, second, most, faint);
}

Status sheet_make(uint8_t **out, Extent *size, const SheetTile *tiles, size_t count, size_t columns,
                  size_t side, Error *error) {
    enum { LEAST = 16, MOST = 1 << 16 };
    *out = NULL;
    if (count == 0 || side < LEAST || side > MOST)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "a contact sheet needs at least one picture and tiles of %d to %d pixels, "
                         "but was given %zu pictures and %zu pixels",
                         LEAST, MOST, count, side);
    Layout l = layout_of(tiles, count, columns, side);
    size_t bytes;
    uint8_t *rgb = layout_size(&l, size, &bytes) ? memory_new(bytes) : NULL;
    if (!rgb) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a contact sheet");
    Canvas c = {rgb, *size};
    canvas_fill(c, paper);
    Status status = VOXPERT_OK;
    for (size_t i = 0; i < count && !status; i++) {
        size_t x = l.gap + i % l.columns * (l.side + l.gap);
        size_t y = l.gap + i / l.columns * (l.side + l.caption + l.gap);
        status = picture_draw(c, &tiles[i], x, y, l.side, error);
        caption_draw(c, &l, tiles[i].caption, x, y + l.side);
    }
    if (status)
        memory_free(rgb);
    else
        *out = rgb;
    return status;
}

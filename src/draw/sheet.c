#include "draw/sheet.h"

#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "draw/canvas.h"
#include "draw/font.h"
#include "draw/heat.h"
#include "image/resize.h"

static const Colour paper = {255, 255, 255}, ink = {20, 20, 20}, faint = {84, 84, 84};

enum { LINES_MOST = 3 }; /* of the second part of a caption */

typedef struct Layout {
    size_t columns, rows, side;
    size_t scale;   /* of the captions */
    size_t caption; /* height of the captions below each picture */
    size_t gap;
    size_t head;  /* height of what stands above the tiles */
    size_t width; /* least width: the title's */
} Layout;

static const char *second_line(const char *caption) {
    const char *end = caption ? strchr(caption, '\n') : NULL;
    return end ? end + 1 : NULL;
}

static size_t most_of(const Layout *l) { return l->side / (FONT_CELL_WIDTH * l->scale); }

static size_t lines_of(const Layout *l, const char *caption) {
    const char *rest = second_line(caption);
    size_t lines = caption ? 1 : 0;
    for (; rest && *rest && lines <= LINES_MOST; lines++) {
        rest += font_wrap(rest, most_of(l));
        rest += *rest == ' ';
    }
    return lines;
}

static Layout layout_of(const SheetTile *tiles, size_t count, size_t columns, size_t side,
                        SheetHead head) {
    Layout l = {.columns = columns, .side = side, .scale = side >= 200 ? 2 : 1};
    if (columns == 0) {
        while (l.columns * l.columns < count) l.columns++;
    }
    l.columns = size_min(l.columns, count);
    l.rows = (count + l.columns - 1) / l.columns;
    l.gap = 8 * l.scale;
    size_t lines = 0;
    for (size_t i = 0; i < count; i++) {
        lines = size_max(lines, lines_of(&l, tiles[i].caption));
    }
    l.caption = lines ? lines * FONT_CELL_HEIGHT * l.scale + 2 * l.scale : 0;
    size_t line = (FONT_CELL_HEIGHT + 4) * l.scale;
    l.head = (head.title ? line : 0) + (head.heat ? line : 0);
    if (head.title) l.width = font_length(head.title) * FONT_CELL_WIDTH * l.scale + 2 * l.gap;
    return l;
}

/* False where the sheet does not fit a size_t. */
static bool layout_size(const Layout *l, Extent *size, size_t *bytes) {
    size_t tile_height;
    return size_add(&tile_height, l->side, l->caption + l->gap) &&
           size_multiply(&size->height, l->rows, tile_height) &&
           size_add(&size->height, size->height, l->gap + l->head) &&
           size_multiply(&size->width, l->columns, l->side + l->gap) &&
           size_add(&size->width, size->width, l->gap) &&
           (size->width = size_max(size->width, l->width)) > 0 &&
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

static Status caption_draw(Canvas c, const Layout *l, const char *caption, size_t x, size_t y,
                           Error *error) {
    size_t most = most_of(l);
    const char *rest = second_line(caption);
    char *shown = caption ? memory_new(strlen(caption) + 3) : NULL;
    if (!caption) return VOXPERT_OK;
    if (!shown) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a contact sheet");
    y += 2 * l->scale;
    font_draw(c, x, y, l->scale, font_tail(shown, most, caption), most, ink);
    for (int line = 0; rest && *rest && line < LINES_MOST; line++) {
        size_t length = font_wrap(rest, most);
        if (line + 1 == LINES_MOST) length = strlen(rest); /* what is longer ends in two dots */
        memcpy(shown, rest, length);
        shown[length] = '\0';
        y += FONT_CELL_HEIGHT * l->scale;
        font_draw(c, x, y, l->scale, shown, most, faint);
        rest += length;
        rest += *rest == ' ';
    }
    memory_free(shown);
    return VOXPERT_OK;
}

static void head_draw(Canvas c, const Layout *l, SheetHead head) {
    size_t line = (FONT_CELL_HEIGHT + 4) * l->scale, y = l->gap,
           letter = FONT_CELL_WIDTH * l->scale;
    if (head.title) font_draw(c, l->gap, y, l->scale, head.title, SIZE_MAX, ink);
    y += head.title ? line : 0;
    if (!head.heat) return;
    font_draw(c, l->gap, y, l->scale, "0", 1, ink);
    heat_bar(c, l->gap + 2 * letter, y + l->scale,
             (Extent){(FONT_CELL_HEIGHT - 1) * l->scale, 12 * letter});
    font_draw(c, l->gap + 15 * letter, y, l->scale, "1", 1, ink);
}

Status sheet_make(uint8_t **out, Extent *size, const SheetTile *tiles, size_t count, size_t columns,
                  size_t side, SheetHead head, Error *error) {
    enum { LEAST = 16, MOST = 1 << 16 };
    *out = NULL;
    if (count == 0 || side < LEAST || side > MOST)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "a contact sheet needs at least one picture and tiles of %d to %d pixels, "
                         "but was given %zu pictures and %zu pixels",
                         LEAST, MOST, count, side);
    Layout l = layout_of(tiles, count, columns, side, head);
    size_t bytes;
    uint8_t *rgb = layout_size(&l, size, &bytes) ? memory_new(bytes) : NULL;
    if (!rgb) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a contact sheet");
    Canvas c = {rgb, *size};
    canvas_fill(c, paper);
    head_draw(c, &l, head);
    Status status = VOXPERT_OK;
    for (size_t i = 0; i < count && !status; i++) {
        size_t x = l.gap + i % l.columns * (l.side + l.gap);
        size_t y = l.gap + l.head + i / l.columns * (l.side + l.caption + l.gap);
        status = picture_draw(c, &tiles[i], x, y, l.side, error);
        if (!status) status = caption_draw(c, &l, tiles[i].caption, x, y + l.side, error);
    }
    if (status)
        memory_free(rgb);
    else
        *out = rgb;
    return status;
}

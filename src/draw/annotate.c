#include "draw/annotate.h"

#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "draw/font.h"
#include "draw/overlay.h"
#include "image/resize.h"

enum { SCALE = 2, LETTER = FONT_CELL_WIDTH * SCALE, LINE = FONT_CELL_HEIGHT * SCALE + 6, GAP = 8 };

static const Colour white = {255, 255, 255}, black = {0, 0, 0}, ink = {20, 20, 20};

static Canvas canvas_of(const Picture *p) { return (Canvas){p->rgb, {p->height, p->width}}; }

/* ---- Size ------------------------------------------------------------------------------- */

size_t enlargement(size_t width, size_t height, size_t least) {
    size_t longest = size_max(width, height);
    return longest ? size_max(1, (least + longest - 1) / longest) : 1;
}

Status picture_enlarge(Picture *p, size_t factor, Error *error) {
    if (factor <= 1) return VOXPERT_OK;
    Extent from = {p->height, p->width}, to = {factor * p->height, factor * p->width};
    uint8_t *rgb = memory_new(3 * extent_pixels(to));
    if (!rgb) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to draw an overlay");
    Status status = resize_bytes(rgb, to, p->rgb, from, 3, RESIZE_PILLOW_BILINEAR, error);
    if (status) {
        memory_free(rgb);
        return status;
    }
    memory_free(p->rgb);
    p->rgb = rgb, p->width = to.width, p->height = to.height;
    return VOXPERT_OK;
}

void labels_enlarge(uint16_t *out, const uint16_t *labels, size_t width, size_t height,
                    size_t factor) {
    for (size_t y = 0; y < factor * height; y++)
        for (size_t x = 0; x < factor * width; x++)
            *out++ = labels[y / factor * width + x / factor];
}

/* ---- Sides ------------------------------------------------------------------------------ */

static void letter_draw(const Picture *p, size_t x, size_t y, char letter) {
    const char text[] = {letter, '\0'};
    for (size_t dy = 0; dy < 3; dy++)
        for (size_t dx = 0; dx < 3; dx++)
            font_draw(canvas_of(p), x + dx, y + dy, SCALE, text, 1, black);
    font_draw(canvas_of(p), x + 1, y + 1, SCALE, text, 1, white);
}

void sides_draw(const Picture *p, const char *sides) {
    size_t right = p->width - size_min(p->width, LETTER + GAP), across = p->width / 2 - LETTER / 2;
    size_t bottom = p->height - size_min(p->height, LINE + 2), down = p->height / 2 - LINE / 2;
    if (strlen(sides) != 4 || p->width < 8 * LETTER || p->height < 4 * LINE) return;
    letter_draw(p, GAP, down, sides[0]);
    letter_draw(p, right, down, sides[1]);
    letter_draw(p, across, 2, sides[2]);
    letter_draw(p, across, bottom, sides[3]);
}

/* ---- Legend ----------------------------------------------------------------------------- */

static void line_draw(const Picture *p, size_t y, const char *words, Colour colour) {
    Canvas c = canvas_of(p);
    size_t most = (p->width - size_min(p->width, 4 * GAP + 2)) / LETTER;
    for (size_t row = 0; row < LINE - 10; row++)
        for (size_t x = GAP; x < size_min(3 * GAP, p->width); x++)
            canvas_mix(c, (y + 4 + row) * p->width + x, colour, 1.0);
    font_draw(c, 4 * GAP, y, SCALE, words, most, ink);
}

Status legend_add(Picture *p, const char *const *line, size_t count, Error *error) {
    size_t lines = 0, above = 3 * p->width * p->height;
    for (size_t i = 0; i < count; i++) lines += line[i] != NULL;
    if (!lines) return VOXPERT_OK;
    size_t below = 3 * p->width * (lines * LINE + 2 * (size_t)GAP);
    uint8_t *rgb = memory_new(above + below);
    if (!rgb) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a legend");
    memcpy(rgb, p->rgb, above);
    memset(rgb + above, 255, below);
    memory_free(p->rgb);
    size_t y = p->height + GAP;
    p->rgb = rgb, p->height += lines * LINE + 2 * (size_t)GAP;
    for (size_t i = 0; i < count; i++) {
        if (!line[i]) continue;
        line_draw(p, y, line[i], overlay_colour(i));
        y += LINE;
    }
    return VOXPERT_OK;
}

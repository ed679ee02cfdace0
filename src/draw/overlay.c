#include "draw/overlay.h"

#include <math.h>

#include "base/size.h"

static const Colour white = {255, 255, 255}, black = {0, 0, 0};

/* ---- Colours and sizes -------------------------------------------------------------------- */

Colour overlay_colour(size_t object) {
    static const Colour palette[] = {{86, 180, 233}, {230, 159, 0}, {0, 158, 115}, {204, 121, 167},
                                     {240, 228, 66}, {213, 94, 0},  {0, 114, 178}};
    enum { COLOURS = sizeof palette / sizeof *palette };
    Colour c = palette[object % COLOURS];
    size_t round = object / COLOURS % 3; /* then lighter, then darker ones */
    if (round == 1)
        c = (Colour){(uint8_t)((c.red + 255) / 2), (uint8_t)((c.green + 255) / 2),
                     (uint8_t)((c.blue + 255) / 2)};
    else if (round == 2)
        c = (Colour){(uint8_t)(c.red * 2 / 3), (uint8_t)(c.green * 2 / 3),
                     (uint8_t)(c.blue * 2 / 3)};
    return c;
}

size_t overlay_line_width(Extent size) {
    return size_max(1, (size_min(size.height, size.width) + 150) / 300);
}

/* ---- Regions ------------------------------------------------------------------------------ */

/* Whether one of the pixels within `reach` of (x, y) has a label. */
static bool labelled_nearby(const uint16_t *labels, Extent size, size_t x, size_t y, size_t reach) {
    size_t y_end = size_min(y + reach + 1, size.height),
           x_end = size_min(x + reach + 1, size.width);
    for (size_t py = y - size_min(y, reach); py < y_end; py++) {
        for (size_t px = x - size_min(x, reach); px < x_end; px++) {
            size_t dx = px > x ? px - x : x - px, dy = py > y ? py - y : y - py;
            if (dx * dx + dy * dy <= reach * reach && labels[py * size.width + px]) return true;
        }
    }
    return false;
}

static void fill_regions(Canvas c, const uint16_t *labels, double opacity, size_t halo) {
    for (size_t i = 0; i < extent_pixels(c.size); i++) {
        if (labels[i])
            canvas_mix(c, i, overlay_colour(labels[i] - 1u), opacity);
        else if (labelled_nearby(labels, c.size, i % c.size.width, i / c.size.width, halo))
            canvas_mix(c, i, black, 0.45);
    }
}

/* Open at the border of the picture: what goes on there is not known. */
static bool is_edge(const uint16_t *labels, Extent size, size_t x, size_t y) {
    const uint16_t *at = labels + y * size.width + x;
    ptrdiff_t row = (ptrdiff_t)size.width;
    return (x > 0 && at[-1] != *at) || (x + 1 < size.width && at[1] != *at) ||
           (y > 0 && at[-row] != *at) || (y + 1 < size.height && at[row] != *at);
}

/* Paints the pixels of the same label within `reach`. */
static void stamp(Canvas c, const uint16_t *labels, size_t x, size_t y, size_t reach) {
    uint16_t own = labels[y * c.size.width + x];
    Colour colour = overlay_colour(own - 1u);
    size_t y_end = size_min(y + reach + 1, c.size.height);
    size_t x_end = size_min(x + reach + 1, c.size.width);
    for (size_t py = y - size_min(y, reach); py < y_end; py++) {
        for (size_t px = x - size_min(x, reach); px < x_end; px++) {
            size_t dx = px > x ? px - x : x - px, dy = py > y ? py - y : y - py;
            size_t i = py * c.size.width + px;
            if (dx * dx + dy * dy <= reach * reach && labels[i] == own)
                canvas_mix(c, i, colour, 1.0);
        }
    }
}

void overlay_labels(Canvas c, const uint16_t *labels, double opacity) {
    size_t width = overlay_line_width(c.size);
    fill_regions(c, labels, opacity, (width + 1) / 2);
    for (size_t y = 0; y < c.size.height; y++) {
        for (size_t x = 0; x < c.size.width; x++) {
            if (labels[y * c.size.width + x] && is_edge(labels, c.size, x, y))
                stamp(c, labels, x, y, width - 1);
        }
    }
}

static bool is_inside(const uint8_t *mask, Extent size, ptrdiff_t x, ptrdiff_t y) {
    return x >= 0 && y >= 0 && x < (ptrdiff_t)size.width && y < (ptrdiff_t)size.height &&
           mask[(size_t)y * size.width + (size_t)x];
}

void overlay_contour(Canvas c, const uint8_t *mask, Colour colour) {
    ptrdiff_t reach = (ptrdiff_t)overlay_line_width(c.size);
    for (size_t i = 0; i < extent_pixels(c.size); i++) {
        ptrdiff_t x = (ptrdiff_t)(i % c.size.width), y = (ptrdiff_t)(i / c.size.width);
        bool own = mask[i] != 0, edge = false;
        for (ptrdiff_t d = 1; d <= reach && !edge; d++)
            edge = is_inside(mask, c.size, x - d, y) != own ||
                   is_inside(mask, c.size, x + d, y) != own ||
                   is_inside(mask, c.size, x, y - d) != own ||
                   is_inside(mask, c.size, x, y + d) != own;
        if (edge) canvas_mix(c, i, own ? colour : black, own ? 1.0 : 0.45);
    }
}

/* ---- Prompts ------------------------------------------------------------------------------ */

/* Far enough outside to be seen as outside; keeps the conversion to whole pixels defined. */
static long pixel_of(double v, size_t n) { return lrint(fmin(fmax(v, -2.0), (double)n + 1.0)); }

void overlay_box(Canvas c, const double box[4], Colour colour) {
    long width = (long)overlay_line_width(c.size);
    long x0 = pixel_of(box[0], c.size.width) - width, y0 = pixel_of(box[1], c.size.height) - width;
    long x1 = pixel_of(box[2], c.size.width) + width, y1 = pixel_of(box[3], c.size.height) + width;
    canvas_frame(c, x0 - 1, y0 - 1, x1 + 1, y1 + 1, 1, black, 0.45);
    canvas_frame(c, x0, y0, x1, y1, width, colour, 1.0);
    canvas_frame(c, x0 + width, y0 + width, x1 - width, y1 - width, 1, black, 0.25);
}

void overlay_point(Canvas c, double x, double y, bool positive) {
    static const Colour green = {24, 160, 60}, red = {214, 39, 40};
    double radius = fmax(4.5, 0.014 * (double)size_min(c.size.height, c.size.width));
    double ring = fmax(1.0, 0.18 * radius), arm = 0.5 * radius, stroke = fmax(1.2, 0.3 * radius);
    canvas_disc(c, x, y, radius + ring + 1.0, black, 0.4);
    canvas_disc(c, x, y, radius + ring, white, 1.0);
    canvas_disc(c, x, y, radius, positive ? green : red, 1.0);
    canvas_line(c, x - arm, y, x + arm, y, stroke, white, 1.0);
    if (positive) canvas_line(c, x, y - arm, x, y + arm, stroke, white, 1.0);
}

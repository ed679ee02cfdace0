#include "draw/canvas.h"

#include <math.h>
#include <string.h>

static uint8_t mixed(uint8_t old, uint8_t new, double share) {
    return (uint8_t)((double)old + ((double)new - (double)old) * share + 0.5);
}

void canvas_mix(Canvas c, size_t pixel, Colour colour, double share) {
    uint8_t *p = c.rgb + 3 * pixel;
    p[0] = mixed(p[0], colour.red, share);
    p[1] = mixed(p[1], colour.green, share);
    p[2] = mixed(p[2], colour.blue, share);
}

void canvas_fill(Canvas c, Colour colour) {
    for (size_t i = 0; i < extent_pixels(c.size); i++) canvas_mix(c, i, colour, 1.0);
}

/* How much of a pixel a shape covers whose edge is `inside` pixels away from its centre. */
static double coverage(double inside) { return fmin(fmax(inside + 0.5, 0.0), 1.0); }

/* Pixels from lo to hi that exist among n. */
typedef struct Span {
    size_t begin, end;
} Span;

static Span span_of(double lo, double hi, size_t n) {
    double begin = fmax(floor(lo), 0.0), end = fmin(ceil(hi) + 1.0, (double)n);
    if (!(begin < end)) return (Span){0, 0}; /* also for NaN */
    return (Span){(size_t)begin, (size_t)end};
}

void canvas_line(Canvas c, double x0, double y0, double x1, double y1, double width, Colour colour,
                 double share) {
    double half = width / 2.0, dx = x1 - x0, dy = y1 - y0, length2 = dx * dx + dy * dy;
    Span xs = span_of(fmin(x0, x1) - half - 1.0, fmax(x0, x1) + half + 1.0, c.size.width);
    Span ys = span_of(fmin(y0, y1) - half - 1.0, fmax(y0, y1) + half + 1.0, c.size.height);
    for (size_t y = ys.begin; y < ys.end; y++) {
        for (size_t x = xs.begin; x < xs.end; x++) {
            double px = (double)x - x0, py = (double)y - y0;
            double t = length2 > 0.0 ? fmin(fmax((px * dx + py * dy) / length2, 0.0), 1.0) : 0.0;
            double away = hypot(px - t * dx, py - t * dy);
            canvas_mix(c, y * c.size.width + x, colour, share * coverage(half - away));
        }
    }
}

void canvas_disc(Canvas c, double x, double y, double radius, Colour colour, double share) {
    canvas_line(c, x, y, x, y, 2.0 * radius, colour, share);
}

void canvas_frame(Canvas c, long x0, long y0, long x1, long y1, long width, Colour colour,
                  double share) {
    Span xs = span_of((double)x0, (double)x1, c.size.width);
    Span ys = span_of((double)y0, (double)y1, c.size.height);
    for (size_t y = ys.begin; y < ys.end; y++) {
        for (size_t x = xs.begin; x < xs.end; x++) {
            long px = (long)x, py = (long)y;
            if (px < x0 + width || px > x1 - width || py < y0 + width || py > y1 - width)
                canvas_mix(c, y * c.size.width + x, colour, share);
        }
    }
}

void canvas_picture(Canvas c, const uint8_t *rgb, Extent size, size_t x, size_t y) {
    for (size_t row = 0; row < size.height; row++)
        memcpy(c.rgb + 3 * ((y + row) * c.size.width + x), rgb + 3 * row * size.width,
               3 * size.width);
}

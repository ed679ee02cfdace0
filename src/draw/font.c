#include "draw/font.h"

#include <stdbool.h>
#include <string.h>

enum { GLYPH_WIDTH = 5, GLYPH_HEIGHT = 8, FIRST = ' ', LAST = '~' };

/* Eight rows of five pixels each, the leftmost pixel is the highest bit; the last row is below the
 * base line. */
static const uint8_t glyphs[LAST - FIRST + 1][GLYPH_HEIGHT] = {
    {0, 0, 0, 0, 0, 0, 0, 0},        {4, 4, 4, 4, 4, 0, 4, 0},
    {10, 10, 10, 0, 0, 0, 0, 0},     {10, 10, 31, 10, 31, 10, 10, 0},
    {4, 15, 20, 14, 5, 30, 4, 0},    {24, 25, 2, 4, 8, 19, 3, 0},
    {12, 18, 20, 8, 21, 18, 13, 0},  {4, 4, 8, 0, 0, 0, 0, 0},
    {2, 4, 8, 8, 8, 4, 2, 0},        {8, 4, 2, 2, 2, 4, 8, 0},
    {0, 4, 21, 14, 21, 4, 0, 0},     {0, 4, 4, 31, 4, 4, 0, 0},
    {0, 0, 0, 0, 0, 12, 4, 8},       {0, 0, 0, 31, 0, 0, 0, 0},
    {0, 0, 0, 0, 0, 12, 12, 0},      {0, 1, 2, 4, 8, 16, 0, 0},
    {14, 17, 19, 21, 25, 17, 14, 0}, {4, 12, 4, 4, 4, 4, 14, 0},
    {14, 17, 1, 2, 4, 8, 31, 0},     {31, 2, 4, 2, 1, 17, 14, 0},
    {2, 6, 10, 18, 31, 2, 2, 0},     {31, 16, 30, 1, 1, 17, 14, 0},
    {6, 8, 16, 30, 17, 17, 14, 0},   {31, 1, 2, 4, 8, 8, 8, 0},
    {14, 17, 17, 14, 17, 17, 14, 0}, {14, 17, 17, 15, 1, 2, 12, 0},
    {0, 12, 12, 0, 12, 12, 0, 0},    {0, 12, 12, 0, 12, 4, 8, 0},
    {2, 4, 8, 16, 8, 4, 2, 0},       {0, 0, 31, 0, 31, 0, 0, 0},
    {8, 4, 2, 1, 2, 4, 8, 0},        {14, 17, 1, 2, 4, 0, 4, 0},
    {14, 17, 23, 21, 23, 16, 14, 0}, {14, 17, 17, 31, 17, 17, 17, 0},
    {30, 17, 17, 30, 17, 17, 30, 0}, {14, 17, 16, 16, 16, 17, 14, 0},
    {28, 18, 17, 17, 17, 18, 28, 0}, {31, 16, 16, 30, 16, 16, 31, 0},
    {31, 16, 16, 30, 16, 16, 16, 0}, {14, 17, 16, 23, 17, 17, 15, 0},
    {17, 17, 17, 31, 17, 17, 17, 0}, {14, 4, 4, 4, 4, 4, 14, 0},
    {7, 2, 2, 2, 2, 18, 12, 0},      {17, 18, 20, 24, 20, 18, 17, 0},
    {16, 16, 16, 16, 16, 16, 31, 0}, {17, 27, 21, 21, 17, 17, 17, 0},
    {17, 17, 25, 21, 19, 17, 17, 0}, {14, 17, 17, 17, 17, 17, 14, 0},
    {30, 17, 17, 30, 16, 16, 16, 0}, {14, 17, 17, 17, 21, 18, 13, 0},
    {30, 17, 17, 30, 20, 18, 17, 0}, {15, 16, 16, 14, 1, 1, 30, 0},
    {31, 4, 4, 4, 4, 4, 4, 0},       {17, 17, 17, 17, 17, 17, 14, 0},
    {17, 17, 17, 17, 17, 10, 4, 0},  {17, 17, 17, 21, 21, 27, 17, 0},
    {17, 17, 10, 4, 10, 17, 17, 0},  {17, 17, 10, 4, 4, 4, 4, 0},
    {31, 1, 2, 4, 8, 16, 31, 0},     {14, 8, 8, 8, 8, 8, 14, 0},
    {0, 16, 8, 4, 2, 1, 0, 0},       {14, 2, 2, 2, 2, 2, 14, 0},
    {4, 10, 17, 0, 0, 0, 0, 0},      {0, 0, 0, 0, 0, 0, 0, 31},
    {8, 4, 2, 0, 0, 0, 0, 0},        {0, 0, 14, 1, 15, 17, 15, 0},
    {16, 16, 30, 17, 17, 17, 30, 0}, {0, 0, 15, 16, 16, 16, 15, 0},
    {1, 1, 15, 17, 17, 17, 15, 0},   {0, 0, 14, 17, 31, 16, 14, 0},
    {6, 8, 30, 8, 8, 8, 8, 0},       {0, 0, 15, 17, 17, 15, 1, 14},
    {16, 16, 30, 17, 17, 17, 17, 0}, {4, 0, 12, 4, 4, 4, 14, 0},
    {2, 0, 6, 2, 2, 2, 18, 12},      {16, 16, 18, 20, 24, 20, 18, 0},
    {12, 4, 4, 4, 4, 4, 14, 0},      {0, 0, 26, 21, 21, 21, 21, 0},
    {0, 0, 30, 17, 17, 17, 17, 0},   {0, 0, 14, 17, 17, 17, 14, 0},
    {0, 0, 30, 17, 17, 30, 16, 16},  {0, 0, 15, 17, 17, 15, 1, 1},
    {0, 0, 22, 25, 16, 16, 16, 0},   {0, 0, 15, 16, 14, 1, 30, 0},
    {8, 8, 30, 8, 8, 9, 6, 0},       {0, 0, 17, 17, 17, 17, 15, 0},
    {0, 0, 17, 17, 17, 10, 4, 0},    {0, 0, 17, 17, 21, 21, 10, 0},
    {0, 0, 17, 10, 4, 10, 17, 0},    {0, 0, 17, 17, 17, 15, 1, 14},
    {0, 0, 31, 2, 4, 8, 31, 0},      {3, 4, 4, 8, 4, 4, 3, 0},
    {4, 4, 4, 4, 4, 4, 4, 0},        {24, 4, 4, 2, 4, 4, 24, 0},
    {0, 0, 8, 21, 2, 0, 0, 0},
};

static bool ends_line(char c) { return c == '\0' || c == '\n'; }

/* The bytes after the first of a character in UTF-8. */
static bool continues(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

size_t font_length(const char *text) {
    size_t n = 0;
    for (; !ends_line(*text); text++) n += !continues(*text);
    return n;
}

static void pixel_draw(Canvas c, size_t x, size_t y, size_t scale, Colour colour) {
    for (size_t py = y; py < y + scale && py < c.size.height; py++) {
        for (size_t px = x; px < x + scale && px < c.size.width; px++)
            canvas_mix(c, py * c.size.width + px, colour, 1.0);
    }
}

static bool dot(const uint8_t *rows, int row, int column) {
    return row >= 0 && row < GLYPH_HEIGHT && column >= 0 && column < GLYPH_WIDTH &&
           rows[row] >> (GLYPH_WIDTH - 1 - column) & 1;
}

/* Strokes between the dots of a glyph that touch, smooth at any size: a dot is joined with the ones
 * right of it and below, and with one at a corner where no dot beside both makes the turn. */
static void strokes_draw(Canvas c, size_t x, size_t y, size_t scale, const uint8_t *rows,
                         Colour colour) {
    double s = (double)scale, width = 0.95 * s;
    for (int row = 0; row < GLYPH_HEIGHT; row++) {
        for (int column = 0; column < GLYPH_WIDTH; column++) {
            if (!dot(rows, row, column)) continue;
            double px = (double)x + (column + 0.5) * s - 0.5,
                   py = (double)y + (row + 1.5) * s - 0.5;
            bool right = dot(rows, row, column + 1), left = dot(rows, row, column - 1);
            bool below = dot(rows, row + 1, column);
            bool alone = !right && !left && !below && !dot(rows, row - 1, column);
            if (right) canvas_line(c, px, py, px + s, py, width, colour, 1.0);
            if (below) canvas_line(c, px, py, px, py + s, width, colour, 1.0);
            if (!right && !below && dot(rows, row + 1, column + 1))
                canvas_line(c, px, py, px + s, py + s, width, colour, 1.0);
            if (!left && !below && dot(rows, row + 1, column - 1))
                canvas_line(c, px, py, px - s, py + s, width, colour, 1.0);
            if (alone) canvas_disc(c, px, py, 0.5 * width, colour, 1.0);
        }
    }
}

static void glyph_draw(Canvas c, size_t x, size_t y, size_t scale, char shown, Colour colour) {
    const uint8_t *rows = glyphs[(shown < FIRST || shown > LAST ? '?' : shown) - FIRST];
    if (scale > 1) {
        strokes_draw(c, x, y, scale, rows, colour);
        return;
    }
    for (size_t row = 0; row < GLYPH_HEIGHT; row++) {
        for (size_t column = 0; column < GLYPH_WIDTH; column++) {
            if (rows[row] >> (GLYPH_WIDTH - 1 - column) & 1)
                pixel_draw(c, x + column * scale, y + (row + 1) * scale, scale, colour);
        }
    }
}

const char *font_tail(char out[], size_t most, const char *text) {
    size_t length = font_length(text), skip = length > most ? length - most + 2 : 0;
    if (!skip || most < 3) return text;
    while (skip > 0 || continues(*text)) skip -= !continues(*text++);
    size_t bytes = 0;
    while (!ends_line(text[bytes])) bytes++;
    memcpy(out, "..", 2);
    memcpy(out + 2, text, bytes);
    out[2 + bytes] = '\0';
    return out;
}

size_t font_wrap(const char *text, size_t most) {
    size_t bytes = 0, wide = 0, blank = 0;
    for (; !ends_line(text[bytes]); bytes++) {
        if (continues(text[bytes])) continue;
        if (wide == most) return text[bytes] == ' ' || !blank ? bytes : blank;
        if (text[bytes] == ' ') blank = bytes;
        wide++;
    }
    return bytes;
}

void font_draw(Canvas c, size_t x, size_t y, size_t scale, const char *text, size_t most,
               Colour colour) {
    bool cut = font_length(text) > most;
    for (size_t n = 0; !ends_line(*text) && n < most; text++) {
        if (continues(*text)) continue;
        char shown = cut && n + 2 >= most ? '.' : *text;
        glyph_draw(c, x + n * FONT_CELL_WIDTH * scale, y, scale, shown, colour);
        n++;
    }
}

/* A matrix of shares as SVG: what matrix_draw shows, with the letters of whoever displays it. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "base/size.h"
#include "draw/font.h"
#include "draw/heat.h"
#include "draw/matrix.h"

enum { LETTER = 9, CELL = 30, TOP = 84, MARGIN = 16 };

static size_t longest(const char *const *names, size_t count, size_t least) {
    for (size_t i = 0; i < count; i++) least = size_max(least, font_length(names[i]));
    return least;
}

static void add_words(Text *t, size_t x, size_t y, const char *anchor, const char *words) {
    text_add(t, "<text x='%zu' y='%zu' text-anchor='%s'>", x, y, anchor);
    for (; *words; words++) {
        if (*words == '<' || *words == '&')
            text_add(t, *words == '<' ? "&lt;" : "&amp;");
        else if ((unsigned char)*words >= ' ')
            text_add(t, "%c", *words);
    }
    text_add(t, "</text>\n");
}

static void add_cell(Text *t, size_t x, size_t y, size_t width, double share) {
    char text[8] = "-";
    Colour fill = isnan(share) ? (Colour){255, 255, 255} : heat_colour(share);
    double bright = 0.299 * fill.red + 0.587 * fill.green + 0.114 * fill.blue;
    if (!isnan(share)) snprintf(text, sizeof text, "%.0f%%", 100.0 * fmin(fmax(share, 0.0), 1.0));
    text_add(t, "<rect x='%zu' y='%zu' width='%zu' height='%d' fill='#%02x%02x%02x'/><g fill='%s'>",
             x + 1, y + 1, width - 2, CELL - 2, fill.red, fill.green, fill.blue,
             bright > 140.0 ? "#141414" : "#ffffff");
    add_words(t, x + width / 2, y + CELL / 2 + 5, "middle", text);
    text_add(t, "</g>\n");
}

static void add_panel(Text *t, const Matrix *m, size_t panel, size_t x, size_t width) {
    const double *share = m->share + panel * m->rows * m->columns;
    add_words(t, x, TOP - 30, "start", m->panel[panel]);
    for (size_t k = 0; k < m->columns; k++) {
        add_words(t, x + k * width + width / 2, TOP - 8, "middle", m->column[k]);
        for (size_t i = 0; i < m->rows; i++)
            add_cell(t, x + k * width, TOP + i * CELL, width, share[i * m->columns + k]);
    }
}

static void add_bar(Text *t, size_t y) {
    enum { STEPS = 50, STEP = 4, LEFT = 46 };
    add_words(t, MARGIN, y + 14, "start", "0%");
    for (size_t i = 0; i < STEPS; i++) {
        Colour c = heat_colour((double)i / (STEPS - 1));
        text_add(t, "<rect x='%zu' y='%zu' width='%d' height='16' fill='#%02x%02x%02x'/>\n",
                 LEFT + i * STEP, y, STEP + 1, c.red, c.green, c.blue);
    }
    add_words(t, LEFT + STEPS * STEP + 10, y + 14, "start", "100%");
}

void matrix_svg(Text *t, const Matrix *m) {
    size_t names = longest(m->row, m->rows, 1) * LETTER;
    size_t width = (longest(m->column, m->columns, 5) + 1) * LETTER;
    size_t panel = m->columns * width + 20, left = 2 * MARGIN + names;
    size_t bottom = TOP + m->rows * CELL + MARGIN;
    size_t across = size_max(left + m->panels * panel, font_length(m->title) * LETTER + 32);
    text_add(t,
             "<svg xmlns='http://www.w3.org/2000/svg' width='%zu' height='%zu' "
             "font-family='sans-serif' font-size='14' fill='#141414'>\n"
             "<rect width='100%%' height='100%%' fill='#ffffff'/>\n",
             size_max(across, 320), bottom + 32);
    add_words(t, MARGIN, 28, "start", m->title);
    for (size_t i = 0; i < m->rows; i++)
        add_words(t, MARGIN, TOP + i * CELL + CELL / 2 + 5, "start", m->row[i]);
    for (size_t p = 0; p < m->panels; p++) add_panel(t, m, p, left + p * panel, width);
    add_bar(t, bottom);
    text_add(t, "</svg>\n");
}

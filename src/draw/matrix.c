#include "draw/matrix.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "draw/font.h"
#include "draw/heat.h"

static const Colour paper = {255, 255, 255}, ink = {20, 20, 20}, faint = {84, 84, 84};

enum {
    SCALE = 2,
    LETTER = FONT_CELL_WIDTH * SCALE,
    LINE = FONT_CELL_HEIGHT * SCALE,
    CELL_HEIGHT = 40,
    CELL_LEAST = 6, /* characters: "100%" and room around it */
    NAME_MOST = 28, /* characters of a row's name */
    GAP = 16,
    BAR_HEIGHT = 14,
    BAR_WIDTH = 12 * LETTER,
    FOOT = LINE + GAP /* the colours, from 0 to 100 % */
};

typedef struct Layout {
    size_t names, cell; /* widths of the rows' names and of a cell */
    size_t panel, top;  /* width of a panel; where the cells begin */
    size_t column_most; /* characters of a column's name */
} Layout;

static size_t longest(const char *const *names, size_t count, size_t least, size_t most) {
    size_t length = least;
    for (size_t i = 0; i < count; i++) length = size_max(length, font_length(names[i]));
    return size_min(length, most);
}

static Layout layout_of(const Matrix *m) {
    Layout l = {.column_most = longest(m->column, m->columns, CELL_LEAST - 2, 14)};
    l.names = longest(m->row, m->rows, 1, NAME_MOST) * LETTER;
    l.cell = size_max(CELL_LEAST, l.column_most + 1) * LETTER;
    l.panel = m->columns * l.cell + GAP;
    l.top = GAP + 3 * ((size_t)LINE + 4);
    return l;
}

static bool size_of(const Matrix *m, const Layout *l, Picture *p) {
    size_t panels, rows, bytes;
    bool fits = size_multiply(&panels, m->panels, l->panel) &&
                size_multiply(&rows, m->rows, CELL_HEIGHT) &&
                size_add(&p->width, panels, l->names + (size_t)(2 * GAP)) &&
                size_add(&p->height, rows, l->top + (size_t)(GAP + FOOT)) &&
                size_multiply(&bytes, p->width, p->height) && size_multiply(&bytes, bytes, 3);
    size_t title = 2 * (size_t)GAP + font_length(m->title) * LETTER;
    title = size_max(title, 2 * (size_t)GAP + BAR_WIDTH + 9 * (size_t)LETTER);
    p->width = size_max(p->width, title);
    p->rgb = fits ? memory_new(3 * p->width * p->height) : NULL;
    return p->rgb != NULL;
}

/* Dark letters on bright cells. */
static Colour ink_on(Colour c) {
    double bright = 0.299 * c.red + 0.587 * c.green + 0.114 * c.blue;
    return bright > 140.0 ? ink : paper;
}

static void draw_cell(Canvas c, size_t x, size_t y, size_t width, double share) {
    char text[8] = "-";
    Colour fill = isnan(share) ? paper : heat_colour(share);
    if (!isnan(share)) snprintf(text, sizeof text, "%.0f%%", 100.0 * fmin(fmax(share, 0.0), 1.0));
    for (size_t i = y + 1; i + 1 < y + CELL_HEIGHT; i++)
        for (size_t k = x + 1; k + 1 < x + width; k++)
            canvas_mix(c, i * c.size.width + k, fill, 1.0);
    size_t left = (width - font_length(text) * LETTER) / 2;
    font_draw(c, x + left, y + (CELL_HEIGHT - LINE) / 2 + 2, SCALE, text, CELL_LEAST, ink_on(fill));
}

static void draw_panel(Canvas c, const Matrix *m, const Layout *l, size_t panel) {
    size_t x = GAP + l->names + GAP + panel * l->panel, y = GAP + LINE + 4;
    const double *share = m->share + panel * m->rows * m->columns;
    font_draw(c, x, y, SCALE, m->panel[panel], (l->panel - GAP) / LETTER, ink);
    for (size_t k = 0; k < m->columns; k++) {
        size_t length = size_min(font_length(m->column[k]), l->column_most);
        font_draw(c, x + k * l->cell + (l->cell - length * LETTER) / 2, y + LINE + 4, SCALE,
                  m->column[k], l->column_most, faint);
        for (size_t i = 0; i < m->rows; i++)
            draw_cell(c, x + k * l->cell, l->top + i * CELL_HEIGHT, l->cell,
                      share[i * m->columns + k]);
    }
}

/* Of a long one the end, which tells folders apart. */
static Status draw_name(Canvas c, size_t y, const char *name, Error *error) {
    char *tail = memory_new(strlen(name) + 3);
    if (!tail) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a matrix");
    font_draw(c, GAP, y + (CELL_HEIGHT - LINE) / 2 + 2, SCALE, font_tail(tail, NAME_MOST, name),
              NAME_MOST, ink);
    memory_free(tail);
    return VOXPERT_OK;
}

static void draw_foot(Canvas c, size_t y) {
    font_draw(c, GAP, y, SCALE, "0%", 2, ink);
    heat_bar(c, GAP + 3 * LETTER, y + 2, (Extent){BAR_HEIGHT, BAR_WIDTH});
    font_draw(c, GAP + 4 * LETTER + BAR_WIDTH, y, SCALE, "100%", 4, ink);
}

Status matrix_draw(Picture *out, const Matrix *m, Error *error) {
    *out = (Picture){0};
    if (m->panels == 0 || m->rows == 0 || m->columns == 0)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "a matrix of %zu x %zu x %zu has no cell",
                         m->panels, m->rows, m->columns);
    Layout l = layout_of(m);
    if (!size_of(m, &l, out))
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a matrix");
    Canvas c = {out->rgb, {out->height, out->width}};
    canvas_fill(c, paper);
    font_draw(c, GAP, GAP, SCALE, m->title, out->width / LETTER, ink);
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < m->rows; i++)
        status = draw_name(c, l.top + i * CELL_HEIGHT, m->row[i], error);
    draw_foot(c, l.top + m->rows * CELL_HEIGHT + GAP);
    for (size_t p = 0; p < m->panels; p++) draw_panel(c, m, &l, p);
    if (status) picture_free(out);
    return status;
}

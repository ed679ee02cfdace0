/* matrix.h - shares in a table of coloured cells, each with its number: who sends how much where.
 */
#ifndef DRAW_MATRIX_H
#define DRAW_MATRIX_H

#include "base/text.h"
#include "image/picture.h"

typedef struct Matrix {
    const char *title;
    size_t panels, rows, columns;                          /* panels stand side by side */
    const char *const *panel, *const *row, *const *column; /* names */
    const double *share; /* [panels][rows][columns], 0 to 1; NaN: nothing is known */
} Matrix;

/* The picture is the caller's to free.  VOXPERT_BAD_ARGUMENT for none of something,
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status matrix_draw(Picture *out, const Matrix *m, Error *error);

/* The same as SVG, for papers. */
void matrix_svg(Text *t, const Matrix *m);

#endif

/* font.h - short captions in a picture: ASCII in cells of 6 x 10 pixels, drawn for this program.
 * Magnified ones are smooth strokes.
 *
 * What is not ASCII appears as one '?' for each character. */
#ifndef DRAW_FONT_H
#define DRAW_FONT_H

#include "draw/canvas.h"

enum { FONT_CELL_WIDTH = 6, FONT_CELL_HEIGHT = 10 };

size_t font_length(const char *text); /* characters, not bytes, up to a line end */

/* One line with the top left of its first cell at (x, y), magnified `scale` times; up to the end of
 * the text or line, or `most` characters: what is longer ends in "..". */
void font_draw(Canvas c, size_t x, size_t y, size_t scale, const char *text, size_t most,
               Colour colour);

/* The end of a line that has more than `most` characters, behind two dots: where names differ. Else
 * the text itself.  `out` has room for it. */
const char *font_tail(char out[], size_t most, const char *text);

/* Bytes of `text` that stand on one line of `most` characters, which breaks at a blank if it can.
 */
size_t font_wrap(const char *text, size_t most);

#endif

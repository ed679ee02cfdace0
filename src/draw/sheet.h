/* sheet.h - many pictures on one, each with a caption: for looking at a whole result at once. */
#ifndef DRAW_SHEET_H
#define DRAW_SHEET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "image/extent.h"

typedef struct SheetTile {
    const uint8_t *rgb; /* [height, width, 3] */
    Extent size;
    /* UTF-8, shown in ASCII; NULL: none.  A first line, a name of which the end stays where it is
     * too long, and after '\n' a second, which is broken into up to three. */
    const char *caption;
} SheetTile;

/* What stands above the tiles; all 0: nothing. */
typedef struct SheetHead {
    const char *title; /* one line, which says what is drawn how */
    bool heat;         /* a bar of the colours of heat.h, from 0 to 1 */
} SheetHead;

/* Tiles in rows of `columns` (0: as square as it goes), each picture scaled to fit `side` pixels
 * with its proportions kept.  `*out` [size->height, size->width, 3] is the caller's to memory_free.
 * Errors: VOXPERT_OUT_OF_MEMORY; VOXPERT_BAD_ARGUMENT for no tiles, or a side below 16. */
MUST_CHECK Status sheet_make(uint8_t **out, Extent *size, const SheetTile *tiles, size_t count,
                             size_t columns, size_t side, SheetHead head, Error *error);

#endif

/* Sets of corners are bytes with the bits of surface_element.h. */
#include "eval/surface_element.h"

#include <math.h>
#include <stdbool.h>

/* ---- Pieces of a cube --------------------------------------------------------------------- */

/* The neighbours along an axis of the voxels in a set. */
static unsigned across(unsigned set, int axis) {
    static const unsigned far_half[3] = {0x0f, 0x33, 0x55};
    int step = 4 >> axis;
    return (set >> step & far_half[axis]) | (set & far_half[axis]) << step;
}

static unsigned first_piece(unsigned set) {
    unsigned piece = set & -set, before = 0;
    while (piece != before) {
        before = piece;
        for (int a = 0; a < 3; a++) piece |= across(piece, a) & set;
    }
    return piece;
}

typedef struct Faces {
    double face[3], edge[3], diagonal; /* F, E and D */
} Faces;

static double piece_area(unsigned piece, const Faces *f) {
    unsigned beside[3];
    int joined = 0, alone = 0; /* an axis along which voxels are neighbours, and one without */
    for (int a = 0; a < 3; a++) {
        beside[a] = across(piece, a) & piece;
        if (beside[a])
            joined = a;
        else
            alone = a;
    }
    bool flat = !beside[alone];
    int voxels = __builtin_popcount(piece);
    if (voxels == 1) return f->diagonal / 8.0;
    if (voxels == 2) return f->edge[joined] / 2.0;
    if (voxels == 3) return f->face[alone] / 2.0 + 3.0 * f->diagonal / 8.0;
    if (flat) return f->face[alone];
    unsigned inner = (beside[0] & beside[1]) | (beside[0] & beside[2]) | (beside[1] & beside[2]);
    if (__builtin_popcount(inner) == 1) return 6.0 * f->diagonal / 8.0;
    double ends = 0.0;
    for (int a = 0; a < 3; a++) {
        if (!(across(inner, a) & inner)) ends += f->edge[a];
    }
    return ends / 4.0 + f->diagonal / 2.0;
}

static double element_area(unsigned code, const Faces *f) {
    double area = 0.0;
    if (__builtin_popcount(code) > 4) code ^= 0xff;
    while (code) {
        unsigned piece = first_piece(code);
        area += piece_area(piece, f);
        code ^= piece;
    }
    return area;
}

void surface_areas(double area[SURFACE_CODES], const double spacing[3]) {
    Faces f;
    for (int a = 0; a < 3; a++) f.face[a] = spacing[(a + 1) % 3] * spacing[(a + 2) % 3];
    for (int a = 0; a < 3; a++) f.edge[a] = hypot(f.face[(a + 1) % 3], f.face[(a + 2) % 3]);
    f.diagonal = hypot(f.edge[0], f.face[0]);
    for (unsigned code = 0; code < SURFACE_CODES; code++) area[code] = element_area(code, &f);
}

/* ---- A square ----------------------------------------------------------------------------- */

void contour_lengths(double length[CONTOUR_CODES], const double spacing[2]) {
    double corner = hypot(spacing[0], spacing[1]) / 2.0; /* one pixel, or three, of the four */
    for (unsigned code = 0; code < CONTOUR_CODES; code++) {
        bool rows_differ = (code >> 2 ^ code) & 3, columns_differ = (code >> 1 ^ code) & 5;
        int inside = __builtin_popcount(code);
        if (inside == 0 || inside == 4)
            length[code] = 0.0;
        else if (inside != 2)
            length[code] = corner;
        else if (rows_differ && columns_differ)
            length[code] = 2.0 * corner;
        else
            length[code] = spacing[rows_differ ? 1 : 0];
    }
}

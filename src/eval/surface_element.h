/* surface_element.h - how much surface runs between neighbouring voxels.
 *
 * An element sits at a corner, where 2 x 2 x 2 voxels meet (in a picture: 2 x 2 pixels).  Its code
 * says which of them are inside: voxel (a, b, c), the first axis slowest, has the bit
 * 128 >> (4 a + 2 b + c), pixel (b, c) the bit 8 >> (2 b + c).
 *
 * The surface is that of marching cubes (Lorensen and Cline 1987) with its vertices halfway between
 * the voxels' centres, as DeepMind's surface-distance measures it.  The inside - or the outside,
 * where that has fewer voxels - falls into pieces joined by faces, and the areas of the pieces add
 * up.  With F_a the area of a voxel's face across axis a, E_a = |(F_b, F_c)| of the other two axes
 * and D = |(F_0, F_1, F_2)|, a piece of
 *
 *     one voxel                               has D / 8
 *     two along axis a                            E_a / 2
 *     three in a plane across axis a              F_a / 2 + 3 D / 8
 *     a square across axis a                      F_a
 *     a voxel and its three neighbours            6 D / 8
 *     a chain whose ends lie along a and b        (E_a + E_b) / 4 + D / 2
 *
 * which is exactly what that package's table of 256 codes amounts to. */
#ifndef EVAL_SURFACE_ELEMENT_H
#define EVAL_SURFACE_ELEMENT_H

enum { SURFACE_CODES = 256, CONTOUR_CODES = 16 };

/* Areas in mm2 for each code; 0 for no voxel and for all. */
void surface_areas(double area[SURFACE_CODES], const double spacing_zyx_mm[3]);

/* Of a picture: lengths in mm. */
void contour_lengths(double length[CONTOUR_CODES], const double spacing_yx_mm[2]);

#endif

/* align.h - one rule for two files that show the same place: a label map and its image, a
 * prediction and its reference, a mask and the image that it is a prompt for.
 *
 * Both are pixels of one grid, or they are brought onto one.  A label map whose grid is the image's
 * up to the order of the axes and their direction (48 ways) holds the same voxels in another order:
 * it is stored anew in the image's order, and a warning says so.  All else is refused; nothing is
 * resampled.
 *
 * Two grids are the same where, at all eight corners, the centres of corresponding voxels are at
 * most max(0.001 mm, 1 % of the image's smallest voxel side) apart.  Of an axis with one voxel the
 * direction and the size count nothing.  A file that tells no position (PNG, .npz, TIFF, or NIfTI
 * with voxel sizes alone) is paired voxel by voxel, with a warning where the other file tells one;
 * where both are NIfTI files that say how large a voxel is, these sizes must agree within 1 %.
 *
 * Of two pictures of one size, one may be turned by its EXIF orientation while the other has none:
 * they are paired, with a warning. */
#ifndef IMAGE_ALIGN_H
#define IMAGE_ALIGN_H

#include "image/volume.h"

/* Axes are i, j, k (fastest first): axis a of the image runs along axis[a] of the labels, from its
 * last voxel to its first where reversed[a]. */
typedef struct AxisMap {
    int axis[3];
    bool reversed[3];
} AxisMap;

typedef enum GridRelation {
    GRIDS_SAME,
    GRIDS_REORDERED, /* the same voxels in another order */
    GRIDS_APART      /* not the same voxels, or not as many */
} GridRelation;

/* How the labels' grid lies in the image's; `out` is the identity but for GRIDS_REORDERED. */
GridRelation grids_relate(AxisMap *out, const Volume *image, const Volume *labels);

/* Stores the labels in the image's order, if they are not; they get its grid and its NIfTI header.
 * The warnings of pair_remarks() are added to those of the labels.
 * Errors: VOXPERT_BAD_INPUT (GRIDS_APART; the sentence names both files, the difference and the
 * remedy), VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status volume_align(Volume *labels, const Volume *image, Error *error);

/* What cannot be seen from two grids that are the same: one of the files is turned by its EXIF
 * orientation and the other is not, or it alone has a position.  A sentence for each, with both
 * names. */
void pair_remarks(Warnings *out, const Volume *image, const Volume *labels);

/* The orientation that was applied to the pixels of a file, 1 to 8; 1 where none was. */
int volume_turn(const Volume *v);

/* Whether what was drawn on the stored pixels of two pictures of one size would lie elsewhere on
 * them as they are shown, without the sizes telling: exactly one was turned (volume_turn()). */
bool pair_may_be_turned(int image, int labels, size_t width, size_t height);

/* Whether exactly one of them tells where its voxels lie. */
bool pair_lacks_position(const Volume *image, const Volume *labels);

/* The sentence of the warning: "axes j, -i, k of IMAGE are ..." without the labels' name. */
void axis_map_describe(Text *out, const AxisMap *map);

/* Why two volumes are GRIDS_APART, in words. */
void grids_describe(Text *out, const Volume *image, const Volume *labels);

#endif

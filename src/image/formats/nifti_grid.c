/* nifti_grid.c - from voxels to the world: the three methods of nifti1.h.
 *
 * The matrix (sform) wins over the quaternion (qform), as in nibabel; where both are absent the
 * voxel sizes alone are taken, without an offset (method 1), and a warning says so.  xyzt_units
 * metre and micron become mm.  Sizes of 1, 1, 1 without a unit are what a header is filled with
 * where nothing is known: they are no spacing. */
#include <math.h>

#include <nifti2_io.h>

#include "image/formats/nifti.h"

static double millimetres_per_unit(const NiftiHeader *h) {
    switch (nifti_integer(h, NIFTI_XYZT_UNITS, 0) & 7) {
    case NIFTI_UNITS_METER:
        return 1e3;
    case NIFTI_UNITS_MICRON:
        return 1e-3;
    default:
        return 1.0; /* mm, or not said */
    }
}

static double column_length(const VolumeGrid *grid, int c) {
    const double(*m)[4] = grid->affine_ras;
    return sqrt(m[0][c] * m[0][c] + m[1][c] * m[1][c] + m[2][c] * m[2][c]);
}

static double determinant(const VolumeGrid *grid) {
    const double(*m)[4] = grid->affine_ras;
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
           m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

static bool is_singular(const VolumeGrid *grid) {
    double box = column_length(grid, 0) * column_length(grid, 1) * column_length(grid, 2);
    return !(fabs(determinant(grid)) > 1e-6 * box);
}

/* The direction across the two other axes, of length 1 (mm, or the file's unit); false where these
 * are parallel. */
static bool column_across(VolumeGrid *grid, int c) {
    double(*m)[4] = grid->affine_ras, normal[3], length = 0.0;
    int a = (c + 1) % 3, b = (c + 2) % 3;
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        normal[i] = m[j][a] * m[k][b] - m[k][a] * m[j][b];
        length += normal[i] * normal[i];
    }
    length = sqrt(length);
    if (!(length > 1e-6 * column_length(grid, a) * column_length(grid, b))) return false;
    for (int i = 0; i < 3; i++) m[i][c] = normal[i] / length;
    return true;
}

/* An axis of one voxel need not have a direction: it is made where the others have theirs. */
static bool unused_axis_completed(Volume *v, const char *form) {
    const size_t sizes[3] = {v->width, v->height, v->depth};
    const VolumeGrid kept = v->grid;
    for (int c = 2; c >= 0; c--) {
        if (sizes[c] != 1 || !column_across(&v->grid, c)) continue;
        if (!is_singular(&v->grid)) {
            volume_warn(v,
                        "the NIfTI %s affine is singular along axis %c, which has one voxel: its "
                        "direction is taken across the other two, its size as 1",
                        form, "ijk"[c]);
            return true;
        }
        v->grid = kept;
    }
    return false;
}

static Status affine_check(Volume *v, const char *form, Error *error) {
    for (int i = 0; i < 12; i++) {
        if (!isfinite(v->grid.affine_ras[i / 4][i % 4]))
            return error_set(error, VOXPERT_BAD_INPUT, "%s: the NIfTI %s affine is not finite",
                             v->name, form);
    }
    if (!is_singular(&v->grid) || unused_axis_completed(v, form)) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT, "%s: the NIfTI %s affine is singular", v->name,
                     form);
}

/* ---- The three methods ------------------------------------------------------------------ */

/* False where it is all zero. */
static bool sform_read(double m[4][4], const NiftiHeader *h) {
    bool any = false;
    for (int i = 0; i < 12; i++) {
        m[i / 4][i % 4] = nifti_real(h, NIFTI_SROW, (size_t)i);
        any = any || m[i / 4][i % 4] != 0.0; /* NaN counts */
    }
    return any;
}

/* A 2D file need not give the size of the axis that it does not have. */
static Status sizes_read(double size[3], Volume *v, const NiftiHeader *h, Error *error) {
    for (size_t i = 0; i < 3; i++) {
        double step = nifti_real(h, NIFTI_PIXDIM, i + 1);
        if (i == 2 && v->depth == 1 && step == 0.0) step = 1.0;
        if (!isfinite(step) || step == 0.0)
            return error_set(error, VOXPERT_BAD_INPUT, "%s: NIfTI pixdim[%zu] is %g, no voxel size",
                             v->name, i + 1, step);
        if (step < 0.0)
            volume_warn(v, "NIfTI pixdim[%zu] is negative: its absolute value is taken", i + 1);
        size[i] = fabs(step);
    }
    return VOXPERT_OK;
}

static Status qform_read(double m[4][4], Volume *v, const NiftiHeader *h, Error *error) {
    double size[3] = {0}, b[3], offset[3], square = 0.0;
    Status status = sizes_read(size, v, h, error);
    if (status) return status;
    for (size_t i = 0; i < 3; i++) {
        b[i] = nifti_real(h, NIFTI_QUATERN, i);
        offset[i] = nifti_real(h, NIFTI_QOFFSET, i);
        square += b[i] * b[i];
    }
    if (!(square <= 1.0 + 1e-5)) /* float32 rounding; NaN fails */
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: NIfTI qform: the quaternion's b^2 + c^2 + d^2 is %g, not at most 1",
                         v->name, square);
    double flip = nifti_real(h, NIFTI_PIXDIM, 0) < 0.0 ? -1.0 : 1.0;
    nifti_dmat44 matrix = nifti_quatern_to_dmat44(b[0], b[1], b[2], offset[0], offset[1], offset[2],
                                                  size[0], size[1], size[2], flip);
    for (int i = 0; i < 12; i++) m[i / 4][i % 4] = matrix.m[i / 4][i % 4];
    return VOXPERT_OK;
}

static Status pixdim_read(double m[4][4], Volume *v, const NiftiHeader *h, Error *error) {
    double size[3] = {0};
    Status status = sizes_read(size, v, h, error);
    bool known = (nifti_integer(h, NIFTI_XYZT_UNITS, 0) & 7) != 0;
    for (int i = 0; !status && i < 3; i++) {
        m[i][i] = size[i];
        known = known || size[i] < 1.0 || size[i] > 1.0;
    }
    if (!known) v->grid.source = GRID_UNKNOWN;
    if (!status)
        volume_warn(v, "NIfTI has neither sform nor qform: its orientation %s",
                    known ? "is unknown" : "and its voxel size (1 x 1 x 1 of no unit) are unknown");
    return status;
}

/* ---- Choice ----------------------------------------------------------------------------- */

static Status affine_read(Volume *v, const NiftiHeader *h, Error *error) {
    VolumeGrid *grid = &v->grid;
    bool sform = nifti_integer(h, NIFTI_SFORM_CODE, 0) > 0;
    bool qform = nifti_integer(h, NIFTI_QFORM_CODE, 0) > 0;
    if (sform && sform_read(grid->affine_ras, h)) {
        grid->source = GRID_SFORM;
        return affine_check(v, "sform", error);
    }
    if (sform)
        volume_warn(v, "NIfTI sform is all zero: %s", qform ? "the qform is taken" : "unused");
    grid->source = qform ? GRID_QFORM : GRID_PIXDIM;
    Status status = qform ? qform_read(grid->affine_ras, v, h, error)
                          : pixdim_read(grid->affine_ras, v, h, error);
    if (status) return status;
    return affine_check(v, qform ? "qform" : "pixdim", error);
}

Status nifti_grid_read(Volume *v, const NiftiHeader *h, Error *error) {
    double scale = millimetres_per_unit(h);
    Status status = affine_read(v, h, error);
    if (status) return status;
    for (int i = 0; i < 12; i++) v->grid.affine_ras[i / 4][i % 4] *= scale;
    for (int i = 0; i < 3; i++) v->grid.spacing_xyz_mm[i] = column_length(&v->grid, i);
    return VOXPERT_OK;
}

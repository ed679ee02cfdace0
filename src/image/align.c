#include "image/align.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

static const AxisMap identity = {{0, 1, 2}, {false, false, false}};

static void sizes_of(size_t size[3], const Volume *v) {
    size[0] = v->width, size[1] = v->height, size[2] = v->depth;
}

/* Whether the file tells where its voxels lie, and not only how large they are. */
static bool has_position(const Volume *v) {
    return v->grid.source == GRID_SFORM || v->grid.source == GRID_QFORM;
}

/* The same of NIfTI's voxel sizes. */
static bool has_voxel_size(const Volume *v) {
    return has_position(v) || v->grid.source == GRID_PIXDIM;
}

/* ---- Relation ----------------------------------------------------------------------------- */

static double tolerance(const Volume *image) {
    const size_t size[] = {image->width, image->height, image->depth};
    double smallest = (double)INFINITY;
    for (int a = 0; a < 3; a++) {
        if (size[a] > 1) smallest = fmin(smallest, image->grid.spacing_xyz_mm[a]);
    }
    return isfinite(smallest) ? fmax(1e-3, 0.01 * smallest) : 1e-3;
}

static void position(double out[3], const VolumeGrid *g, const size_t index[3]) {
    for (int r = 0; r < 3; r++) {
        out[r] = g->affine_ras[r][3];
        for (int a = 0; a < 3; a++)
            if (index[a]) out[r] += g->affine_ras[r][a] * (double)index[a];
    }
}

/* The largest distance between corresponding corners, mm; NaN counts as infinite. */
static double corners_apart(const AxisMap *map, const Volume *image, const Volume *labels) {
    size_t size[3], other[3];
    double worst = 0.0;
    sizes_of(size, image);
    for (unsigned corner = 0; corner < 8; corner++) {
        size_t at[3];
        double a[3], b[3], squared = 0.0;
        for (int i = 0; i < 3; i++) {
            at[i] = corner >> i & 1 ? size[i] - 1 : 0;
            other[map->axis[i]] = map->reversed[i] ? size[i] - 1 - at[i] : at[i];
        }
        position(a, &image->grid, at);
        position(b, &labels->grid, other);
        for (int r = 0; r < 3; r++) squared += (a[r] - b[r]) * (a[r] - b[r]);
        if (!(squared <= worst * worst)) worst = sqrt(squared);
        if (isnan(worst)) return (double)INFINITY;
    }
    return worst;
}

static bool sizes_agree(const AxisMap *map, const Volume *image, const Volume *labels) {
    size_t size[3], other[3];
    sizes_of(size, image);
    sizes_of(other, labels);
    for (int i = 0; i < 3; i++) {
        if (size[i] != other[map->axis[i]]) return false;
    }
    return image->frames == labels->frames;
}

/* Of axes with more than one voxel, within 1 %. */
static bool voxel_sizes_agree(const Volume *a, const Volume *b) {
    const size_t size[] = {a->width, a->height, a->depth};
    for (int i = 0; i < 3; i++) {
        double p = a->grid.spacing_xyz_mm[i], q = b->grid.spacing_xyz_mm[i];
        if (size[i] > 1 && !(fabs(p - q) <= 0.01 * fmin(p, q))) return false;
    }
    return true;
}

static GridRelation relate_by_size(const AxisMap *map, const Volume *image, const Volume *labels) {
    bool sizes = has_voxel_size(image) && has_voxel_size(labels);
    if (!sizes_agree(map, image, labels)) return GRIDS_APART;
    return sizes && !voxel_sizes_agree(image, labels) ? GRIDS_APART : GRIDS_SAME;
}

/* The identity is the first of the 48. */
static AxisMap axis_map(int number) {
    static const int orders[6][3] = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1},
                                     {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};
    AxisMap map;
    for (int i = 0; i < 3; i++) {
        map.axis[i] = orders[number / 8][i];
        map.reversed[i] = number >> i & 1;
    }
    return map;
}

GridRelation grids_relate(AxisMap *out, const Volume *image, const Volume *labels) {
    double most = tolerance(image);
    *out = identity;
    if (!has_position(image) || !has_position(labels)) return relate_by_size(out, image, labels);
    for (int n = 0; n < 48; n++) {
        AxisMap map = axis_map(n);
        if (!sizes_agree(&map, image, labels) || !(corners_apart(&map, image, labels) <= most))
            continue;
        *out = map;
        return n ? GRIDS_REORDERED : GRIDS_SAME;
    }
    return GRIDS_APART;
}

/* ---- In words ------------------------------------------------------------------------------- */

void axis_map_describe(Text *out, const AxisMap *map) {
    text_add(out, "its axes are stored as");
    for (int i = 0; i < 3; i++)
        text_add(out, "%s %s%c", i ? "," : "", map->reversed[i] ? "-" : "", "ijk"[map->axis[i]]);
    text_add(out, " of the image's i, j, k");
}

static void describe_voxel_sizes(Text *out, const Volume *image, const Volume *labels) {
    const double *p = labels->grid.spacing_xyz_mm, *q = image->grid.spacing_xyz_mm;
    text_add(out, "its voxels are %g x %g x %g mm, the image's %g x %g x %g mm", p[0], p[1], p[2],
             q[0], q[1], q[2]);
}

static void describe_apart(Text *out, const Volume *image, const Volume *labels) {
    double most = 0.0, origin = 0.0;
    int axes = 0, axis = 0;
    for (int r = 0; r < 3; r++) {
        const double *a = image->grid.affine_ras[r], *b = labels->grid.affine_ras[r];
        for (int k = 0; k < 3; k++) most = fmax(most, fabs(a[k] - b[k]));
        if (fabs(a[3] - b[3]) <= 1e-3) continue;
        origin = fabs(a[3] - b[3]), axis = r;
        axes++;
    }
    if (most <= 1e-3 && axes == 1)
        text_add(out, "origin differs by %g mm in %c", origin, "xyz"[axis]);
    else if (most <= 1e-3 && axes > 1)
        text_add(out, "origin differs in %d axes", axes);
    else
        text_add(out, "axes or spacing differ by up to %g", most);
}

static bool same_sizes(const Volume *a, const Volume *b) {
    return a->width == b->width && a->height == b->height && a->depth == b->depth &&
           a->frames == b->frames;
}

static void describe_size(Text *out, const Volume *v) {
    text_add(out, "%zux%zux%zu", v->width, v->height, v->depth);
    if (v->frames != 1) text_add(out, " in %zu frames", v->frames);
}

void grids_describe(Text *out, const Volume *image, const Volume *labels) {
    if (same_sizes(image, labels)) {
        if (has_position(image) && has_position(labels))
            describe_apart(out, image, labels);
        else
            describe_voxel_sizes(out, image, labels);
        return;
    }
    text_add(out, "it is ");
    describe_size(out, labels);
    text_add(out, ", but its image is ");
    describe_size(out, image);
}

/* ---- Order ---------------------------------------------------------------------------------- */

/* Samples of `from` in the image's order; steps are in samples of one voxel. */
static void reorder(uint8_t *to, const Volume *from, const AxisMap *map, const size_t size[3]) {
    size_t bytes = sample_size(from->type) * from->channels, own[3];
    sizes_of(own, from);
    const size_t step[3] = {1, own[0], own[0] * own[1]};
    const uint8_t *samples = from->samples;
    for (size_t t = 0; t < from->frames; t++) {
        for (size_t k = 0; k < size[2]; k++) {
            for (size_t j = 0; j < size[1]; j++) {
                for (size_t i = 0; i < size[0]; i++) {
                    const size_t at[3] = {i, j, k};
                    size_t voxel = t * own[0] * own[1] * own[2];
                    for (int a = 0; a < 3; a++)
                        voxel +=
                            step[map->axis[a]] * (map->reversed[a] ? size[a] - 1 - at[a] : at[a]);
                    memcpy(to, samples + voxel * bytes, bytes);
                    to += bytes;
                }
            }
        }
    }
}

static Status take_order(Volume *labels, const Volume *image, const AxisMap *map, Error *error) {
    size_t size[3];
    sizes_of(size, image);
    uint8_t *samples = memory_new(volume_samples(labels) * sample_size(labels->type) + 1);
    uint8_t *header = image->header ? memory_new(image->header_size) : NULL;
    if (!samples || (image->header && !header)) {
        memory_free(samples);
        memory_free(header);
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to bring it onto its image",
                         volume_name(labels));
    }
    reorder(samples, labels, map, size);
    if (header) memcpy(header, image->header, image->header_size);
    memory_free(labels->samples);
    memory_free(labels->header);
    labels->samples = samples;
    labels->header = header;
    labels->header_size = header ? image->header_size : 0;
    labels->width = size[0], labels->height = size[1], labels->depth = size[2];
    labels->grid = image->grid;
    return VOXPERT_OK;
}

static Status refuse(const Volume *labels, const Volume *image, Error *error) {
    Text why = {0};
    grids_describe(&why, image, labels);
    bool swapped =
        labels->width == image->height && labels->height == image->width && image->depth == 1;
    Status status = error_set(
        error, VOXPERT_BAD_INPUT, "%s: shows another place than %s: %s; %s", volume_name(labels),
        volume_name(image), why.chars ? why.chars : "",
        swapped && volume_turn(image) > 4
            ? "the image is turned by its EXIF orientation: store it upright, or turn the mask"
        : swapped && volume_turn(labels) > 4
            ? "it is turned by its own EXIF orientation: store it as its image is stored"
            : "resample it onto the image's grid, or correct the header that is wrong");
    text_free(&why);
    return status;
}

/* ---- What the grids do not tell ---------------------------------------------------------------
 */

int volume_turn(const Volume *v) { return v->as_stored || v->orientation < 1 ? 1 : v->orientation; }

bool pair_may_be_turned(int image, int labels, size_t width, size_t height) {
    int turned = image > 1 ? image : labels;
    bool one = (image > 1) != (labels > 1);
    return one && (turned < 5 || width == height);
}

static void remark_turn(Warnings *out, const Volume *image, const Volume *labels) {
    const Volume *turned = volume_turn(image) > 1 ? image : labels;
    const Volume *other = turned == image ? labels : image;
    if (!pair_may_be_turned(volume_turn(image), volume_turn(labels), image->width, image->height))
        return;
    warnings_add(out,
                 "%s: is turned by its EXIF orientation %d, but %s is not: if both belong to the "
                 "pixels as stored, what is drawn lies at the wrong place",
                 volume_name(turned), turned->orientation, volume_name(other));
}

bool pair_lacks_position(const Volume *image, const Volume *labels) {
    return has_position(image) != has_position(labels);
}

static void remark_position(Warnings *out, const Volume *image, const Volume *labels) {
    const Volume *without = has_position(image) ? labels : image;
    const Volume *other = without == image ? labels : image;
    if (!pair_lacks_position(image, labels)) return;
    warnings_add(out,
                 "%s: has no position, but %s has one: their voxels are paired as both are stored; "
                 "check that they show the same place, and copy the header if so",
                 volume_name(without), volume_name(other));
}

void pair_remarks(Warnings *out, const Volume *image, const Volume *labels) {
    remark_turn(out, image, labels);
    remark_position(out, image, labels);
}

Status volume_align(Volume *labels, const Volume *image, Error *error) {
    AxisMap map;
    Text how = {0};
    switch (grids_relate(&map, image, labels)) {
    case GRIDS_SAME:
        pair_remarks(&labels->warnings, image, labels);
        return VOXPERT_OK;
    case GRIDS_APART:
        return refuse(labels, image, error);
    case GRIDS_REORDERED:
        break;
    }
    Status status = take_order(labels, image, &map, error);
    if (status) return status;
    axis_map_describe(&how, &map);
    volume_warn(labels, "%s: it was reordered onto the grid of %s", how.chars ? how.chars : "",
                volume_name(image));
    text_free(&how);
    return VOXPERT_OK;
}

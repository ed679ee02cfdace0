#include "eval/region_statistics.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "eval/overlap.h"
#include "eval/statistics.h"
#include "image/regions.h"

const char *region_value_name(RegionValue v, bool pictures) {
    static const char *const names[REGION_VALUES] = {"voxels",
                                                     "area_px",
                                                     "area_mm2",
                                                     "volume_mm3",
                                                     "volume_ml",
                                                     "intensity_mean",
                                                     "intensity_median",
                                                     "intensity_sd",
                                                     "intensity_min",
                                                     "intensity_p05",
                                                     "intensity_p25",
                                                     "intensity_p75",
                                                     "intensity_p95",
                                                     "intensity_max",
                                                     "x0",
                                                     "y0",
                                                     "z0",
                                                     "x1",
                                                     "y1",
                                                     "z1",
                                                     "touches_border",
                                                     "components",
                                                     "largest_component_voxels"};
    return v == REGION_LARGEST_PIECE && pictures ? "largest_component_px" : names[v];
}

bool region_value_is_position(RegionValue v) { return v >= REGION_X0 && v <= REGION_Z1; }

/* What is needed for one label after the other. */
typedef struct Scene {
    const Volume *image;
    size_t size[3], voxels;
    double spacing[3]; /* z, y, x */
    uint32_t *labels;
    LabelPlaces places;
    uint8_t *mask; /* of the part where the label is */
    LabelBounds part;
    size_t part_size[3], inside; /* voxels */
    double *values;              /* of the voxels inside */
    float *row;                  /* of the image, with its channels */
} Scene;

static Status scene_open(Scene *s, const Volume *image, const Volume *map, Error *error) {
    const double *mm = image->grid.spacing_xyz_mm;
    *s = (Scene){.image = image,
                 .size = {image->depth, image->height, image->width},
                 .voxels = volume_voxels(image),
                 .spacing = {mm[2], mm[1], mm[0]}};
    s->labels = memory_aligned(s->voxels * sizeof *s->labels);
    s->mask = memory_aligned(s->voxels);
    s->values = memory_aligned(s->voxels * sizeof *s->values);
    s->row = memory_aligned(image->width * image->channels * sizeof *s->row);
    if (!s->labels || !s->mask || !s->values || !s->row)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to measure its %zu voxels",
                         volume_name(map), s->voxels);
    uint8_t *ignored = NULL;
    size_t count;
    Status status = volume_labels_void(s->labels, &ignored, &count, map, error);
    memory_free(ignored);
    return status ? status : label_places_find(&s->places, s->labels, s->size, error);
}

static void scene_close(Scene *s) {
    memory_free(s->labels);
    memory_free(s->mask);
    memory_free(s->values);
    memory_free(s->row);
    label_places_free(&s->places);
}

/* The first voxel of a row of the part. */
static size_t row_of(const Scene *s, size_t z, size_t y) {
    const size_t *low = s->part.low;
    return ((low[0] + z) * s->size[1] + low[1] + y) * s->size[2] + low[2];
}

/* False where the map does not have the label. */
static bool mask_make(Scene *s, const EvaluatedLabel *l) {
    s->inside = 0;
    if (!label_places_widen(&s->places, l->value, l->values, &s->part, false)) return false;
    for (int a = 0; a < 3; a++) s->part_size[a] = s->part.high[a] - s->part.low[a] + 1;
    uint8_t *mask = s->mask;
    for (size_t z = 0; z < s->part_size[0]; z++) {
        for (size_t y = 0; y < s->part_size[1]; y++, mask += s->part_size[2]) {
            const uint32_t *row = s->labels + row_of(s, z, y);
            for (size_t x = 0; x < s->part_size[2]; x++) {
                bool in = false;
                for (size_t k = 0; k < l->values; k++) in |= row[x] == l->value[k];
                mask[x] = in;
                s->inside += in;
            }
        }
    }
    return s->inside > 0;
}

/* ---- Intensities ---------------------------------------------------------------------------- */

static double grey(const float *sample, size_t channels) {
    if (channels < 3) return (double)sample[0];
    return 0.299 * (double)sample[0] + 0.587 * (double)sample[1] + 0.114 * (double)sample[2];
}

static size_t values_inside(Scene *s) {
    size_t count = 0, channels = s->image->channels, width = s->part_size[2];
    const uint8_t *mask = s->mask;
    for (size_t z = 0; z < s->part_size[0]; z++) {
        for (size_t y = 0; y < s->part_size[1]; y++, mask += width) {
            volume_values(s->row, s->image, row_of(s, z, y) * channels, width * channels);
            for (size_t x = 0; x < width; x++) {
                double value = grey(s->row + x * channels, channels);
                if (mask[x] && isfinite(value)) s->values[count++] = value;
            }
        }
    }
    return count;
}

static void measure_values(RegionStatistics *out, Scene *s) {
    size_t n = values_inside(s);
    double *v = out->value;
    values_sort(s->values, n);
    v[REGION_MEAN] = values_mean(s->values, n);
    v[REGION_DEVIATION] = values_deviation(s->values, n, 0);
    v[REGION_LEAST] = sorted_quantile(s->values, n, 0.0);
    v[REGION_P05] = sorted_quantile(s->values, n, 0.05);
    v[REGION_P25] = sorted_quantile(s->values, n, 0.25);
    v[REGION_MEDIAN] = sorted_quantile(s->values, n, 0.5);
    v[REGION_P75] = sorted_quantile(s->values, n, 0.75);
    v[REGION_P95] = sorted_quantile(s->values, n, 0.95);
    v[REGION_LARGEST] = sorted_quantile(s->values, n, 1.0);
}

/* ---- Place and pieces ----------------------------------------------------------------------- */

static void measure_place(RegionStatistics *out, const Scene *s) {
    const size_t *low = s->part.low, *high = s->part.high;
    double *v = out->value;
    bool touches = false;
    for (int a = 0; a < 3; a++) { /* z, y, x */
        v[REGION_Z0 - a] = (double)low[a];
        v[REGION_Z1 - a] = (double)high[a];
        bool flat = s->size[a] == 1; /* a picture has no border across its plane */
        touches |= !flat && (low[a] == 0 || high[a] + 1 == s->size[a]);
    }
    v[REGION_TOUCHES_BORDER] = touches;
}

static Status measure_pieces(RegionStatistics *out, const Scene *s, Error *error) {
    Regions r;
    Status status = regions_find(&r, s->mask, s->part_size, NEIGHBOURS_ALL, error);
    if (status) return status;
    out->value[REGION_PIECES] = (double)r.count;
    out->value[REGION_LARGEST_PIECE] = (double)r.region[regions_largest(&r)].voxels;
    regions_free(&r);
    return VOXPERT_OK;
}

static void measure_size(RegionStatistics *out, const Scene *s) {
    bool flat = s->size[0] == 1, known = s->image->grid.source != GRID_UNKNOWN;
    double size = voxels_volume(s->inside, s->spacing, flat ? 2 : 3), *v = out->value;
    v[REGION_VOXELS] = (double)s->inside;
    if (flat) v[REGION_AREA_PX] = (double)s->inside;
    if (flat && known) v[REGION_AREA_MM2] = size;
    if (!flat && known) v[REGION_VOLUME_MM3] = size;
    if (!flat && known) v[REGION_VOLUME_ML] = size / 1000.0;
}

static Status measure_label(RegionStatistics *out, Scene *s, const EvaluatedLabel *label,
                            Error *error) {
    *out = (RegionStatistics){.present = mask_make(s, label)};
    for (int v = 0; v < REGION_VALUES; v++) out->value[v] = (double)NAN;
    measure_size(out, s);
    out->value[REGION_PIECES] = 0.0;
    if (!out->present) return VOXPERT_OK;
    measure_place(out, s);
    measure_values(out, s);
    return measure_pieces(out, s, error);
}

Status regions_measure(RegionStatistics *out, const Volume *image, const Volume *map,
                       const EvaluatedLabel *label, size_t count, Error *error) {
    Scene s;
    if (image->frames != 1 || map->frames != 1 || image->depth != map->depth ||
        image->height != map->height || image->width != map->width)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: %zu x %zu x %zu voxels and %zu frames, but its image %s has %zu x "
                         "%zu x %zu and %zu; both must be of one size and have one frame",
                         volume_name(map), map->width, map->height, map->depth, map->frames,
                         volume_name(image), image->width, image->height, image->depth,
                         image->frames);
    Status status = scene_open(&s, image, map, error);
    for (size_t i = 0; i < count && !status; i++)
        status = measure_label(&out[i], &s, &label[i], error);
    scene_close(&s);
    return status;
}

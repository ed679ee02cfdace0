/* metrics.h - what is measured of a label in a case, and what each number is called.
 *
 * The first eight have nnU-Net's names and order, and are always there.  Distances are measured
 * between surfaces of two kinds (surface.h), which is a part of their names:
 *
 *   _elements  corners weighted by area: HD95 is the larger of both directions, ASSD pooled
 *   _borders   border voxels, all of one weight: HD95 interpolated over both directions pooled,
 *              ASSD pooled
 *
 * Names end with the unit: of distances mm where the spacing of the references is known, else px,
 * or voxels of volumes; sizes are volumes in mm3 or voxels, of pictures areas in mm2 or px.
 *
 * Of volumes: error = prediction - reference; relative to the reference, it is infinite where that
 * is empty.  Of lesions (lesions.h; 8 or 26 neighbours): with f found and m missed of the
 * reference's, s of the prediction's without a match,
 * sensitivity = f / (f + m), precision = matching / (matching + s), F1 = 2 f / (2 f + m + s). */
#ifndef EVAL_METRICS_H
#define EVAL_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TOLERANCES_MAX = 8, METRIC_NAME_MAX = 48 };

typedef enum Metric {
    METRIC_DICE,
    METRIC_FN,
    METRIC_FP,
    METRIC_IOU,
    METRIC_TN,
    METRIC_TP,
    METRIC_N_PRED,
    METRIC_N_REF,
    METRIC_HD_ELEMENTS,
    METRIC_HD95_ELEMENTS,
    METRIC_ASSD_ELEMENTS,
    METRIC_HD_BORDERS,
    METRIC_HD95_BORDERS,
    METRIC_ASSD_BORDERS,
    METRIC_NSD_ELEMENTS, /* of the first tolerance; the others follow */
    METRIC_NSD_BORDERS = METRIC_NSD_ELEMENTS + TOLERANCES_MAX,
    METRIC_VOLUME_REF = METRIC_NSD_BORDERS + TOLERANCES_MAX, /* with a unit, as the next two */
    METRIC_VOLUME_PRED,
    METRIC_VOLUME_ERROR,
    METRIC_VOLUME_RELATIVE,
    METRIC_VOLUME_ABSOLUTE,
    METRIC_LESIONS_REF,
    METRIC_LESIONS_PRED,
    METRIC_LESIONS_FOUND,
    METRIC_LESIONS_MISSED,
    METRIC_LESIONS_SURPLUS,
    METRIC_LESION_SENSITIVITY,
    METRIC_LESION_PRECISION,
    METRIC_LESION_F1,
    METRICS,
    METRICS_OF_VOXELS = METRIC_HD_ELEMENTS /* nnU-Net's */
} Metric;

/* What one asks for; a group is a bit 1 << g. */
typedef enum MetricGroup {
    GROUP_DICE,
    GROUP_IOU,
    GROUP_NSD,
    GROUP_HD95,
    GROUP_HD,
    GROUP_ASSD,
    GROUP_VOLUME,
    GROUP_LESION,
    METRIC_GROUPS
} MetricGroup;

enum {
    GROUPS_ALL = (1 << METRIC_GROUPS) - 1,
    GROUPS_OF_SURFACES = 1 << GROUP_NSD | 1 << GROUP_HD95 | 1 << GROUP_HD | 1 << GROUP_ASSD
};

const char *metric_group_name(MetricGroup g); /* "dice", "vol", ... */
const char *metric_group_help(MetricGroup g); /* one line */

/* Which metrics an evaluation has. */
typedef struct MetricChoice {
    unsigned groups;                  /* of which nnU-Net's are not needed */
    double tolerance[TOLERANCES_MAX]; /* of NSD, in the unit of lengths */
    size_t tolerances;
    bool pictures; /* all cases are flat: sizes are areas */
    bool unscaled; /* no spacing is known: the side of a voxel is the unit */
} MetricChoice;

typedef struct MetricUnits {
    const char *word; /* "volume" or "area" */
    const char *length, *size;
} MetricUnits;

MetricUnits metric_units(const MetricChoice *c);

bool metric_has_unit(Metric m); /* a length or a size, or within a tolerance that is one */

/* To the six digits that are a part of NSD's names. */
double tolerance_rounded(double tolerance);

bool metric_measured(const MetricChoice *c, Metric m); /* nnU-Net's always are */
bool metric_chosen(const MetricChoice *c, Metric m);   /* measured, and of a group that is chosen */
bool metric_compares(Metric m); /* says how good a result is, so that two may be compared */

/* "Dice", "HD95_elements_mm", "NSD_borders_2mm", "area_ref_px", ... */
void metric_name(char out[METRIC_NAME_MAX], const MetricChoice *c, Metric m);

/* The metric of that name, which is then measured: its group and its tolerance are added, and
 * its units become the choice's.  Lengths without a unit are in mm.  False where there is none, or
 * no room for a tolerance. */
bool metric_find(Metric *out, MetricChoice *c, const char *name);

#endif

/* region_statistics.h - what a label of a segmentation measures: how large it is, where it lies,
 * and what values its image has there. */
#ifndef EVAL_REGION_STATISTICS_H
#define EVAL_REGION_STATISTICS_H

#include "eval/evaluation.h"

typedef enum RegionValue {
    REGION_VOXELS,  /* of pictures the same as REGION_AREA_PX */
    REGION_AREA_PX, /* of pictures; this and the next are NaN of volumes */
    REGION_AREA_MM2,
    REGION_VOLUME_MM3, /* NaN of pictures, as the next */
    REGION_VOLUME_ML,
    REGION_MEAN, /* of the image's values; of colours the grey 0.299 R + 0.587 G + 0.114 B */
    REGION_MEDIAN,
    REGION_DEVIATION, /* over n */
    REGION_LEAST,
    REGION_P05, /* percentiles, linear between neighbours */
    REGION_P25,
    REGION_P75,
    REGION_P95,
    REGION_LARGEST,
    REGION_X0, /* bounding box in voxels from 0, both corners included */
    REGION_Y0,
    REGION_Z0,
    REGION_X1,
    REGION_Y1,
    REGION_Z1,
    REGION_TOUCHES_BORDER, /* 1: has a voxel on a face of the image, which may go on there */
    REGION_PIECES,         /* connected, over 8 neighbours, in volumes 26 */
    REGION_LARGEST_PIECE,  /* voxels, or pixels */
    REGION_VALUES
} RegionValue;

/* "voxels", "intensity_mean", ...; `pictures`: where there are no volumes. */
const char *region_value_name(RegionValue v, bool pictures);
bool region_value_is_position(RegionValue v); /* of which no mean over cases makes sense */

typedef struct RegionStatistics {
    bool present;
    double value[REGION_VALUES]; /* NaN where it is not */
} RegionStatistics;

/* `out` [count], of the labels of `map` [z, y, x] on the image's grid; sizes in mm are NaN where
 * its spacing is not known (GRID_UNKNOWN).  Errors: VOXPERT_BAD_INPUT where an image and its map
 * differ in size, or values are no labels; VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status regions_measure(RegionStatistics *out, const Volume *image, const Volume *map,
                                  const EvaluatedLabel *label, size_t count, Error *error);

/* ---- Cases ---------------------------------------------------------------------------------- */

typedef struct RegionCase {
    char *image, *segmentation; /* paths */
    double spacing_xyz_mm[3];   /* of the image */
    bool spacing_known, flat;
    char *fault; /* why it cannot be measured, and has no label; NULL: it was */
    Warnings warnings;
    EvaluatedLabel *label; /* with a region each */
    RegionStatistics *region;
    size_t count;
} RegionCase;

typedef struct RegionTable {
    RegionCase *item;
    size_t count;
    size_t alone;      /* files without a partner, which are left out */
    size_t faults;     /* cases that cannot be measured */
    Warnings of_all;   /* of labels that no file has */
    Warnings warnings; /* of all of these, and of the cases */
} RegionTable;

typedef struct RegionRule {
    const EvaluatedLabel *label; /* none: all that a file has */
    size_t labels;
    double spacing_xyz_mm[3]; /* of images whose files do not say theirs; 0: unknown */
} RegionRule;

/* Segmentations, a file or a folder, and their images, which may end in _0000; files without a
 * partner are left out and counted.  In a segmentation -1 is no label; one in another order of axes
 * is brought onto its image's grid, with a warning.  A case whose files cannot be used is listed
 * with its fault, and the others are measured.  Errors: those of case_pairs_find(); those of
 * volume_read(), volume_align() and regions_measure(), of the first case where no case can be
 * measured. */
MUST_CHECK Status region_table_make(RegionTable *out, const char *images, const char *segmentations,
                                    const RegionRule *rule, const CaseWork *work, Error *error);
void region_table_free(RegionTable *t); /* a zeroed one is fine */

typedef enum Aggregation { AGGREGATE_NOT, AGGREGATE_MEAN, AGGREGATE_MEDIAN } Aggregation;

/* Sizes of pictures are areas, of volumes volumes; those in mm are empty where the spacing is not
 * known.  A row per case and label, with the warnings of the case; then, where cases are
 * aggregated, one per label over the cases that have it, whose case is "mean" or "median".
 * text->failed: no memory. */
void region_table_csv(Text *t, const RegionTable *table, Aggregation how);
void region_table_json(Text *t, const RegionTable *table, Aggregation how);

#endif

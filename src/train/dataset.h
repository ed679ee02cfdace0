/* dataset.h - pictures and objects to learn from, all in memory.
 *
 * A data folder holds `images/` and `masks/` (or `labels/`); a picture and its label map share
 * their stem, and so does a map in `regions/`, of those flat pictures that have one (0: no region;
 * v: region v - 1).  What they mean is said after the folder's name: `DIR[:OPTION...]`.
 *   patient    pictures whose stems agree up to the first `_` stay in one part of the split
 *   instances  each label value is one object (else each of its connected components is one)
 *   nested     labels lie inside each other like rings: an object of label v is all labels >= v
 *   train      all of it is for training
 *   slices=N   volumes: N slices across each axis, evenly spaced
 *   window=LEVEL,WIDTH  of values that become bytes; none: window_default of image/window.h
 *   group=NAME sets of different groups never meet in a batch; those without one are one group
 *   names=FILE of their labels, for text prompts: a JSON object in the folder, {"1": "liver"}
 *
 * Split (so that a patient is never on both sides): FNV-1a of `folder/group`, modulo 10: 0 and 1
 * are the test part, 2 validation, the rest training. */
#ifndef TRAIN_DATASET_H
#define TRAIN_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "eval/dataset_split.h"

typedef struct Case {
    char *name; /* folder/stem */
    int set;
    SplitPart part;
    int height, width, channels; /* 1 or 3 */
    uint8_t *pixels;             /* [height,width,channels] */
    uint16_t *regions;           /* [height,width] of what nobody labelled: 0, 1, ...; 65535: none;
                                    or NULL */
} Case;

typedef struct CaseObject {
    int picture;
    uint32_t label;
    int x0, y0, x1, y1; /* inclusive pixel corners */
    size_t area;        /* pixels */
    bool outer;         /* of nested labels, not the innermost: measured apart */
    uint8_t *mask;      /* [y1 - y0 + 1, x1 - x0 + 1], 0 or 1 */
} CaseObject;

typedef struct LabelName {
    uint32_t label;
    char *name;
} LabelName;

typedef struct CaseSet {
    char *name;            /* of the folder */
    char *group;           /* or NULL */
    LabelName *label_name; /* [names] */
    size_t names;
    bool patient, instances, nested, train;
    long slices;                       /* of a volume, across each axis; 0: pictures must be flat */
    double window_level, window_width; /* width 0: none was given */
} CaseSet;

typedef struct Dataset {
    CaseSet *set;
    Case *picture;
    CaseObject *object; /* sorted by set, then picture */
    size_t sets, pictures, objects;
    size_t set_capacity, picture_capacity, object_capacity;
} Dataset;

/* Adds one folder; `where` is DIR with its options.  Errors: VOXPERT_BAD_ARGUMENT (an unknown
 * option, a folder given twice), VOXPERT_BAD_INPUT (a missing or misshapen mask),
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status dataset_add(Dataset *d, const char *where, Error *error);
void dataset_free(Dataset *d); /* a zeroed one is fine */

/* Indices of the objects of one set and part, in order; caller frees `*out`. */
MUST_CHECK Status dataset_select(const Dataset *d, int set, SplitPart part, size_t **out,
                                 size_t *count, Error *error);

/* Place of a label in the set's names; -1 where it has none. */
long dataset_name_index(const CaseSet *s, uint32_t label);

/* Adds the names of a JSON file to a set.  VOXPERT_BAD_INPUT names the file and the rule. */
MUST_CHECK Status dataset_read_names(CaseSet *s, const char *path, Error *error);

/* Takes the regions of a picture from a label map of its size: 0 is none, v region v - 1.
 * VOXPERT_BAD_INPUT names the file and the rule. */
MUST_CHECK Status dataset_read_regions(Case *p, const char *path, Error *error);

/* Finds the objects of one label map [height,width]; used by dataset_add.  VOXPERT_BAD_INPUT: a
 * label above 65535. */
MUST_CHECK Status dataset_add_objects(Dataset *d, const uint32_t *labels, int picture,
                                      Error *error);

#endif

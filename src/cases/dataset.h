/* dataset.h - pictures and objects to learn from.
 *
 * The index - names, parts, sizes, objects - is in memory; pixels, masks, regions and label maps
 * are in a store (base/store.h), which keeps what is over its budget in a mapped temporary file.
 *
 * A data set is any that data/catalog.h reads: a folder with `images/` and `masks/` (or `labels/`),
 * nnU-Net's, a list of cases, ...  What it means is said after its name: `DIR[:OPTION...]`.
 * Pictures may have a map of regions that nobody labelled: IMIS's imask, or of pairs a map of the
 * stem in `regions/` (0: no region; v: region v - 1).
 *   patient    pictures whose stems agree up to the first `_` stay in one part of the split
 *   instances  each label value is one object (else each of its connected components is one, but
 *              where every mask is an object of its own: SAM-Med2D, COCO)
 *   nested     labels lie inside each other like rings: an object of label v is all labels >= v
 *   train      all of it is for training
 *   slices=N   volumes: N slices across each axis, evenly spaced
 *   window=LEVEL,WIDTH  of values that become bytes; none: window_default of image/window.h
 *   weight=X   how often samples are drawn from it, against 1 of sets that do not say
 *   channel=N  which file of a case with several is looked at, from 0
 *   fold=N     of nnU-Net's splits_final.json, from 0
 *   group=NAME sets of different groups never meet in a batch; those without one are one group
 *   modality=WORD  that usage of experts is recorded by
 *   split=N    version of the rule of data/split.h, 1 or 2 (the default)
 *   names=FILE of their labels, for text prompts: a JSON object in the folder, {"1": "liver"}
 *
 * Parts are those that a list of the data set tells, else those of data/split.h: a patient is never
 * on both sides.  Which case was given which part is recorded with what its image holds. */
#ifndef CASES_DATASET_H
#define CASES_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/store.h"
#include "data/catalog.h"
#include "data/load.h"
#include "data/split_record.h"
#include "eval/objects.h"
#include "image/picture.h"

typedef struct Case {
    char *name; /* folder/stem */
    int set;
    SplitPart part;
    int height, width, channels; /* 1 or 3 */
    bool whole;                  /* each label value is one object, as with `instances` */
    uint8_t *pixels;             /* [height,width,channels] */
    uint16_t *regions;           /* [height,width] of what nobody labelled: 0, 1, ...; 65535: none;
                                    or NULL */
    uint8_t *ignored;            /* [height,width] 1 where the labels say neither object nor
                                    background, so that nothing is learned or measured there; NULL:
                                    nowhere */
    char *file;                  /* path of the image that it is, or is a slice of */
    char *label_file;            /* path of its labels, or of the first of them; NULL: in a list */
    char axis;                   /* of the slice: 'i', 'j' or 'k'; 0: the image is flat */
    size_t slice;                /* its index on that axis */
    double spacing_mm[2];        /* x, y; 0: unknown */
    uint32_t *labels;            /* [height,width] where the data set keeps them: its label map; of
                                    objects that overlap 1 for all; else NULL */
    bool overlaps;               /* labels of the image overlap */
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
    int prompt_class; /* of the model that learns: 1 + the class of that name; 0: it has none */
} LabelName;

typedef struct CaseSet {
    char *name;            /* of the folder */
    char *group;           /* or NULL */
    char *modality;        /* a word such as ct, that usage of experts is summed by; or NULL */
    LabelName *label_name; /* [names] */
    size_t names;
    bool one_name;     /* label_name[0] is that of every label */
    bool format_names; /* they are the format's own, which are no texts to prompt with */
    bool patient, instances, nested, train;
    long slices;                       /* of a volume, across each axis; 0: pictures must be flat */
    double window_level, window_width; /* width 0: none was given */
    double weight;                     /* 0: none was given, which counts as 1 */
    long channel, fold, split;
} CaseSet;

/* `done` of `all` cases of a set are read; false ends dataset_add with VOXPERT_INTERRUPTED. */
typedef bool DatasetProgress(void *context, const char *set, size_t done, size_t all);

typedef struct Dataset {
    CaseSet *set;
    Case *picture;
    CaseObject *object; /* sorted by set, then picture */
    size_t sets, pictures, objects;
    size_t files, set_capacity, picture_capacity, object_capacity, file_capacity;
    Store store;               /* of the arrays below; its budget may be set before dataset_add, 0
                                  becomes a quarter of the machine's memory */
    DatasetProgress *progress; /* set before dataset_add: called before each case; or NULL */
    void *progress_context;
    bool keep_labels;  /* set before dataset_add: pictures keep their label maps */
    SplitRecord split; /* of every case with labels */
    char **file;       /* [files] paths of all that was read: images, labels, lists */
    Warnings warnings; /* what was taken although it was odd */
} Dataset;

/* Adds one data set; `where` is its place with its options.  Cases without labels are left out.
 * Errors: VOXPERT_BAD_ARGUMENT (an unknown option, a name given twice, a fold that is not there),
 * VOXPERT_BAD_INPUT (no data set, an error that its check would find, a missing or misshapen mask),
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status dataset_add(Dataset *d, const char *where, Error *error);
void dataset_free(Dataset *d); /* a zeroed one is fine */

/* Another name for a set, and for its pictures.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status dataset_rename(Dataset *d, int set, const char *name, Error *error);

/* Indices of the objects of one set and part, in order; caller frees `*out`. */
MUST_CHECK Status dataset_select(const Dataset *d, int set, SplitPart part, size_t **out,
                                 size_t *count, Error *error);

/* Place of a label in the set's names; -1 where it has none. */
long dataset_name_index(const CaseSet *s, uint32_t label);

/* Adds the names of a JSON file to a set; or one name for all of its labels; or those of the
 * format, where it has them for the values of label maps and none were given.  VOXPERT_BAD_INPUT
 * names the file and the rule; VOXPERT_BAD_ARGUMENT: there are names already;
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status dataset_read_names(CaseSet *s, const char *path, Error *error);
MUST_CHECK Status dataset_name_all(CaseSet *s, const char *name, Error *error);
MUST_CHECK Status dataset_take_names(CaseSet *s, const Catalog *c, Error *error);

/* Compares the values of a set's label maps with its names, if it has some of single labels.  A
 * value that all of them hold alone is the one label that is named from then on, where both are
 * values of foreground (eval/agreement.h); others without a name stay as they are.  Both are
 * warnings.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status dataset_match_names(Dataset *d, int set, Error *error);

size_t case_pixels(const Case *c);
size_t object_pixels(const CaseObject *o); /* of its box */
void case_free(Dataset *d, Case *c);       /* what it holds; one that was not added to the end */

/* Arrays of the case in the data set's store were read, or written; any thread. */
void dataset_touch(const Dataset *d, int picture);

/* The picture of a case, grey repeated, for picture_free; false: no memory. */
bool case_picture(Picture *out, const Case *c);

/* The objects of the picture that `o` is in: the first of `*count`. */
const CaseObject *dataset_together(const Dataset *d, const CaseObject *o, size_t *count);

/* What the set calls the object's label; NULL: nothing. */
const LabelName *dataset_name_of(const Dataset *d, const CaseObject *o);

/* 1 + the class of prompt tokens that the object is of; 0: none. */
int dataset_prompt_class(const Dataset *d, const CaseObject *o);

/* Takes the regions of a picture from a label map of its size: 0 is none, v region v - 1; or from
 * an array .npy of its size: below 0 is none, v region v.
 * VOXPERT_BAD_INPUT names the file and the rule. */
MUST_CHECK Status dataset_read_regions(Dataset *d, Case *p, const char *path, Error *error);

/* Finds the objects of one label map [height,width]; used by dataset_add.  VOXPERT_BAD_INPUT: a
 * label above 65535. */
MUST_CHECK Status dataset_add_objects(Dataset *d, const uint32_t *labels, int picture,
                                      Error *error);

#endif

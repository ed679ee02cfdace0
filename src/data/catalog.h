/* catalog.h - what a data set holds, without its pixels.
 *
 *     Catalog c;
 *     status = catalog_open(&c, "nnUNet_raw/Dataset004_Hippocampus", NULL, error);
 *     for (size_t i = 0; !status && i < c.cases; i++) ... c.item[i].name, c.item[i].part ...
 *     catalog_close(&c);
 *
 * One description for every format.  The folder or file tells which one it is:
 *
 *   pairs       images/ with masks/ or labels/ of the same stems
 *   nnunet      imagesTr/case_0000.ext, labelsTr/, dataset.json, splits_final.json
 *   sam-med2d   image2label_train.json {image: [masks]}, label2image_test.json {mask: image}
 *   imis        dataset.json with lists of image, label (.npz, CSR) and imask; SegMoTE's too
 *   challenge   .npz with imgs and gts: MedSAM's challenges of 2024 and 2025
 *   coco        instances: outlines and run lengths
 *   sam-med3d   PART/CLASS/DATASET/imagesTr and labelsTr
 *   list        a JSON of ours that names cases of any of these: read_list.h
 *
 * What a reader finds wrong becomes a finding, and it goes on with the rest.  Everything lives
 * until catalog_close(). */
#ifndef DATA_CATALOG_H
#define DATA_CATALOG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "data/findings.h"
#include "data/split.h"

typedef enum DataFormat {
    DATA_PAIRS,
    DATA_NNUNET,
    DATA_SAM_MED2D,
    DATA_IMIS,
    DATA_CHALLENGE,
    DATA_COCO,
    DATA_SAM_MED3D,
    DATA_LIST,
    DATA_FORMATS
} DataFormat;

const char *data_format_name(DataFormat f); /* "nnunet", ... */

/* How a case's labels are stored. */
typedef enum LabelForm {
    LABELS_NONE,
    LABELS_MAP,   /* one file of label values */
    LABELS_MASKS, /* files of 0 and 1, or 0 and 255: one for each object */
    LABELS_CSR,   /* .npz of scipy's CSR matrix: a row of pixels for each label */
    LABELS_ARRAY, /* "gts" of the image's own .npz */
    LABELS_SHAPES /* annotations of a COCO list */
} LabelForm;

/* A name of values: more than one is a region, and regions may overlap. */
typedef struct CatalogLabel {
    const char *name;
    const uint32_t *value;
    size_t values;
    bool ignored; /* voxels that are neither object nor background */
} CatalogLabel;

typedef struct CatalogCase {
    const char *name;         /* of its own in the set */
    const char *source;       /* cases of one image share it, as those of one class each do */
    const char *stem;         /* what patients are recognized by */
    const char *group;        /* cases of a group fall into one part: split.h */
    const char *const *image; /* paths; several files are channels */
    size_t images;
    bool colours; /* its one file holds all channels */
    bool archive; /* the image is "imgs" of an .npz */
    LabelForm form;
    const char *const *label; /* paths, as `form` says */
    size_t labels;
    const char *regions;  /* .npy of pseudo labels (imask); NULL: none */
    json_t *const *shape; /* of LABELS_SHAPES, borrowed from the list */
    size_t shapes;
    size_t height, width; /* as the list says; 0: it does not */
    bool size_text;       /* it says so in texts */
    SplitPart part;
    bool listed;         /* `part` is from a list */
    const char *content; /* as a list says (split_record.h); NULL: it does not */
} CatalogCase;

typedef struct CatalogBlock CatalogBlock;

/* What may be asked for besides the place. */
typedef struct CatalogOptions {
    int fold;       /* of splits_final.json */
    bool patient;   /* stems that agree up to the first _ are one patient */
    SplitRule rule; /* of cases whose part no list says */
} CatalogOptions;

typedef struct Catalog Catalog;
struct Catalog {
    DataFormat format;
    const char
        *name; /* of the set: its folder, or what its list says, or its list without extension */
    const char *place;     /* the path that was given */
    const char *root;      /* folder that the paths in its lists begin from */
    const char *from_list; /* a list of ours (read_list.h) that cases were picked by; or NULL */
    const char *groups;    /* groups.csv that says which cases are one group; or NULL */
    CatalogOptions options;
    CatalogCase *item;
    CatalogLabel *label; /* known names; none where the format has none */
    Finding *finding;
    size_t cases, labels, findings;
    size_t case_capacity, label_capacity, finding_capacity;
    size_t folds;    /* of splits_final.json */
    size_t channels; /* that are named; 0: the format names none */
    json_t *mended;  /* nnU-Net's dataset.json as a plan would write it; NULL: there is none */
    size_t counted;  /* its training labels */
    json_t **list;   /* parsed files that shapes lie in */
    size_t lists, list_capacity;
    CatalogBlock *block;           /* texts and arrays */
    bool backslashes;              /* parted the folders of a path in a list */
    size_t sizes_text, sizes_none; /* images whose size a list gives as texts, or not at all */
    bool failed; /* no memory for one of these; then the spare ones are handed out */
    CatalogCase spare_case;
    CatalogLabel spare_label;
    Finding spare_finding;

    /* catalog_open() without what is looked for between cases, for readers of lists.  `list` (NULL:
     * none) is the list that names `path`, which then may be no list. */
    Status (*open_alone)(Catalog *out, const char *path, const CatalogOptions *options,
                         const char *list, Error *error);
};

/* `options` may be NULL.  Errors: VOXPERT_BAD_INPUT (nothing there, or no data set),
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status catalog_open(Catalog *out, const char *path, const CatalogOptions *options,
                               Error *error);
void catalog_close(Catalog *c); /* a zeroed one is fine */

/* VOXPERT_BAD_INPUT with the first finding that is no warning; else VOXPERT_OK.  That a patient is
 * on both sides counts only where `patient` says how patients are told. */
MUST_CHECK Status catalog_verdict(const Catalog *c, Error *error);

/* The path below the set's folder, or as it is. */
const char *catalog_relative(const Catalog *c, const char *path);

/* Which patient a stem is of; its length in `stem`, 0: unknown.  With the option `patient` all up
 * to the first _; else only where that looks like a number of a patient: at least three digits at
 * its end. */
size_t catalog_patient(const Catalog *c, const char *stem);

/* ---- For readers ---------------------------------------------------------------------------- */

/* Texts and arrays that live as long as the catalog; after a failure `failed` is set and these give
 * "" and NULL. */
const char *catalog_text(Catalog *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void *catalog_memory(Catalog *c, size_t count, size_t size); /* zeroed; NULL when out of memory */

/* Never NULL: fields may be set where there was no memory, too. */
CatalogCase *catalog_add_case(Catalog *c);
CatalogLabel *catalog_add_label(Catalog *c, const char *name);
void catalog_label_values(Catalog *c, CatalogLabel *l, const uint32_t *value, size_t values);

/* A finding about `file` (a path; NULL: none), with `detail` in words. */
Finding *catalog_find(Catalog *c, DataRule rule, const char *file, const char *detail, ...)
    __attribute__((format(printf, 4, 5)));

/* The finding's facts for programs; takes the reference. */
void catalog_facts(Catalog *c, Finding *f, json_t *facts);

/* Becomes what `from` is, which is empty then; what `c` had lives on. */
void catalog_take(Catalog *c, Catalog *from);

#endif

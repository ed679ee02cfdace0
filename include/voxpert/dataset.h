/* dataset.h - what a data set holds, what is wrong with it, and which of it is fit to train on.
 *
 * UNSTABLE: it may change in every minor version (version.h).
 *
 *     VoxpertDataset *set;
 *     VoxpertFinding f;
 *     if (voxpert_dataset_open(&set, "Dataset004_Hippocampus", NULL, &error)) goto report;
 *     if (voxpert_dataset_check(set, NULL, NULL, &error)) goto report;
 *     for (size_t i = 0; voxpert_dataset_finding(set, i, &f); i++) puts(f.detail);
 *     voxpert_dataset_close(set);
 *
 * The folder or file tells the format: nnU-Net v2 raw, SAM-Med2D, IMIS and SegMoTE, SAM-Med3D, the
 * MedSAM challenges (.npz), COCO instances, images/ with masks/ or labels/, or a list (.json with
 * "data" and "cases") that picks cases of one of these. */
#ifndef VOXPERT_DATASET_H
#define VOXPERT_DATASET_H

#ifndef VOXPERT_UNSTABLE
#error "this header may change in every minor version: define VOXPERT_UNSTABLE to use it"
#endif

#include <stdbool.h>
#include <stddef.h>

#include <voxpert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct VoxpertDataset VoxpertDataset;

/* NULL or zeros: the defaults. */
typedef struct VoxpertDatasetOptions {
    int fold;     /* of nnU-Net's splits_final.json */
    bool patient; /* files whose stems agree up to the first _ are of one patient */

    /* Version of the rule that gives cases their part where no list does: all of a group fall into
     * one part, by FNV-1a 64 of a text modulo 10 (0 and 1 test, 2 validation, else training).  The
     * group is that of groups.csv (lines stem,group) in the folder, else the patient or the stem.
     * 2 (default): the text is the group; 1: it is "FOLDER/GROUP", so that the folder's name
     * counts. */
    int split_rule;
} VoxpertDatasetOptions;

/* Reads lists and folders, no pixels.  Errors: VOXPERT_BAD_INPUT where there is no data set,
 * VOXPERT_BAD_ARGUMENT (a fold that is not there), VOXPERT_OUT_OF_MEMORY; all else are findings. */
VOXPERT_API VoxpertStatus voxpert_dataset_open(VoxpertDataset **out, const char *path,
                                               const VoxpertDatasetOptions *options,
                                               VoxpertError *error);

/* NULL is fine. */
VOXPERT_API void voxpert_dataset_close(VoxpertDataset *set);

/* How many cases it has, of all parts. */
VOXPERT_API size_t voxpert_dataset_cases(const VoxpertDataset *set);

/* Format, labels, cases with their files and parts as JSON; free it with voxpert_free. */
VOXPERT_API VoxpertStatus voxpert_dataset_describe(const VoxpertDataset *set, char **json,
                                                   VoxpertError *error);

/* Asked before each case, done from 0; false ends the work with VOXPERT_INTERRUPTED. */
typedef bool VoxpertDatasetProgress(void *context, size_t done, size_t all);

/* Reads every file once and adds what it finds.  VOXPERT_OUT_OF_MEMORY, VOXPERT_INTERRUPTED. */
VOXPERT_API VoxpertStatus voxpert_dataset_check(VoxpertDataset *set,
                                                VoxpertDatasetProgress *progress, void *context,
                                                VoxpertError *error);

/* Writes a list of the cases with their parts and the hash of what each image holds, which
 * voxpert_dataset_open and training take: the split stays with the cases, whatever their folder is
 * called later.  `progress` may be NULL.  Errors: VOXPERT_BAD_INPUT (an image that cannot be read),
 * VOXPERT_BAD_OUTPUT, VOXPERT_OUT_OF_MEMORY, VOXPERT_INTERRUPTED. */
VOXPERT_API VoxpertStatus voxpert_dataset_write_split(const VoxpertDataset *set, const char *path,
                                                      VoxpertDatasetProgress *progress,
                                                      void *context, VoxpertError *error);

/* Texts live as long as the data set; NULL: does not apply. */
typedef struct VoxpertFinding {
    const char *rule;         /* what holds in a good data set */
    const char *remedy;       /* one sentence */
    const char *file, *other; /* relative to the data set's folder */
    const char *field;
    const char *detail; /* what was found */
    const char *facts;  /* the same as a JSON object */
    const char *fix;    /* shell commands, one a line; every word is quoted */
    const char *note;   /* why there is no `fix` although commands could mend it */
    bool warning;       /* does not keep the data set from being used */
} VoxpertFinding;

/* Finding 0, 1, ... of what reading and checking came upon; false past the last. */
VOXPERT_API bool voxpert_dataset_finding(const VoxpertDataset *set, size_t index,
                                         VoxpertFinding *out);

/* ---- Quality -------------------------------------------------------------------------------- */

/* NULL and zeros: the defaults. */
typedef struct VoxpertScreenOptions {
    const char *limits; /* "set" (default): outliers of this data set; "fixed"; "both" */
    double cutoff;      /* of outliers, in robust deviations from the median; default 3.5 */
    const char *out;    /* folder for quality.csv, quality.json, accepted.json, worst.png */
} VoxpertScreenOptions;

typedef struct VoxpertScreenResult {
    size_t cases, measured, accepted;
    bool own_limits; /* the set has enough cases (8) for limits of its own; else fixed ones count */
} VoxpertScreenResult;

/* Sharpness, contrast, entropy, share of foreground, number and size of pieces of every case, and
 * which cases are fit to train on.  accepted.json is a list of cases that voxpert_train_run and
 * voxpert_dataset_open take.  `report` (NULL accepted) is quality.json; free it with voxpert_free.
 * The four files appear together or not at all.  Errors: VOXPERT_BAD_ARGUMENT (limits),
 * VOXPERT_BAD_OUTPUT, VOXPERT_OUT_OF_MEMORY, VOXPERT_INTERRUPTED. */
VOXPERT_API VoxpertStatus voxpert_dataset_screen(const VoxpertDataset *set,
                                                 const VoxpertScreenOptions *options,
                                                 VoxpertDatasetProgress *progress, void *context,
                                                 char **report, VoxpertScreenResult *result,
                                                 VoxpertError *error);

#ifdef __cplusplus
}
#endif

#endif

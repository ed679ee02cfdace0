/* evaluate.h - what `voxpert evaluate` was asked to do. */
#ifndef CLI_EVALUATE_EVALUATE_H
#define CLI_EVALUATE_EVALUATE_H

#include <voxpert/evaluate.h>

#include "cli/common/outputs.h"
#include "cli/segment/engine.h"

typedef struct EvaluateJob {
    Common common;
    const Options *options;
    const char *out; /* folder, or NULL */
    bool overwrite;
} EvaluateJob;

/* Segmentations against references: of files, or those that a model makes of a data set. */
VoxpertStatus evaluate_segmentations(const EvaluateJob *base, bool model, VoxpertError *error);

/* A model, asked with boxes and clicks. */
VoxpertStatus evaluate_model(const EvaluateJob *base, VoxpertError *error);

/* Two clicks.json, object by object. */
VoxpertStatus evaluate_reports(const EvaluateJob *base, VoxpertError *error);

/* ---- What both do ----------------------------------------------------------------------- */

/* A flag of words of its rule with commas between: bit i for word i; 0 where it is not given.
 * VOXPERT_BAD_ARGUMENT. */
VoxpertStatus words_flag(unsigned *out, const Options *o, const char *name, VoxpertError *error);

/* Results in the folder of --out, which appear together. */
typedef struct Results {
    const EvaluateJob *job;
    Outputs outputs;
    char *path[OUTPUTS_MAX];
    int count;
    bool made;       /* the folder was not there before */
    json_t *undrawn; /* sentences: figures that were not drawn, and why; or NULL */
} Results;

/* Refuses, before any work, to replace a file of these names (NULL-terminated) unless it may, and
 * makes the folder.  Without --out nothing is checked.  VOXPERT_BAD_OUTPUT. */
VoxpertStatus results_begin(Results *r, const EvaluateJob *job, const char *const *names,
                            VoxpertError *error);

/* Writes a text, and frees it with voxpert_free; NULL is fine.  Nothing where `status` is one, or
 * there is no folder. */
VoxpertStatus results_text(Results *r, const char *name, char *text, VoxpertStatus status,
                           VoxpertError *error);

/* Where a figure is drawn. */
const char *results_figure(Results *r, const char *name);
void results_drawn(Results *r, const char *missing); /* why it was not; NULL: it was */

/* All appear, or after a failure none, and no folder that was made for them. */
VoxpertStatus results_end(Results *r, VoxpertStatus status, VoxpertError *error);

json_t *results_json(const Results *r); /* the paths */
void results_print(const Results *r);   /* a line each, and figures that were not drawn */
void results_free(Results *r);

#endif

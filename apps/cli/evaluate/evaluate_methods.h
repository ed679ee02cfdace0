/* evaluate_methods.h - the label maps of one or more methods, evaluated on the same cases. */
#ifndef CLI_EVALUATE_EVALUATE_METHODS_H
#define CLI_EVALUATE_EVALUATE_METHODS_H

#include "cli/common/labels_flag.h"
#include "cli/evaluate/evaluate.h"

enum { METRICS_MAX = 16, TOLERANCES_MAX = 8, METHODS_MAX = 9 };

enum { FORMAT_NNUNET, FORMAT_CSV, FORMAT_MD, FORMAT_PNG, FORMAT_TEX };

typedef struct MapsJob {
    const EvaluateJob *base;
    VoxpertEvaluateOptions options;
    LabelsFlag labels;
    const char *metric[METRICS_MAX + 1]; /* all, NULL-terminated */
    const char *chosen[METRICS_MAX];
    double tolerance[TOLERANCES_MAX];
    bool tolerance_mm; /* one was given in mm */
    unsigned formats;
    const char *compare[METHODS_MAX - 1];
    int compares;
    VoxpertBootstrap bootstrap;
    bool model; /* predictions are made by models, of a data set */
    EngineOptions engine;
    VoxpertSimulationOptions simulation;
    int zoom;
} MapsJob;

typedef struct Method {
    const char *name; /* as it was given */
    VoxpertEvaluation *evaluation;
    VoxpertComparison *comparison; /* of the first with this one; NULL: it is the first */
    json_t *about;                 /* of a model; or NULL */
} Method;

typedef struct Methods {
    Method item[METHODS_MAX];
    int count;
    char *protocol; /* how models were asked; NULL: predictions were files */
} Methods;

/* Evaluates all; `m` is to be freed also after a failure.  Errors: those of voxpert_evaluate,
 * voxpert_evaluation_read, voxpert_model_open, voxpert_simulation_open and voxpert_compare. */
VoxpertStatus methods_evaluate(Methods *m, const MapsJob *job, VoxpertError *error);
void methods_free(Methods *m);

/* ---- Reports (evaluate_report.c) -------------------------------------------------------- */

/* Refuses, before any work, what would be replaced. */
VoxpertStatus methods_begin(const MapsJob *job, Results *r, VoxpertError *error);
VoxpertStatus methods_write(const MapsJob *job, Results *r, const Methods *m, VoxpertError *error);
void methods_print(const MapsJob *job, const Results *r, const Methods *m);

#endif

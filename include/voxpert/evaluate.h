/* evaluate.h - how good is a segmentation: against a reference, against another one, and of a model
 * that is given boxes and clicks; and what a segmentation measures.
 *
 * UNSTABLE: it may change in every minor version (version.h).
 *
 *     VoxpertEvaluateOptions options = {.references = "gt", .predictions = "pred"};
 *     VoxpertEvaluation *e = NULL;
 *     if (voxpert_evaluate(&e, &options, NULL, NULL, &error)) goto report;
 *     if (voxpert_evaluation_report(e, VOXPERT_REPORT_MARKDOWN, &text, &error)) goto report;
 *
 * Reports are texts that the caller frees with voxpert_free; figures are PNG files, which gnuplot
 * draws where it is installed. */
#ifndef VOXPERT_EVALUATE_H
#define VOXPERT_EVALUATE_H

#ifndef VOXPERT_UNSTABLE
#error "this header may change in every minor version: define VOXPERT_UNSTABLE to use it"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <voxpert/error.h>
#include <voxpert/model.h>
#include <voxpert/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Forms of a report; which there are of a thing, its function says. */
typedef enum VoxpertReport {
    VOXPERT_REPORT_NNUNET, /* nnU-Net's summary.json, with NaN and Infinity as Python writes them */
    VOXPERT_REPORT_JSON,   /* the same members; NaN is null, infinity the word "Infinity" */
    VOXPERT_REPORT_CSV,    /* nan and inf as they are */
    VOXPERT_REPORT_MARKDOWN,
    VOXPERT_REPORT_LATEX
} VoxpertReport;

/* ---- Segmentations against references --------------------------------------------------- */

/* A label of the maps, or a region of several that count as one. */
typedef struct VoxpertLabel {
    const uint32_t *values;
    size_t value_count; /* 1 .. 32 */
    const char *name;   /* of at most 63 bytes, or NULL */
} VoxpertLabel;

/* Of a label that neither the reference nor the prediction has: */
typedef enum VoxpertEmpty {
    VOXPERT_EMPTY_NAN, /* Dice and the like are NaN, which no mean counts (nnU-Net) */
    VOXPERT_EMPTY_ONE, /* rightly nothing: overlap 1, distance 0 */
    VOXPERT_EMPTY_SKIP /* no entry */
} VoxpertEmpty;

/* NULL or 0 in any field means its default. */
typedef struct VoxpertEvaluateOptions {
    const char *references, *predictions; /* two files, or two folders of files of the same names */
    const VoxpertLabel *labels;           /* default: every value but 0 that any file has */
    size_t label_count;
    const char *const *metrics; /* words of voxpert_metric; default: all */
    size_t metric_count;
    const double *tolerances; /* of nsd, in mm, or in voxels where no spacing is known; at most 8,
                                 six digits count; default: 2 */
    size_t tolerance_count;
    VoxpertEmpty empty;
    double spacing_xyz_mm[3]; /* of references whose files do not say theirs; 0: unknown */
    uint32_t ignored;         /* voxels that have this value in the reference do not count */
    int threads;              /* cases at once; default: every core.  The result is the same */
    size_t max_memory; /* bytes: a file that needs more is refused; default: half the machine's */
} VoxpertEvaluateOptions;

/* Name of metric 0, 1, ..., and one line about it in `*summary` (NULL accepted); NULL past the
 * last.  nnU-Net's own are always there. */
VOXPERT_API const char *voxpert_metric(int index, const char **summary);

/* Called after each case, one call at a time but on any thread. */
typedef void VoxpertCaseDone(void *context, size_t done, size_t total, const char *name);

typedef struct VoxpertEvaluation VoxpertEvaluation;

/* Distances are between surface elements and between border voxels, each under names of its own
 * with its unit: mm of the reference's grid, or where no spacing is known pixels.  Where no labels
 * are named, references with one value and predictions with another are taken as one label, with a
 * warning.  `done` may be NULL.  Errors: VOXPERT_BAD_INPUT (a file that cannot be read or has no
 * partner, sizes that differ, values that are no labels, no label at all or none in common),
 * VOXPERT_BAD_ARGUMENT, VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_evaluate(VoxpertEvaluation **out,
                                           const VoxpertEvaluateOptions *options,
                                           VoxpertCaseDone *done, void *context,
                                           VoxpertError *error);

/* NULL is fine. */
VOXPERT_API void voxpert_evaluation_free(VoxpertEvaluation *evaluation);

/* Takes an evaluation from a summary.json, of ours or of nnU-Net.  VOXPERT_BAD_INPUT. */
VOXPERT_API VoxpertStatus voxpert_evaluation_read(VoxpertEvaluation **out, const char *path,
                                                  VoxpertError *error);

/* Every form: NNUNET and JSON have all of it, CSV a row per case and label, MARKDOWN a row per
 * label and metric. */
VOXPERT_API VoxpertStatus voxpert_evaluation_report(const VoxpertEvaluation *evaluation,
                                                    VoxpertReport form, char **text,
                                                    VoxpertError *error);

/* Sentences about what was odd in the cases, each ended by a newline; "" if nothing was. */
VOXPERT_API const char *voxpert_evaluation_warnings(const VoxpertEvaluation *evaluation);

/* The unit of distances: "mm", or where no spacing is known "px" (of images) or "voxels". */
VOXPERT_API const char *voxpert_evaluation_unit(const VoxpertEvaluation *evaluation);

/* How a model made the predictions, a sentence; NULL: they were files.  Valid until it is freed. */
VOXPERT_API const char *voxpert_evaluation_protocol(const VoxpertEvaluation *evaluation);

typedef enum VoxpertFigure {
    VOXPERT_FIGURE_BOXES,       /* box plots by label */
    VOXPERT_FIGURE_BLAND_ALTMAN /* differences of volumes over their means, by label */
} VoxpertFigure;

/* `*missing` is NULL where the figure was drawn; else it says in words why there is none, such as
 * "gnuplot is not installed". */
VOXPERT_API VoxpertStatus voxpert_evaluation_draw(const VoxpertEvaluation *evaluation,
                                                  VoxpertFigure figure, const char *path,
                                                  const char **missing, VoxpertError *error);

/* ---- Two methods on the same cases ------------------------------------------------------ */

typedef struct VoxpertBootstrap {
    size_t resamples; /* default: 10000 */
    uint64_t seed;
    double level; /* default: 0.95 */
} VoxpertBootstrap;

typedef struct VoxpertComparison VoxpertComparison;

/* Differences ours - other for each label and metric: means, percentile interval of a paired
 * bootstrap (Efron 1979), Wilcoxon's signed ranks.  `other_name` is for the report.  `ours` must
 * stay until the comparison is freed.  `bootstrap` may be NULL.  Errors: VOXPERT_BAD_INPUT (cases
 * without a partner, nothing in common, another rule for empty labels), VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_compare(VoxpertComparison **out, const VoxpertEvaluation *ours,
                                          const VoxpertEvaluation *other, const char *other_name,
                                          const VoxpertBootstrap *bootstrap, VoxpertError *error);

/* NULL is fine. */
VOXPERT_API void voxpert_comparison_free(VoxpertComparison *comparison);

/* JSON or MARKDOWN. */
VOXPERT_API VoxpertStatus voxpert_comparison_report(const VoxpertComparison *comparison,
                                                    VoxpertReport form, char **text,
                                                    VoxpertError *error);

/* ---- Several methods side by side ------------------------------------------------------- */

typedef struct VoxpertMethod {
    const char *name;
    const VoxpertEvaluation *evaluation;
    const VoxpertComparison *comparison; /* of the first method with this one, or NULL */
} VoxpertMethod;

/* The table of a paper: for each label and method (1 to 16) the mean and standard deviation (over
 * n - 1) of its metrics, and p against the first.  CSV, MARKDOWN or LATEX. */
VOXPERT_API VoxpertStatus voxpert_methods_report(const VoxpertMethod *methods, size_t count,
                                                 VoxpertReport form, char **text,
                                                 VoxpertError *error);

/* ---- A model, asked with boxes and clicks ----------------------------------------------- */

/* NULL or 0 in any field means its default. */
typedef struct VoxpertClicksOptions {
    const char *const *data; /* folders with options, as for training: see voxpert/train.h */
    size_t data_count;
    const char *part; /* "train", "validation", "test", or "all" (default) */
    int clicks;       /* 1 .. 50 */
    int most;         /* objects of each set, evenly spread; default: all */
    int zoom;         /* as in VoxpertSegmentOptions */
    /* Also each image's whole foreground without a prompt; and where labels have names, each
     * class of it, asked for by name where the model has that class. */
    bool prompt_free;
} VoxpertClicksOptions;

typedef struct VoxpertClicks VoxpertClicks;

/* Each object of the data is asked for twice: by its box, then with clicks that correct the result
 * one by one; and by clicks alone.  A click lies deepest in the larger of what is missed and what
 * is surplus; each answer after the first is given the logits of the one before.  Errors:
 * VOXPERT_BAD_INPUT (data; no object in that part), VOXPERT_BAD_ARGUMENT, VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_evaluate_clicks(VoxpertClicks **out, VoxpertModel *model,
                                                  const VoxpertClicksOptions *options,
                                                  VoxpertCaseDone *done, void *context,
                                                  VoxpertError *error);

/* NULL is fine. */
VOXPERT_API void voxpert_clicks_free(VoxpertClicks *clicks);

/* Sentences on what was taken of the data although it was odd, each ended by a newline; "" where
 * there is none.  Valid as long as `clicks`. */
VOXPERT_API const char *voxpert_clicks_warnings(const VoxpertClicks *clicks);

/* JSON: Dice after the box and after each click, per set and over sets, with the area under the
 * curve (DSC_AUC: trapezoid over the clicks) and its last value (DSC_Final).  CSV: a row per object
 * and answer.  MARKDOWN: a row per set. */
VOXPERT_API VoxpertStatus voxpert_clicks_report(const VoxpertClicks *clicks, VoxpertReport form,
                                                char **text, VoxpertError *error);

/* The mean curves as CSV: a row per set, way of asking and number of clicks. */
VOXPERT_API VoxpertStatus voxpert_clicks_curve(const VoxpertClicks *clicks, char **csv,
                                               VoxpertError *error);

/* A PNG with a panel for each kind of prompts, Dice over clicks, a line per row.  `*missing` as
 * above.  Errors: VOXPERT_OUT_OF_MEMORY, VOXPERT_BAD_OUTPUT. */
VOXPERT_API VoxpertStatus voxpert_clicks_draw(const VoxpertClicks *clicks, const char *path,
                                              const char **missing, VoxpertError *error);

typedef struct VoxpertClicksComparison VoxpertClicksComparison;

/* Object by object the differences ours - other of Dice after the box and after each click, for
 * each set and for all: means, percentile interval of a paired bootstrap, Wilcoxon's signed ranks.
 * `other` is the path of a clicks.json; so is `path`, which is ours where `ours` is NULL.
 * `bootstrap` may be NULL.  Errors: VOXPERT_BAD_INPUT (no such file; other objects),
 * VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_clicks_compare(VoxpertClicksComparison **out,
                                                 const VoxpertClicks *ours, const char *path,
                                                 const char *other,
                                                 const VoxpertBootstrap *bootstrap,
                                                 VoxpertError *error);

/* NULL is fine. */
VOXPERT_API void voxpert_clicks_comparison_free(VoxpertClicksComparison *comparison);

/* Sentences, each ended by a newline, where both were not asked alike. */
VOXPERT_API const char *voxpert_clicks_comparison_warnings(
    const VoxpertClicksComparison *comparison);

/* JSON or MARKDOWN. */
VOXPERT_API VoxpertStatus
voxpert_clicks_comparison_report(const VoxpertClicksComparison *comparison, VoxpertReport form,
                                 char **text, VoxpertError *error);

/* ---- Simulated prompts ------------------------------------------------------------------ */

typedef enum VoxpertSimulatedPrompt {
    VOXPERT_SIMULATE_BOX,    /* each object's tight box */
    VOXPERT_SIMULATE_CLICKS, /* clicks on each object, one by one, where the answer is wrong */
    VOXPERT_SIMULATE_FREE    /* none: a model that makes prompt tokens from the image */
} VoxpertSimulatedPrompt;

/* NULL or 0 in any field means its default. */
typedef struct VoxpertSimulationOptions {
    const char *data; /* a folder with options, as for training: see voxpert/train.h */
    const char *part; /* "train", "validation", "test", or "all" (default) */
    VoxpertSimulatedPrompt prompt;
    int clicks; /* of VOXPERT_SIMULATE_CLICKS, 1 .. 50; default: 1 */
    int most;   /* images, evenly spread; default: all */
} VoxpertSimulationOptions;

/* An image of the part, or a slice of a volume. */
typedef struct VoxpertSimulatedCase {
    const char *name;       /* SET/CASE, of a slice SET/CASE/k12 */
    const char *file;       /* path of its image */
    const char *label_file; /* path of its labels, or of the first of them; NULL: in a list */
    char axis;              /* of the slice: 'i', 'j', 'k'; 0: an image */
    int slice;              /* its index, from 0 */
    int width, height;
    double spacing_mm[2];      /* x, y; 0: unknown */
    const uint32_t *reference; /* [height][width]: its label map */
    int objects;               /* that are prompted for */
} VoxpertSimulatedCase;

typedef struct VoxpertSimulation VoxpertSimulation;

/* Reads a part of a data set.  Errors: VOXPERT_BAD_INPUT (data; nothing to prompt for in that
 * part), VOXPERT_BAD_ARGUMENT, VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_simulation_open(VoxpertSimulation **out,
                                                  const VoxpertSimulationOptions *options,
                                                  VoxpertError *error);

/* NULL is fine. */
VOXPERT_API void voxpert_simulation_close(VoxpertSimulation *simulation);

/* The model that answers from now on; it stays the caller's and open.  `zoom` as in
 * VoxpertSegmentOptions.  VOXPERT_BAD_ARGUMENT: a model that needs prompts is to do without. */
VOXPERT_API VoxpertStatus voxpert_simulation_model(VoxpertSimulation *simulation,
                                                   VoxpertModel *model, int zoom,
                                                   VoxpertError *error);

/* How many cases the part has: images, and chosen slices of volumes. */
VOXPERT_API size_t voxpert_simulation_cases(const VoxpertSimulation *simulation);

/* Case `index` from 0; it lives as long as the simulation. */
VOXPERT_API VoxpertSimulatedCase voxpert_simulation_case(const VoxpertSimulation *simulation,
                                                         size_t index);

/* The model's answers for a case as a label map [height][width], the caller's memory: values of the
 * data set.  A pixel that several objects claim is the surest one's, of nested labels the innermost
 * one's.  Without a prompt, and unless the model knows classes of the data set by name, the whole
 * foreground is 1.  After voxpert_simulation_model. */
VOXPERT_API VoxpertStatus voxpert_simulation_predict(VoxpertSimulation *simulation, size_t index,
                                                     uint32_t *labels, VoxpertError *error);

/* What a label of a case was prompted with, in pixels of its image.  Clicks were given one by
 * one, each with the low-resolution logits of the answer before. */
typedef struct VoxpertSimulatedTarget {
    uint32_t label;         /* of the data set */
    const char *class_name; /* that was asked for without a prompt; or NULL */
    VoxpertBox box;         /* where has_box */
    int has_box;
    const VoxpertPoint *points;
    int point_count;
} VoxpertSimulatedTarget;

/* Of the case that voxpert_simulation_predict predicted last: target `index` from 0, in the order
 * of prediction; false past the last one.  Its texts and points live until the next call. */
VOXPERT_API bool voxpert_simulation_target(VoxpertSimulation *simulation, size_t index,
                                           VoxpertSimulatedTarget *out);

/* A SHA-256 (64 digits and NUL) of all that a case shows to a model and is prompted by: its image,
 * labels, part of the split and options of its set, but no name. */
VOXPERT_API void voxpert_simulation_content(const VoxpertSimulation *simulation, size_t index,
                                            char sha256[65]);

/* Paths of all files that were read: images, labels, lists; NULL past the last one. */
VOXPERT_API const char *voxpert_simulation_file(const VoxpertSimulation *simulation, size_t index);

/* Sentences, each ended by a newline, of all that was odd so far in data, model and predictions.
 * Valid until the next call. */
VOXPERT_API const char *voxpert_simulation_warnings(const VoxpertSimulation *simulation);

/* Whether crops around the prompts are encoded, rather than the whole image. */
VOXPERT_API bool voxpert_simulation_zooms(const VoxpertSimulation *simulation);

/* Predicts every case and evaluates the label maps; of `options` references and predictions are not
 * looked at.  Where labels are numbers of objects, or the model answers for all of them together,
 * all are one, "foreground".  `done` is called after each prediction.  Errors: those of
 * voxpert_simulation_predict and voxpert_evaluate. */
VOXPERT_API VoxpertStatus voxpert_evaluate_simulation(VoxpertEvaluation **out,
                                                      VoxpertSimulation *simulation,
                                                      const VoxpertEvaluateOptions *options,
                                                      VoxpertCaseDone *done, void *context,
                                                      VoxpertError *error);

/* One sentence: prompts, view, part, data set, images and objects.  Valid until the next call. */
VOXPERT_API const char *voxpert_simulation_protocol(VoxpertSimulation *simulation);

/* ---- What a segmentation measures ------------------------------------------------------- */

/* NULL or 0 in any field means its default. */
typedef struct VoxpertStatsOptions {
    const char *images, *segmentations; /* two files, or two folders of files of the same names */
    const VoxpertLabel *labels;         /* default: every value but 0 */
    size_t label_count;
    double spacing_xyz_mm[3]; /* of images whose files do not say theirs; 0: unknown */
    int threads;
    size_t max_memory;
} VoxpertStatsOptions;

typedef struct VoxpertStats VoxpertStats;

/* Per case and label: area of images or volume, intensities, bounding box, whether it touches the
 * border of the image, connected pieces.  Sizes are in mm only where the spacing is known.  Files
 * without a partner, and cases whose files cannot be used, are left out and listed in the warnings.
 * Errors: as voxpert_evaluate, of a case only where no case can be used. */
VOXPERT_API VoxpertStatus voxpert_stats(VoxpertStats **out, const VoxpertStatsOptions *options,
                                        VoxpertCaseDone *done, void *context, VoxpertError *error);

/* NULL is fine. */
VOXPERT_API void voxpert_stats_free(VoxpertStats *stats);

/* Sentences about what was odd, each ended by a newline; "" if nothing was. */
VOXPERT_API const char *voxpert_stats_warnings(const VoxpertStats *stats);

/* How many files had no partner. */
VOXPERT_API size_t voxpert_stats_left_out(const VoxpertStats *stats);

/* How many cases have files that cannot be used. */
VOXPERT_API size_t voxpert_stats_failed(const VoxpertStats *stats);

/* JSON or CSV.  `aggregation`: "mean" or "median" over the cases that have a label, added for each
 * label; NULL: none. */
VOXPERT_API VoxpertStatus voxpert_stats_report(const VoxpertStats *stats, VoxpertReport form,
                                               const char *aggregation, char **text,
                                               VoxpertError *error);

#ifdef __cplusplus
}
#endif

#endif
